"""What `status` and `doctor` say of the past: how far it is read, and how the history API fares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.cli import dates
from monitor.cli.listing import counted
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.core.watching import SourceHealth
    from monitor.store import Store


@dataclass(frozen=True, slots=True)
class Pasts:
    """How far the past of trials is read."""

    sources: tuple[tuple[SourceHealth, int], ...]
    """Each with its failures in a row."""
    states: Mapping[str, int]
    """Trials by state."""
    wanted: bool
    """Is any of it read unasked?"""


def look(store: Store, found: Settings) -> Pasts:
    """Read it once."""
    return Pasts(store.history_sources(), store.backfill_counts(), found.poll.backfill != "off")


def attention(pasts: Pasts) -> Iterator[str]:
    """What needs attention, each with what to do."""
    for source, failures in pasts.sources:
        if failures and (pasts.wanted or pasts.states.get("waiting")):
            yield f"{ill(source)}; polls go on without it, and it is asked again by itself"
    if failed := pasts.states.get("failed"):
        them = counted(failed, "trial", "trials")
        yield f"the past of {them} could not be read: `trialwire backfill TRIAL` says why and tries again"


def ill(source: SourceHealth) -> str:
    """A history that cannot be read, in a line."""
    since = dates.short(dates.stamped(source.since))
    return f"history of {source.registry} is {source.state} since {since} UTC: {source.reason}"


def words(pasts: Pasts) -> str:
    """In a line; empty where nothing of the past was ever wanted."""
    done, waiting = pasts.states.get("done", 0), pasts.states.get("waiting", 0)
    if not done and not waiting:
        return ""
    return f"{counted(done, 'trial')} read" + (f", {waiting:,} waiting" if waiting else "")


def as_json(pasts: Pasts) -> JsonObject:
    """Members of the status object."""
    return {
        "histories": [
            {
                "registry": source.registry,
                "state": source.state,
                "since": dates.stamped(source.since),
                "reason": source.reason,
                "failures": failures,
                "last_attempt_at": dates.stamped(source.last_attempt_at),
                "last_success_at": dates.stamped(source.last_success_at),
                "not_before": dates.stamped(source.not_before),
            }
            for source, failures in pasts.sources
        ],
        "backfills": dict(pasts.states),
    }
