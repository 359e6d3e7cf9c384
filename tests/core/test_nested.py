"""Lists inside items and trees: what is re-titled is the same thing, and the laws hold there too."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.diff import apply, diff, diff_fields, invert
from monitor.core.record import Json, JsonObject, to_json
from monitor.registries.ctgov.normalize import normalize
from tests.support.payloads import rich_study
from tests.support.records import put

MEASURES = "resultsSection.outcomeMeasuresModule.outcomeMeasures"
BASELINE = "resultsSection.baselineCharacteristicsModule"
EVENTS = "resultsSection.adverseEventsModule.seriousEvents"

Told = tuple[str, str, Json, Json]
"""Part, op, old, new."""


def told(member: str, old: Json, new: Json) -> list[Told]:
    """The deltas where only this member differs, which must keep the laws."""
    before, after = rich_study(), rich_study()
    put(before, member, old)
    put(after, member, new)
    was, now = normalize(before), normalize(after)
    deltas = diff(was, now)
    assert apply(was.fields, deltas) == now.fields
    assert apply(now.fields, invert(deltas)) == was.fields
    assert deltas == diff_fields(was.fields, now.fields)
    identities = [(delta.field, delta.key, delta.at, delta.op) for delta in deltas]
    assert len(set(identities)) == len(identities)
    return [(delta.part or "", delta.op, to_json(delta.old), to_json(delta.new)) for delta in deltas]


def titled(title: str, value: str) -> JsonObject:
    """A row of results."""
    return {"title": title, "categories": [{"measurements": [{"groupId": "OG000", "value": value}]}]}


def measured(classes: list[Json], groups: list[Json]) -> list[Json]:
    """One outcome measure with results."""
    return [{"type": "PRIMARY", "title": "Survival", "groups": groups, "classes": classes}]


def test_a_re_titled_row_is_a_change_of_its_title() -> None:
    """Not a row removed with all its numbers and one added with the same."""
    before = measured([titled("Participants with a response", "4"), titled("Week 12", "5")], [])
    after = measured([titled("Participants with response", "4"), titled("Week 12", "5")], [])
    assert told(MEASURES, before, after) == [
        (
            "classes.participants with response.title",
            "changed",
            "Participants with a response",
            "Participants with response",
        )
    ]


def test_rows_that_are_told_apart_stay_apart() -> None:
    """Another grade, side of a limit or sex is another row, however alike the titles."""
    for old, new in (
        ("Grade 3 events", "Grade 4 events"),
        ("Aged < 65 years", "Aged ≥ 65 years"),
        ("Male participants", "Female participants"),
        ("Hispanic or Latino", "Not Hispanic or Latino"),
    ):
        ops = [
            op
            for _, op, _, _ in told(
                MEASURES, measured([titled(old, "4")], []), measured([titled(new, "4")], [])
            )
        ]
        assert sorted(ops) == ["added", "removed"]


def test_a_group_under_another_number_is_the_same_group() -> None:
    """A group's number is the registry's; its title says which it is."""
    groups: list[Json] = [{"id": "OG001", "title": "Placebo", "description": "Once a day"}]
    later: list[Json] = [{"id": "OG002", "title": "Placebo", "description": "Once a day"}]
    rows: list[Json] = [titled("All", "4")]
    assert told(MEASURES, measured(rows, groups), measured(rows, later)) == [
        ("groups.og002.id", "changed", "OG001", "OG002")
    ]


def test_a_baseline_measure_is_re_titled() -> None:
    """A tree of its own keeps its measures through a new title."""

    def baseline(title: str) -> JsonObject:
        return {"measures": [{"title": title, "paramType": "MEAN", "classes": [titled("All", "61")]}]}

    parts = told(BASELINE, baseline("Age at entry"), baseline("Age at study entry"))
    assert parts == [
        ("measures.age at study entry.title", "changed", "Age at entry", "Age at study entry"),
    ]


def test_an_adverse_event_under_another_spelling_or_organ_system() -> None:
    """The same term is the same event; another term is another, be it ever so alike."""

    def event(term: str, system: str = "Vascular disorders") -> Json:
        return {"term": term, "organSystem": system, "stats": [{"groupId": "EG000", "numAffected": 3}]}

    assert [op for _, op, _, _ in told(EVENTS, [event("Haematoma")], [event("Hematoma")])] == ["changed"]
    moved = told(EVENTS, [event("Flushing")], [event("Flushing", "Skin disorders")])
    assert [change[1:] for change in moved] == [("changed", "Vascular disorders", "Skin disorders")]
    apart = told(EVENTS, [event("Hypotension")], [event("Hypertension")])
    assert sorted(op for _, op, _, _ in apart) == ["added", "removed"]


words = st.lists(st.sampled_from(["Week 2", "response", "Response", "rate", "all"]), max_size=3).map(" ".join)
rows = st.lists(st.builds(titled, words, st.sampled_from("12")), max_size=4)
groups = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["OG000", "OG001", "OG002"]), "title": words}), max_size=3
)


@settings(max_examples=80)
@given(rows, groups, rows, groups)
def test_results_re_titled_at_will_keep_the_laws(
    old: list[Json], old_groups: list[Json], new: list[Json], new_groups: list[Json]
) -> None:
    """Apply, invert, pruning and unique identities hold whatever pairs with what, in any order."""
    changes = told(MEASURES, measured(old, old_groups), measured(new, new_groups))
    assert told(MEASURES, measured(old[::-1], old_groups[::-1]), measured(new[::-1], new_groups)) == changes
