"""What waits in the outbox, channel by channel, for `status` and `doctor`: what is wrong, and what to do.

What is said here is read from the tables: which targets the daemon leaves alone at this moment it alone
knows, but what it was told, and when it asks again, stands there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from monitor.cli import dates
from monitor.cli.listing import counted
from monitor.core.record import Json, JsonObject

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.store.outbox import ChannelLoad
    from monitor.store.values import ChannelState


def attention(
    loads: Sequence[ChannelLoad], disabled: Sequence[ChannelState], configured: Collection[str]
) -> Iterator[str]:
    """What needs an operator, each with what to do."""
    waiting = {load.channel: load.waiting for load in loads}
    off = {channel.name for channel in disabled}
    for channel in disabled:
        held = waiting.get(channel.name, 0)
        behind = f"; {counted(held, 'message waits', 'messages wait')} for it" if held else ""
        remedy = f"`trialwire channels enable {channel.name}`"
        yield f"channel {channel.name} is disabled ({channel.reason}){behind}: {remedy}"
    for load in loads:
        name = load.channel
        if load.dead:
            remedy = f"`trialwire deliveries list --state dead --channel {name}`"
            yield f"{counted(load.dead, 'delivery', 'deliveries')} to {name} given up: {remedy}"
        if load.waiting and name not in configured:
            number = counted(load.waiting, "delivery waits", "deliveries wait")
            remedy = f"configure it, or `trialwire deliveries drop --channel {name}`"
            yield f"{number} for {name}, which is not configured: {remedy}"
        elif load.stuck and name not in off:
            number = counted(load.stuck, "delivery is", "deliveries are")
            remedy = f"`trialwire channels test {name}`"
            yield f"{number} not taken by {name} ({load.last_error}): {remedy}"


def words(load: ChannelLoad) -> str:
    """`12 waiting since 2026-11-02 09:30 UTC, 3 of them tried in vain, next at …; 2 given up`."""
    parts = []
    if load.waiting:
        part = f"{load.waiting:,} waiting"
        if load.oldest_at is not None:
            part += f" since {_time(load.oldest_at)}"
        if load.failing:
            part += f", {load.failing:,} of them tried in vain"
            part += f", next at {_time(load.next_at)}" if load.next_at else ""
        parts.append(part)
    if load.dead:
        parts.append(f"{load.dead:,} given up")
    return "; ".join(parts)


def as_json(loads: Sequence[ChannelLoad], configured: Collection[str]) -> list[Json]:
    """For programs: one object for each channel with anything waiting or given up."""
    found: list[Json] = []
    for load in loads:
        one: JsonObject = {
            "channel": load.channel,
            "configured": load.channel in configured,
            "waiting": load.waiting,
            "failing": load.failing,
            "dead": load.dead,
            "oldest_at": dates.stamped(load.oldest_at),
            "next_at": dates.stamped(load.next_at),
            "last_error": load.last_error,
        }
        found.append(one)
    return found


def _time(moment: datetime) -> str:
    return dates.short(dates.stamped(moment)) + " UTC"
