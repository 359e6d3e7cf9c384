"""`deliveries` and what `status` and `doctor` say of the outbox."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from monitor.cli import dates
from monitor.core.record import JsonObject
from monitor.demo.sinks import Reaction, WebhookSink
from monitor.pipeline import deliver, housekeeping
from tests.cli.command import Command
from tests.support.outboxes import fill, installation, webhook
from tests.support.world import SECRET, Clock


@pytest.fixture
def clock() -> Clock:
    """Commands read the real clock: what is in the outbox was made an hour ago."""
    return Clock(dates.now().replace(second=0) - timedelta(hours=1))


def command(folder: Path) -> Command:
    """The command on the installation in a folder."""
    return Command(folder, {"HOOK_SECRET": SECRET, "TRIALWIRE_CONFIG": str(folder / "trialwire.toml")})


def rows(trialwire: Command, *words: str) -> list[JsonObject]:
    """What a listing gives to programs."""
    return cast("list[JsonObject]", trialwire("deliveries", *words, "--format", "json").json())


def test_sending_again_what_was_sent(tmp_path: Path, clock: Clock) -> None:
    """`replay` says how many first, sends nothing in a dry run, and keeps ids, bytes and the log."""
    with WebhookSink(SECRET) as sink:
        with installation(tmp_path, webhook("hook", sink.url), clock=clock) as app:
            ids = fill(app, "hook", each=3)
            digest = app.store.digests()[0].id
            app.store.drop(ids[2:])
            deliver.run(app)
        trialwire = command(tmp_path)
        words = "3 messages (2 sent before, 1 dropped) on hook"
        dry = trialwire("deliveries", "replay", "--digest", digest[:12], "--dry-run")
        assert (dry.code, dry.err.strip()) == (0, f"Would send again: {words}.")
        assert len(sink.received) == 2
        again = trialwire("deliveries", "replay", "--digest", digest)
        assert again.err.splitlines() == [f"To send again: {words}.", "3 of 3 due now: 3 sent"]
        assert [row["attempts"] for row in rows(trialwire, "list", "--digest", digest)] == [1, 2, 2]
        one = trialwire("deliveries", "replay", ids[0][:12])
        assert "1 of 1 due now: 1 sent" in one.err
        nothing = trialwire("deliveries", "replay", "--since", "1d", "--channel", "other")
        assert "Nothing to send again" in nothing.err
        assert trialwire("deliveries", "replay").code == 2
        assert trialwire("deliveries", "replay", "--digest", "dig_nobody").code == 1
    hooks = [hook for hook in sink.received if hook.headers["webhook-id"] == ids[0]]
    assert len(hooks) == 3
    assert len({hook.body for hook in hooks}) == 1


def test_many_are_not_sent_again_unasked(tmp_path: Path, clock: Clock) -> None:
    """Over twenty messages want --yes where nobody can be asked."""
    with WebhookSink(SECRET) as sink:
        with installation(tmp_path, webhook("hook", sink.url), clock=clock) as app:
            fill(app, "hook", each=21)
            deliver.run(app)
        trialwire = command(tmp_path)
        asked = trialwire("deliveries", "replay", "--since", "1d")
        assert (asked.code, "Send 21 messages again? Say so with --yes." in asked.err) == (2, True)
        assert len(sink.received) == 21
        assert "21 of 21 due now: 21 sent" in trialwire("deliveries", "replay", "--since", "1d", "--yes").err
        assert rows(trialwire, "list", "--until", "2020-01-01") == []
    assert len(sink.received) == 42


@pytest.mark.parametrize("columns", [60, 140])
def test_the_log_of_attempts(tmp_path: Path, clock: Clock, columns: int) -> None:
    """Every attempt: when, how long, the status, what kind of failure, why, and what was answered."""
    with WebhookSink(SECRET) as sink:
        sink.reactions.append(Reaction(503, body=b"closed for the night"))
        with installation(tmp_path, webhook("hook", sink.url), clock=clock) as app:
            (delivery,) = fill(app, "hook")
            deliver.run(app)
            clock.forward(seconds=6)
            deliver.run(app)
    trialwire = command(tmp_path)
    (row,) = rows(trialwire, "show", delivery)
    first, second = cast("list[JsonObject]", row["tries"])
    assert (first["status"], first["error_class"], first["outcome"]) == (503, "answer", "later")
    assert (first["error"], first["excerpt"]) == ("the endpoint answered 503", "closed for the night")
    assert first["duration_s"] is not None
    assert (second["status"], second["error"], second["outcome"]) == (204, "", "sent")
    shown = trialwire("deliveries", "show", delivery, columns=columns).out
    flat = " ".join(shown.split())
    assert "503" in flat
    assert ("0.00 s" in flat and "answer" in flat) == (columns == 140)
    assert all(len(line) <= columns for line in shown.splitlines())


def test_what_waits_is_told_by_channel(tmp_path: Path, clock: Clock) -> None:
    """`status` counts by channel and ends with 3; `doctor` names a channel that was taken out."""
    with WebhookSink(SECRET) as sink:
        sink.reactions.extend([Reaction(410), *[Reaction(500)] * 2])
        tables = [webhook("gone", sink.url), webhook("ill", sink.url), webhook("old", sink.url)]
        with installation(tmp_path, *tables, clock=clock) as app:
            fill(app, "gone", each=3)
            deliver.run(app)
            fill(app, "ill", each=2, of=2)
            deliver.run(app)
            fill(app, "old", of=3)
        with installation(tmp_path, *tables[:2], clock=clock):
            trialwire = command(tmp_path)
            told = trialwire("status", columns=200)
            made = dates.short(dates.stamped(clock()))
            assert told.code == 3
            for words in (
                "channel gone is disabled (",
                "410",
                "; 2 messages wait for it: `trialwire channels enable gone`",
                "1 delivery to gone given up: `trialwire deliveries list --state dead --channel gone`",
                "1 delivery waits for old, which is not configured: configure it, or `trialwire deliveries",
                f"2 waiting since {made} UTC; 1 given up",
                f"2 waiting since {made} UTC, 2 of them tried in vain, next at {made} UTC",
            ):
                assert words in " ".join(told.out.split())
            loads = cast("JsonObject", trialwire("status", "--format", "json").json())["outbox"]
            assert [
                (one["channel"], one["waiting"], one["dead"]) for one in cast("list[JsonObject]", loads)
            ] == [
                ("gone", 2, 1),
                ("ill", 2, 0),
                ("old", 1, 0),
            ]
            retried = trialwire("deliveries", "retry", "--all", "--channel", "gone")
            assert retried.code == 0
            assert (
                "Channel gone is disabled: its messages wait for `trialwire channels enable gone`"
                in retried.err
            )
            assert "disabled" not in trialwire("deliveries", "retry", "--all").err
            assert "1 message waits for old, which is not configured" in trialwire("doctor").out
            assert "1 delivery dropped." in trialwire("deliveries", "drop", "--channel", "old").err
            assert "waits for old" not in trialwire("doctor").out
            assert "Nothing waits for old" in trialwire("deliveries", "drop", "--channel", "old").err
            assert trialwire("deliveries", "drop").code == 2


def test_what_is_kept_no_longer_is_not_sent_again(tmp_path: Path, clock: Clock) -> None:
    """Old messages lose their bytes, not their rows; who asks for them is told, and nothing empty is sent."""
    with WebhookSink(SECRET) as sink:
        with installation(tmp_path, webhook("hook", sink.url), clock=clock) as app:
            old = fill(app, "hook", each=2)
            deliver.run(app)
            sink.reactions.append(Reaction(410))
            clock.now -= timedelta(days=40)
            dead = fill(app, "hook", of=2)
            deliver.run(app)
            clock.now += timedelta(days=40, minutes=1)
            housekeeping.run(app, payload_days=0)
            assert app.store.forgotten() == 0
            clock.forward(days=30)
            housekeeping.run(app, payload_days=0, outbox_days=30)
            assert app.store.forgotten() == 2
            assert app.store.replayable() == tuple(dead)
            assert app.store.replay(old, clock()) == ()
            clock.forward(days=-30)
        trialwire = command(tmp_path)
        told = trialwire("deliveries", "replay", "--since", "3d", "--dry-run")
        gone = "the bytes are kept no longer ([retention] outbox_days)"
        assert told.err.splitlines()[0] == f"2 messages cannot be sent again: {gone}."
        assert gone in trialwire("deliveries", "show", old[0], "--content").err
        assert gone in trialwire("deliveries", "replay", old[0], "--yes").err
    assert len(sink.received) == 3
