"""The contract suite: what every channel promises, whatever its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest

from monitor import channels
from monitor.channels import Channel, Secrets
from monitor.core.delivery import delivery_id, ping_id
from monitor.demo.sinks import MailSink, Reaction, WebhookSink
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from monitor.render import Renderer
from tests.channels.support import LOOPBACK, SECRET, context, email, ping_rows, rows, webhook
from tests.support.digests import NOW
from tests.support.documents import blocks, section
from tests.support.sample import sample_digest


@dataclass(frozen=True)
class Rig:
    """A channel, its target, and how to make the target say no."""

    channel: Channel
    taken: Callable[[], int]
    later: Callable[[], None]
    never: Callable[[], None]
    without_secret: Channel
    nobody: Channel


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
    )


def example_rig(stack: ExitStack) -> Rig:
    """The README's example of a channel, and an endpoint."""
    (source,) = (block for block in blocks(section("Adding a channel"), "python"))
    example = ModuleType("chat")
    exec(compile(source, "README.md", "exec"), example.__dict__)
    sink = stack.enter_context(WebhookSink())
    sink.reactions.extend([Reaction(204)] * 9)

    def chat(url: str, environ: dict[str, str]) -> Channel:
        table = {"url": url, "token_env": "TOKEN", "allow_networks": list(LOOPBACK)}
        built: Channel = example.build("room", example.Settings.model_validate(table), context(environ))
        return built

    return Rig(
        channel=chat(sink.url, {"TOKEN": SECRET}),
        taken=lambda: len(sink.received),
        later=lambda: sink.reactions.appendleft(Reaction(503)),
        never=lambda: sink.reactions.appendleft(Reaction(410)),
        without_secret=chat(sink.url, {}),
        nobody=chat("http://127.0.0.1:1/", {"TOKEN": SECRET}),
    )


RIGS: dict[str, Callable[[ExitStack], Rig]] = {"email": email_rig, "webhook": webhook_rig}


EXAMPLES = {"the README's": example_rig}


@pytest.fixture(params=sorted(RIGS | EXAMPLES))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A rig of each type."""
    with ExitStack() as stack:
        yield (RIGS | EXAMPLES)[request.param](stack)


def test_every_channel_type_is_tried_here() -> None:
    """A new file under channels/ is in this suite, or it fails."""
    assert set(RIGS) == set(channels.available())


def test_messages_are_frozen_and_numbered(rig: Rig) -> None:
    """The same digest gives the same bytes; recipient and part make each message unique."""
    digest = sample_digest()
    rendered = Renderer().digest(digest)
    first, again = rig.channel.messages(digest, rendered), rig.channel.messages(digest, rendered)
    assert list(first) == list(again)
    assert len({(m.recipient, m.part) for m in first}) == len(first) >= 1
    assert all(m.part >= 1 and m.content and m.event == "digest.created" for m in first)


def test_a_message_reaches_its_target(rig: Rig) -> None:
    """A delivery is taken, and the target's answer comes back."""
    for row in rows(rig.channel, sample_digest()):
        status, _ = rig.channel.send(row, NOW)
        assert status is not None
        assert 200 <= status < 300
    assert rig.taken() == len(rows(rig.channel, sample_digest()))


def test_a_test_message_says_so(rig: Rig) -> None:
    """A test reaches the target and cannot be taken for news."""
    for row in ping_rows(rig.channel):
        assert row.event == "test.ping"
        assert row.id == delivery_id(ping_id(NOW), rig.channel.name, row.recipient, row.part)
        assert re.search(rb"[Tt]est", row.content)
        rig.channel.send(row, NOW)
    assert rig.taken() == len(ping_rows(rig.channel))


def test_not_now_is_deferred(rig: Rig) -> None:
    """A target that is busy is asked again; the error names channel, delivery and status."""
    row = rows(rig.channel, sample_digest())[0]
    rig.later()
    with pytest.raises(DeliveryDeferredError) as caught:
        rig.channel.send(row, NOW)
    assert (caught.value.channel, caught.value.delivery) == (rig.channel.name, row.id)
    assert caught.value.status in (451, 503)
    assert rig.channel.send(row, NOW)[0] in (250, 204)


def test_never_is_rejected(rig: Rig) -> None:
    """A target that refuses for good is believed."""
    row = rows(rig.channel, sample_digest())[0]
    rig.never()
    with pytest.raises(DeliveryRejectedError) as caught:
        rig.channel.send(row, NOW)
    assert (caught.value.channel, caught.value.delivery) == (rig.channel.name, row.id)
    assert caught.value.disable == (caught.value.status == 410)


def test_nobody_there_is_deferred(rig: Rig) -> None:
    """A target that cannot be reached may come back."""
    row = replace(rows(rig.channel, sample_digest())[0], channel=rig.nobody.name)
    with pytest.raises(DeliveryDeferredError):
        rig.nobody.send(row, NOW)


def test_a_missing_secret_stops_only_its_own_channel(rig: Rig) -> None:
    """It is found by `check` under its dotted key, and a send is put off, not lost."""
    rig.channel.check()
    with pytest.raises(ConfigError) as caught:
        rig.without_secret.check()
    assert (caught.value.key or "").startswith(f"channels.{rig.without_secret.name}.")
    assert caught.value.remedy
    row = rows(rig.without_secret, sample_digest())[0]
    with pytest.raises(DeliveryDeferredError):
        rig.without_secret.send(row, NOW)
    assert rig.taken() == 0


def test_a_description_holds_no_secret(rig: Rig) -> None:
    """`channels list` shows where a channel leads and nothing more."""
    said = rig.channel.describe()
    assert "127.0.0.1" in said
    assert SECRET not in said
    assert "/hooks/" not in said


def test_an_unknown_type_is_refused() -> None:
    """The message names the types there are."""
    with pytest.raises(ConfigError, match="pigeon") as caught:
        channels.settings_model("pigeon")
    assert "email" in (caught.value.remedy or "")


def test_secrets_come_from_files_and_the_environment(tmp_path: Path) -> None:
    """A bare name is looked up among systemd's credentials first, then beside the config file."""
    credentials, folder = tmp_path / "credentials", tmp_path / "etc"
    credentials.mkdir()
    folder.mkdir()
    (folder / "smtp").write_text("beside\n", encoding="utf-8")
    secrets = Secrets({"CREDENTIALS_DIRECTORY": str(credentials), "PASSWORD": " from env "}, folder)
    assert secrets.read(key="k", file="smtp") == "beside"
    (credentials / "smtp").write_text("credential\n", encoding="utf-8")
    assert secrets.read(key="k", file="smtp") == "credential"
    assert secrets.read(key="k", file=str(folder / "smtp")) == "beside"
    assert secrets.read(key="k", env="PASSWORD") == "from env"


@pytest.mark.parametrize(
    ("file", "env", "key", "said"),
    [
        ("nothing", None, "k_file", "no such secret"),
        ("empty", None, "k_file", "is empty"),
        ("folder", None, "k_file", "cannot be read"),
        ("binary", None, "k_file", "cannot be read"),
        (None, "UNSET", "k_env", "UNSET is not set"),
        (None, None, "k", "no secret is named"),
    ],
)
def test_a_secret_that_cannot_be_read_says_why(
    tmp_path: Path, file: str | None, env: str | None, key: str, said: str
) -> None:
    """Each mistake has its key, its reason and its remedy, and never the secret."""
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=said) as caught:
        Secrets({}, tmp_path).read(key="k", file=file, env=env)
    assert caught.value.key == key
    assert caught.value.remedy
