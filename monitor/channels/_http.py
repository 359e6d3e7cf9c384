"""What channels that post JSON to one address have in common: the secret address, the sending, the verdict.

The address is a secret (whoever has it can post), so it stands in a file or in the environment, and nothing
that leaves here shows more of it than its host: no description, no error, no answer that repeats it. A
subclass says what is posted and, where the target has words of its own, what its answers mean.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, assert_never
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.channels._port import Answer, ChannelContext, ping_words, without
from monitor.core.brief import Brief, fitted
from monitor.core.delivery import Delivery, Later, Message, Outcome, Rejected, Sent
from monitor.core.digest import Digest, Rendered
from monitor.core.phrases import clip
from monitor.core.record import JsonObject
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryError, DeliveryRejectedError
from monitor.transport.addresses import check_url

Made = TypeVar("Made")


class HttpSettings(BaseModel):
    """The `[[channels]]` table of a channel whose address is a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url_file: str | None = None
    url_env: str | None = None
    allow_networks: tuple[str, ...] = ()
    timeout_s: float = Field(default=20.0, gt=0, le=60)

    @model_validator(mode="after")
    def _has_one_address(self) -> HttpSettings:
        if bool(self.url_file) == bool(self.url_env):
            raise ValueError("give url_file or url_env, one of the two: the address is a secret")
        return self


class HttpChannel(ABC):
    """One secret address, and what it is sent."""

    type = ""

    def __init__(self, name: str, settings: HttpSettings, context: ChannelContext) -> None:
        self.name = name
        self.settings = settings
        self.context = context

    @abstractmethod
    def body(self, digest: Digest) -> JsonObject:
        """What a digest is here, within the target's limits; the same digest always gives the same."""

    @abstractmethod
    def test_body(self, said: str) -> JsonObject:
        """What a test message is here; `said` says that it is one."""

    def address(self) -> str:
        """Where to post; ConfigError where the secret cannot be read."""
        settings, key = self.settings, f"channels.{self.name}.url"
        return self.context.secrets.read(key=key, file=settings.url_file, env=settings.url_env)

    def headers(self) -> Mapping[str, str]:
        """What goes along with the body; ConfigError where a secret in it cannot be read."""
        return {}

    def judge(self, answer: Answer) -> Outcome:
        """What an answer means."""
        return judged(answer)

    def fitted(self, digest: Digest, build: Callable[[Brief], Made], fits: Callable[[Made], bool]) -> Made:
        """The longest form of the digest that `fits`, with the rest counted; see `core.brief`."""
        return fitted(digest, self.context.links, build, fits)

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:  # noqa: ARG002
        """The digest as one message."""
        return [Message(self.name, 1, orjson.dumps(self.body(digest)), "digest.created")]

    def test_message(self, now: datetime) -> Sequence[Message]:  # noqa: ARG002
        """A message that says it is a test."""
        body = self.test_body(ping_words(self.name))
        return [Message(self.name, 1, orjson.dumps(body), "test.ping")]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:  # noqa: ARG002
        """Post it once."""
        try:
            url, headers = self.address(), {"Content-Type": "application/json", **self.headers()}
        except ConfigError as error:  # a secret that is missing may come back
            raise DeliveryDeferredError(error.message, channel=self.name, delivery=delivery.id) from error

        def post() -> Answer:
            return self.context.sender.post(
                url,
                delivery.content,
                headers,
                allow_networks=self.settings.allow_networks,
                timeout_s=self.settings.timeout_s,
            )

        return settled(post, self.judge, channel=self.name, delivery=delivery.id, address=url)

    def check(self) -> None:
        """Raise ConfigError where a secret cannot be read or the address may not be sent to."""
        self.headers()
        url = self.address()
        try:
            check_url(url, self.settings.allow_networks)
        except ConfigError as error:
            words = error.message.removeprefix("url: ")
            setting = "url_file" if self.settings.url_file else "url_env"
            if words.startswith("allow_networks: "):
                setting, words = "allow_networks", words.removeprefix("allow_networks: ")
            key = f"channels.{self.name}.{setting}"
            raise ConfigError(f"{key}: {redacted(words, url)}", key=key, remedy=error.remedy) from None

    def describe(self) -> str:
        """The host: the rest of the address is the secret."""
        try:
            parts = urlsplit(self.address())
            port = f":{parts.port}" if parts.port else ""
        except (ConfigError, ValueError):
            return f"its address cannot be read ({self.settings.url_file or self.settings.url_env})"
        return f"{parts.scheme}://{parts.hostname}{port}"


def settled(
    post: Callable[[], Answer],
    judge: Callable[[Answer], Outcome],
    *,
    channel: str,
    delivery: str,
    address: str = "",
) -> tuple[int, str]:
    """Status and first bytes of the answer to a post that was taken; the error that fits where it was not.

    `address` is cut from all that is said, where it is a secret.
    """
    try:
        answer = post()
    except DeliveryError as error:
        error.channel, error.delivery = channel, delivery
        error.message = redacted(error.message, address)
        error.args = (error.message,)
        raise
    status, excerpt = answer.status, redacted(answer.excerpt, address)
    match judge(answer):
        case Sent():
            return status, excerpt
        case Later(reason=reason, retry_after_s=wait):
            raise DeliveryDeferredError(
                redacted(reason, address),
                channel=channel,
                delivery=delivery,
                status=status,
                excerpt=excerpt,
                retry_after_s=wait,
            )
        case Rejected(reason=reason, disable=disable):
            raise DeliveryRejectedError(
                redacted(reason, address),
                channel=channel,
                delivery=delivery,
                status=status,
                excerpt=excerpt,
                disable=disable,
            )
        case never:
            assert_never(never)


def judged(
    answer: Answer,
    *,
    rejected: Sequence[int] = (),
    gone: Sequence[int] = (410,),
    retry_after_s: float | None = None,
    said: str = "",
) -> Outcome:
    """What an answer means by its status: 2xx is taken, everything not named here is to be tried again.

    `rejected` statuses refuse this message for good, `gone` ones every message. A wait of `retry_after_s`
    counts where it is longer than that of the answer's header. `said` is how a refusal is told.
    """
    status, said = answer.status, said or in_words(answer)
    if 200 <= status < 300:
        return Sent(status, answer.excerpt)
    if status in gone:
        return Rejected(f"{said}; nothing more is sent there", status, disable=True)
    if status in rejected:
        return Rejected(said, status)
    waits = [wait for wait in (answer.retry_after_s, retry_after_s) if wait is not None]
    return Later(said, status, retry_after_s=max(waits, default=None))


def in_words(answer: Answer) -> str:
    """`the target answered 404: no_service`."""
    said = clip(answer.excerpt, 160)
    return f"the target answered {answer.status}" + (f": {said}" if said else "")


def redacted(text: str, url: str) -> str:
    """The text without the address, and without any part of it that may be the secret one."""
    if not url:
        return text
    parts = urlsplit(url)
    words = {url, parts.path, parts.query, f"{parts.path}?{parts.query}", *parts.path.split("/")}
    # A port that is none, a user name: what stands beside the host is no part of it.
    words |= set(re.split("[:@]", parts.netloc)) - {parts.hostname or ""}
    words |= {value for _, value in parse_qsl(parts.query)} | set(parts.query.split("&"))
    return without(text, words | {unquote(word) for word in words})
