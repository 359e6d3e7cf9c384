"""Facts kept of trials by an earlier version are read anew off their latest records.

A page at a time, each in one short transaction; told to leave, or after so many, it leaves the rest to the
next time. What is recorded meanwhile is newer and stays. Where nothing is of an older form it only looks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import orjson

from monitor.errors import StoreError
from monitor.pipeline.reading import trial_facts
from monitor.pipeline.works import Works
from monitor.store.readouts import Undescribed
from monitor.store.values import TrialFacts

log = logging.getLogger(__name__)

PAGE = 200
AT_START = 2_000
"""Trials described before the first digest is composed; housekeeping does the rest."""


def run(works: Works, *, most: int | None = None) -> int:
    """Describe trials anew, at most so many; return how many were."""
    done, after = 0, 0
    while not works.stop.is_set() and (most is None or done < most):
        page = works.store.undescribed(after=after, most=PAGE if most is None else min(PAGE, most - done))
        if not page:
            break
        bodies = _bodies(works, page)
        works.store.describe([(one, _facts(works, one, bodies)) for one in page])
        done, after = done + len(page), page[-1].row
    if done:
        log.info("trials described anew", extra={"trials": done})
    return done


def _bodies(works: Works, page: tuple[Undescribed, ...]) -> Mapping[str, bytes]:
    """Their records; where one of them cannot be read, each by itself."""
    try:
        return works.store.bodies({one.digest for one in page})
    except StoreError:
        found: dict[str, bytes] = {}
        for one in page:
            try:
                found |= works.store.bodies([one.digest])
            except StoreError as error:
                log.warning("record cannot be read", extra={"trial": str(one.trial), "why": error.message})
        return found


def _facts(works: Works, one: Undescribed, bodies: Mapping[str, bytes]) -> TrialFacts | None:
    reader, body = works.registries.get(one.trial.registry), bodies.get(one.digest)
    if reader is None or body is None:
        return None
    try:
        return trial_facts(reader.facts(orjson.loads(body)))
    except ValueError as error:
        log.warning("record cannot be read", extra={"trial": str(one.trial), "why": str(error)})
        return None
