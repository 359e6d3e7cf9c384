"""The laws of the diff, over invented records, real pairs and pairs of different trials."""

from __future__ import annotations

import copy
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.diff import apply, diff, diff_fields, invert
from monitor.core.record import JsonObject, TrialRecord
from monitor.registries.ctgov.normalize import normalize
from tests.support.payloads import EDITS, edit, rewritten, rich_study
from tests.support.real import load, needs_real_records, pairs, study_files

Steps = list[tuple[str, int]]
edits = st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 2000)), max_size=12)


def edited(steps: Steps) -> JsonObject:
    """The rich study after some edits."""
    payload = rich_study()
    for kind, place in steps:
        edit(payload, kind, place)
    return payload


def holds(before: JsonObject, after: JsonObject) -> None:
    """Assert every law for two payloads."""
    old, new = normalize(before), normalize(after)
    deltas = diff(old, new)
    assert apply(old.fields, deltas) == new.fields
    assert apply(new.fields, invert(deltas)) == old.fields
    assert deltas == diff_fields(old.fields, new.fields), "pruning changes nothing"
    assert (deltas == ()) == (old.fields == new.fields)
    identities = [(delta.field, delta.key, delta.at, delta.op) for delta in deltas]
    assert len(set(identities)) == len(identities), "what ids are made of is unique"


@settings(max_examples=120)
@given(edits, edits)
def test_apply_and_invert_lead_there_and_back(first: Steps, second: Steps) -> None:
    """Applying a diff gives the later record, applying its inverse the earlier one; pruning is invisible."""
    holds(edited(first), edited(second))


@settings(max_examples=60)
@given(edits, st.integers())
def test_another_way_to_write_a_record_is_no_change(steps: Steps, seed: int) -> None:
    """Order of keys and lists, white space, nulls, empty and denied members make no difference."""
    payload = edited(steps)
    again = rewritten(payload, random.Random(seed))
    assert diff(normalize(payload), normalize(again)) == ()


@settings(max_examples=40)
@given(edits, edits, st.integers())
def test_the_order_of_lists_does_not_change_the_diff(first: Steps, second: Steps, seed: int) -> None:
    """The same two records in another order give the same deltas in the same order."""
    before, after = edited(first), edited(second)
    chance = random.Random(seed)
    again = diff(normalize(rewritten(before, chance)), normalize(rewritten(after, chance)))
    assert again == diff(normalize(before), normalize(after))


def test_nothing_is_mutated() -> None:
    """Reading, comparing, applying and inverting leave the payloads and the fields as they were."""
    before, after = rich_study(), edited([("say", 40), ("drop", 90), ("move", 0), ("double", 3)])
    kept = copy.deepcopy((before, after))
    old, new = normalize(before), normalize(after)
    deltas = diff(old, new)
    apply(old.fields, deltas)
    apply(new.fields, invert(deltas))
    assert (before, after) == kept
    assert old == normalize(kept[0])


@needs_real_records
def test_real_pairs_keep_the_laws() -> None:
    """Every two consecutive versions of every real trial keep every law."""
    for before, after in pairs():
        holds(load(before), load(after))


@needs_real_records
def test_pairs_of_different_trials_keep_the_laws() -> None:
    """Two trials that have nothing in common are only a larger change."""
    files = study_files()
    chance = random.Random(20261120)
    for before, after in zip(chance.sample(files, 60), chance.sample(files, 60), strict=True):
        holds(load(before), load(after))


@needs_real_records
def test_real_records_equal_themselves_in_any_order() -> None:
    """A real record with its keys and lists in another order has no change."""
    chance = random.Random(7)
    for path in chance.sample(study_files(), 60):
        payload = load(path)
        assert diff(normalize(payload), normalize(_reordered(payload, chance))) == (), path


def _reordered(node: JsonObject, chance: random.Random) -> JsonObject:
    def turn(value: object) -> object:
        if isinstance(value, dict):
            members = list(value.items())
            chance.shuffle(members)
            return {name: turn(member) for name, member in members}
        if isinstance(value, list):
            items = [turn(item) for item in value]
            chance.shuffle(items)
            return items
        return value

    turned = turn(node)
    assert isinstance(turned, dict)
    return turned


def test_the_baseline_tells_every_field_once_and_every_item_once() -> None:
    """Against nothing, each field is one added delta and each item one; the way back removes them all."""
    record = normalize(rich_study())
    deltas = diff(None, record)
    assert {delta.op for delta in deltas} == {"added"}
    assert all(delta.at == () and delta.old is None for delta in deltas)
    assert apply({}, deltas) == record.fields
    assert diff(record, None) == invert(deltas)
    assert {delta.field for delta in deltas} == set(record.fields)


@pytest.mark.parametrize("record", [None, normalize(rich_study())])
def test_a_record_does_not_differ_from_itself(record: TrialRecord | None) -> None:
    """Two times the same is no change."""
    assert diff(record, record) == ()
