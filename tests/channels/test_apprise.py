"""Apprise: a recipient for each address, texts as long as each service takes, and nothing given away."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from monitor import channels, log
from monitor.channels import Channel
from monitor.channels.apprise import MAX_CHARS
from monitor.core.digest import Digest
from monitor.demo.sinks import Reaction
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from tests.channels.support import context, renderer, rows
from tests.channels.targets import TOKEN, Obliging
from tests.support.digests import NOW
from tests.support.hostile import hostile_digest
from tests.support.sample import sample_digest

RENDERED = renderer().digest(sample_digest())


@pytest.fixture
def service() -> Iterator[Obliging]:
    """A service on loopback."""
    with Obliging() as target:
        yield target


@pytest.fixture
def own_logging() -> Iterator[None]:
    """What is set up here is undone."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    root.handlers[:], root.level = before


def rest(urls: str | None, **table: object) -> Channel:
    """An Apprise channel."""
    settings = channels.settings_model("apprise").model_validate(
        {"urls_env": "URLS", "timeout_s": 5, **table}
    )
    return channels.build("apprise", "rest", settings, context({"URLS": urls} if urls else {}))


def address(target: Obliging, user: str = "ann", options: str = "") -> str:
    """The Apprise URL of a service on loopback."""
    return f"json://{user}:{TOKEN}@{target.url.removeprefix('http://')}/{TOKEN}{options}"


def contents(channel: Channel, digest: Digest) -> list[dict[str, Any]]:
    """What is sent of a digest, for each recipient."""
    return [json.loads(message.content) for message in channel.messages(digest, RENDERED)]


def test_each_address_is_a_recipient() -> None:
    """By a name that tells them apart and gives nothing away; comments and empty lines are none."""
    urls = f"# on call\ntgram://123456789:abcdefg_hijklmnop/12315544/\n\njson://ann:{TOKEN}@127.0.0.1/x\n"
    channel = rest(urls)
    names = [message.recipient for message in channel.messages(sample_digest(), RENDERED)]
    assert [name.partition("-")[0] for name in names] == ["tgram", "json"]
    assert channel.describe() == ", ".join(names)
    assert TOKEN not in channel.describe()


@pytest.mark.parametrize(
    ("url", "most", "has_title"),
    [
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", 4096, False),
        ("discord://1234567890/abcdefghijklmnop", 2000, True),
        ("pover://abcdefghijklmnopqrstuvwxyz1234@abcdefghijklmnopqrstuvwxyz5678", 1024, True),
        ("clicksend://user:abcdefghijk@15551234567", 160, False),
        ("dapnet://user:password@DF1ABC", 80, False),
        ("json://127.0.0.1/x", 32768, True),
    ],
)
@pytest.mark.parametrize("digest", [sample_digest(), hostile_digest(60)], ids=["sample", "hostile"])
def test_a_text_is_as_long_as_its_service_takes(
    url: str, most: int, digest: Digest, *, has_title: bool
) -> None:
    """By the library's own knowledge of the service, after its own escaping; counts lead every form."""
    (content,) = contents(rest(url), digest)
    assert 20 <= len(content["body"]) <= most
    assert bool(content["title"]) is has_title
    assert "critical" in content["title"] + content["body"]
    assert contents(rest(url), digest) == [content]


def test_an_operator_may_ask_for_less() -> None:
    """`max_chars` holds where it is less than the service takes."""
    (content,) = contents(rest("json://127.0.0.1/x", max_chars=300), sample_digest())
    assert len(content["body"]) <= 300


def test_a_pager_reads_the_worst_first() -> None:
    """Where there is room for a line or two, it is the counts and the loudest story."""
    (content,) = contents(rest("clicksend://user:abcdefghijk@15551234567"), sample_digest())
    assert content["body"].splitlines()[:2] == [
        "Trialwire: 2 critical, 2 major · akeso · 20 Nov",
        "Recruitment suspended with 202 of 420 enrolled",
    ]


def test_it_arrives(service: Obliging) -> None:
    """Title and body as frozen; the answer names the recipient, not the address."""
    channel = rest(address(service))
    (row,) = rows(channel, sample_digest())
    status, said = channel.send(row, NOW)
    assert (status, said) == (None, f"taken by {row.recipient}")
    (hook,) = service.received
    sent = json.loads(hook.body)
    assert sent["title"] == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"
    assert sent["message"] == json.loads(row.content)["body"]


@pytest.mark.parametrize("options", ["", "?optional=yes", "?retry=3&wait=0.1"])
def test_a_failure_is_put_off_and_tried_once(service: Obliging, options: str) -> None:
    """What the library says of it is told without the address; it neither repeats nor swallows it."""
    service.reactions.extend([Reaction(500)] * 5)
    channel = rest(address(service, options=options))
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryDeferredError, match=r"json-\w{8}: Failed to send .*error=500") as caught:
        channel.send(row, NOW)
    assert len(service.received) == 1
    assert TOKEN not in caught.value.message
    assert caught.value.delivery == row.id


@pytest.mark.usefixtures("own_logging")
def test_the_reason_is_told_however_quiet_the_log_is(service: Obliging) -> None:
    """A failure has its reason also where only errors are logged."""
    log.set_up(level="error", style="json", stream=io.StringIO())
    service.reactions.append(Reaction(500))
    channel = rest(address(service))
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryDeferredError, match=r"Failed to send .*error=500"):
        channel.send(row, NOW)


@pytest.mark.usefixtures("own_logging")
def test_nothing_of_an_address_is_logged(service: Obliging) -> None:
    """Not by us, not by the library and not by what it sends with, at the most talkative level."""
    stream = io.StringIO()
    log.set_up(level="debug", style="json", stream=stream)
    service.reactions.append(Reaction(500, body=TOKEN.encode()))
    for url in (address(service), f"pigeon://{TOKEN}/{TOKEN}", f"tgram://{TOKEN}"):
        channel = rest(url)
        (row,) = rows(channel, sample_digest())
        with pytest.raises(DeliveryDeferredError):
            channel.send(row, NOW)
    logging.getLogger("monitor").debug("the end")
    assert "the end" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_only_where_it_failed_it_is_sent_again(service: Obliging) -> None:
    """Two addresses are two deliveries."""
    channel = rest(f"{address(service, 'ann')}\n{address(service, 'bob')}")
    first, second = rows(channel, sample_digest())
    service.reactions.append(Reaction(500))
    with pytest.raises(DeliveryDeferredError):
        channel.send(first, NOW)
    channel.send(second, NOW)
    channel.send(first, NOW)
    assert len(service.received) == 3


def test_what_was_composed_without_addresses_goes_to_all_of_them(service: Obliging) -> None:
    """A list that could not be read then, and can now, loses no digest; each address is tried."""
    (row,) = rows(rest(None), sample_digest())
    assert row.recipient == "rest"
    assert len(json.loads(row.content)["body"]) <= MAX_CHARS
    channel = rest(f"{address(service, 'ann')}\n{address(service, 'bob')}")
    service.reactions.append(Reaction(500))
    with pytest.raises(DeliveryDeferredError):
        channel.send(row, NOW)
    assert len(service.received) == 2


def test_an_address_taken_off_the_list_gets_nothing(service: Obliging) -> None:
    """What was meant for it is refused for good, and says why."""
    (row,) = rows(rest(address(service, "ann")), sample_digest())
    with pytest.raises(DeliveryRejectedError, match="no longer among"):
        rest(address(service, "bob")).send(row, NOW)
    assert service.received == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "read files of this machine"),
        ("vapid://me@example.com/you@example.com", "read files of this machine"),
        ("fcm://project@key/device?keyfile=/etc/key.json", "keyfile="),
        ("slack://a/b/c?template=/etc/passwd", "template="),
        ("workflows://host/a/b?Template=x", "template="),
        ("mailtos://a:b@example.com?pgpprv=/root/key", "pgpprv="),
        ("just words", "is no Apprise URL"),
        ("://x", "is no Apprise URL"),
        ("pigeon://loft", "knows no service for pigeon-"),
    ],
)
def test_an_address_of_no_use_is_found_by_check(url: str, why: str) -> None:
    """Under its key, without the address; and one that reads files is never handed to the library."""
    channel = rest(url)
    with pytest.raises(ConfigError, match=why) as caught:
        channel.check()
    assert caught.value.key == "channels.rest.urls_env"
    assert url not in caught.value.message
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryDeferredError):
        channel.send(row, NOW)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but sending needs it: a digest is composed all the same, and waits."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    channel = rest(f"json://ann:{TOKEN}@127.0.0.1/x")
    assert channel.describe().startswith("json-")
    with pytest.raises(ConfigError) as caught:
        channel.check()
    assert (caught.value.key, caught.value.remedy) == (
        "channels.rest.type",
        "pip install 'trialwire[apprise]'",
    )
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryDeferredError, match="needs a package"):
        channel.send(row, NOW)


@pytest.mark.parametrize("table", [{}, {"urls_env": "A", "urls_file": "b"}])
def test_the_addresses_stand_in_one_place(table: dict[str, str]) -> None:
    """In a file or in the environment, and never in the configuration."""
    with pytest.raises(ValidationError, match="urls_file or urls_env"):
        channels.settings_model("apprise").model_validate(table)


def test_an_empty_list_is_said_to_be_empty() -> None:
    """Comments alone are no address."""
    with pytest.raises(ConfigError, match="holds no address"):
        rest("# nobody yet\n").check()
