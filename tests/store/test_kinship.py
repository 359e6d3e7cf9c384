"""Numbers that are one study, and what registries say of their fields, on both engines."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.drift import FieldInfo, Schema
from monitor.store import NoticeDraft, Recording, Store
from tests.store.making import DATA_VERSION, DAY, NOW, first, trial


def renamed(old: int, new: int) -> Recording:
    """A number merged into another."""
    return Recording(
        trial=trial(old),
        checked_at=NOW,
        checked_data_version=DATA_VERSION,
        presence="renamed",
        renamed_to=trial(new),
    )


def test_former_numbers_are_followed_through(store: Store) -> None:
    """Merged twice: the last number knows both before it; a ring ends."""
    store.record([first(trial(number)) for number in (1, 2, 3)])
    store.record([renamed(1, 2)])
    store.record([renamed(2, 3)])
    assert store.former_numbers(trial(3)) == (trial(2), trial(1))
    assert store.former_numbers(trial(1)) == ()
    store.record([renamed(3, 1)])
    assert set(store.former_numbers(trial(3))) == {trial(1), trial(2)}


def test_a_pair_is_kept_once_whoever_names_it(store: Store) -> None:
    """The same two numbers, from either side and at any time, are one notice."""
    store.record([first(trial(number)) for number in (1, 2, 3)])
    drafts = [
        NoticeDraft("duplicate", str(trial(2)), "1 names 2", NOW, trial(1)),
        NoticeDraft("duplicate", str(trial(1)), "2 names 1", NOW + DAY, trial(2)),
        NoticeDraft("duplicate", str(trial(3)), "1 names 3", NOW + DAY, trial(1)),
    ]
    for draft in drafts:
        store.add_notices([draft])
    assert len(store.notices()) == 2
    assert store.double_registrations(trial(1)) == (trial(2), trial(3))
    assert store.double_registrations(trial(3)) == (trial(1),)


def test_a_description_is_kept_with_its_last_difference(store: Store) -> None:
    """The newest description replaces the one before; what was told of it stays until something else is."""
    schema = Schema("2.0.5", {"a": FieldInfo("TEXT", 5)}, {"Phase": ("NA",)})
    assert store.kept_schema("ctgov") is None
    store.keep_schema("ctgov", schema, DATA_VERSION, NOW)
    told = NoticeDraft("schema", "ctgov", "1 new field (b)", NOW + DAY)
    wider = replace(schema, fields={**schema.fields, "b": FieldInfo("TEXT")})
    store.keep_schema("ctgov", wider, "2026-11-21", NOW + DAY, drift="1 new field (b)", notices=[told])
    store.keep_schema("ctgov", wider, "2026-11-22", NOW + 2 * DAY)
    (kept,) = store.kept_schemas()
    assert (kept.schema, kept.data_version, kept.seen_at) == (wider, "2026-11-22", NOW + 2 * DAY)
    assert (kept.drift, kept.drifted_at) == ("1 new field (b)", NOW + DAY)
    assert [notice.kind for notice in store.notices()] == ["schema"]
