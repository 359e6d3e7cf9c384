"""Housekeeping: once a day the daemon drops what retention does not keep, and tidies the log.

A change is never dropped, nor a trial's first and latest version. Each page of trials is one short
transaction; told to leave, it leaves the rest to the next time. Where nothing is due it only looks.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from monitor.pipeline.works import Works
from monitor.store.values import Compacted

log = logging.getLogger(__name__)


def run(works: Works, *, payload_days: int, outbox_days: int = 0) -> Compacted:
    """Do what is due; with 0 days every payload, or message, is kept. Returns which payloads were dropped."""
    done = Compacted()
    if payload_days:
        keep_since = works.clock() - timedelta(days=payload_days)
        done = works.store.retire(keep_since=keep_since, stop=works.stop.is_set)
    if outbox_days:
        _forget_messages(works, outbox_days)
    if not works.stop.is_set():
        works.store.checkpoint()
    if done.dropped or done.damaged:
        told = {"dropped": done.dropped, "packed": done.packed, "damaged_trials": done.damaged}
        log.info("payloads dropped", extra=told)
    return done


def _forget_messages(works: Works, days: int) -> None:
    """Let go of the bytes of what was sent long ago; what waits or was given up keeps them."""
    before, forgotten = works.clock() - timedelta(days=days), 0
    while not works.stop.is_set() and (some := works.store.forget(before)):
        forgotten += some
    if forgotten:
        log.info("messages forgotten", extra={"messages": forgotten})
