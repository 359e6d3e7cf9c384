"""Apprise: a digest as plain text, to any of the services that library knows; an extra of the package.

Each Apprise URL is a recipient of its own with a name that gives nothing away, so that a repeat goes only to
where it failed. The text is folded to what the service takes, as the library knows it. The library opens its
own connections: what it sends does not pass our guarded sender. URLs that would make it read files of this
machine are refused. It is loaded when something is composed or sent, and never by a look-up.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.channels import Channel, ChannelContext, ping_words, without
from monitor.core.brief import Brief, as_text, fitted, in_short
from monitor.core.delivery import Delivery, Message
from monitor.core.dialects import PLAIN, written
from monitor.core.digest import Digest, Rendered
from monitor.core.links import Links
from monitor.core.phrases import clip
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError

if TYPE_CHECKING:
    from apprise import AppriseResult, NotifyBase

TYPE = "apprise"
MAX_CHARS = 1_000
"""Characters where a service's own limit cannot be learned."""
_TITLE = 200
_WORTH = 20
"""Characters from which the beginning of a sentence is worth a line."""
_FILE_SCHEMES = frozenset({"file", "vapid"})
"""Apprise's names for what reads a file of this machine, or a configuration."""
_FILE_OPTIONS: Mapping[str, frozenset[str]] = {
    "keyfile": frozenset({"fcm"}),
    "template": frozenset({"discord", "guilded", "slack", "tgram", "workflow", "workflows"}),
    "pgppub": frozenset({"mailto", "mailtos"}),
    "pgpprv": frozenset({"mailto", "mailtos"}),
}


class Settings(BaseModel):
    """The `[[channels]]` table of an Apprise channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urls_file: str | None = None
    urls_env: str | None = None
    max_chars: int | None = Field(default=None, ge=60)
    timeout_s: float = Field(default=30.0, gt=0, le=300)

    @model_validator(mode="after")
    def _has_one_list(self) -> Settings:
        if bool(self.urls_file) == bool(self.urls_env):
            raise ValueError("give urls_file or urls_env, one of the two: the addresses are secrets")
        return self


@dataclass(frozen=True, slots=True)
class Size:
    """What a service takes of one message."""

    body: int = MAX_CHARS
    title: int = 0
    """0: it has no titles, and the subject is the first line."""
    lines: int = 0
    """0: as many as there are."""
    written: Callable[[str], str] = str
    """The text as the library hands it on: converted to the service's format, where that is longer."""

    def takes(self, content: Mapping[str, str]) -> bool:
        """Does it take this as it is?"""
        body = content["body"]
        few = not self.lines or body.count("\n") < self.lines
        return few and max(len(body), len(self.written(body))) <= self.body


class AppriseChannel:
    """Some Apprise URLs."""

    type = TYPE

    def __init__(self, name: str, settings: Settings, context: ChannelContext) -> None:
        self.name = name
        self._settings = settings
        self._context = context

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:  # noqa: ARG002
        """The digest for each URL, as long as its service takes; one for all where none can be read."""
        links = self._context.links
        return [
            Message(recipient, 1, orjson.dumps(_digest_content(digest, links, size)), "digest.created")
            for recipient, size in self._sizes().items()
        ]

    def test_message(self, now: datetime) -> Sequence[Message]:  # noqa: ARG002
        """A message that says it is a test, for each URL."""
        said = ping_words(self.name)
        return [
            Message(recipient, 1, orjson.dumps({"title": "", "body": clip(said, size.body)}), "test.ping")
            for recipient, size in self._sizes().items()
        ]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:  # noqa: ARG002
        """Hand it to the library once; every failure is one that may pass, as it tells no other."""
        try:
            services = self._services()
        except ConfigError as error:
            raise DeliveryDeferredError(error.message, channel=self.name, delivery=delivery.id) from error
        wanted = [url for name, url in services.items() if delivery.recipient in (name, self.name)]
        if not wanted:
            raise DeliveryRejectedError(
                f"{delivery.recipient} is no longer among the channel's addresses",
                channel=self.name,
                delivery=delivery.id,
            )
        content = orjson.loads(delivery.content)
        failed = [why for url in wanted if (why := self._sent(url, content))]
        if failed:
            raise DeliveryDeferredError("; ".join(failed), channel=self.name, delivery=delivery.id)
        return None, "taken by " + ", ".join(_redacted_name(url) for url in wanted)

    def check(self) -> None:
        """Raise ConfigError where the package or the addresses are missing, or an address is of no use."""
        for name, url in self._services().items():
            self._service(name, url)

    def describe(self) -> str:
        """The services by name."""
        try:
            return ", ".join(self._services())
        except ConfigError:
            settings = self._settings
            return f"its addresses cannot be read ({settings.urls_file or settings.urls_env})"

    def _sizes(self) -> Mapping[str, Size]:
        """What each recipient takes; the channel itself stands for all of them where none can be read."""
        most = self._settings.max_chars
        try:
            services = self._services()
        except ConfigError:
            return {self.name: Size(most or MAX_CHARS)}
        return {name: self._size(name, url, most) for name, url in services.items()}

    def _size(self, name: str, url: str, most: int | None) -> Size:
        try:
            return _size(self._service(name, url), most)
        except ConfigError:
            return Size(most or MAX_CHARS)

    def _services(self) -> Mapping[str, str]:
        """The URLs by a name of theirs that gives nothing away."""
        settings, key = self._settings, f"channels.{self.name}.urls"
        text = self._context.secrets.read(key=key, file=settings.urls_file, env=settings.urls_env)
        lines = [line.strip() for line in text.splitlines()]
        urls = [line for line in lines if line and not line.startswith("#")]
        key += "_file" if settings.urls_file else "_env"
        if not urls:
            raise ConfigError(f"{key}: holds no address", key=key, remedy="write one Apprise URL a line")
        for number, url in enumerate(urls, start=1):
            if why := refusal(url):
                raise ConfigError(f"{key}: address {number} {why}", key=key, remedy="leave that out")
        return {_redacted_name(url): url for url in urls}

    def _service(self, name: str, url: str) -> NotifyBase:
        """The library's own object of a URL."""
        library = self._library()
        asset = library.AppriseAsset(
            app_id="Trialwire",
            app_desc="Trialwire",
            app_url="",
            image_url_mask="",
            image_url_logo="",
            async_mode=False,
            http_redirects=False,
            pgp_autogen=False,
            pem_autogen=False,
            storage_mode=library.PersistentStoreMode.MEMORY,
            service_timeout=self._settings.timeout_s,
            allow_templates=False,
        )
        service = library.Apprise.instantiate(url, asset=asset)
        if service is None:
            key = f"channels.{self.name}.urls_{'file' if self._settings.urls_file else 'env'}"
            raise ConfigError(
                f"{key}: Apprise knows no service for {name}", key=key, remedy="see its list of services"
            )
        # We try again ourselves, and a failure that the address calls optional is one all the same.
        service.optional, service.retry = False, 0
        found: NotifyBase = service
        return found

    def _sent(self, url: str, content: Mapping[str, str]) -> str:
        """Send to one URL; say why it failed, or nothing."""
        name = _redacted_name(url)
        try:
            service = self._service(name, url)
        except ConfigError as error:
            return error.message
        library = self._library()
        one = library.Apprise(asset=service.asset)
        one.add(service)
        result: AppriseResult = one.notify(
            body=content["body"], title=content["title"], body_format=library.NotifyFormat.TEXT
        )
        if result:
            return ""
        said = " ".join(dict.fromkeys(entry.message for entry in result.logs()))
        return f"{name}: {clip(_without(url, said), 300) or result.status.name.lower()}"

    def _library(self) -> ModuleType:
        try:
            import apprise
        except ImportError as error:
            key = f"channels.{self.name}.type"
            raise ConfigError(
                f"{key}: the type apprise needs a package that is not installed",
                key=key,
                remedy="pip install 'trialwire[apprise]'",
            ) from error
        # What it logs may hold an address; what it says of a failure is in its result as well.
        quiet = logging.getLogger("apprise")
        if quiet.propagate:
            quiet.propagate = False
            # Its result holds what it logged: however little our own log is to hold.
            quiet.setLevel(logging.INFO)
            quiet.addHandler(logging.NullHandler())
        return apprise


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return AppriseChannel(name, settings, context)


def refusal(url: str) -> str:
    """Why an Apprise URL is not used; empty where it is. It repeats nothing of it but its scheme."""
    scheme, colon, _ = url.partition("://")
    if not colon or not scheme.replace("+", "").replace("-", "").isalnum():
        return "is no Apprise URL"
    scheme = scheme.lower()
    if scheme in _FILE_SCHEMES:
        return f"({scheme}://) would make Apprise read files of this machine"
    options = {key.lower() for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    for option in sorted(options & _FILE_OPTIONS.keys()):
        if scheme in _FILE_OPTIONS[option]:
            return f"({scheme}://) names a file with {option}="
    return ""


def _redacted_name(url: str) -> str:
    """The scheme, and a few letters that tell it from the channel's others: `tgram-1f3a9c02`."""
    return f"{urlsplit(url).scheme}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _without(url: str, said: str) -> str:
    """The text without any part of the URL that may be a secret; in Apprise's URLs, all of them may be."""
    words = set(re.split(r"[/:@?&=,]+", url))
    return without(said, words | {unquote(word) for word in words})


def _size(service: NotifyBase, most: int | None) -> Size:
    from apprise import NotifyFormat
    from apprise.conversion import convert_between

    convert: Callable[..., str] = convert_between
    kind = service.resolve_format(NotifyFormat.TEXT)
    body, title = int(service.body_maxlen), max(0, int(service.title_maxlen))
    if service.overflow_amalgamate_title:
        body -= min(title, _TITLE)

    def handed_on(text: str) -> str:
        return convert(NotifyFormat.TEXT, kind, content=text)

    return Size(min(body, most or body), title, int(service.body_max_line_count), handed_on)


def _digest_content(digest: Digest, links: Links | None, size: Size) -> Mapping[str, str]:
    """The digest as title and body, however little the service takes."""
    content = fitted(digest, links, lambda brief: _content(brief, size), size.takes)
    if size.takes(content):
        return content
    # What not even that fits is told how many there are, and of the worst as much as has room.
    brief = in_short(digest, links)
    words = [brief.title, *(written(phrase, PLAIN) for phrase in brief.lead)]
    most = min(size.body, sum(len(word) + 1 for word in words))
    texts = (_clipped(words, room) for room in range(most, 0, -1))
    return {"title": "", "body": next((text for text in texts if size.takes({"body": text})), "")}


def _clipped(words: Sequence[str], room: int) -> str:
    """The words a line each; the last of them cut at a word, or left out."""
    first, rest = clip(words[0], room), room - len(words[0]) - 1
    return "\n".join([first, *(clip(word, rest) for word in words[1:] if rest >= _WORTH)])


def _content(brief: Brief, size: Size) -> Mapping[str, str]:
    text = as_text(brief)
    if size.title:
        return {"title": clip(brief.title, min(size.title, _TITLE)), "body": text}
    return {"title": "", "body": f"{brief.title}\n{text}"}
