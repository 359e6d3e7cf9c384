"""Two versions that are held, compared: how history is cut where no poll saw it happen.

Used for versions that were back-filled and for deriving anew, so that both judge alike. Nothing is read or
written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import orjson

from monitor.compare import compare_records, judged_on
from monitor.core.change import ChangeSet
from monitor.core.record import JsonObject
from monitor.core.rule import RuleTable
from monitor.core.watching import Snapshot
from monitor.registries import Reader


def compared(
    reader: Reader,
    rules: RuleTable,
    before: tuple[Snapshot, bytes],
    after: tuple[Snapshot, bytes],
    history: Sequence[JsonObject],
    *,
    confirmed: date | None = None,
) -> ChangeSet:
    """What changed from one version to the next, each with its payload as held; `history` is all before.

    What follows a back-filled version is judged on the day the registry posted it, whenever we saw it; where
    the registry numbers the two in a row, no version can have been missed between. Raises RecordFormatError.
    """
    (older, was), (newer, now) = before, after
    past = older.origin == "backfill"
    if past and is_next(older, newer):
        confirmed = judged_on(newer.posted_on or newer.submitted_on)
    then, since = reader.level(orjson.loads(was), orjson.loads(now))
    return compare_records(
        reader.normalize(then),
        reader.normalize(since),
        today=judged_on(newer.posted_on if past else newer.data_version),
        history=history,
        rules=rules,
        confirmed=confirmed,
    )


def is_next(before: Snapshot, after: Snapshot) -> bool:
    """Does the registry number them one after the other?"""
    return before.version is not None and after.version == before.version + 1
