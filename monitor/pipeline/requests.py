"""Requests: what commands ask of the daemon, because only the daemon talks to the network while it runs.

A request is answered once, with a line for whoever waits for it; its failure is an answer too.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import assert_never

from monitor.core.watching import Request
from monitor.errors import MonitorError, StoppedError
from monitor.pipeline import compose
from monitor.pipeline.deliver import in_words
from monitor.pipeline.poll import CycleReport, Scope
from monitor.pipeline.works import Works

log = logging.getLogger(__name__)

_LOOKS, _LOOK_EVERY_S = 150, 0.2
"""How often, and at what distance, the outbox is looked at for what became of a message: half a minute."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps as the daemon runs them, never two at once."""

    poll: Callable[[Scope], tuple[CycleReport, ...]]
    deliver: Callable[[Collection[str]], None]
    """Send what is due; what is named is sent even where its target is left alone for now."""
    resting: Callable[[], Collection[str]] = tuple
    """Channels whose targets are left alone for now."""


def run(works: Works, steps: Steps) -> int:
    """Answer every open request; return how many there were. One we are stopped in stays for the next."""
    requests = works.store.open_requests()
    for request in requests:
        try:
            result = _done(works, steps, request)
        except StoppedError:
            log.info("request left open", extra={"request": request.id})
            break
        except MonitorError as error:
            works.store.answer(request.id, "failed", str(error), works.clock())
        except Exception as error:
            log.exception("request failed", extra={"request": request.id})
            works.store.answer(request.id, "failed", f"{type(error).__name__}: {error}", works.clock())
        else:
            works.store.answer(request.id, "done", result, works.clock())
    return len(requests)


def _done(works: Works, steps: Steps, request: Request) -> str:
    match request.kind:
        case "poll":
            reports = steps.poll("all" if "--force" in request.args else "unread")
            return "\n".join(told(report) for report in reports)
        case "digest.send":
            made = [compose.send(works, name) for name in request.args]
            steps.deliver(())
            return "\n".join(
                f"{digest.id} ({_of_digest(works, steps, digest.id) or 'no deliveries'})"
                if digest
                else "nothing to tell"
                for digest in made
            )
        case "deliveries.retry":
            return _again(works, steps, works.store.retry(request.args, works.clock()), len(request.args))
        case "deliveries.replay":
            return _again(works, steps, works.store.replay(request.args, works.clock()), len(request.args))
    assert_never(request.kind)


def _again(works: Works, steps: Steps, ids: Sequence[str], asked: int) -> str:
    """What was made due is sent at once, and told."""
    steps.deliver({stand.channel for stand in works.store.standing(ids, works.clock())})
    outcome = _settled(works, steps, ids)
    return f"{len(ids):,} of {asked:,} due now" + (f": {outcome}" if outcome else "")


def _of_digest(works: Works, steps: Steps, digest: str) -> str:
    return _settled(works, steps, works.store.delivery_ids(digest=digest))


def _settled(works: Works, steps: Steps, ids: Sequence[str]) -> str:
    """What became of messages that are on their way, in words; they are not waited for without end."""
    counts: Counter[str] = Counter()
    for _ in range(_LOOKS):
        counts = Counter()
        under_way = 0
        due = works.channels.keys() & set(works.store.due_channels(works.clock())) - set(steps.resting())
        for stand, number in works.store.standing(ids, works.clock()).items():
            counts[stand.state] += number
            if stand.state == "leased" or (stand.is_due and stand.channel in due):
                under_way += number
        if not under_way or works.stop.wait(_LOOK_EVERY_S):
            break
    return in_words(counts)


def told(report: CycleReport) -> str:
    """A cycle in one line."""
    health = report.health
    parts = [f"{number} {word}" for word, number in sorted(report.counts.items()) if number]
    if report.waiting_until is not None:
        parts.append(f"not asked before {report.waiting_until:%Y-%m-%d %H:%M} UTC")
    elif health is not None and health.reason:
        parts.append(health.reason)
    if report.held:
        parts.append(f"digests held: {report.held}")
    state = health.state if health else "never asked"
    return f"{report.registry}: {', '.join([state, *parts] if parts else [state, 'nothing new'])}"
