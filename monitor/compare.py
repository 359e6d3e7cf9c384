"""The public door: what changed between two registry payloads (contract section 4).

Pure and total over valid payloads: nothing is fetched, stored or mutated, and the clock is never read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from types import ModuleType

from monitor import registries
from monitor.core import life
from monitor.core.change import ChangeSet
from monitor.core.classify import classify
from monitor.core.diff import diff
from monitor.core.record import Json, JsonObject, TrialRecord
from monitor.core.rule import RuleTable


def compare(
    before: Json | None,
    after: Json | None,
    *,
    registry: str = "ctgov",
    today: date | None = None,
    history: Sequence[Mapping[str, Json]] = (),
    rules: RuleTable | None = None,
) -> ChangeSet:
    """All changes from one payload to the other, judged and put in words.

    Payloads are dicts as served; without `before` it is a first sight, one `added` change for each field;
    without `after` the record is gone. `today` is the day the changes are judged on: by default `after`'s
    data version, else its last update. `history` holds earlier changes of the trial (contract section 2),
    oldest first; without it, facts that add up over versions are absent.

    Raises RecordFormatError, with a JSON pointer, for what is no record.
    """
    reader = registries.reader(registry)
    then, now = (before, after) if before is None or after is None else reader.level(before, after)
    old = None if then is None else reader.normalize(then)
    new = None if now is None else reader.normalize(now)
    if today is None and after is not None:
        today = judged_on(reader.data_version(after))
    earlier = [dict(change) for change in history] or None
    return compare_records(old, new, today=today, history=earlier, rules=rules)


def compare_records(
    before: TrialRecord | None,
    after: TrialRecord | None,
    *,
    today: date | None = None,
    history: Sequence[JsonObject] | None = None,
    rules: RuleTable | None = None,
    confirmed: date | None = None,
) -> ChangeSet:
    """The same over records already normalized.

    An empty `history` says that nothing changed before; None, that it is not known. `confirmed` is the last
    day on which `before` was seen to stand, where it was looked at again.
    """
    if after is None:
        return ChangeSet() if before is None else life.presence_change("present", "gone", rules=rules)
    deltas = diff(before, after)
    return classify(deltas, before, after, today=today, history=history, rules=rules, confirmed=confirmed)


def judged_on(data_version: str | None) -> date | None:
    """The day of a data version (rules, "as_of"); None where it names none, so that the record's counts."""
    try:
        return date.fromisoformat(data_version[:10]) if data_version else None
    except ValueError:
        return None


class _Door(ModuleType):
    """This module, callable: importing it binds it over the function of the same name in `monitor`."""

    def __call__(
        self,
        before: Json | None,
        after: Json | None,
        *,
        registry: str = "ctgov",
        today: date | None = None,
        history: Sequence[Mapping[str, Json]] = (),
        rules: RuleTable | None = None,
    ) -> ChangeSet:
        """`compare`."""
        return compare(before, after, registry=registry, today=today, history=history, rules=rules)


sys.modules[__name__].__class__ = _Door
