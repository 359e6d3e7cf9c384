"""The page of a trial: what it is, how its dates and enrollment moved, and its stories, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import orjson
from starlette.requests import Request

from monitor import registries
from monitor.core.catalogue import CATEGORIES
from monitor.core.change import LEVELS
from monitor.core.course import Stage, chart
from monitor.core.links import trial_path
from monitor.core.phrases import SOURCES, clean, clip, day_words, phase_words, plural
from monitor.core.record import Dated, TrialId, TrialRecord, to_json
from monitor.core.recorded import RecordedChange
from monitor.core.sentences.words import capital, status, word
from monitor.core.versions import effective
from monitor.core.watching import Snapshot, TrialState
from monitor.pipeline import lookups
from monitor.store import DroppedError
from monitor.web import asking, charts, stories
from monitor.web.site import Site

CHANGES = 300
"""Read for one page of stories."""
_ROWS = 400
"""Versions in the table that says what the drawing shows."""


@dataclass(frozen=True, slots=True)
class VersionTold:
    """All that one version brought."""

    name: str
    day: str
    number: str
    """The trial's number where it had another one then."""
    origin: str
    compare: str
    at_registry: str
    """Where the registry itself shows the two versions; empty where it does not."""
    stories: tuple[stories.Told, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One version in the table beside the drawing."""

    name: str
    day: str
    status: str
    start: str
    primary: str
    completion: str
    enrollment: str


def values(site: Site, request: Request, trial: TrialId) -> dict[str, object]:
    """What the page shows; NotWatchedError where nothing is known of the trial."""
    store = site.store
    state = lookups.known_trial(store, trial)
    former = store.former_numbers(trial)
    held = lookups.versions(store, trial)
    stages, dropped = site.course(held)
    course = chart([one for _, one in stages])
    versions, older = _stories(site, request, state, former)
    return {
        **about(state),
        "since": day_words(effective(held[0])) if held else "",
        "versions_held": plural(len(held), "version") if held else "",
        "former": [one.id for one in former],
        "doubles": [(one.id, trial_path(one)) for one in store.double_registrations(trial)],
        "slips": charts.slips(course, site.now.date()) if stages else None,
        "enrollment": charts.enrollment(course) if stages else None,
        "rows": [_row(snapshot, one) for snapshot, one in reversed(stages[-_ROWS:])],
        "dropped": dropped,
        "facts": list(_facts(site, state, held[-1])) if held else [],
        "versions": versions,
        "older": older,
        "level": asking.level(request) or "minor",
        "levels": LEVELS,
        "category": asking.one(request, "category") or "",
        "categories": CATEGORIES,
        "since_day": asking.one(request, "since") or "",
        "comparable": len(held) > 1,
    }


def about(state: TrialState) -> dict[str, object]:
    """What every page about a trial begins with."""
    trial = state.trial
    label = SOURCES[trial.registry].label if trial.registry in SOURCES else trial.registry
    parts = (phase_words(state.phases), clip(state.sponsor or "", 120))
    return {
        "trial": trial,
        "address": trial_path(trial),
        "title": clip(state.title, 300) or trial.id,
        "status": status(state.overall_status) if state.overall_status else "",
        "context": " · ".join(part for part in parts if part),
        "presence": _presence(state),
        "registry_url": registries.reader(trial.registry).url(trial),
        "registry_label": label,
    }


def _presence(state: TrialState) -> str:
    """What became of it, where it is not simply there."""
    match state.presence:
        case "present":
            return ""
        case "unseen":
            return "It was not read yet: the next poll reads it."
        case "absent":
            return f"Missing at the registry since its data of {state.absent_since}."
        case "gone":
            return f"Gone from the registry since its data of {state.absent_since}."
        case "renamed":
            return f"The registry has merged it into {state.renamed_to}."
        case "unknown":
            return "The registry has no such trial."


def _stories(
    site: Site, request: Request, state: TrialState, former: Sequence[TrialId]
) -> tuple[list[VersionTold], str]:
    """A page of stories by version, and the cursor of the next one."""
    store = site.store
    query = asking.changes(request, site.now, (state.trial, *former))
    query = replace(
        query,
        min_significance=query.min_significance or "minor",
        before=asking.cursor(request),
        limit=CHANGES + 1,
    )
    found = store.changes(query)
    older = ""
    if len(found) > CHANGES:
        found = _whole_versions(found[:CHANGES])
        older = asking.cursor_of(found[-1])
    findings = store.findings_over(change.id for change in found)
    states = [state, *(held.state for held in store.latest(former).values())]
    limits = stories.WHOLE if query.min_significance == "noise" else stories.LIMITS
    told = stories.told(states, found, findings, limits)
    return list(_by_version(told, state.trial)), older


def _whole_versions(found: Sequence[RecordedChange]) -> tuple[RecordedChange, ...]:
    """Without the last version, which may be cut, unless it is the only one."""
    last = found[-1].trial, found[-1].stamp.snapshot_to
    whole = tuple(one for one in found if (one.trial, one.stamp.snapshot_to) != last)
    return whole or tuple(found)


def _by_version(told: Sequence[stories.Told], trial: TrialId) -> Iterator[VersionTold]:
    for (_, number, *_rest), group in groupby(told, key=lambda one: (one.place, one.trial.id, one.version)):
        inside = sorted(group, key=lambda one: LEVELS.index(one.level))
        first = inside[0]
        other = number if number != trial.id else ""
        there = next((one.entry.compare_url for one in inside if one.entry.compare_url), "")
        yield VersionTold(first.version, first.day, other, first.origin, first.compare, there, tuple(inside))


def _row(snapshot: Snapshot, one: Stage) -> Row:
    start, primary, completion = (_dated(dated) for dated in one.dates.values())
    counted = one.enrollment
    kind = "" if counted is None else " actual" if counted.type == "ACTUAL" else " planned"
    return Row(
        name=one.name,
        day=day_words(effective(snapshot)),
        status=status(one.status) if one.status else "",
        start=start,
        primary=primary,
        completion=completion,
        enrollment="" if counted is None else f"{counted.count:,}{kind}",
    )


def _dated(dated: Dated | None) -> str:
    if dated is None:
        return ""
    return day_words(dated.date) + (f" ({dated.type.lower()})" if dated.type else "")


def _facts(site: Site, state: TrialState, latest: Snapshot) -> Iterator[tuple[str, str]]:
    """The facts a reader decides by, in the registry's words."""
    try:
        body = site.store.body(state.trial, latest.seq)
    except DroppedError:
        return
    record = registries.reader(state.trial.registry).normalize(orjson.loads(body))
    enrolled = record.number("design.enrollmentCount")
    kind = "actual" if record.word("design.enrollmentType") == "ACTUAL" else "planned"
    for name, told in (
        ("Why stopped", _text(record, "status.whyStopped")),
        ("Study type", capital(word(record.word("design.studyType") or ""))),
        ("Enrollment", "" if enrolled is None else f"{enrolled:,} {kind}"),
        ("Conditions", _items(record, "conditions.conditions", "name")),
        ("Start", _dated(record.dated("status.startDate"))),
        ("Primary completion", _dated(record.dated("status.primaryCompletionDate"))),
        ("Study completion", _dated(record.dated("status.completionDate"))),
        ("Primary outcome", _items(record, "outcomes.primary", "measure")),
        ("Interventions", _items(record, "armsInterventions.interventions", "name")),
        ("Sites", _sites(record)),
        ("Results posted", _dated(record.dated("status.resultsFirstPostDate"))),
        ("Last update posted", _dated(record.dated("status.lastUpdatePostDate"))),
    ):
        if told:
            yield name, told


def _text(record: TrialRecord, field: str) -> str:
    value = record.get(field)
    return "" if value is None else clip(str(to_json(value)), 400)


def _items(record: TrialRecord, field: str, name: str) -> str:
    """The items of a list by name, some of them."""
    parts = [to_json(item) for item in record.items(field).values()]
    names = [clip(str(part.get(name) or ""), 200) for part in parts if isinstance(part, dict)]
    shown = [one for one in names if one]
    rest = len(shown) - 4
    return "; ".join(shown[:4]) + (f"; and {rest} more" if rest > 0 else "")


def _sites(record: TrialRecord) -> str:
    parts = [to_json(item) for item in record.items("locations").values()]
    countries = sorted(
        {clean(str(one.get("country") or "")) for one in parts if isinstance(one, dict)} - {""}
    )
    where = ", ".join(countries[:5]) + (f" and {len(countries) - 5} more" if len(countries) > 5 else "")
    return f"{plural(len(parts), 'site')}" + (f" in {where}" if where else "") if parts else ""
