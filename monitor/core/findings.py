"""Findings: the changes of one version told as stories (rules, "Findings").

Changes are told by subject: status, dates, enrollment, outcomes, eligibility, design, sites, results,
sponsor, record. A move of the status takes dates and enrollment into its story; a record hidden or shown
takes everything. What is noise goes into one quiet story, wiped site statuses aside. Every change is in
exactly one story, and a story weighs at least what its worst change does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.core.change import LEVELS, Change, Finding, Significance
from monitor.core.headlines import first_sight_line, headline
from monitor.core.record import JsonObject
from monitor.core.remarks import gap, remarks
from monitor.core.revisions import first_posting, first_posting_line, sums
from monitor.core.rollups import SITES, RollUp, SiteTally, site_roll_ups, slip_roll_up, tally_sites, wipe_line
from monitor.core.rules import FIRST_SIGHT
from monitor.core.scene import PRIMARY_COMPLETION, Scene
from monitor.core.weight import circumstances, weigh

QUIET = "admin"
"""The kind of the story that holds what is noise and nothing else."""
ORDER = (
    "status",
    "dates",
    "enrollment",
    "results",
    "outcomes",
    "eligibility",
    "design",
    "sponsor",
    "sites",
    "record",
    QUIET,
)
_KINDS = {
    "status": "status",
    "dates": "dates",
    "enrollment": "enrollment",
    "eligibility": "eligibility",
    "outcomes": "outcomes",
    "arms": "design",
    "design": "design",
    "sites": "sites",
    "sponsor": "sponsor",
    "results": "results",
}
_TAKEN_BY_STATUS = ("dates", "enrollment")
_ABOUT_RESULTS = frozenset({"C3", "C13", "M12", "M13", "M19"})


def tell(scene: Scene, changes: Sequence[Change]) -> tuple[Finding, ...]:
    """The stories of one version, worst first."""
    groups = _grouped(scene, changes)
    told_first = next((kind for kind in ORDER if kind in groups), QUIET)
    there = {*groups, *map(_kind, changes)}
    said = [(about if about in there else told_first, sentence) for about, sentence in remarks(scene)]
    if said and groups.keys() == {QUIET}:
        # What the record contradicts itself in is worth a line, though nothing else in the version is.
        groups, said = {"record": groups[QUIET]}, [("record", sentence) for _, sentence in said]
    if told_first in ("status", *_TAKEN_BY_STATUS) and (between := gap(scene)):
        said.append((told_first, between))
    found = [_finding(kind, scene, changes, members, said) for kind, members in groups.items()]
    return tuple(
        sorted(found, key=lambda finding: (LEVELS.index(finding.significance), ORDER.index(finding.kind)))
    )


def first_sight(scene: Scene) -> Finding:
    """The one story of a record seen for the first time."""
    return Finding(
        kind="baseline",
        headline=first_sight_line(scene.after),
        significance=FIRST_SIGHT.level,
        rule=FIRST_SIGHT.id,
        members=tuple(range(len(scene.deltas))),
    )


def _grouped(scene: Scene, changes: Sequence[Change]) -> Mapping[str, Sequence[int]]:
    groups: dict[str, list[int]] = {}
    for index, change in enumerate(changes):
        groups.setdefault(_kind(change), []).append(index)
    if scene.veil is not None and changes:
        return {"status": range(len(changes))}
    sites = groups.get("sites", [])
    only_wiped = bool(sites) and all(changes[index].rule == "n7" for index in sites)
    status_moved = scene.status_move is not None and scene.status != "UNKNOWN"
    taken = (*_TAKEN_BY_STATUS, "sites") if only_wiped else _TAKEN_BY_STATUS
    if status_moved:
        for kind in taken:
            groups.setdefault("status", []).extend(groups.pop(kind, []))
    elif only_wiped:
        groups.setdefault(QUIET, []).extend(groups.pop("sites"))
    return {kind: sorted(members) for kind, members in groups.items() if members}


def _kind(change: Change) -> str:
    if change.significance == "noise" and change.rule != "n7":
        return QUIET
    if change.rule in _ABOUT_RESULTS:
        return "results"
    if change.field == "identification.organization":
        return "sponsor"
    return _KINDS.get(change.category, "record")


def _finding(
    kind: str,
    scene: Scene,
    changes: Sequence[Change],
    indices: Sequence[int],
    said: Sequence[tuple[str, str]],
) -> Finding:
    members = [changes[index] for index in indices]
    has_sites = kind != QUIET and scene.veil is None and any(change.field == SITES for change in members)
    tally = tally_sites(scene, members) if has_sites else None
    quiet = all(change.significance == "noise" for change in members)
    roll_ups = _contradicted(kind, said) if quiet else _roll_ups(kind, scene, members, tally)
    level, rule = _worst(scene, members, roll_ups)
    facts: JsonObject = {**tally.facts} if tally else {}
    if kind == "results":
        facts |= _of_results(scene)
    if roll_ups:
        facts["roll_ups"] = {roll_up.rule: roll_up.reason for roll_up in roll_ups}
    return Finding(
        kind=kind,
        headline=_headline(kind, scene, members, tally, said if quiet else ()),
        significance=level,
        rule=rule,
        members=tuple(indices),
        details=tuple(_details(kind, scene, members, said, tally, roll_ups)),
        facts=facts,
    )


def _headline(
    kind: str,
    scene: Scene,
    members: Sequence[Change],
    tally: SiteTally | None,
    said: Sequence[tuple[str, str]],
) -> str:
    if kind == QUIET:
        return _quiet_headline(members)
    return next((sentence for about, sentence in said if about == kind), "") or headline(
        kind, scene, members, tally
    )


def _contradicted(kind: str, said: Sequence[tuple[str, str]]) -> tuple[RollUp, ...]:
    """m18, where a story of noise holds a contradiction and nothing louder."""
    sentences = [sentence for about, sentence in said if about == kind]
    return (RollUp("m18", sentences[0]),) if sentences and kind != QUIET else ()


def _of_results(scene: Scene) -> JsonObject:
    """`sums`, by module of posted results; `posted`, what a first posting holds."""
    if scene.results_new:
        posted = first_posting(scene)
        return {"posted": posted} if posted else {}
    told = sums(scene)
    return {"sums": {**told}} if told else {}


def _roll_ups(
    kind: str, scene: Scene, members: Sequence[Change], tally: SiteTally | None
) -> tuple[RollUp, ...]:
    dated = kind != QUIET and any(change.field == PRIMARY_COMPLETION for change in members)
    return (slip_roll_up(scene) if dated else ()) + (site_roll_ups(scene, tally) if tally else ())


def _details(
    kind: str,
    scene: Scene,
    members: Sequence[Change],
    said: Sequence[tuple[str, str]],
    tally: SiteTally | None,
    roll_ups: Sequence[RollUp],
) -> Iterator[str]:
    """Sentences that belong to the story and to no single change."""
    if kind == QUIET:
        return
    if kind == "results":
        line = first_posting_line(first_posting(scene)) if scene.results_new else ""
        yield from (line,) if line else sums(scene).values()
    if said:
        kinds = {kind, *(_kind(change) for change in members)}
        yield from dict.fromkeys(sentence for about, sentence in said if about in kinds)
    if tally and tally.wiped and not _only_wiped(members):
        closed = " (recruitment closed)" if scene.status == "ACTIVE_NOT_RECRUITING" else ""
        yield f"{wipe_line(tally)}{closed}."
    yield from (_sentence(roll_up) for roll_up in roll_ups if roll_up.rule == "M16" and _adds_up(members))


def _adds_up(members: Sequence[Change]) -> bool:
    """Does the sum of moves say more than the move's own sentence does?"""
    moves = [change for change in members if change.field == PRIMARY_COMPLETION]
    return not any(change.facts.get("slips") == 1 or " in all." in change.summary for change in moves)


def _only_wiped(members: Sequence[Change]) -> bool:
    return all(change.rule == "n7" for change in members)


def _sentence(roll_up: RollUp) -> str:
    told = roll_up.reason.partition(" (threshold")[0]
    return f"{told[:1].upper()}{told[1:]}."


def _worst(scene: Scene, members: Sequence[Change], roll_ups: Sequence[RollUp]) -> tuple[Significance, str]:
    weighed = {(change.significance, change.rule) for change in members}
    shifts = circumstances(scene) if roll_ups else ()
    weighed |= {(weigh(roll_up.rule, scene.rules, shifts)[0], roll_up.rule) for roll_up in roll_ups}
    return min(weighed, key=lambda pair: (LEVELS.index(pair[0]), scene.rules.rank(pair[1])))


def _quiet_headline(members: Sequence[Change]) -> str:
    if len(members) == 1:
        return members[0].summary
    return f"{len(members)} administrative changes"
