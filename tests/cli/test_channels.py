"""`channels`: a marked test over every type, switching one off and on, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from monitor.core.record import JsonObject
from monitor.demo.scenario import editions
from monitor.demo.sinks import Reaction
from monitor.demo.standin import DataVersion, StandIn
from tests.channels.targets import TOKEN, DiscordTarget, Obliging, SlackTarget, TeamsTarget
from tests.cli.command import Command

CONFIG = """
[[channels]]
name = "slack"
type = "slack"
url_env = "SLACK_URL"
allow_networks = ["127.0.0.0/8"]

[[channels]]
name = "teams"
type = "teams"
url_file = "teams-url"
allow_networks = ["127.0.0.0/8"]

[[channels]]
name = "discord"
type = "discord"
url_env = "DISCORD_URL"
allow_networks = ["127.0.0.0/8"]

[[channels]]
name = "rest"
type = "apprise"
urls_env = "APPRISE_URLS"

[[channels]]
name = "feeds"
type = "atom"

[[subscriptions]]
name = "morning"
channels = ["slack", "teams", "discord", "rest", "feeds"]
cadence = "hourly"
"""
SINKS: dict[str, type[Obliging]] = {
    "slack": SlackTarget,
    "teams": TeamsTarget,
    "discord": DiscordTarget,
    "rest": Obliging,
}


@pytest.fixture(scope="module")
def sinks() -> Iterator[dict[str, Obliging]]:
    """One target of each kind."""
    made = {name: kind() for name, kind in SINKS.items()}
    for sink in made.values():
        sink.__enter__()
    yield made
    for sink in made.values():
        sink.__exit__(None, None, None)


@pytest.fixture
def chatty(trialwire: Command, sinks: dict[str, Obliging]) -> Command:
    """An installation with a channel of every kind."""
    for sink in sinks.values():
        sink.received.clear()
        sink.reactions.clear()
    (trialwire.folder / "trialwire.toml").write_text(CONFIG, encoding="utf-8")
    (trialwire.folder / "teams-url").write_text(sinks["teams"].address, encoding="utf-8")
    rest = sinks["rest"].url.removeprefix("http://")
    addresses = {
        "SLACK_URL": sinks["slack"].address,
        "DISCORD_URL": sinks["discord"].address,
        "APPRISE_URLS": f"json://ann:{TOKEN}@{rest}\njson://bob:{TOKEN}@{rest}",
    }
    return Command(trialwire.folder, addresses)


@pytest.mark.parametrize(
    ("name", "said", "posts"),
    [
        ("slack", "slack: taken (200 ok)", 1),
        ("teams", "teams: taken (202)", 1),
        ("discord", "taken (200 {", 1),
        ("rest", "taken by json-", 2),
    ],
)
def test_a_test_reports_what_the_target_said(
    chatty: Command, sinks: dict[str, Obliging], name: str, said: str, posts: int
) -> None:
    """A message marked as a test reaches each recipient, and the answer is shown without the address."""
    ran = chatty("channels", "test", name)
    assert (ran.code, ran.err) == (0, "")
    assert said in ran.out
    assert ran.out.count("taken (") == len(sinks[name].received) == posts
    assert all(b"This is a test" in hook.body for hook in sinks[name].received)
    assert TOKEN not in ran.out


def test_a_feed_is_tested_in_a_file_of_its_own(chatty: Command) -> None:
    """The answer names the file, which then holds the test."""
    ran = chatty("channels", "test", "feeds", columns=400)
    assert ran.code == 0
    feed = chatty.database.parent / "feeds" / "test.atom"
    assert f"{feed}: 1 entry" in ran.out
    assert "This is a test" in feed.read_text(encoding="utf-8")


def test_a_refusal_ends_with_1_and_a_remedy(chatty: Command, sinks: dict[str, Obliging]) -> None:
    """Every recipient is tried all the same, and the address is not shown."""
    sinks["slack"].reactions.append(Reaction(404, body=b"no_service"))
    ran = chatty("channels", "test", "slack")
    assert ran.code == 1
    assert "the target answered 404: no_service" in ran.err
    assert "trialwire doctor" in ran.err
    sinks["rest"].reactions.append(Reaction(500))
    ran = chatty("channels", "test", "rest")
    assert ran.code == 1
    assert len(sinks["rest"].received) == 2
    assert ran.out.count("taken (") == 1
    assert TOKEN not in ran.out + ran.err


def test_a_missing_address_is_a_setting_to_mend(chatty: Command) -> None:
    """It ends with 78, and names the setting."""
    ran = chatty("channels", "test", "slack", SLACK_URL="")
    assert ran.code == 78
    assert "channels.slack.url_env" in ran.err


def test_a_channel_is_switched_off_and_on(chatty: Command, sinks: dict[str, Obliging]) -> None:
    """The list says that it is off, since when and why; a test is sent all the same."""
    chatty("watch", "add", "NCT09100001")
    assert "slack is disabled." in chatty("channels", "disable", "slack", "--why", "the room has moved").err
    assert "already: the room has moved" in chatty("channels", "disable", "slack").err
    rows = cast("list[JsonObject]", chatty("channels", "list", "--format", "json").json())
    assert {row["name"]: row["state"] for row in rows} == {
        "slack": "disabled", "teams": "enabled", "discord": "enabled", "rest": "enabled", "feeds": "enabled",
    }  # fmt: skip
    assert rows[0]["reason"] == "the room has moved"
    assert rows[0]["target"] == sinks["slack"].url.removesuffix("/hooks/trials")
    shown = chatty("channels", "list")
    assert "the room has moved" in shown.out
    assert TOKEN not in shown.out
    ran = chatty("channels", "test", "slack")
    assert (ran.code, "only this test is sent" in ran.err) == (0, True)
    assert "slack is enabled" in chatty("channels", "enable", "slack").err
    assert chatty("channels", "disable", "pigeon").code == 78


def test_a_story_reaches_every_kind_of_channel(chatty: Command, sinks: dict[str, Obliging]) -> None:
    """One is down for a pass and has it at the next; the others have it once; no address is kept anywhere."""
    config = chatty.folder / "trialwire.toml"
    with StandIn([DataVersion(edition.stamp, edition.studies) for edition in editions()]) as registry:
        asked = f'[registries.ctgov]\nbase_url = "{registry.base_url}"\nrequests_per_second = 50.0\n'
        config.write_text(asked + '[poll]\nbackfill = "off"\n' + CONFIG, encoding="utf-8")
        chatty("watch", "add", "NCT09100001", "NCT09100002")
        chatty("poll")
        chatty("digest", "send", "morning")
        registry.advance()
        chatty("poll")
    for sink in sinks.values():
        sink.received.clear()
    sinks["discord"].reactions.append(Reaction(503, body=f"no: {sinks['discord'].address}".encode()))
    assert "1 pending, 5 sent" in chatty("digest", "send", "morning").err
    shown = chatty("deliveries", "list", "--format", "json").out
    assert TOKEN not in shown
    assert "503: no: " in shown
    (waiting,) = cast(
        "list[JsonObject]", chatty("deliveries", "list", "--state", "pending", "--format", "json").json()
    )
    assert "1 sent" in chatty("deliveries", "retry", str(waiting["id"])).err
    assert {name: len(sink.received) for name, sink in sinks.items()} == {
        "slack": 1, "teams": 1, "discord": 2, "rest": 2,
    }  # fmt: skip
    first, again = sinks["discord"].received
    assert first.body == again.body
    feed = (chatty.database.parent / "feeds" / "morning.atom").read_text(encoding="utf-8")
    told = [hook.body.decode() for sink in sinks.values() for hook in sink.received]
    assert all("NCT09100001" in said and "1 critical" in said for said in (*told, feed))
    assert TOKEN.encode() not in b"".join(
        path.read_bytes() for path in chatty.database.parent.rglob("*") if path.is_file()
    )
