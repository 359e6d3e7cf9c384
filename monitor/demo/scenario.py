"""The story the demonstration tells: how the invented trials change from one data version to the next.

Each edition is what the registry serves after one of its refreshes. An amendment edits a copy and leaves the
edition before it alone; nothing here knows how changes are found or told.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.core.record import Json, JsonObject
from monitor.demo.standin import Submission
from monitor.demo.trials import (
    CERVICAL,
    GASTRIC,
    LIVER,
    LUNG,
    PERIOPERATIVE,
    PLANS,
    STOMACH_MAINTENANCE,
    site,
    trial,
)


@dataclass(frozen=True, slots=True)
class Edition:
    """What the registry serves from one refresh on."""

    stamp: str
    """The data version, as the registry stamps it."""
    story: str
    """What happened at the sponsors, in a line: the truth that the digest should find."""
    studies: Mapping[str, JsonObject]
    amended: frozenset[str]
    """The trials whose content differs from the edition before."""
    submissions: Mapping[str, Sequence[Submission]] = field(default_factory=dict)
    """Each trial's versions so far, the first first, also from before it was watched."""

    @property
    def day(self) -> str:
        """The date of the data version."""
        return self.stamp[:10]


Amendment = Callable[[JsonObject], None]


def editions() -> tuple[Edition, ...]:
    """The whole story, oldest first; each call builds it anew."""
    told: list[Edition] = []
    studies = {plan.nct: trial(plan) for plan in PLANS}
    past = {nct: [*_before(nct, study), _submitted(study)] for nct, study in studies.items()}
    for stamp, story, amendments in _STORY:
        studies = copy.deepcopy(studies)
        for nct, amendment in amendments.items():
            amendment(studies[nct])
        for study in studies.values():
            _module(study, "derivedSection", "miscInfoModule")["versionHolder"] = stamp[:10]
        for nct in amendments:
            now = _submitted(studies[nct])
            if now.date != past[nct][-1].date:
                past[nct].append(now)
        versions = {nct: tuple(submissions) for nct, submissions in past.items()}
        told.append(Edition(stamp, story, studies, frozenset(amendments), versions))
    return tuple(told)


def _submitted(study: JsonObject) -> Submission:
    return Submission(str(_status(study)["lastUpdateSubmitDate"]), copy.deepcopy(study))


def _before(nct: str, study: JsonObject) -> list[Submission]:
    """What was submitted before the story begins: one trial has slipped once already."""
    if nct != CERVICAL:
        return []
    first = copy.deepcopy(study)
    _posted(first, "2024-05-13", "2024-05-15")
    _date(first, "primaryCompletion", "2028-02")
    return [_submitted(first)]


def _module(study: JsonObject, *path: str) -> JsonObject:
    node = study
    for name in path:
        child = node[name]
        assert isinstance(child, dict)
        node = child
    return node


def _list(module: JsonObject, name: str) -> list[Json]:
    found = module[name]
    assert isinstance(found, list)
    return found


def _status(study: JsonObject) -> JsonObject:
    return _module(study, "protocolSection", "statusModule")


def _posted(study: JsonObject, submitted: str, posted: str) -> None:
    """What every update by a sponsor carries along."""
    status = _status(study)
    status["statusVerifiedDate"] = submitted[:7]
    status["lastUpdateSubmitDate"] = submitted
    status["lastUpdatePostDateStruct"] = {"date": posted, "type": "ACTUAL"}


def _date(study: JsonObject, name: str, date: str, type_: str = "ESTIMATED") -> None:
    _status(study)[f"{name}DateStruct"] = {"date": date, "type": type_}


def _enrollment(study: JsonObject, count: int, type_: str = "ESTIMATED") -> None:
    _module(study, "protocolSection", "designModule")["enrollmentInfo"] = {"count": count, "type": type_}


def _add_sites(study: JsonObject, *sites: JsonObject) -> None:
    _list(_module(study, "protocolSection", "contactsLocationsModule"), "locations").extend(sites)


def _site_statuses(study: JsonObject, status: str | None) -> None:
    for location in _list(_module(study, "protocolSection", "contactsLocationsModule"), "locations"):
        assert isinstance(location, dict)
        location.pop("status", None)
        if status is not None:
            location["status"] = status


def _criterion(study: JsonObject, old: str, new: str) -> None:
    module = _module(study, "protocolSection", "eligibilityModule")
    text = module["eligibilityCriteria"]
    assert isinstance(text, str)
    assert old in text
    module["eligibilityCriteria"] = text.replace(old, new)


def _widen_perioperative(study: JsonObject) -> None:
    _posted(study, "2026-09-11", "2026-09-16")
    _date(study, "primaryCompletion", "2030-07")
    _criterion(study, "ECOG performance status 0-1", "ECOG performance status 0-2")
    _add_sites(
        study,
        site("Clear Spring Cancer Hospital", "Nanjing", status="NOT_YET_RECRUITING"),
        site("Golden Reed Medical Center", "Wuhan", status="NOT_YET_RECRUITING"),
        site("South Gate University Hospital", "Seoul", "South Korea", "NOT_YET_RECRUITING"),
        site("Morning Calm Cancer Center", "Busan", "South Korea", "NOT_YET_RECRUITING"),
    )


def _tidy_liver(study: JsonObject) -> None:
    _posted(study, "2026-09-10", "2026-09-16")
    contacts = _module(study, "protocolSection", "contactsLocationsModule")
    contacts["centralContacts"] = [{"name": "New Trial Desk", "role": "CONTACT", "email": "new@example.org"}]


def _switch_perioperative(study: JsonObject) -> None:
    _posted(study, "2026-10-09", "2026-10-14")
    _enrollment(study, 300)
    outcomes = _module(study, "protocolSection", "outcomesModule")
    _list(outcomes, "primaryOutcomes").append(_list(outcomes, "secondaryOutcomes").pop(0))


def _open_cervical(study: JsonObject) -> None:
    _posted(study, "2026-10-08", "2026-10-14")
    _status(study)["overallStatus"] = "RECRUITING"
    _date(study, "start", "2026-10-06", "ACTUAL")
    _date(study, "primaryCompletion", "2028-09")
    _site_statuses(study, "RECRUITING")


def _lapse_gastric(study: JsonObject) -> None:
    # The registry does this on its own once a record went unverified for two years past completion: no
    # update is posted, and every date of the record stays where it was.
    _status(study)["lastKnownStatus"] = _status(study)["overallStatus"]
    _status(study)["overallStatus"] = "UNKNOWN"


def _suspend_perioperative(study: JsonObject) -> None:
    _posted(study, "2026-11-13", "2026-11-18")
    _status(study)["overallStatus"] = "SUSPENDED"
    _status(study)["whyStopped"] = "Sponsor decision, portfolio reprioritization; not related to safety"
    _site_statuses(study, None)


def _slip_cervical(study: JsonObject) -> None:
    _posted(study, "2026-11-12", "2026-11-18")
    _date(study, "primaryCompletion", "2029-01")
    _module(study, "protocolSection", "eligibilityModule")["minimumAge"] = "20 Years"


def _end_lung(study: JsonObject) -> None:
    _posted(study, "2026-11-10", "2026-11-18")
    _status(study)["overallStatus"] = "COMPLETED"
    _date(study, "primaryCompletion", "2026-10-20", "ACTUAL")
    _date(study, "completion", "2026-10-20", "ACTUAL")
    _enrollment(study, 38, "ACTUAL")


def _reword_maintenance(study: JsonObject) -> None:
    _posted(study, "2026-11-11", "2026-11-18")
    _criterion(study, "Prior systemic therapy", "Prior systemic therapy, unless completed over 6 months ago")
    _add_sites(study, site("Clear Spring Cancer Hospital", "Nanjing"))


_STORY: tuple[tuple[str, str, Mapping[str, Amendment]], ...] = (
    ("2026-09-01T09:00:05", "Six trials of one drug are put on the watch list.", {}),
    (
        "2026-09-16T09:00:05",
        "One trial is widened and will read out later; another gets a new telephone desk.",
        {PERIOPERATIVE: _widen_perioperative, LIVER: _tidy_liver},
    ),
    ("2026-09-30T09:00:05", "The registry re-stamps every record. Nothing has changed.", {}),
    (
        "2026-10-14T09:00:05",
        "A primary outcome is added in mid-trial; a trial opens; the registry gives one up as unknown.",
        {PERIOPERATIVE: _switch_perioperative, CERVICAL: _open_cervical, GASTRIC: _lapse_gastric},
    ),
    (
        "2026-11-18T09:00:05",
        "A trial is suspended, one ends far too small, one slips again, one is re-worded.",
        {
            PERIOPERATIVE: _suspend_perioperative,
            CERVICAL: _slip_cervical,
            LUNG: _end_lung,
            STOMACH_MAINTENANCE: _reword_maintenance,
        },
    ),
)
