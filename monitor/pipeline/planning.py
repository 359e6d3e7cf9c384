"""Planning: which watched trials a cycle reads, where there are too many to read all at each data version.

What the registry says it has updated is asked for since the data version last asked about, with a day of
overlap, and marked as due before anything is read: neither a crash nor a failure leaves it to the sweep.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta

from monitor.compare import judged_on
from monitor.core.plan import Plan, choose, plan
from monitor.core.record import TrialId
from monitor.core.search import Search, since
from monitor.errors import RegistryError
from monitor.pipeline.works import Works
from monitor.registries import Registry, Searchable

log = logging.getLogger(__name__)


def unread(
    works: Works, registry: Registry, version: str
) -> tuple[tuple[TrialId, ...], RegistryError | None]:
    """The trials to read at this data version, and what kept us from knowing all that were updated."""
    store, name = works.store, registry.name
    day = judged_on(version) or works.clock().date()
    chosen = plan(store.followed_count(name), works.sweep, day)
    if chosen.sweep is None or not isinstance(registry, Searchable):
        store.read_everything(name)
        return store.unread(name, version), None
    trouble = None
    try:
        _mark(works, registry, registry, version, chosen)
    except RegistryError as error:
        log.warning("updates not asked for", extra={"registry": name, "why": error.message})
        trouble = error
    left = max(0, chosen.sweep - store.read_count(name, version))
    rest = Plan(left, chosen.overdue, chosen.fresh_from)
    return tuple(choose(store.standings(name, version), rest)), trouble


def _mark(works: Works, registry: Registry, asked: Searchable, version: str, chosen: Plan) -> None:
    """Mark what the registry updated, once for each data version."""
    store, name = works.store, registry.name
    through = store.updated_through(name)
    if through == version:
        return
    begin = judged_on(through) or judged_on(store.longest_unseen(name)) or date.min + timedelta(days=1)
    found = {trial for question in since(Search(), begin) for trial in asked.found(question)}
    store.mark_due(name, sorted(found), version, fresh_from=chosen.fresh_from)
