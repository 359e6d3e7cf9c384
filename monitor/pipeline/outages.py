"""What is told of messages given up and of channels that are off: once for each outage, with what to do.

Every dead letter keeps its row in the outbox; the notice is one for all of a channel. Nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from monitor.core.delivery import Delivery, Ended
from monitor.pipeline.works import Works
from monitor.store.values import NoticeDraft

_REMIND = timedelta(days=1)
"""A channel that goes on failing is told of again after so long."""


def notices(works: Works, ended: Sequence[tuple[Delivery, Ended]], now: datetime) -> tuple[NoticeDraft, ...]:
    """What must be told of attempts that have just ended: at most one for each channel."""
    found: dict[str, NoticeDraft] = {}
    for delivery, item in ended:
        name = delivery.channel
        if item.settlement.disable_channel:
            found[name] = NoticeDraft("channel_disabled", name, _disabled(works, delivery, item), now)
        elif item.settlement.state == "dead" and name not in found and _is_news(works, delivery, now):
            found[name] = NoticeDraft("dead_letter", name, _given_up(works, delivery, item), now)
    return tuple(found.values())


def _is_news(works: Works, delivery: Delivery, now: datetime) -> bool:
    told = works.store.told_of_outage(delivery.channel, now - _REMIND)
    return not told and not _tells_of_the_dead(works, delivery.digest)


def _disabled(works: Works, delivery: Delivery, item: Ended) -> str:
    name = delivery.channel
    return " ".join(
        (
            f"Channel {name} is disabled: {item.settlement.error}. A message was given up.",
            *_waiting(works, name),
            f"Once it is right: `trialwire channels enable {name}`,",
            f"then `trialwire deliveries retry --all --channel {name}`.",
        )
    )


def _given_up(works: Works, delivery: Delivery, item: Ended) -> str:
    # Not to whom: every subscription is told of it, and no reader is shown another's address.
    name = delivery.channel
    return " ".join(
        (
            f"A message to {name} was given up: {item.settlement.error}.",
            *_waiting(works, name),
            f"`trialwire deliveries list --state dead --channel {name}` shows all that were;",
            f"once it is mended, `trialwire deliveries retry --all --channel {name}` sends them again.",
        )
    )


def _waiting(works: Works, name: str) -> Iterator[str]:
    number = works.store.waiting_for(name)
    if number:
        yield f"{number:,} more {'waits' if number == 1 else 'wait'} for it."


def _tells_of_the_dead(works: Works, digest_id: str) -> bool:
    """Does a digest tell of dead letters and of nothing else? Its own death would breed the next one."""
    found = works.store.digest(digest_id)
    if found is None or found.changes > found.folded:
        return False
    kinds = {notice.kind for notice in works.store.digest_notices(digest_id)}
    return "dead_letter" in kinds and kinds <= {"dead_letter", "baseline"}
