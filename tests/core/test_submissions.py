"""Results on their way, and documents: what is one event is one line."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitor import compare
from monitor.core.change import Change
from monitor.core.record import Json, JsonObject
from tests.support.records import put
from tests.support.rule_examples import COMPLETE, PROTOCOL, act, trial

UNPOSTED = "annotationSection.annotationModule.unpostedAnnotation"
TRACKING = "derivedSection.miscInfoModule.submissionTracking"
NEWER: JsonObject = {**PROTOCOL, "date": "2026-07-01", "uploadDate": "2026-08-11T09:00", "size": 20}
OLDER: JsonObject = {**PROTOCOL, "date": "2026-02-01", "uploadDate": "2026-03-01T10:00"}


def submitted(*events: tuple[str, str], **members: Json | object) -> JsonObject:
    """A completed trial whose results went through these events, in the registry's two accounts of them."""
    payload = trial(**COMPLETE, **members)
    if not events:
        return payload
    listed: list[Json] = [{"type": kind, "date": day} for kind, day in events]
    put(payload, UNPOSTED, {"unpostedResponsibleParty": "Alpha Bio", "unpostedEvents": listed})
    infos: list[JsonObject] = []
    for kind, day in events:
        if kind == "RELEASE":
            infos.append({"releaseDate": day})
        else:
            infos[-1]["resetDate"] = day
    put(payload, TRACKING, {"estimatedResultsFirstSubmitDate": events[0][1], "submissionInfos": infos})
    return payload


SENT, RETURNED, AGAIN = ("RELEASE", "2026-07-01"), ("RESET", "2026-07-20"), ("RELEASE", "2026-08-02")


def lines(before: JsonObject, after: JsonObject) -> list[Change]:
    """The changes that tell themselves and are no noise."""
    found = compare(before, after)
    return [c for c in found if "told_with" not in c.facts and c.significance != "noise"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((), (SENT,), "Results submitted on 1 Jul 2026."),
        ((SENT,), (SENT, RETURNED), "Results returned on 20 Jul 2026."),
        (
            (SENT, RETURNED),
            (SENT, RETURNED, AGAIN),
            "Results submitted a second time on 2 Aug 2026; returned once.",
        ),
    ],
)
def test_a_step_of_submission_is_one_line(
    before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...], told: str
) -> None:
    """The registry tells a step in several places; a reader is told once, and it is M12."""
    (line,) = lines(submitted(*before), submitted(*after))
    assert (line.summary, line.rule, line.significance) == (told, "M12", "major")


def test_a_posting_ends_the_accounts_of_submission_quietly() -> None:
    """Once results are posted, what told of their submission goes without a line of its own."""
    after = submitted(has_results=True, results_posted=act("2026-08-19"))
    assert [change.rule for change in lines(submitted(SENT), after)] == ["C3"]


def test_a_certificate_of_delay_is_one_line() -> None:
    """Certified and posted in one version, the delay is told by its certification."""
    after = submitted(delay="2026-07-05")
    put(after, "protocolSection.statusModule.dispFirstPostDateStruct", act("2026-07-10"))
    (line,) = lines(submitted(), after)
    assert (
        line.summary == "Sponsor certified delay of results, 5 Jul 2026, 2 months after primary completion."
    )


@pytest.mark.parametrize(
    ("old", "new", "told", "rule"),
    [
        ({}, OLDER, "Document added: study protocol, dated 1 Feb 2026.", "M12"),
        (
            OLDER,
            NEWER,
            "Document study protocol, new edition: dated 1 Feb 2026 → 1 Jul 2026, uploaded 11 Aug 2026.",
            "m15",
        ),
        (
            OLDER,
            {**OLDER, "uploadDate": "2026-08-11T09:00"},
            "Document study protocol uploaded again: 1 Mar 2026 → 11 Aug 2026.",
            "m15",
        ),
        (OLDER, {**OLDER, "hasSap": True}, "Document study protocol now holds an analysis plan.", "m15"),
        (
            OLDER,
            {**OLDER, "uploadDate": "later"},
            "Document study protocol uploaded again: 1 Mar 2026 → later.",
            "m15",
        ),
        (OLDER, {}, "Document removed: study protocol, dated 1 Feb 2026.", "m15"),
    ],
)
def test_an_edition_of_a_document_is_one_line(
    old: Mapping[str, Json], new: Mapping[str, Json], told: str, rule: str
) -> None:
    """A document that came is told with its date; a new edition by its old and new date, its file untold."""
    before, after = (trial(documents=[dict(item)] if item else []) for item in (old, new))
    (line,) = lines(before, after)
    assert (line.summary, line.rule) == (told, rule)
