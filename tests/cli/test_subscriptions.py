"""`subscriptions`: who is told what, paused and resumed, and what leads nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest

from monitor.core.record import JsonObject
from tests.cli.command import Command

CONFIG = """
[[channels]]
name = "hook"
type = "webhook"
url = "https://hooks.example.com"
secret_env = "S"

[[subscriptions]]
name = "morning"
channels = ["hook"]
cadence = "daily 07:30 Europe/London"
conditions = ["gastric"]
immediate_at = "critical"
heartbeat = true

[[subscriptions]]
name = "asleep"
channels = ["hook"]
cadence = "immediate"
quiet_hours = "00:00-23:59 UTC"

[alerts]
channels = ["hook"]
"""


@pytest.fixture
def here(trialwire: Command) -> Command:
    """An installation with two subscriptions, one of them quiet but for a minute, and alerts."""
    (trialwire.folder / "trialwire.toml").write_text(CONFIG)
    return trialwire


def rows(here: Command) -> dict[str, JsonObject]:
    """What the listing says of each subscription."""
    found = cast("list[JsonObject]", here("subscriptions", "--format", "json").json())
    return {str(row["name"]): row for row in found}


def test_subscriptions_are_listed_before_there_is_a_database(here: Command) -> None:
    """The listing holds alerts too, and says what each covers; so does `show`, where nothing has begun."""
    listed = here("subscriptions")
    assert listed.code == 0
    assert "conditions gastric" in " ".join(listed.out.split())
    assert "notices of trouble" in " ".join(listed.out.split())
    assert set(rows(here)) == {"morning", "asleep", "alerts"}
    shown = here("subscriptions", "show", "morning")
    assert (shown.code, "not begun: no run has seen it yet" in shown.out) == (0, True)


def test_a_subscription_is_paused_and_goes_on(here: Command) -> None:
    """Both say what they did, twice over too; the listing, `show` and `status` tell, and nothing is wrong."""
    paused = here("subscriptions", "pause", "morning", "--why", "on leave")
    assert (paused.code, "morning is paused." in paused.err) == (0, True)
    again = here("subscriptions", "pause", "morning")
    assert "morning is paused since 20" in again.err
    row = rows(here)["morning"]
    assert (row["paused_why"], row["next_at"]) == ("on leave", None)
    assert str(row["paused_at"]).startswith(f"{datetime.now(UTC):%Y-}")
    assert "(on leave)" in here("subscriptions", "show", "morning").out
    status = here("status")
    assert "paused since" in status.out
    assert "paused" not in status.out.partition("Needs attention")[2]
    refused = here("digest", "send", "morning")
    assert (refused.code, "morning is paused since" in refused.err) == (1, True)
    assert "goes on" in here("subscriptions", "resume", "morning").err
    assert "was not paused" in here("subscriptions", "resume", "morning").err
    assert rows(here)["morning"]["paused_at"] is None
    assert here("digest", "send", "morning").code == 0


def test_show_tells_all_of_one(here: Command) -> None:
    """Filters, when it is due, what waits and what it was told last; who is not there is named."""
    assert here("subscriptions", "pause", "alerts").code == 0
    shown = cast("JsonObject", here("subscriptions", "show", "morning", "--format", "json").json())
    assert shown["conditions"] == ["gastric"]
    assert (shown["pending"], shown["pending_notices"], shown["last_digest"]) == (0, 0, None)
    assert "each period, also where all is quiet" in here("subscriptions", "show", "morning").out
    nobody = here("subscriptions", "show", "mornin")
    assert (nobody.code, "Known: morning, asleep, alerts." in nobody.err) == (78, True)


def test_quiet_hours_are_told(here: Command) -> None:
    """A subscription that is quiet now says until when, in the listing's JSON and in `status`."""
    if datetime.now(UTC).strftime("%H:%M") == "23:59":
        pytest.skip("the one minute a day in which it is not quiet")
    here("subscriptions", "resume", "morning")
    assert str(rows(here)["asleep"]["quiet_until"]).endswith("T23:59:00Z")
    assert "quiet until" in here("status").out


def test_a_name_that_leads_nowhere_is_refused(here: Command) -> None:
    """`changes` knows its tags and searches: silence about a misspelled one would be taken for quiet."""
    assert here("watch", "add", "NCT09100001", "--tag", "oncology").code == 0
    assert here("changes", "--tag", "oncology").code == 0
    misspelled = here("changes", "--tag", "oncolgy", "--format", "json")
    assert (misspelled.code, "Did you mean oncology?" in misspelled.err) == (2, True)
    unknown = here("changes", "--search", "nosuch")
    assert (unknown.code, "there is no search or asset 'nosuch'" in unknown.err) == (2, True)
