"""Who may send how much at once: room for those who answer, a lane of their own for those who hang.

Pure, and nothing of it is stored: what is known of a target is what its last attempts came to, and after a
restart the first attempt finds it out anew. Nothing is claimed, sent or timed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from monitor.core.delivery import MAX_RETRY_AFTER_S, Later, Outcome, Rejected, Sent

SLOW_AFTER_S = 1.0
"""An attempt that has been under way for longer takes nobody's place any more."""
RESTS_S: tuple[float, ...] = (5.0, 15.0, 30.0, 60.0)
"""How long a target that was silent is left alone, after one failure, two in a row, and so on."""
_THROTTLING = frozenset({429, 502, 503, 504})
"""Answers that mean the target and not the message (Standard Webhooks 1.0)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last attempts say of a channel's target."""

    proven: bool = False
    """The last one was answered: several may be under way at once."""
    failures: int = 0
    """How often in a row it was silent, or had no room."""
    rest_from: datetime | None = None
    rest_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Is it left alone? Not by a clock that has been set back to before the rest began."""
        has_begun = self.rest_from is None or self.rest_from <= now
        return self.rest_until is not None and has_begun and now < self.rest_until


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel, and what of it is under way."""

    channel: str
    standing: Standing
    under_way: int = 0
    slow: int = 0
    """Of those, under way for longer than `SLOW_AFTER_S`."""
    is_due: bool = True
    """Does more of it wait?"""


def after(standing: Standing, outcome: Outcome, *, now: datetime) -> Standing:
    """What is known of a target after an attempt.

    A target that was silent rests, longer each time; one that names a time rests as long as it asks. One
    answer is enough to trust it again. What is wrong with a single message says nothing about the others,
    save that the next one goes alone.
    """
    match outcome:
        case Sent() | Rejected(status=int()):
            return Standing(proven=True)
        case Rejected():
            return replace(standing, proven=False)
        case Later(status=status) if status is not None and status not in _THROTTLING:
            return Standing()
        case Later(error_class="settings" | "bug"):
            return replace(standing, proven=False)
        case Later(retry_after_s=asked):
            if standing.rests(now):  # begun before the rest: the same silence, heard twice
                return replace(standing, proven=False)
            failures = standing.failures + 1
            rest = max(RESTS_S[min(failures, len(RESTS_S)) - 1], min(asked or 0.0, MAX_RETRY_AFTER_S))
            return Standing(
                proven=False, failures=failures, rest_from=now, rest_until=now + timedelta(seconds=rest)
            )
    assert_never(outcome)


def room(lanes: Sequence[Lane], *, now: datetime, parallel: int, per_channel: int) -> dict[str, int]:
    """How many more attempts each channel may begin now; only those with any, the first served first.

    At most `parallel` are under way at once, not counting those that are slow and the lone attempts by which
    targets that failed are tried again: however many of them hang, the others have the same room.
    """
    free = parallel - sum(lane.under_way - lane.slow for lane in lanes if not lane.standing.failures)
    given: dict[str, int] = {}
    for lane in lanes:
        if lane.is_due and lane.standing.failures and not (lane.under_way or lane.standing.rests(now)):
            given[lane.channel] = 1
    left = {lane.channel: _width(lane, now, per_channel) for lane in lanes if not lane.standing.failures}
    while free > 0 and any(width > 0 for width in left.values()):
        for channel, width in left.items():
            if width > 0 and free > 0:
                given[channel] = given.get(channel, 0) + 1
                left[channel] = width - 1
                free -= 1
    return given


def _width(lane: Lane, now: datetime, per_channel: int) -> int:
    if not lane.is_due or lane.standing.rests(now):
        return 0
    return (per_channel if lane.standing.proven else 1) - lane.under_way
