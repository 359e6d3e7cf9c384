"""Requests: what commands ask of the daemon, because only the daemon talks to the network while it runs.

A request is answered once, with a line for whoever waits for it; its failure is an answer too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from monitor.core.watching import Request
from monitor.errors import MonitorError
from monitor.pipeline import compose
from monitor.pipeline.poll import CycleReport, Scope
from monitor.pipeline.works import Works

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps as the daemon runs them, never two at once."""

    poll: Callable[[Scope], tuple[CycleReport, ...]]
    deliver: Callable[[], None]


def run(works: Works, steps: Steps) -> int:
    """Answer every open request; return how many there were."""
    requests = works.store.open_requests()
    for request in requests:
        try:
            result = _done(works, steps, request)
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
            steps.deliver()
            return "\n".join(digest.id if digest else "nothing to tell" for digest in made)
        case "deliveries.retry":
            retried = works.store.retry(request.args, works.clock())
            steps.deliver()
            return f"{len(retried)} of {len(request.args)} due now"
    assert_never(request.kind)


def told(report: CycleReport) -> str:
    """A cycle in one line."""
    health = report.health
    parts = [f"{number} {word}" for word, number in sorted(report.counts.items()) if number]
    if report.waiting_until is not None:
        parts.append(f"not asked before {report.waiting_until:%Y-%m-%d %H:%M} UTC")
    elif health is not None and health.reason:
        parts.append(health.reason)
    state = health.state if health else "never asked"
    return f"{report.registry}: {', '.join([state, *parts] if parts else [state, 'nothing new'])}"
