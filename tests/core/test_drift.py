"""Schema drift: what a registry says of its fields, then and now."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.drift import Drift, FieldInfo, Schema, drifts, schema_from_json
from monitor.core.record import JsonObject

BEFORE = Schema(
    "2.0.5",
    {"a.title": FieldInfo("text", 300), "a.old": FieldInfo("Sex"), "a.count": FieldInfo("text")},
    {"Sex": ("ALL", "FEMALE"), "Gone": ("X",)},
)
AFTER = Schema(
    "2.1.0",
    {"a.title": FieldInfo("text"), "a.new": FieldInfo("markup", 99), "a.count": FieldInfo("integer")},
    {"Sex": ("ALL", "OTHER")},
)


def test_every_difference_is_told_in_words() -> None:
    """Fields first, then values, then lengths."""
    assert [drift.summary for drift in drifts(BEFORE, AFTER)] == [
        "New field: a.new (markup).",
        "Field no longer described: a.old (Sex).",
        "a.count is of another type: text → integer.",
        "New value of Sex: OTHER.",
        "Value of Gone no longer listed: X.",
        "Value of Sex no longer listed: FEMALE.",
        "a.title may be of another length: 300 → any number of characters.",
    ]


_FIELDS = st.dictionaries(
    st.sampled_from("abcd"), st.builds(FieldInfo, st.sampled_from("xy"), st.none() | st.integers(1, 3))
)
_VALUES = st.sets(st.sampled_from("PQR"), min_size=1).map(lambda values: tuple(sorted(values)))
_SCHEMAS = st.builds(
    Schema, st.none() | st.just("2"), _FIELDS, st.dictionaries(st.sampled_from("EF"), _VALUES)
)


@given(_SCHEMAS, _SCHEMAS)
def test_drift_has_two_directions(one: Schema, other: Schema) -> None:
    """There and back are mirror images; nothing drifts from itself, nor by being kept."""
    assert drifts(one, one) == ()
    assert schema_from_json(orjson.loads(orjson.dumps(one.to_json()))) == one
    mirrored = {
        "field added": "field removed",
        "field removed": "field added",
        "value added": "value removed",
        "value removed": "value added",
    }
    there = {(d.kind, d.where, d.old, d.new) for d in drifts(one, other)}
    back = {(mirrored.get(d.kind, d.kind), d.where, d.new, d.old) for d in drifts(other, one)}
    assert there == back
    assert (one.fields == other.fields and one.enums == other.enums) == (not there)


@pytest.mark.parametrize(
    "kept", [{}, {"fields": {}}, {"fields": {"a": 1}, "enums": {}}, {"fields": {}, "enums": {"E": 1}}]
)
def test_what_was_not_kept_is_refused(kept: JsonObject) -> None:
    """A damaged description is an error, not an empty one."""
    with pytest.raises(ValueError, match="not a kept"):
        schema_from_json(kept)


def test_a_drift_is_a_value() -> None:
    """Two equal ones are one, so that each can be told once."""
    assert len({*drifts(BEFORE, AFTER), *drifts(BEFORE, AFTER)}) == len(drifts(BEFORE, AFTER))
    assert Drift("value added", "Sex", new="OTHER") in drifts(BEFORE, AFTER)
