"""Brakes on digests: a data version's changes are withheld while it is read, then judged as a whole.

Before the first change of a data version is recorded a hold stands, so that no digest takes some of them in
the middle of a cycle. The cycle's end judges it by what was seen; where a cycle died, the next one does.
"""

from __future__ import annotations

import logging

from monitor.core.brakes import Hold, Verdict, judge
from monitor.pipeline.works import Works, failpoint
from monitor.registries import Registry
from monitor.store.values import NoticeDraft

log = logging.getLogger(__name__)


def begin(works: Works, registry: Registry, version: str) -> None:
    """Withhold what will be recorded at a data version; what a dead cycle left of another one is judged."""
    left = works.store.counting_hold(registry.name)
    if left is not None and left.data_version != version:
        settle(works, registry)
    works.store.open_hold(registry.name, version, works.clock())
    failpoint("after_hold")


def settle(works: Works, registry: Registry) -> str:
    """Judge what was recorded so far, where that is still to be done; why it is held, or nothing."""
    hold = works.store.counting_hold(registry.name)
    if hold is None:
        return ""
    tally = works.store.tally(hold, least=works.brakes.min_trials)
    verdict = judge(tally, works.brakes) if tally else None
    reason = verdict.reason if verdict else ""
    failpoint("before_settle")
    notices = tuple(filter(None, (_notice(works, registry, hold, verdict),)))
    works.store.settle_hold(hold.id, reason, works.clock(), notices=notices)
    if reason:
        log.warning("digests held", extra={"registry": registry.name, "hold": hold.id, "why": reason})
    return reason


def _notice(works: Works, registry: Registry, hold: Hold, verdict: Verdict | None) -> NoticeDraft | None:
    """Told once when it is held, and once where more of the data version shows that there was no need."""
    if bool(hold.reason) == bool(verdict):
        return None
    of = f"{registry.label}'s data of {hold.data_version[:10]}"
    if verdict is None:
        message = f"The changes in {of} are no longer held: read on, they are no more than usual."
    else:
        message = (
            f"Registry reformatting suspected, so the changes in {of} are held: {verdict.reason}. "
            f"`trialwire digest list` shows them; `trialwire digest release {hold.id}` lets them into the "
            f"next digests, `trialwire digest dismiss {hold.id}` keeps them to the history."
        )
    return NoticeDraft("hold", registry.name, message, works.clock())
