"""One planted edit at every kind of leaf: one change is reported, at the right field, item and part."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path as File

import pytest

import monitor
from monitor.core.change import LEVELS
from monitor.core.diff import apply, diff, invert
from monitor.core.record import JsonObject
from monitor.registries.ctgov.normalize import normalize
from tests.planted.edits import Planted, complaints, edits, edits_at
from tests.planted.tree import Node, places, tree, whole_record
from tests.support.payloads import Path
from tests.support.real import SHARED, load, needs_real_records, study_files


def found_wrong(payload: JsonObject, planted: Sequence[Planted]) -> Iterator[str]:
    """What is wrong with the diff of each edit, and with the way there and back."""
    before = normalize(payload)
    fields = before.fields
    for one in planted:
        after = normalize(one.after)
        deltas = diff(before, after)
        wrong = complaints(one, deltas)
        if apply(fields, deltas) != after.fields:
            wrong.append("apply does not lead there")
        if apply(after.fields, invert(deltas)) != fields:
            wrong.append("invert does not lead back")
        yield from (f"{one}: {complaint}" for complaint in wrong)


def test_the_invented_record_has_every_kind_of_leaf() -> None:
    """No leaf of the tree is missing from the record that the edits are planted in, and no list is short."""
    payload = whole_record()
    kinds = {leaf for _, leaf in places(payload)}
    assert len(kinds) > 400
    assert {leaf.partition(".")[2].partition(".")[0] for leaf in kinds} == set(tree().children)
    assert monitor.compare(payload, whole_record()).changes == ()


@needs_real_records
def test_the_tree_has_every_documented_node() -> None:
    """The table written by hand names what the registry documents, no more and no less."""
    with (SHARED / "registry" / "fields.csv").open(encoding="utf-8") as lines:
        documented = {row["path"] for row in csv.DictReader(lines)}
    named = set(_named(tree(), ""))
    assert len(documented) == 457
    assert named - documented == set()
    left = {
        path for path in documented - named if path.rpartition(".")[0] not in named or "Struct" not in path
    }
    assert left == {"derivedSection.miscInfoModule.versionHolder"}


def _named(node: Node, above: str) -> Iterator[str]:
    for name, inner in node.children.items():
        yield f"{above}{name}"
        yield from _named(inner, f"{above}{name}.")


def test_every_edit_of_the_invented_record_is_reported_right() -> None:
    """At every kind of leaf: one change, its field, item, part, op and values; apply and invert hold."""
    payload = whole_record()
    planted = [one for one in edits(payload) if 0 not in one.path]
    assert len(planted) > 600
    assert list(found_wrong(payload, planted)) == []


def test_every_edit_is_judged_and_told() -> None:
    """Each change of a planted edit comes out of the library's door with a rule and a sentence."""
    payload = whole_record()
    told: set[str] = set()
    for one in edits(payload):
        if 0 in one.path or one.where.field in told or one.where.field == "identification.nctId":
            continue
        told.add(one.where.field)
        changes = monitor.compare(payload, one.after)
        assert {change.field for change in changes} == {one.where.field}, one
        assert all(change.significance in LEVELS and change.summary.endswith(".") for change in changes), one
        assert len(changes.findings) == 1, one
    assert len(told) > 100


def _chosen(
    files: Sequence[File], each: int, chance: random.Random
) -> Iterator[tuple[File, JsonObject, list[Path]]]:
    """Of every kind of leaf in these records up to so many places, by record."""
    kinds: dict[str, list[tuple[File, Path]]] = defaultdict(list)
    for file in files:
        here: dict[str, list[Path]] = defaultdict(list)
        for path, leaf in places(load(file)):
            here[leaf].append(path)
        for leaf, paths in here.items():
            kinds[leaf].append((file, chance.choice(paths)))
    chosen: dict[File, list[Path]] = defaultdict(list)
    for _, found in sorted(kinds.items()):
        for file, path in chance.sample(found, min(each, len(found))):
            chosen[file].append(path)
    for file, paths in chosen.items():
        yield file, load(file), paths


@needs_real_records
def test_edits_of_real_records_are_reported_right() -> None:
    """A sample of real records, one edit at every kind of leaf that they have."""
    chance = random.Random(3)
    wrong: list[str] = []
    number = 0
    for file, payload, paths in _chosen(chance.sample(study_files(), 120), 1, chance):
        planted = [chance.choice(list(edits_at(payload, path))) for path in paths]
        number += len(planted)
        wrong += (f"{file.parent.name}/{file.stem} {said}" for said in found_wrong(payload, planted))
    assert number > 250
    assert wrong == []


@pytest.mark.slow
@needs_real_records
def test_thousands_of_edits_of_real_records_are_reported_right() -> None:
    """Over all real records, thousands of edits at every kind of leaf: recall, field, op, item, part."""
    wrong: list[str] = []
    number = 0
    for file, payload, paths in _chosen(study_files(), 40, random.Random(2026)):
        planted = [one for path in paths for one in edits_at(payload, path)]
        number += len(planted)
        wrong += (f"{file.parent.name}/{file.stem} {said}" for said in found_wrong(payload, planted))
    assert number > 10_000
    assert wrong == []
