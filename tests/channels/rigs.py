"""A channel of every type with its target on loopback, for the contract suite.

A channel that posts to a secret address needs one line here: `posting("its type")`.
"""

from __future__ import annotations

import html
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from monitor import channels
from monitor.channels import Channel
from monitor.demo.sinks import MailSink, Reaction, WebhookSink
from tests.channels.support import LOOPBACK, SECRET, chat, context, email, webhook
from tests.channels.targets import TOKEN, DiscordTarget, Obliging, SlackTarget, TeamsTarget
from tests.support.documents import blocks, section


@dataclass(frozen=True)
class Rig:
    """A channel, its target, and how to make the target say no."""

    channel: Channel
    taken: Callable[[], int]
    later: Callable[[], object]
    never: Callable[[], None] | None
    """None where a target has no way to refuse for good."""
    without_secret: Channel | None
    """None where the channel has no secret."""
    nobody: Channel
    secrets: tuple[str, ...]
    """What nobody may see of its settings."""
    shows: str
    """What its description must hold."""
    told: Callable[[bytes], str]
    """What a message says, as text."""
    again: Callable[[], None] = lambda: None
    """Makes the target well after `later`, where it does not get well by itself."""


def email_rig(stack: ExitStack) -> Rig:
    """An email channel and a mail sink."""
    sink = stack.enter_context(MailSink())
    return Rig(
        channel=email(sink.port, to=["a@example.com", "b@example.com"]),
        taken=lambda: len(sink.messages),
        later=lambda: sink.refuse("data", "451 4.7.1 try again later"),
        never=lambda: sink.refuse("rcpt", "550 5.1.1 no such user"),
        without_secret=email(sink.port, username="u", password_env="MISSING", environ={}),
        nobody=email(1),
        secrets=(),
        shows="127.0.0.1",
        told=_mail,
    )


def webhook_rig(stack: ExitStack) -> Rig:
    """A webhook channel and an endpoint."""
    sink = stack.enter_context(WebhookSink(SECRET))
    return Rig(
        channel=webhook(sink.url),
        taken=lambda: len(sink.received),
        later=lambda: sink.reactions.append(Reaction(503)),
        never=lambda: sink.reactions.append(Reaction(410)),
        without_secret=webhook(sink.url, environ={}),
        nobody=webhook("http://127.0.0.1:1/"),
        secrets=(SECRET, "/hooks/"),
        shows="127.0.0.1",
        told=lambda content: content.decode(),
    )


def posting(kind: str, target: type[Obliging] = Obliging, **table: object) -> Callable[[ExitStack], Rig]:
    """The rig of a channel with a secret address; `table` are settings of its own."""

    def build(url: str | None) -> Channel:
        return chat(kind, url, **table)

    return _posting(build, target)


def example_rig(stack: ExitStack) -> Rig:
    """The README's example of a channel, and an endpoint."""
    (source,) = (block for block in blocks(section("Adding a channel"), "python"))
    example = ModuleType("chat")
    exec(compile(source, "README.md", "exec"), example.__dict__)

    def build(url: str | None) -> Channel:
        table = {"url_env": "ROOM", "allow_networks": list(LOOPBACK)}
        settings = example.Settings.model_validate(table)
        built: Channel = example.build("room", settings, context({"ROOM": url} if url else {}))
        return built

    return _posting(build, Obliging)(stack)


def _posting(build: Callable[[str | None], Channel], target: type[Obliging]) -> Callable[[ExitStack], Rig]:
    def rig(stack: ExitStack) -> Rig:
        sink = stack.enter_context(target())
        # A target that repeats what it was asked, address and all.
        echo = f"no: {sink.address} {TOKEN}".encode()
        return Rig(
            channel=build(sink.address),
            taken=lambda: len(sink.received),
            later=lambda: sink.reactions.appendleft(Reaction(503, body=echo)),
            never=lambda: sink.reactions.appendleft(Reaction(410, body=echo)),
            without_secret=build(None),
            nobody=build(f"http://127.0.0.1:1{sink.path}"),
            secrets=(TOKEN,),
            shows="127.0.0.1",
            told=_texts,
        )

    return rig


def apprise_rig(stack: ExitStack) -> Rig:
    """Two Apprise URLs of one endpoint."""
    sink = stack.enter_context(Obliging())

    def build(urls: str | None) -> Channel:
        settings = channels.settings_model("apprise").model_validate({"urls_env": "URLS", "timeout_s": 5})
        return channels.build("apprise", "rest", settings, context({"URLS": urls} if urls else {}))

    def address(port: int, user: str) -> str:
        return f"json://{user}:{TOKEN}@127.0.0.1:{port}/{TOKEN}/{user}"

    def later() -> None:
        sink.reactions.append(Reaction(503, body=TOKEN.encode()))

    port = urlsplit(sink.url).port or 0
    return Rig(
        channel=build(f"# two people\n{address(port, 'ann')}\n{address(port, 'bob')}\n"),
        taken=lambda: len(sink.received),
        later=later,
        never=None,
        without_secret=build(None),
        nobody=build(address(1, "ann")),
        secrets=(TOKEN, "ann:"),
        shows="json-",
        told=_texts,
    )


def atom_rig(stack: ExitStack) -> Rig:
    """A feed in a folder."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def build(path: Path) -> Channel:
        settings = channels.settings_model("atom").model_validate({"path": str(path)})
        return channels.build("atom", "feeds", settings, context())

    feeds = folder / "feeds"
    (folder / "file").write_text("no folder", encoding="utf-8")
    return Rig(
        channel=build(feeds / "{subscription}.atom"),
        taken=lambda: sum(len(_entries(path)) for path in feeds.glob("*.atom")),
        later=lambda: feeds.write_text("a file where a folder should be", encoding="utf-8"),
        again=feeds.unlink,
        never=None,
        without_secret=None,
        nobody=build(folder / "file" / "{subscription}.atom"),
        secrets=(),
        shows=".atom",
        told=lambda content: re.sub(r"<[^>]*>", " ", html.unescape(html.unescape(content.decode()))),
    )


def _entries(path: Path) -> list[ET.Element]:
    return ET.fromstring(path.read_bytes()).findall("{http://www.w3.org/2005/Atom}entry")


def _mail(content: bytes) -> str:
    """The plain text of a mail."""
    body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _texts(content: bytes) -> str:
    """Every text of a JSON message, in order."""
    return "\n".join(_strings(json.loads(content)))


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for item in value.values():
                yield from _strings(item)


RIGS: Mapping[str, Callable[[ExitStack], Rig]] = {
    "apprise": apprise_rig,
    "atom": atom_rig,
    "discord": posting("discord", DiscordTarget),
    "email": email_rig,
    "slack": posting("slack", SlackTarget),
    "teams": posting("teams", TeamsTarget),
    "webhook": webhook_rig,
}
"""One for each channel type there is."""
