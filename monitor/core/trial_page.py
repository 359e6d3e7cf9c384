"""A trial's record as a page: front matter, key facts, and what changed lately.

It tells the record, field by field, in the registry's own words and values: no summary, no judgement. Values
are plain text here; escaping is the form's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from monitor.core.phrases import SOURCES, clean
from monitor.core.record import Json, TrialRecord, to_json
from monitor.core.recorded import RecordedChange, isoformat
from monitor.core.watching import Snapshot

RECENT = 100
"""Field changes listed at most, newest first."""


@dataclass(frozen=True, slots=True)
class TrialPage:
    """Everything a template needs."""

    title: str
    front: tuple[tuple[str, str], ...]
    official_title: str
    number: str
    url: str
    facts: tuple[tuple[str, str], ...]
    summary: str
    eligibility: tuple[tuple[str, str], ...]
    criteria: str
    arms: tuple[str, ...]
    interventions: tuple[str, ...]
    outcomes: tuple[tuple[str, tuple[str, ...]], ...]
    sites: tuple[str, ...]
    changes: tuple[tuple[str, str, str, str], ...]
    """Path, operation, day and sentence."""
    more_changes: int
    source: str


def trial_page(
    record: TrialRecord,
    snapshot: Snapshot,
    changes: Sequence[RecordedChange],
    *,
    url: str,
    source: str,
) -> TrialPage:
    """Lay out a record as of `snapshot`, with its `changes` newest first."""
    read = _Reader(record)
    title = read.text("identification.briefTitle") or snapshot.title
    return TrialPage(
        title=title,
        front=tuple(_front(read, snapshot, title, url, source)),
        official_title=read.text("identification.officialTitle"),
        number=record.trial.id,
        url=url,
        facts=tuple((name, value) for name, field in _FACTS if (value := read.text(field))),
        summary=read.lines("description.briefSummary"),
        eligibility=tuple((name, value) for name, field in _ELIGIBILITY if (value := read.text(field))),
        criteria=read.criteria(),
        arms=tuple(read.items("armsInterventions.arms", "label", "type", "description")),
        interventions=tuple(read.items("armsInterventions.interventions", "name", "type", "description")),
        outcomes=tuple(
            (name, items)
            for name, field in _OUTCOMES
            if (items := tuple(read.items(field, "measure", "timeFrame", "description")))
        ),
        sites=tuple(read.sites()),
        changes=tuple(
            (change_path(c), str(c.body["op"]), _day(c), clean(c.summary)) for c in islice(changes, RECENT)
        ),
        more_changes=max(0, len(changes) - RECENT),
        source=source,
    )


def change_path(change: RecordedChange) -> str:
    """Field, key and part joined with dots, for people (contract section 2)."""
    return clean(str(change.body.get("path") or change.field))


_FACTS = (
    ("Status", "status.overallStatus"),
    ("Why stopped", "status.whyStopped"),
    ("Phase", "design.phases"),
    ("Study type", "design.studyType"),
    ("Enrollment", "design.enrollmentCount"),
    ("Lead sponsor", "sponsor.lead"),
    ("Conditions", "conditions.conditions"),
    ("Start", "status.startDate"),
    ("Primary completion", "status.primaryCompletionDate"),
    ("Completion", "status.completionDate"),
    ("Last update posted", "status.lastUpdatePostDate"),
)
_ELIGIBILITY = (
    ("Minimum age", "eligibility.minAge"),
    ("Maximum age", "eligibility.maxAge"),
    ("Sex", "eligibility.sex"),
    ("Healthy volunteers", "eligibility.healthyVolunteers"),
)
_OUTCOMES = (
    ("Primary outcomes", "outcomes.primary"),
    ("Secondary outcomes", "outcomes.secondary"),
    ("Other outcomes", "outcomes.other"),
)


def _front(read: _Reader, snapshot: Snapshot, title: str, url: str, source: str) -> Iterator[tuple[str, str]]:
    yield "title", title
    trial = read.record.trial
    yield SOURCES[trial.registry].number if trial.registry in SOURCES else "trial_id", trial.id
    for name, field in (
        ("overall_status", "status.overallStatus"),
        ("phase", "design.phases"),
        ("sponsor", "sponsor.lead"),
        ("study_type", "design.studyType"),
        ("conditions", "conditions.conditions"),
    ):
        if value := read.text(field):
            yield name, value
    if posted := read.record.dated("status.lastUpdatePostDate"):
        yield "last_update_post_date", str(posted.date)
    if countries := read.countries():
        yield "countries", ", ".join(countries)
    yield "registry_url", url
    yield "source", source
    yield "snapshot", f"s{snapshot.seq}"
    if snapshot.version is not None:
        yield "version", str(snapshot.version)
    if snapshot.data_version:
        yield "data_version", snapshot.data_version
    yield "observed_at", isoformat(snapshot.observed_at)


def _day(change: RecordedChange) -> str:
    return change.stamp.posted_on or isoformat(change.stamp.observed_at)[:10]


class _Reader:
    """A record's values as plain text."""

    def __init__(self, record: TrialRecord) -> None:
        self.record = record

    def text(self, field: str) -> str:
        """A field in one line; empty where it is absent."""
        value = self.record.get(field)
        return "" if value is None else clean(_plain(to_json(value)))

    def lines(self, field: str) -> str:
        """A long text with its paragraphs."""
        value = self.record.get(field)
        text = "" if value is None else _plain(to_json(value))
        return "\n\n".join(clean(paragraph) for paragraph in text.split("\n\n") if clean(paragraph))

    def items(self, field: str, name: str, kind: str, description: str) -> Iterator[str]:
        """The items of a collection, one line each."""
        for item in self.record.items(field).values():
            parts = to_json(item)
            if isinstance(parts, dict):
                told = clean(_plain(parts.get(name)))
                about = clean(_plain(parts.get(kind)))
                more = clean(_plain(parts.get(description)))
                yield told + (f" ({about})" if about else "") + (f": {more}" if more else "")

    def sites(self) -> Iterator[str]:
        """Facility, city, state, country and status of each site."""
        for item in self.record.items("locations").values():
            parts = to_json(item)
            if isinstance(parts, dict):
                where = [clean(_plain(parts.get(part))) for part in ("facility", "city", "state", "country")]
                status = clean(_plain(parts.get("status")))
                yield ", ".join(part for part in where if part) + (f" ({status})" if status else "")

    def countries(self) -> list[str]:
        """The countries of the sites, in order of the alphabet."""
        sites = (to_json(item) for item in self.record.items("locations").values())
        named = (clean(_plain(site.get("country"))) for site in sites if isinstance(site, dict))
        return sorted({country for country in named if country})

    def criteria(self) -> str:
        """The eligibility criteria, one a line under their section."""
        sections: dict[str, list[str]] = {}
        for item in self.record.items("eligibility.criteria").values():
            parts = to_json(item)
            if isinstance(parts, dict):
                section = _plain(parts.get("section"))
                sections.setdefault(section, []).append(clean(_plain(parts.get("text"))))
        told = (
            (f"{section.capitalize()}:\n" if section else "") + "\n".join(f"* {line}" for line in lines)
            for section, lines in sections.items()
        )
        return "\n\n".join(told) or self.lines("eligibility.criteria")


def _plain(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case {"date": str(when), **rest}:
            kind = rest.get("type")
            return f"{when} ({str(kind).lower()})" if kind else when
        case {"name": str(name), **_rest}:
            return name
        case dict():
            return ", ".join(text for part in value.values() if (text := _plain(part)))
        case list():
            return ", ".join(text for part in value if (text := _plain(part)))
    return str(value)
