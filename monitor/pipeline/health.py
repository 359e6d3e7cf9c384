"""How a source is doing: pure steps from one state to the next, and the notice each change of state is worth.

A notice is due once for each change of state, so that silence always means quiet (contract section 6).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from monitor.core.watching import SourceHealth, SourceState
from monitor.errors import RegistryBlockedError, RegistryError, RegistryUnavailableError
from monitor.registries import Probe
from monitor.store.values import NoticeDraft

STALE_AFTER = timedelta(days=5)
"""The registry publishes on every working day; longer without is worth telling."""
BLOCKED_FOR = timedelta(hours=6)
"""Whoever refuses us is asked again this much later, never sooner."""
THROTTLED_FOR = timedelta(minutes=15)
LONGEST_WAIT = timedelta(days=1)

WORDS = {
    "OK": "is read again",
    "STALE": "shows nothing new",
    "THROTTLED": "asks us to slow down",
    "BLOCKED": "refuses us",
    "BROKEN": "answers in a form we cannot read",
    "DOWN": "cannot be reached",
}
"""What a source does that is in this state."""


def unborn(registry: str, now: datetime) -> SourceHealth:
    """A source before its first poll."""
    return SourceHealth(registry, "OK", now, "", None, None, None, None)


def after_success(old: SourceHealth, probe: Probe, now: datetime) -> SourceHealth:
    """All that was asked for was read: OK, or STALE where the data themselves are old."""
    version = probe.data_version
    state: SourceState = "OK"
    reason = ""
    if version is not None and (age := now.date() - _day(version)) > STALE_AFTER:
        state, reason = "STALE", f"its data are of {version[:10]}, {age.days} days ago"
    moved = _moved(old, state, reason, now)
    return replace(
        moved,
        data_version=version,
        etag=probe.etag,
        last_attempt_at=now,
        last_success_at=now,
        not_before=None,
        newest=version or believed(old),
    )


def believed(source: SourceHealth) -> str | None:
    """The data version that an older one is not believed after."""
    return source.data_version or source.newest


def after_backwards(old: SourceHealth, seen: str, now: datetime) -> SourceHealth:
    """The registry showed older data than before: ignored, and reported as stale."""
    moved = _moved(old, "STALE", f"its data version went back from {believed(old)} to {seen}", now)
    return replace(moved, last_attempt_at=now, not_before=None)


def after_failure(
    old: SourceHealth, error: RegistryError, now: datetime, *, probe: Probe | None = None
) -> SourceHealth:
    """It could not be read; `probe`, where it was answered, still tells the data version."""
    state, wait = _judged(error)
    name = old.registry
    reason = error.message.removeprefix(f"{name} cannot be read: ").removeprefix(f"{name} refuses us: ")
    moved = _moved(old, state, reason.removeprefix(f"{name}: "), now)
    known = (probe.data_version, probe.etag) if probe else (old.data_version, old.etag)
    return replace(
        moved,
        data_version=known[0],
        etag=known[1],
        newest=known[0] or believed(old),
        last_attempt_at=now,
        not_before=now + min(wait, LONGEST_WAIT) if wait else None,
    )


def notices(old: SourceHealth | None, new: SourceHealth, *, label: str) -> tuple[NoticeDraft, ...]:
    """What must be told about a change of state; nothing where a new source simply works."""
    before = old.state if old else "OK"
    if before == new.state:
        return ()
    message = f"{label} {WORDS[new.state]}" + (f": {new.reason}" if new.reason else "")
    if new.state == "OK" and old is not None:
        message += f" (was {before} since {old.since:%Y-%m-%d %H:%M} UTC)"
    return (NoticeDraft("source", new.registry, f"{message}.", new.since),)


def _judged(error: RegistryError) -> tuple[SourceState, timedelta | None]:
    match error:
        case RegistryBlockedError():
            return "BLOCKED", BLOCKED_FOR
        case RegistryUnavailableError(throttled=True, retry_after_s=asked):
            return "THROTTLED", max(THROTTLED_FOR, timedelta(seconds=asked or 0))
        case RegistryUnavailableError(broken=True):
            return "BROKEN", None
        case RegistryUnavailableError(retry_after_s=asked):
            return "DOWN", timedelta(seconds=asked) if asked else None
        case _:
            return "BROKEN", None


def _moved(old: SourceHealth, state: SourceState, reason: str, now: datetime) -> SourceHealth:
    since = old.since if old.state == state else now
    return replace(old, state=state, since=since, reason=reason)


def _day(version: str) -> date:
    try:
        return date.fromisoformat(version[:10])
    except ValueError:
        return date.max  # a stamp that is no date cannot be old
