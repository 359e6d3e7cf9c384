"""Gathering: the readout clock and the pictures of a digest, out of what is held. Nothing is written here.

Both ride along on a digest that there is for other reasons. What fails here is left out and logged: a digest
without its clock is late for nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import orjson

from monitor.core.change import at_least
from monitor.core.digest import Digest
from monitor.core.pictures import PICTURED, Picture, pictures
from monitor.core.readouts import Readouts, Window, readouts
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.scene import PRIMARY_COMPLETION
from monitor.core.slips import slips
from monitor.core.subscription import Subscription
from monitor.core.watching import in_order
from monitor.errors import StoppedError
from monitor.pipeline.works import Works
from monitor.registries import Reader
from monitor.store import ChangeQuery, Store

log = logging.getLogger(__name__)

TOLD = 10
"""Trials told of each kind; the rest is counted."""
PICTURED_TRIALS = 20
"""Trials of a digest whose past is drawn, the worst first."""


def with_clock(works: Works, made: Digest) -> Digest:
    """The digest with its clock and its pictures; out of turn it has neither."""
    if made.kind == "immediate":
        return made
    today = made.created_at.astimezone(made.subscription.zone).date()
    try:
        clock = on(works.store, works.registries, made.subscription, today)
        return replace(made, readouts=clock, pictures=dict(_drawn(works, made)))
    except StoppedError:
        raise
    except Exception:
        log.exception("digest goes without its clock", extra={"subscription": made.subscription.name})
        return made


def on(
    store: Store,
    readers: Mapping[str, Reader],
    subscription: Subscription,
    today: date,
    *,
    most: int = TOLD,
) -> Readouts | None:
    """The clock of a subscription on a day; None where it looks 0 days ahead, or is told only of trouble.

    At most so many trials of each kind are told.
    """
    if not subscription.readout_days or subscription.only_notices:
        return None
    window = Window.of(today, subscription.readout_days)
    found = store.readouts(subscription, window, most=most)
    shown = [clock.trial for _, clocks in found.values() for clock in clocks]
    pasts = store.pasts(shown, PRIMARY_COMPLETION)
    return readouts(
        found,
        window,
        slips={trial: slips(past, PRIMARY_COMPLETION) for trial, past in pasts.items()},
        urls={trial: readers[trial.registry].url(trial) for trial in shown if trial.registry in readers},
    )


def _drawn(works: Works, made: Digest) -> Iterator[tuple[TrialId, tuple[Picture, ...]]]:
    """Trials told loudly whose primary completion or enrollment changed, worst first."""
    wanted = dict.fromkeys(
        story.trial.trial
        for story in made.stories
        if at_least(story.finding.significance, "major")
        and any(change.field in PICTURED for change in (*story.changes, *story.words))
    )
    for trial in list(wanted)[:PICTURED_TRIALS]:
        if found := _of_trial(works, trial):
            yield trial, found


def _of_trial(works: Works, trial: TrialId) -> tuple[Picture, ...]:
    known: Sequence[RecordedChange] = [
        change
        for name in sorted(PICTURED)
        for change in works.store.changes(ChangeQuery(trials=(trial,), field=name))
    ]
    if len(known) < 2:
        return ()
    versions = in_order(works.store.snapshots(trial))
    digest = versions[-1].digest if versions else ""
    body = works.store.bodies([digest]).get(digest)
    reader = works.registries.get(trial.registry)
    typed = (
        reader.normalize(orjson.loads(body)).word("design.enrollmentType")
        if body is not None and reader is not None
        else None
    )
    return pictures(versions, known, count_type=typed)
