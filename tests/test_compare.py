"""The public door: pure, total, quiet about form, and cheap to import."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import monitor
from monitor.compare import compare_records
from monitor.core.change import LEVELS
from monitor.core.partial_date import PartialDate
from monitor.core.record import Json, JsonObject
from monitor.core.rules import default_rules
from monitor.errors import RecordFormatError
from monitor.registries import reader
from tests.support.real import load, needs_real_records, pairs, study_files
from tests.support.records import study
from tests.support.rule_examples import EXAMPLES, Example, est, trial


def test_a_change_reads_by_significance_and_sentence() -> None:
    """The library's own example works as the contract shows it."""
    changes = monitor.compare(study(), study(protocolSection__statusModule__overallStatus="TERMINATED"))
    assert [(c.significance, c.summary) for c in changes] == [
        ("critical", "Recruiting → Terminated. No reason given.")
    ]
    assert changes.findings[0].headline == "Terminated; no reason given"
    (as_dict,) = changes.to_dicts()
    assert as_dict["path"] == "status.overallStatus"
    assert {
        "field",
        "key",
        "part",
        "op",
        "old",
        "new",
        "category",
        "rule",
        "reason",
        "facts",
    } <= as_dict.keys()
    assert as_dict["baseline"] is False
    assert {change["baseline"] for change in monitor.compare(None, study()).to_dicts()} == {True}
    json.dumps(as_dict)


def test_the_door_is_open_however_it_is_imported() -> None:
    """`monitor.compare` is callable whether the module of that name was imported or not."""
    import monitor.compare as module
    from monitor.compare import compare

    assert callable(module)
    assert not compare(study(), study())
    assert not monitor.compare(study(), study())


def test_importing_the_package_loads_nothing_else() -> None:
    """`import monitor` is cheap, and comparing needs no HTTP library."""
    code = (
        "import sys, monitor; cheap = not [m for m in sys.modules if m.startswith('monitor.')]; "
        "monitor.compare(None, None); print(cheap, 'httpx' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


@pytest.mark.parametrize("example", EXAMPLES[::7], ids=lambda example: example.rule)
def test_comparing_mutates_nothing(example: Example) -> None:
    """Arguments are as they were, and the same two records always give the same answer."""
    before, after = trial(**example.before), trial(**example.after)
    kept = copy.deepcopy((before, after))
    first, second = monitor.compare(before, after), monitor.compare(before, after)
    assert (before, after) == kept
    assert first == second


def test_either_side_may_be_missing() -> None:
    """Without a before it is a first sight; without an after the record is gone; without both, nothing."""
    assert {c.delta.op for c in monitor.compare(None, study())} == {"added"}
    assert [c.rule for c in monitor.compare(study(), None)] == ["C10"]
    assert len(monitor.compare(None, None)) == 0


def test_what_is_no_record_is_refused_with_a_pointer() -> None:
    """The place that is wrong is named."""
    with pytest.raises(RecordFormatError) as caught:
        monitor.compare(study(), {"protocolSection": {"identificationModule": {"nctId": 5}}})
    assert caught.value.pointer == "/protocolSection/identificationModule/nctId"


def test_today_is_the_data_version_then_the_last_update() -> None:
    """The day of judgment comes from the record, unless it is given."""
    before, after = trial(pcd=est("2027-03")), trial(pcd=est("2027-10"))
    assert monitor.compare(before, after)[0].facts["as_of"] == "2026-08-19"
    assert monitor.compare(before, after, today=date(2026, 9, 1))[0].facts["as_of"] == "2026-09-01"
    after["derivedSection"]["miscInfoModule"]["versionHolder"] = "2026-10-02"  # type: ignore[index,call-overload]
    assert monitor.compare(before, after)[0].facts["as_of"] == "2026-10-02"
    normalize = reader("ctgov").normalize
    (change,) = compare_records(normalize(before), normalize(after))
    assert change.facts["as_of"] == "2026-08-19"


def test_a_data_version_that_is_no_date_judges_nothing() -> None:
    """A stamp the registry garbled leaves the last update as the day things are judged on."""
    garbled = study(
        derivedSection__miscInfoModule__versionHolder="soon",
        protocolSection__statusModule__startDateStruct={"date": "2026-08-20", "type": "ACTUAL"},
    )
    (change,) = monitor.compare(study(), garbled)
    assert change.facts["as_of"] == "2026-08-19"


def test_an_empty_history_is_known_and_none_is_not() -> None:
    """Records told to have no earlier change count this one as the first."""
    normalize = reader("ctgov").normalize
    before, after = normalize(trial(pcd=est("2027-03"))), normalize(trial(pcd=est("2027-10")))
    (known,) = compare_records(before, after, history=())
    assert (known.facts["slips"], known.facts["slip_from_original_days"]) == (1, 214)
    (unknown,) = compare_records(before, after)
    assert "slips" not in unknown.facts


@given(st.randoms(use_true_random=False))
def test_order_and_form_are_no_change(random: Random) -> None:
    """Shuffled keys and set-like lists, white space and list marks are nothing to report."""
    changed = _shuffled(study(), random)
    assert isinstance(changed, dict)
    eligibility = changed["protocolSection"]["eligibilityModule"]  # type: ignore[index,call-overload]
    text = eligibility["eligibilityCriteria"]  # type: ignore[index,call-overload]
    assert isinstance(text, str)
    eligibility["eligibilityCriteria"] = text.replace("* ", "1. ").replace("  ", " ")  # type: ignore[index,call-overload]
    assert len(monitor.compare(study(), changed)) == 0


def _shuffled(value: Json, random: Random) -> Json:
    if isinstance(value, dict):
        keys = random.sample(list(value), len(value))
        return {key: _shuffled(value[key], random) for key in keys}
    if isinstance(value, list):
        return [_shuffled(item, random) for item in random.sample(value, len(value))]
    return value


# ------------------------------------------------------------------------------------ real amendments


@needs_real_records
def test_real_amendments_are_judged_and_told() -> None:
    """Every real pair is judged whole; form is never a change and precision never above noise."""
    table = default_rules()
    for before, after in pairs():
        found = monitor.compare(load(before), load(after))
        where = f"{before.parent.name} {before.stem} → {after.stem}"
        assert sorted(i for f in found.findings for i in f.members) == list(range(len(found))), where
        for change in found:
            told = change.to_dict()
            assert table[change.rule].on == "change", where
            assert change.significance in LEVELS, where
            assert change.reason, where
            assert change.summary.endswith("."), (where, change.summary)
            assert "None" not in change.summary, (where, change.summary)
            assert told["op"] == "moved" or told["old"] != told["new"], (where, change.summary)
            assert not _only_form(told), (where, told)
            if _only_precision(told):
                assert change.significance == "noise", (where, change.summary)


def _only_form(told: JsonObject) -> bool:
    """Do two texts differ in white space alone?"""
    old, new = told["old"], told["new"]
    return isinstance(old, str) and isinstance(new, str) and "".join(old.split()) == "".join(new.split())


def _only_precision(told: JsonObject) -> bool:
    match told["old"], told["new"]:
        case {"date": str(old), "type": kind}, {"date": str(new), "type": other} if kind == other:
            dates = sorted((old, new), key=len)
            return old != new and dates[1].startswith(dates[0]) and bool(PartialDate.parse(old))
    return False


@needs_real_records
def test_real_first_sights_name_every_field() -> None:
    """The first sight of a real record is all added, all noise, one story."""
    for path in study_files()[::60]:
        found = monitor.compare(None, load(path))
        assert {(c.rule, c.significance, c.delta.op) for c in found} == {("n0", "noise", "added")}
        assert len(found.findings) == 1
