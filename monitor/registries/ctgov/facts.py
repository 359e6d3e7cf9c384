"""What lists show of a record, read off it without normalizing. It is total and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from monitor.core.partial_date import PartialDate
from monitor.core.record import Json
from monitor.registries import Facts
from monitor.registries.ctgov.belief import member, nct_id


def facts(payload: Json) -> Facts:
    """What lists show of a record, read off it without normalizing; total, whatever its shape."""
    protocol = member(payload, "protocolSection")
    identification, status = member(protocol, "identificationModule"), member(protocol, "statusModule")
    phases = member(protocol, "designModule", "phases")
    submitted, returned = _handed_in(payload)
    return Facts(
        title=_text(identification, "briefTitle")
        or _text(identification, "officialTitle")
        or nct_id(payload)
        or "",
        sponsor=_text(protocol, "sponsorCollaboratorsModule", "leadSponsor", "name"),
        overall_status=_text(status, "overallStatus"),
        phases=tuple(sorted(p for p in phases if isinstance(p, str))) if isinstance(phases, list) else (),
        submitted_on=_date(status, "lastUpdateSubmitDate"),
        posted_on=_date(status, "lastUpdatePostDateStruct", "date"),
        numbers=tuple(_numbers(identification)),
        study_type=_text(protocol, "designModule", "studyType"),
        primary_completion=_date(status, "primaryCompletionDateStruct", "date"),
        primary_completion_type=_text(status, "primaryCompletionDateStruct", "type"),
        results_posted_on=_date(status, "resultsFirstPostDateStruct", "date"),
        results_submitted_on=submitted,
        results_returned_on=returned,
        results_waived=member(status, "resultsWaived") is True,
        delay_certified_on=_date(status, "dispFirstSubmitDate"),
        conditions=(*_words(protocol, "conditions"), *_words(protocol, "keywords")),
    )


def _words(protocol: Json, name: str) -> Iterator[str]:
    found = member(protocol, "conditionsModule", name)
    return (word for word in found if isinstance(word, str)) if isinstance(found, list) else iter(())


def _handed_in(payload: Json) -> tuple[str | None, str | None]:
    """When results were last submitted that are not posted, and when they came back from review, if they did.

    What the sponsor took back was not submitted; an event without a date is not told of.
    """
    events = member(payload, "annotationSection", "annotationModule", "unpostedAnnotation", "unpostedEvents")
    submitted, returned = None, None
    for event in events if isinstance(events, list) else ():
        match _text(event, "type"):
            case "RELEASE":
                submitted, returned = _date(event, "date"), None
            case "RESET":
                returned = _date(event, "date")
            case "UNRELEASE":
                submitted, returned = None, None
    return submitted, returned


def _numbers(identification: Json) -> Iterator[str]:
    infos = member(identification, "secondaryIdInfos")
    for info in (member(identification, "orgStudyIdInfo"), *(infos if isinstance(infos, list) else ())):
        if number := _text(info, "id"):
            yield number


def _text(payload: Json, *path: str) -> str | None:
    value = member(payload, *path)
    return (value.strip() or None) if isinstance(value, str) else None


def _date(payload: Json, *path: str) -> str | None:
    text = _text(payload, *path)
    return None if text is None else _checked(text)


@lru_cache(maxsize=4096)
def _checked(text: str) -> str | None:
    """The date, where it is one: most records share theirs with many others."""
    try:
        return str(PartialDate.parse(text))
    except ValueError:
        return None
