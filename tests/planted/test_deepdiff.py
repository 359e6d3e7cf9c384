"""DeepDiff as an independent oracle: whatever path it reports between two records, a change covers."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

import orjson
from deepdiff import DeepDiff

from monitor.core.change import Delta
from monitor.core.diff import diff
from monitor.core.record import JsonObject, TrialRecord, comparison_json
from monitor.registries.ctgov.normalize import normalize
from tests.planted.edits import edits
from tests.planted.tree import whole_record
from tests.support.payloads import EDITS, edit, rich_study
from tests.support.real import load, needs_real_records, pairs

_NUMBER = re.compile(r"#\d+$")
"""Items that share a key are numbered by content: which is which is for the diff to say."""


def _forms(old: TrialRecord, new: TrialRecord) -> tuple[JsonObject, JsonObject]:
    """Both in comparison form, without the fields whose JSON is byte for byte the same: they take long."""
    told = [{name: comparison_json(value) for name, value in record.fields.items()} for record in (old, new)]
    same = [name for name in told[0] if orjson.dumps(told[0][name]) == orjson.dumps(told[1].get(name))]
    for name in same:
        del told[0][name], told[1][name]
    return told[0], told[1]


def uncovered(before: JsonObject, after: JsonObject) -> Iterator[list[str]]:
    """The paths that DeepDiff reports and no change covers, by field and, in a collection, by key."""
    old, new = normalize(before), normalize(after)
    deltas = diff(old, new)
    told = DeepDiff(
        *_forms(old, new), view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0
    )
    found = [path for kind in told for path in told[kind]]
    assert bool(found) == bool(deltas)
    for level in found:
        path = [str(step) for step in level.path(output_format="list")]
        if not _covers(deltas, path):
            yield path


def _covers(deltas: Sequence[Delta], path: Sequence[str]) -> bool:
    name, *rest = path
    here = [delta for delta in deltas if name in (delta.field, delta.from_field)]
    if not here or not rest:
        return bool(here)
    keys = {_NUMBER.sub("", key) for delta in here for key in (delta.key, delta.from_key) if key is not None}
    return any(delta.key is None for delta in here) or _NUMBER.sub("", rest[0]) in keys


def test_planted_edits_are_covered() -> None:
    """One edit at a time, at a sample of all places."""
    payload = whole_record()
    for one in random.Random(4).sample([one for one in edits(payload) if 0 not in one.path], 60):
        assert list(uncovered(payload, one.after)) == [], one


def test_many_edits_at_once_are_covered() -> None:
    """Several edits of several kinds, items that share a key and outcomes that move among them."""
    chance = random.Random(5)
    for _ in range(25):
        before, after = rich_study(), rich_study()
        for _ in range(chance.randrange(1, 12)):
            edit(after, chance.choice(sorted(EDITS)), chance.randrange(2000))
        assert list(uncovered(before, after)) == []


@needs_real_records
def test_real_amendments_are_covered() -> None:
    """A sample of real amendments."""
    found = [(before, after) for before, after in pairs() if before.stat().st_size < 120_000]
    for before, after in random.Random(6).sample(found, 60):
        assert list(uncovered(load(before), load(after))) == [], (before, after)
