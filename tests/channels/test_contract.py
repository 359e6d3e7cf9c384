"""The contract suite: what every channel promises, whatever its type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from monitor import channels
from monitor.channels import Secrets
from monitor.core.delivery import delivery_id, outbox, ping_id
from monitor.core.digest import Digest, Rendered
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from tests.channels.rigs import RIGS, Rig, example_rig
from tests.channels.support import ping_rows, renderer, rows
from tests.support.digests import NOW
from tests.support.hostile import hostile_digest
from tests.support.sample import sample_digest

EXAMPLES = {"the README's": example_rig}


@pytest.fixture(params=sorted({**RIGS, **EXAMPLES}))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A rig of each type."""
    with ExitStack() as stack:
        yield {**RIGS, **EXAMPLES}[request.param](stack)


def test_every_channel_type_is_tried_here() -> None:
    """A new file under channels/ is in this suite, or it fails."""
    assert set(RIGS) == set(channels.available())


def test_messages_are_frozen_and_numbered(rig: Rig) -> None:
    """The same digest gives the same bytes; recipient and part make each message unique."""
    digest = sample_digest()
    rendered = renderer().digest(digest)
    first, again = rig.channel.messages(digest, rendered), rig.channel.messages(digest, rendered)
    assert list(first) == list(again)
    assert len({(m.recipient, m.part) for m in first}) == len(first) >= 1
    assert all(m.part >= 1 and m.content and m.event == "digest.created" for m in first)


def test_a_message_reaches_its_target(rig: Rig) -> None:
    """A delivery is taken, and the target's answer comes back."""
    for row in rows(rig.channel, sample_digest()):
        status, _ = rig.channel.send(row, NOW)
        assert status is None or 200 <= status < 300
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
    """A target that is busy is asked again; the error names channel and delivery, and what was said."""
    row = rows(rig.channel, sample_digest())[0]
    rig.later()
    with pytest.raises(DeliveryDeferredError) as caught:
        rig.channel.send(row, NOW)
    assert (caught.value.channel, caught.value.delivery) == (rig.channel.name, row.id)
    assert caught.value.status in (451, 503, None)
    assert caught.value.message
    assert discreet(rig, caught.value.message, str(caught.value), caught.value.excerpt)
    rig.again()
    assert discreet(rig, rig.channel.send(row, NOW)[1])


def test_never_is_rejected(rig: Rig) -> None:
    """A target that refuses for good is believed; 410 means every message."""
    if rig.never is None:
        pytest.skip("this target has no way to refuse for good")
    row = rows(rig.channel, sample_digest())[0]
    rig.never()
    with pytest.raises(DeliveryRejectedError) as caught:
        rig.channel.send(row, NOW)
    assert (caught.value.channel, caught.value.delivery) == (rig.channel.name, row.id)
    assert caught.value.disable == (caught.value.status == 410)
    assert discreet(rig, caught.value.message, str(caught.value), caught.value.excerpt)


def test_nobody_there_is_deferred(rig: Rig) -> None:
    """A target that cannot be reached may come back."""
    row = replace(rows(rig.nobody, sample_digest())[0], channel=rig.nobody.name)
    with pytest.raises(DeliveryDeferredError) as caught:
        rig.nobody.send(row, NOW)
    assert discreet(rig, caught.value.message, str(caught.value))


def test_a_missing_secret_stops_only_its_own_channel(rig: Rig) -> None:
    """It is found by `check` under its dotted key, and a send is put off, not lost."""
    rig.channel.check()
    if rig.without_secret is None:
        pytest.skip("this channel has no secret")
    with pytest.raises(ConfigError) as caught:
        rig.without_secret.check()
    assert (caught.value.key or "").startswith(f"channels.{rig.without_secret.name}.")
    assert caught.value.remedy
    row = rows(rig.without_secret, sample_digest())[0]
    with pytest.raises(DeliveryDeferredError):
        rig.without_secret.send(row, NOW)
    assert rig.taken() == 0
    assert rig.without_secret.describe()


def test_a_description_holds_no_secret(rig: Rig) -> None:
    """`channels list` shows where a channel leads and nothing more."""
    said = rig.channel.describe()
    assert rig.shows in said
    assert discreet(rig, said)


def test_nothing_is_lost_however_large_a_digest_is(rig: Rig) -> None:
    """Five thousand changes are taken, and each is told or counted, with where the rest is said."""
    digest, rendered = large()
    messages = rig.channel.messages(digest, rendered)
    for row in outbox(digest.id, rig.channel.name, messages, now=NOW):
        rig.channel.send(row, NOW)
    first = [message for message in messages if message.recipient == messages[0].recipient]
    said = " ".join(word for message in first for word in rig.told(message.content).split())
    counted = sum(
        int(number.replace(",", "")) for number in re.findall(r"and ([\d,]+) more (?!in this version)", said)
    )
    assert len(set(re.findall(r"NCT09\d{6}", said))) + counted == len(digest.stories) == 5_000


@cache
def large() -> tuple[Digest, Rendered]:
    """A digest of five thousand changes, rendered once for all."""
    digest = hostile_digest(5_000)
    return digest, renderer().digest(digest)


def discreet(rig: Rig, *texts: str) -> bool:
    """Does no text show a secret?"""
    return not [secret for secret in rig.secrets for text in texts if secret in text]


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
        ("nothing", None, "k_file", "no such file"),
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
