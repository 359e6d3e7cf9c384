"""The history API's answers, read: the index of a trial's versions, and a version as a record of API v2.

Pure. The API is undocumented, so it is read by what is needed of it: strangers are passed over, and what is
needed and missing is a RecordFormatError that points at it, never a guess.
"""

from __future__ import annotations

import re

import orjson

from monitor.core.hypertext import from_html, plain_from_html
from monitor.core.partial_date import PartialDate
from monitor.core.past import Past, PastRecord, PastVersion, ReviewComment, UnpostedEvent
from monitor.core.record import Json, JsonObject, TrialId
from monitor.errors import RecordFormatError
from monitor.registries.ctgov import belief
from monitor.registries.ctgov.additions import without_additions
from monitor.registries.ctgov.numbers import NAME, canonical_number

# The registry's markup fields by their own name; everything else is plain text.
_MARKUP_NAMES = """
    accessCriteria allCauseMortalityComment briefSummary ciLowerLimitComment ciUpperLimitComment comment
    description detailedDescription eligibilityCriteria estimateComment genderDescription groupDescription
    interventionModelDescription label maskingDescription nonInferiorityComment notes otherAnalysisDescription
    otherDetails pValueComment populationDescription preAssignmentDetails recruitmentDetails
    statisticalComment studyPopulation timeFrame whyStopped
"""
_MARKUP = frozenset(_MARKUP_NAMES.split())
_MARKUP_ONLY_IN = {"label": "seeAlsoLinks", "timeFrame": "ipdSharingStatementModule"}
_PLAIN_IN = {"description": "violationEvents"}
_REVIEW = re.compile(r"(?:^r|R)eviewUnit$")


def past(answer: Json, asked: TrialId) -> Past:
    """The index in an answer of `/studies/{nct}?history=true`, or of `/studies/{nct}/history`.

    Raises RecordFormatError where there is none, or where it is of another trial.
    """
    wrapped = isinstance(answer, dict) and "history" in answer
    changes = belief.member(answer, "history", "changes") if wrapped else belief.member(answer, "changes")
    pointer = "/history/changes" if wrapped else "/changes"
    if not isinstance(changes, list) or not changes:
        raise _unlike("a list of versions", pointer)
    trial = _whose(belief.member(answer, "study"), asked, "/study") if wrapped else asked
    versions = sorted(
        (_version(entry, f"{pointer}/{index}") for index, entry in enumerate(changes)),
        key=lambda version: version.number,
    )
    if len({version.number for version in versions}) < len(versions):
        raise _unlike("numbers that differ", pointer)
    return Past(trial, tuple(versions))


def past_record(answer: Json, asked: TrialId, number: int) -> PastRecord:
    """The version in an answer of `/studies/{nct}/history/{number - 1}`, as a record of API v2.

    Raises RecordFormatError where it is none, or another version's or trial's.
    """
    if belief.member(answer, "studyVersion") != number - 1:
        raise _unlike(f"version {number - 1}", "/studyVersion")
    study = belief.member(answer, "study")
    trial = _whose(study, asked, "/study")
    assert isinstance(study, dict)
    record, comments = as_record(study)
    return PastRecord(trial, number, orjson.dumps(record), record, comments)


def as_record(study: JsonObject) -> tuple[Json, tuple[ReviewComment, ...]]:
    """A study of the history API in the shape of API v2, as submitted, and what the reviewers said of it.

    Markup fields become Markdown, all others plain text.
    """
    comments: list[ReviewComment] = []
    read = _read(study, "", "", "", comments)
    assert isinstance(read, dict)
    read.setdefault("hasResults", "resultsSection" in read)
    return without_additions(read), tuple(comments)


def is_markup(name: str, under: str) -> bool:
    """Is the member `name` of an object that is (in) the member `under` one with markup?"""
    return name in _MARKUP and _MARKUP_ONLY_IN.get(name, under) == under and _PLAIN_IN.get(name) != under


def _unlike(expected: str, pointer: str) -> RecordFormatError:
    return belief.unlike("history's answer", expected, pointer)


def _whose(study: Json, asked: TrialId, pointer: str) -> TrialId:
    number = canonical_number(belief.nct_id(study) or "")
    if number is None or asked.id not in (number, *map(canonical_number, belief.aliases(study))):
        raise _unlike(f"the record of {asked.id}", f"{pointer}/protocolSection/identificationModule/nctId")
    return TrialId(NAME, number)


def _version(entry: Json, pointer: str) -> PastVersion:
    if not isinstance(entry, dict):
        raise _unlike("an object", pointer)
    counted = entry.get("version")
    if not isinstance(counted, int) or isinstance(counted, bool) or counted < 0:
        raise _unlike("a number from 0", f"{pointer}/version")
    submitted_on = _date(entry.get("date"))
    if submitted_on is None:
        raise _unlike("a date", f"{pointer}/date")
    events = entry.get("unpostedEvents")
    labels = entry.get("moduleLabels")
    return PastVersion(
        number=counted + 1,
        submitted_on=submitted_on,
        status=_string(entry.get("status")),
        study_type=_string(entry.get("studyType")),
        sections=tuple(label for label in labels if isinstance(label, str))
        if isinstance(labels, list)
        else (),
        failed_review=entry.get("reviewNotPassed") is True,
        unposted=tuple(
            UnpostedEvent(kind, _date(event.get("date")))
            for event in (events if isinstance(events, list) else ())
            if isinstance(event, dict) and (kind := _string(event.get("type")))
        ),
    )


def _string(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _date(value: Json) -> str | None:
    try:
        return str(PartialDate.parse(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _read(value: Json, name: str, under: str, path: str, comments: list[ReviewComment]) -> Json:
    """A value without the reviewers' comments, which are put aside, and without HTML."""
    match value:
        case str():
            return from_html(value) if is_markup(name, under) else plain_from_html(value)
        case list():
            return [
                _read(item, name, under, f"{path}[{index}]", comments) for index, item in enumerate(value)
            ]
        case dict():
            read: JsonObject = {}
            for inner, member in value.items():
                if _REVIEW.search(inner):
                    comments.extend(_comment(member, inner, path))
                else:
                    read[inner] = _read(member, inner, name, f"{path}.{inner}" if path else inner, comments)
            return read
        case _:
            return value


def _comment(unit: Json, name: str, path: str) -> list[ReviewComment]:
    """A `reviewUnit` speaks of the object it stands in, an `armsReviewUnit` of that object's arms."""
    told = belief.member(unit, "resetReasons")
    reasons = told if isinstance(told, list) else []
    said = tuple(plain_from_html(reason) for reason in reasons if isinstance(reason, str))
    part = name.removesuffix("eviewUnit")[:-1]
    place = ".".join(filter(None, (path, part)))
    return [ReviewComment(place, said)] if said else []
