"""Atom feeds in files (RFC 4287): each digest is an entry, for feed readers and whoever serves the folder.

A feed is read, given the entry, cut to the newest and written anew: to a temporary file that is synced and
renamed, under a lock that threads and processes share, so that a reader sees a whole feed and of two writers
neither loses what the other wrote. A repeat replaces its own entry. What cannot be read as a feed of ours is
set aside and begun anew. It serves nothing itself.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from monitor.channels import Channel, ChannelContext, ping_words
from monitor.core.brief import Brief, Item, fitted
from monitor.core.delivery import Delivery, Message, delivery_id, ping_id
from monitor.core.dialects import HTML, written
from monitor.core.digest import Digest, Rendered
from monitor.core.folding import LADDER
from monitor.core.recorded import isoformat
from monitor.errors import ConfigError, DeliveryDeferredError

TYPE = "atom"
MAX_CONTENT = 64 * 1024
"""Characters of one entry's HTML; what is more is folded."""
_ATOM = "http://www.w3.org/2005/Atom"
_GENERATOR = "Trialwire"
"""Says that a feed is ours."""
ET.register_namespace("", _ATOM)  # some readers know `<feed>` and not `<ns0:feed>`
_XML_NOT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def _path(text: str) -> str:
    try:
        filled = Path(text.format(subscription="name"))
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError("may hold {subscription} and no other braces") from error
    if filled.suffix not in (".atom", ".xml"):
        raise ValueError("must end with .atom or .xml")
    if ".." in filled.parts:
        raise ValueError("must not lead out of its folder with ..")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError(
            "must be the address under which the feeds are read, such as https://example.com/feeds"
        )
    return text


class Settings(BaseModel):
    """The `[[channels]]` table of an Atom channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, AfterValidator(_path)] = "feeds/{subscription}.atom"
    entries: int = Field(default=50, ge=1, le=1000)
    url: Annotated[str, AfterValidator(_url)] | None = None


class AtomChannel:
    """Feed files, one for each subscription or one for all."""

    type = TYPE

    def __init__(self, name: str, settings: Settings, context: ChannelContext) -> None:
        self.name = name
        self._settings = settings
        self._context = context

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:  # noqa: ARG002
        """The digest as an entry of its subscription's feed."""
        subscription, links = digest.subscription.name, self._context.links
        title, content = fitted(
            digest, links, lambda brief: (brief.title, as_html(brief)), _fits, steps=LADDER
        )
        link = links.digest(digest.id) if links else _first_record(digest)
        identity = delivery_id(digest.id, self.name, subscription, 1)
        entry = self._entry(identity, title, digest.created_at, content, link)
        return [Message(subscription, 1, entry, "digest.created")]

    def test_message(self, now: datetime) -> Sequence[Message]:
        """An entry that says it is a test, in the feed of a subscription called test."""
        identity = delivery_id(ping_id(now), self.name, "test", 1)
        entry = self._entry(
            identity,
            f"Trialwire: test of {self.name}",
            now,
            f"<p>{HTML.escape(ping_words(self.name))}</p>",
            "",
        )
        return [Message("test", 1, entry, "test.ping")]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:  # noqa: ARG002
        """Put the entry into its feed; DeliveryDeferredError where the file cannot be written."""
        path = self.feed(delivery.recipient)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(path):
                return None, self._put(path, delivery)
        except OSError as error:
            raise DeliveryDeferredError(
                f"{path} cannot be written: {error.strerror or error}",
                channel=self.name,
                delivery=delivery.id,
            ) from error

    def check(self) -> None:
        """Raise ConfigError where an absolute path leads where nothing can be written."""
        path = Path(self._settings.path)
        there = next((folder for folder in path.parents if folder.exists()), None)
        if path.is_absolute() and there and not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            key = f"channels.{self.name}.path"
            raise ConfigError(
                f"{key}: {there} cannot be written to",
                key=key,
                remedy="let this user write there, or move it",
            )

    def describe(self) -> str:
        """The file, as configured."""
        return str(self._context.files / self._settings.path)

    def feed(self, subscription: str) -> Path:
        """The file of a subscription's feed, whether or not it is there yet."""
        return self._context.files / self._settings.path.format(subscription=subscription)

    def _entry(self, identity: str, title: str, at: datetime, content: str, link: str) -> bytes:
        """One entry as XML; its id is derived from the delivery and never changes (RFC 4151, RFC 4287)."""
        entry = ET.Element(_tag("entry"))
        _child(entry, "id", f"tag:{self._authority()},2026:{identity}")
        _child(entry, "title", title)
        _child(entry, "updated", isoformat(at))
        if link:
            ET.SubElement(entry, _tag("link"), rel="alternate", href=link)
        _child(entry, "content", content).set("type", "html")
        return _serialized(entry)

    def _authority(self) -> str:
        """Who names the entries: the host the feeds are read from, where there is one."""
        links = self._context.links
        address = self._settings.url or (links.base if links else "")
        return urlsplit(address).hostname or "trialwire.invalid"

    def _put(self, path: Path, delivery: Delivery) -> str:
        """The feed with the entry, written; say how many it has, and what was set aside."""
        feed_id = f"tag:{self._authority()},2026:feed/{self.name}/{path.stem}"
        before, aside = _read(path)
        new = ET.fromstring(delivery.content)  # noqa: S314 - bytes of our own outbox
        others = [entry for entry in before if _text(entry, "id") != _text(new, "id")]
        entries = sorted([new, *others], key=lambda entry: _text(entry, "updated"), reverse=True)
        kept = entries[: self._settings.entries]
        _write(path, self._feed(feed_id, path, delivery.recipient, kept))
        said = f"{path}: {len(kept)} {'entry' if len(kept) == 1 else 'entries'}"
        return f"{said}; what was there was no feed of ours and is kept as {aside.name}" if aside else said

    def _feed(self, identity: str, path: Path, subscription: str, entries: Sequence[ET.Element]) -> bytes:
        feed = ET.Element(_tag("feed"))
        _child(feed, "id", identity)
        whose = subscription if "{subscription}" in self._settings.path else self.name
        _child(feed, "title", f"Trialwire · {whose}")
        _child(feed, "updated", max(_text(entry, "updated") for entry in entries))
        _child(_child(feed, "author", None), "name", "Trialwire")
        _child(feed, "generator", _GENERATOR)
        if self._settings.url:
            ET.SubElement(
                feed, _tag("link"), rel="self", href=f"{self._settings.url.rstrip('/')}/{path.name}"
            )
        feed.extend(entries)
        ET.indent(feed)
        return _serialized(feed)


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return AtomChannel(name, settings, context)


def as_html(brief: Brief) -> str:
    """A brief as a fragment of HTML: headings, paragraphs, lists; no styles, which feed readers drop."""
    lines = [f"<p>{written(phrase, HTML)}</p>" for phrase in brief.lead]
    for block in brief.blocks:
        lines += [f"<h2>{HTML.escape(block.title)}</h2>"] if block.title else []
        lists = [item.heading for item in block.items if not item.lines]
        lines += [_card(item) for item in block.items if item.lines]
        if lists:
            lines.append(_list([written(phrase, HTML) for phrase in lists]))
        lines += [f"<p>{written(block.more, HTML)}</p>"] if block.more else []
    return "\n".join([*lines, *(f"<p><small>{written(phrase, HTML)}</small></p>" for phrase in brief.foot)])


def _card(item: Item) -> str:
    return f"<h3>{written(item.heading, HTML)}</h3>\n" + _list([written(line, HTML) for line in item.lines])


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _fits(entry: tuple[str, str]) -> bool:
    return len(entry[1]) <= MAX_CONTENT


def _first_record(digest: Digest) -> str:
    """The registry's page of what is told first; empty where nothing is."""
    return next((change.stamp.url for story in digest.stories for change in story.changes), "")


def _serialized(element: ET.Element) -> bytes:
    written_as: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return written_as


def _tag(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _child(parent: ET.Element, name: str, text: str | None) -> ET.Element:
    child = ET.SubElement(parent, _tag(name))
    child.text = _XML_NOT.sub("", text) if text is not None else None
    return child


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(_tag(name)) or ""


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else writes the feed meanwhile, in this process or another; a crash frees it."""
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> tuple[list[ET.Element], Path | None]:
    """The feed's entries; of what is no feed of ours none, and where it was set aside."""
    try:
        feed = ET.fromstring(path.read_bytes())  # noqa: S314 - a file of our own, in a folder of our own
    except FileNotFoundError:
        return [], None
    except (ET.ParseError, ValueError, LookupError):
        return [], _set_aside(path)
    if feed.tag != _tag("feed") or _text(feed, "generator") != _GENERATOR:
        return [], _set_aside(path)
    entries = feed.findall(_tag("entry"))
    return [entry for entry in entries if _text(entry, "id") and _text(entry, "updated")], None


def _set_aside(path: Path) -> Path:
    """Rename the file to a name that is free."""
    aside = path.with_name(f"{path.name}.bad")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.bad{number}")
    return path.rename(aside)


def _write(path: Path, content: bytes) -> None:
    """Put the content in place at once and for good; what was there stays where that fails."""
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
