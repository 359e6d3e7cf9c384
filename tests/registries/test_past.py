"""The history API's answers, read: its index, its versions as records, and what is no change."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

import orjson
import pytest

from monitor import compare
from monitor.core.canonical import markup, plain
from monitor.core.hypertext import from_html, plain_from_html
from monitor.core.past import PastVersion, ReviewComment, UnpostedEvent
from monitor.core.record import Json, JsonObject, TrialId
from monitor.demo.standin.hypertext import as_html
from monitor.errors import RecordFormatError
from monitor.registries.ctgov import CtGovReader
from monitor.registries.ctgov.additions import level, without_additions
from monitor.registries.ctgov.past import as_record, is_markup, past, past_record
from tests.support.payloads import rich_study
from tests.support.real import SHARED, load, needs_real_records, study_files
from tests.support.records import ABSENT, study

TRIAL = TrialId("ctgov", "NCT09000001")
FOLDER = SHARED / "registry"
REFORMATTED = "2025-09"
"""Before, typed lists came bare, and nothing but line breaks, which HTML has not, told them from words."""


def index(*changes: Json, study_: Json = None) -> JsonObject:
    """An answer of `?history=true`."""
    return {
        "study": study() if study_ is None else study_,
        "topics": {},
        "history": {"changes": list(changes)},
    }


def submitted(payload: JsonObject) -> Json:
    """A record as its history tells it, read."""
    told = as_html(payload)
    assert isinstance(told, dict)
    return as_record(told)[0]


def test_the_index_is_read() -> None:
    """Versions in order and counted from 1, with what was touched, sent back and left unposted."""
    read = past(
        index(
            {
                "version": 1,
                "date": "2026-03-02",
                "status": "RECRUITING",
                "studyType": "INTERVENTIONAL",
                "moduleLabels": ["Study Status", "Contacts/Locations"],
                "reviewNotPassed": True,
                "unpostedEvents": [{"type": "RESET", "date": "2026-03-20"}, {"type": "UNRELEASE"}],
                "somethingNew": 1,
            },
            {"version": 0, "date": "2025-09-08", "moduleLabels": []},
        ),
        TRIAL,
    )
    assert read.trial == TRIAL
    assert read.versions == (
        PastVersion(1, "2025-09-08"),
        PastVersion(
            2,
            "2026-03-02",
            "RECRUITING",
            "INTERVENTIONAL",
            ("Study Status", "Contacts/Locations"),
            failed_review=True,
            unposted=(UnpostedEvent("RESET", "2026-03-20"), UnpostedEvent("UNRELEASE", None)),
        ),
    )
    assert [version.number for version in read.newest(1)] == [2]


def test_the_index_comes_bare_too() -> None:
    """`/history` gives the same object without its wrapper."""
    bare: Json = {"changes": [{"version": 0, "date": "2025-09-08"}], "outcomesUpdateCount": 0}
    assert past(bare, TRIAL).versions == (PastVersion(1, "2025-09-08"),)


def test_an_index_found_under_an_older_number_is_the_live_ones() -> None:
    """A number that was merged answers with the study it became."""
    merged = study("NCT09000003", protocolSection__identificationModule__nctIdAliases=["NCT09000099"])
    read = past(index({"version": 0, "date": "2025-09-08"}, study_=merged), TrialId("ctgov", "NCT09000099"))
    assert read.trial == TrialId("ctgov", "NCT09000003")


ONE: Mapping[str, Json] = {"version": 0, "date": "2025-09-08"}


@pytest.mark.parametrize(
    ("answer", "pointer"),
    [
        (None, "/changes"),
        ([], "/changes"),
        ({"history": {}}, "/history/changes"),
        ({"history": {"changes": []}}, "/history/changes"),
        ({"history": {"changes": {}}}, "/history/changes"),
        ({"changes": [7]}, "/changes/0"),
        ({"changes": [{**ONE, "version": True}]}, "/changes/0/version"),
        ({"changes": [{**ONE, "version": -1}]}, "/changes/0/version"),
        ({"changes": [{**ONE, "date": "soon"}]}, "/changes/0/date"),
        ({"changes": [{**ONE}, {**ONE}]}, "/changes"),
        (index({**ONE}, study_={}), "/study/protocolSection/identificationModule/nctId"),
        (index({**ONE}, study_=study("NCT09000002")), "/study/protocolSection/identificationModule/nctId"),
    ],
)
def test_another_shape_is_an_error_that_points_at_it(answer: Json, pointer: str) -> None:
    """Nothing is made up where the undocumented API has changed, and nobody else's history is taken."""
    with pytest.raises(RecordFormatError) as raised:
        past(answer, TRIAL)
    assert raised.value.pointer == pointer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"study": study()},
        {"studyVersion": 3, "study": study()},
        {"studyVersion": 2},
        {"studyVersion": 2, "study": study("NCT09000002")},
    ],
)
def test_what_is_not_the_version_asked_for_is_an_error(answer: Json) -> None:
    """Another version, another trial, or none."""
    with pytest.raises(RecordFormatError, match="not as known"):
        past_record(answer, TRIAL, 3)


def test_a_version_becomes_a_record() -> None:
    """HTML becomes Markdown in markup fields and plain text in others; what is no text stays."""
    body: Json = {
        "studyVersion": 2,
        "study": study(
            protocolSection__identificationModule__briefTitle='<mark class="hl">Veltomab</mark> R&amp;D',
            protocolSection__eligibilityModule__eligibilityCriteria=(
                "<p>Inclusion Criteria:</p><ul><li>Age &gt;= 18\nyears</li></ul>"
            ),
            protocolSection__outcomesModule__primaryOutcomes=[
                {"measure": "A&#x2F;B &lt; 5 * 3", "timeFrame": "5 * 3\nweeks"}
            ],
        ),
    }
    read = past_record(body, TRIAL, 3)
    assert (read.trial, read.number, read.comments) == (TRIAL, 3, ())
    assert orjson.loads(read.body) == read.record
    wanted = study(
        protocolSection__identificationModule__briefTitle="Veltomab R&D",
        protocolSection__eligibilityModule__eligibilityCriteria="Inclusion Criteria:\n\n* Age \\>= 18 years",
        protocolSection__outcomesModule__primaryOutcomes=[
            {"measure": "A/B < 5 * 3", "timeFrame": "5 * 3 weeks"}
        ],
    )
    assert not list(compare(read.record, wanted))


def test_the_reviewers_comments_are_kept_beside_the_record() -> None:
    """Each with its place; none of them becomes a field of the record."""
    unit: Json = {"resetReasons": ["The Time Frame appears inconsistent.", "See&#x2F;check."]}
    said = study(
        reviewUnit={"resetReasons": ["Too short."]},
        protocolSection__outcomesModule={
            "primaryOutcomes": [{"measure": "Survival", "reviewUnit": unit}],
            "armsReviewUnit": {"resetReasons": ["Which arm?"]},
            "popReviewUnit": {"resetReasons": []},
        },
    )
    record, comments = as_record(said)
    assert set(comments) == {
        ReviewComment("", ("Too short.",)),
        ReviewComment(
            "protocolSection.outcomesModule.primaryOutcomes[0]",
            ("The Time Frame appears inconsistent.", "See/check."),
        ),
        ReviewComment("protocolSection.outcomesModule.arms", ("Which arm?",)),
    }
    assert b"eviewUnit" not in orjson.dumps(record)


def test_what_only_the_registry_adds_is_no_change() -> None:
    """A version of the history and the record of today, of one content: quiet both ways."""
    today = rich_study()
    version = submitted(rich_study())
    assert today != version
    assert not list(compare(version, today))
    assert not list(compare(today, version))


def test_what_the_sponsor_changed_between_them_is_told() -> None:
    """And nothing else."""
    version = submitted(rich_study())
    today = study(protocolSection__statusModule__overallStatus="TERMINATED")
    then = submitted(study())
    assert [change.field for change in compare(then, today)] == ["status.overallStatus"]
    assert not list(compare(version, without_additions(rich_study())))


def test_two_records_of_one_source_are_compared_whole() -> None:
    """Levelling touches only a pair of different sources, and mutates neither."""
    one, other = study(), study(derivedSection__miscInfoModule__removedCountries=["France"])
    assert level(one, other) == (one, other)
    assert [change.field for change in compare(one, other)] == ["derived.removedCountries"]
    bare = study(derivedSection=ABSENT)
    kept = orjson.dumps([bare, other])
    level(bare, other)
    assert orjson.dumps([bare, other]) == kept


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, {"protocolSection": 5}, {"derivedSection": []}])
def test_levelling_is_total(junk: Json) -> None:
    """What is no record is left for normalizing to refuse."""
    level(junk, study())
    level(study(), junk)
    assert CtGovReader().level(junk, junk) == (junk, junk)


# With real answers.


@needs_real_records
def test_six_real_histories_are_read() -> None:
    """Every version counted, dated and labeled; the current record inside reads as a record."""
    counts = {}
    for path in sorted((FOLDER / "history").glob("*.json")):
        answer = load(path)
        trial = TrialId("ctgov", path.name.partition(".")[0])
        read = past(answer, trial)
        counts[trial.id] = [version.number for version in read.versions]
        assert read.trial == trial
        assert all(version.status and version.study_type for version in read.versions)
        assert [v.submitted_on for v in read.versions] == sorted(v.submitted_on for v in read.versions)
        body: Json = {"studyVersion": len(read.versions) - 1, "study": answer["study"]}
        record = past_record(body, trial, len(read.versions))
        facts = CtGovReader().facts(record.record)
        assert facts.submitted_on == read.versions[-1].submitted_on
        assert len(list(compare(None, record.record))) > 10
    assert len(counts) == 6
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in counts.values())


@needs_real_records
def test_real_reviews_are_kept() -> None:
    """Four submissions sent back, each with the day it was."""
    sample = load(FOLDER / "samples" / "int-history-member-NCT04435626.json")
    read = past(
        {"history": sample["history"]} | {"study": study("NCT04435626")}, TrialId("ctgov", "NCT04435626")
    )
    back = [version for version in read.versions if version.failed_review]
    assert [(version.number, version.unposted[0].kind) for version in back] == [
        (number, "RESET") for number in (50, 51, 52, 53)
    ]


@needs_real_records
def test_a_real_record_of_both_sources_is_quiet() -> None:
    """Of all its fields only the link differs that the registry dropped silently between the two days."""
    answer = load(FOLDER / "history" / "NCT04435626.history.json")
    said = answer["study"]
    assert isinstance(said, dict)
    version, _ = as_record(said)
    today = load(SHARED / "data" / "studies" / "NCT04435626" / "2026-02-19.json")
    assert [change.field for change in compare(version, today)] == ["references.seeAlso"]


@needs_real_records
def test_markup_fields_are_those_of_the_registrys_table() -> None:
    """Every markup field becomes Markdown, no other text field does."""
    with (FOLDER / "fields.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sourceType"] in ("TEXT", "MARKUP")]
    assert len(rows) > 200
    for row in rows:
        *parents, last = row["path"].split(".")
        node: Json = {last: "<p>a_b</p>"}
        for parent in reversed(parents):
            node = {parent: node}
        assert isinstance(node, dict)
        read, _ = as_record(node)
        wanted = b"a\\\\_b" if row["markup"] == "1" else b'"a_b"'
        assert wanted in orjson.dumps(read) or without_additions(node) != node, row["path"]


@needs_real_records
def test_81_real_strings_of_both_apis_are_equal() -> None:
    """Wherever the two write a text of one record differently, the difference is form alone."""
    then = load(FOLDER / "history" / "NCT04435626.history.json")["study"]
    now = load(SHARED / "data" / "studies" / "NCT04435626" / "2026-02-19.json")
    compared = 0
    for name, under, one, other in texts(now, then):
        if one != other and name != "versionHolder":
            same = (
                markup(from_html(other)) == markup(one)
                if is_markup(name, under)
                else plain(plain_from_html(other)) == plain(one)
            )
            assert same, (name, one, other)
            compared += 1
    assert compared == 81


def texts(one: Json, other: Json, name: str = "", under: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Strings that stand in the same place of both: the member, its parent's, and each side's."""
    if isinstance(one, dict) and isinstance(other, dict):
        for inner in one.keys() & other.keys():
            yield from texts(one[inner], other[inner], inner, name)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for this, that in zip(one, other, strict=True):
            yield from texts(this, that, name, under)
    elif isinstance(one, str) and isinstance(other, str):
        yield name, under, one, other


@needs_real_records
def test_real_records_survive_the_way_there_and_back() -> None:
    """Written as the history writes and read again, records of today's form differ in nothing."""
    for path in study_files()[::5]:
        if path.stem < REFORMATTED:
            continue
        today = load(path)
        assert not list(compare(submitted(today), today)), path
