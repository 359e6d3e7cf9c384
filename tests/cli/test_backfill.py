"""`backfill`: the past on demand, what it says of it, and how it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from monitor.core.record import JsonObject
from monitor.demo.standin import Fault, StandIn
from tests.cli.command import Command
from tests.cli.test_network import daemon, eventually, is_running
from tests.support.pasts import past_version, slipped, story

CONFIG = """
[registries.ctgov]
base_url = "{registry}"
requests_per_second = 50.0
retries = 0

[poll]
backfill = "{mode}"
"""
ONE, TWO = "NCT00000001", "NCT00000002"
MODULE = {"primaryOutcomes": [{"measure": "Survival", "reviewUnit": {"resetReasons": ["Too short."]}}]}


@pytest.fixture
def registry() -> Iterator[StandIn]:
    """Two trials with a past; of one a version was sent back."""
    versions = (slipped(2, 0, protocolSection__outcomesModule=MODULE), *story(2)[1:])
    with StandIn([past_version(2, story(1), versions)]) as found:
        yield found


@pytest.fixture
def trialwire(trialwire: Command, registry: StandIn) -> Command:
    """An installation that watches and has read both, and back-fills nothing unasked."""
    config = CONFIG.format(registry=registry.base_url, mode="off")
    (trialwire.folder / "trialwire.toml").write_text(config, "utf-8")
    assert trialwire("watch", "add", ONE, TWO).code == 0
    assert trialwire("poll").code == 0
    return trialwire


def rows(trialwire: Command, *words: str) -> list[JsonObject]:
    """What a command lists."""
    return cast("list[JsonObject]", trialwire(*words, "--format", "json").json())


def test_it_tells_what_came(trialwire: Command) -> None:
    """Versions, changes, and whether there are more; a second time the same without asking."""
    capped = trialwire("backfill", ONE, "--versions", "2")
    assert capped.code == 0
    assert "2 of 3" in capped.out
    assert "there are more: `--versions 0` takes all" in capped.out
    (whole,) = rows(trialwire, "backfill", ONE, "--versions", "0")
    assert (whole["state"], whole["versions"], whole["of"], whole["capped"]) == ("done", 3, 3, False)
    assert rows(trialwire, "backfill", ONE, "--versions", "0") == [whole]
    told = " ".join(trialwire("history", ONE).out.split())
    assert "Second move in the 3 versions seen" in told
    assert "4 versions since 2024-01-05" in told
    assert trialwire("show", f"{ONE}@2").code == 0
    assert trialwire("diff", f"{ONE}@1", f"{ONE}@4").code == 0


def test_all_takes_every_watched_trial(trialwire: Command) -> None:
    """`--all`, and what reviewers said stands with the version."""
    assert [row["versions"] for row in rows(trialwire, "backfill", "--all")] == [3, 3]
    listed = trialwire("versions", TWO)
    assert "v1" in listed.out
    assert "Too short." in listed.out
    first = rows(trialwire, "versions", TWO)[-1]
    assert first["version"] == 1
    assert first["review_comments"] == [
        {"path": "protocolSection.outcomesModule.primaryOutcomes[0]", "reasons": ["Too short."]}
    ]


def test_whom_it_cannot_help_it_tells_why(trialwire: Command) -> None:
    """No trial, an unknown number, one that is not watched, one not read yet."""
    assert trialwire("backfill").code == 2
    assert trialwire("backfill", "hello").code == 2
    unwatched = trialwire("backfill", "NCT00000003")
    assert (unwatched.code, "is not on the watch list" in unwatched.err) == (1, True)
    trialwire("watch", "add", "NCT00000003")
    unread = trialwire("backfill", "NCT00000003")
    assert (unread.code, "not read yet" in unread.err) == (1, True)
    assert "`trialwire poll`" in unread.err


def test_a_history_that_is_refused_is_told(trialwire: Command, registry: StandIn) -> None:
    """Exit 75 with the source's state, `status` and `doctor` say it too, and polls go on."""
    registry.inject(Fault.forbidden(path="/api/int/"))
    ran = trialwire("backfill", ONE)
    assert ran.code == 75
    assert "the history of ctgov cannot be read: BLOCKED" in ran.err
    assert "not read to the end yet" in ran.out or "refuses us" in ran.out
    assert trialwire("poll").code == 0
    status = trialwire("status")
    assert "history of ctgov is BLOCKED" in status.out
    told = cast("JsonObject", trialwire("status", "--format", "json").json())
    (history,) = cast("list[JsonObject]", told["histories"])
    assert (history["registry"], history["state"]) == ("ctgov", "BLOCKED")
    assert "BLOCKED" in trialwire("doctor").out


def test_beside_a_daemon_it_waits(trialwire: Command) -> None:
    """The daemon reads the past; the command waits and tells what came."""
    with daemon(trialwire):
        assert eventually(lambda: is_running(trialwire))
        ran = trialwire("backfill", ONE, "--wait", "60")
        assert ran.code == 0, ran.err
        assert "3 of 3" in ran.out
        assert "A daemon is running" in ran.err
