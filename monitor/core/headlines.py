"""The first line of a story: what an analyst must know if nothing else is read.

A story of one change is told by that change's own sentence; these are the headlines of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from monitor.core.change import LEVELS, Change
from monitor.core.eligibility_headline import eligibility_headline
from monitor.core.fits.dates import kind_of_move
from monitor.core.fits.outcomes import PRIMARY
from monitor.core.fits.status import changed_beside_reopening
from monitor.core.phrases import phase_words
from monitor.core.record import Dated, TrialRecord
from monitor.core.revisions import sums, weight
from monitor.core.rollups import SiteTally, site_headline
from monitor.core.rule import RuleTable
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, STOPPED, Case, Scene, shown
from monitor.core.sentences.outcomes import brief, re_timed, timing_words
from monitor.core.sentences.results import UNTOLD
from monitor.core.sentences.words import (
    STOPS,
    capital,
    changed_words,
    in_country,
    listing,
    moved,
    quoted,
    status,
    when,
    word,
)

_LINKS = frozenset({"interventionNames", "armGroupLabels"})
"""Parts that repeat the names of other items."""
_ROOM = 150
"""Characters that two sentences may take in one headline."""
_DATES = {PRIMARY_COMPLETION: "primary completion", COMPLETION: "study completion", START: "start"}
_THINGS = {
    "outcomes": "of outcomes",
    "eligibility": "of eligibility",
    "design": "of arms and design",
    "results": "about results",
    "sponsor": "of the sponsor",
    "record": "",
}


def headline(kind: str, scene: Scene, members: Sequence[Change], tally: SiteTally | None = None) -> str:
    """The headline of a story of this kind over these changes, noise left out; `tally` counts its sites."""
    loud = [change for change in members if change.significance != "noise"] or list(members)
    if kind == "status":
        return _status(scene, loud)
    if tally and kind == "sites" and len(loud) != 1:
        return capital(site_headline(tally))
    if len(loud) == 1:
        return loud[0].summary.rstrip(".") + _of_countries(tally) if tally else loud[0].summary
    lead = worst_first(loud, scene.rules)
    if lead[0].rule == "C3":
        return lead[0].summary
    match kind:
        case "dates":
            return _dates(scene, lead)
        case "enrollment":
            return next((c for c in lead if c.field == "design.enrollmentCount"), lead[0]).summary
        case "outcomes":
            return _outcomes(scene, lead)
        case "results":
            return _results(scene, lead)
        case "eligibility":
            return eligibility_headline(scene, lead)
    return _told(lead, _THINGS.get(kind, ""))


def _of_countries(tally: SiteTally) -> str:
    """What one site makes of a country, to end its sentence: `; first in the Netherlands.`"""
    gained, lost = listing(map(in_country, tally.gained)), listing(map(in_country, tally.lost), last="or")
    return f"{f'; first in {gained}' if gained else ''}{f'; no site left in {lost}' if lost else ''}."


def worst_first(changes: Sequence[Change], rules: RuleTable) -> list[Change]:
    """By level, then by the table's order; what names another item of the record comes after that item."""
    return sorted(
        changes,
        key=lambda change: (
            LEVELS.index(change.significance),
            rules.rank(change.rule),
            change.delta.part in _LINKS,
        ),
    )


def first_sight_line(record: TrialRecord) -> str:
    """`Now watching NCT0…: Phase 2, recruiting, 90 planned, completes Dec 2031 (17 fields)`."""
    state, count = record.word("status.overallStatus"), record.number("design.enrollmentCount")
    done = record.dated(COMPLETION) or record.dated(PRIMARY_COMPLETION)
    planned = "enrolled" if record.word("design.enrollmentType") == "ACTUAL" else "planned"
    parts = [
        phase_words(sorted(record.words("design.phases"))),
        word(state) if state else "",
        f"{count:,} {planned}" if count is not None else "",
        f"{'completed' if done.type == 'ACTUAL' else 'completes'} {when(done)}" if done else "",
    ]
    fields = len(record.fields)
    told = ", ".join(part for part in parts if part)
    return f"Now watching {record.trial}: {told} ({fields} field{'' if fields == 1 else 's'})"


def _status(scene: Scene, loud: Sequence[Change]) -> str:
    move = scene.status_move
    if move is None or scene.veil or move[1] == "UNKNOWN" or (len(loud) == 1 and not scene.stopping):
        lead = worst_first(loud, scene.rules)
        return lead[0].summary if move else _told(lead, "of status")
    old, new = move
    enrolled = _enrolled(scene)
    if new in STOPPED:
        reason = scene.after.word("status.whyStopped")
        told = f"; reason given: {quoted(reason, 120)}" if reason else "; no reason given"
        return f"{STOPS[new]}{enrolled}{told}{_shifts(scene)}"
    if new == "COMPLETED":
        return f"Completed{enrolled}{_shifts(scene)}"
    beside = changed_beside_reopening(scene) if (old, new) == ("ACTIVE_NOT_RECRUITING", "RECRUITING") else ()
    if beside:
        return f"Reopened to recruitment, with {listing(beside)} changed{_shifts(scene)}"
    resumed = "Resumed: " if old in STOPPED else ""
    with_them = f",{enrolled}" if enrolled else ""
    return f"{resumed}{status(old)} → {status(new)}{with_them}{_shifts(scene)}"


def _enrolled(scene: Scene) -> str:
    """` with 7 of 40 enrolled`, as far as the two versions tell."""
    old, new = scene.enrollments
    if new is None or new.type != "ACTUAL":
        return ""
    planned = f" of {old.count:,}" if old and old.type == "ESTIMATED" else ""
    if new.count == 0 and scene.status == "WITHDRAWN":
        return f" before anyone enrolled{f' ({old.count:,} planned)' if planned and old else ''}"
    return f" with {new.count:,}{planned} enrolled"


def _shifts(scene: Scene) -> str:
    """`; primary completion 7 months later`, for plans that moved by months."""
    told = []
    for name in (PRIMARY_COMPLETION, START):
        for delta in scene.by_field.get(name, ()):
            case = Case(delta, scene)
            far = case.slip is not None and abs(case.slip) >= scene.rules.limit("M2", "threshold_days")
            confirmed = isinstance(delta.new, Dated) and delta.new.type == "ACTUAL"
            if far and not (name == START and confirmed):
                than = " than estimated" if kind_of_move(case) == "confirmed" else ""
                told.append(f"; {_DATES[name]} {moved(case.slip or 0)}{than}")
    return "".join(told)


def _dates(scene: Scene, lead: Sequence[Change]) -> str:
    slips = {change.field: Case(change.delta, scene).slip for change in lead}
    primary, study = slips.get(PRIMARY_COMPLETION), slips.get(COMPLETION)
    first = next((change for change in lead if change.field == PRIMARY_COMPLETION), lead[0])
    if LEVELS.index(first.significance) > LEVELS.index(lead[0].significance):
        first = lead[0]
    rest = [_DATES[c.field] + _short(Case(c.delta, scene)) for c in lead if c is not first]
    together = primary and study and abs(primary - study) <= scene.rules.limit("M4", "fold_days")
    if together and first.field == PRIMARY_COMPLETION:
        rest = [f"{text}, too" if text.startswith("study") else text for text in rest]
    return "; ".join([first.summary.partition(". ")[0].rstrip("."), *rest])


def _short(case: Case) -> str:
    """What became of a date told second, in a few words."""
    kind, slip = kind_of_move(case), case.slip
    match kind:
        case "given":
            return " given"
        case "removed":
            return " no longer given"
        case "reopened":
            return " estimated again"
        case "refined" | "coarsened":
            precision = case.delta.new.date.precision if isinstance(case.delta.new, Dated) else ""
            return f" given to the {precision}{' only' if kind == 'coarsened' else ''}"
    if not slip:
        return " confirmed" if kind == "confirmed" else " of another type"
    return f" {moved(slip)}{' (actual)' if kind in ('confirmed', 'corrected') else ''}"


def _outcomes(scene: Scene, lead: Sequence[Change]) -> str:
    telling = [change for change in lead if not change.facts.get("told_with")] or list(lead)
    switched = [change for change in telling if _switch(change)]
    ops = Counter(_switch(change) for change in switched)
    when_ = timing_words(scene)
    if ops == {"added": 1, "removed": 1}:
        names = {change.delta.op: _measure(change) for change in switched}
        names_told = changed_words(names["removed"], names["added"])
        return _and_more(f"Primary outcome replaced {when_}: {names_told}", len(telling) - 2, "of outcomes")
    if len(switched) > 1:
        told = ", ".join(f"{number} {what}" for what, number in ops.items())
        return _and_more(f"Primary outcomes {when_}: {told}", len(telling) - len(switched), "of outcomes")
    first, rest = telling[0], telling[1:]
    if alike := first.facts.get("same_shift"):
        told = f"Time frames of {alike} outcomes{re_timed(shown(first.delta.old), shown(first.delta.new))}"
        return _and_more(told.rstrip("."), len(rest), "of outcomes")
    if not rest:
        return brief(Case(first.delta, scene))
    told_first = [replace(change, summary=brief(Case(change.delta, scene))) for change in telling]
    return _told(told_first, "of outcomes")


def _results(scene: Scene, lead: Sequence[Change]) -> str:
    """Of what was revised the worst: a module's sum, where its differences are told as one."""
    summed = sums(scene)
    told: dict[str, tuple[tuple[int, ...], int]] = {}
    telling = [change for change in lead if not change.facts.get("told_with")] or list(lead)
    for change in telling:
        sentence = summed.get(change.field, "") if change.facts.get("summed") else change.summary
        level = LEVELS.index(change.significance)
        first = (level, int(change.rule != "M13"), *weight(Case(change.delta, scene)))
        known = told.get(sentence)
        told[sentence] = (min(first, known[0]), known[1] + 1) if known else (first, 1)
    if len(told) <= 2 and not summed:
        return _told(telling, "about results")
    worst, (_, number) = min(told.items(), key=lambda entry: (entry[1][0], entry[0]))
    return _and_more(worst, sum(count for _, count in told.values()) - number, "about results")


def _switch(change: Change) -> str:
    """How the change alters the set of primary outcomes; empty where it does not."""
    delta = change.delta
    if delta.at:
        return ""
    if delta.op == "moved":
        if delta.field == PRIMARY:
            return f"moved up from {(delta.from_field or '').rpartition('.')[2]}"
        return f"moved to {delta.field.rpartition('.')[2]}" if delta.from_field == PRIMARY else ""
    return delta.op if delta.field == PRIMARY else ""


def _measure(change: Change) -> str:
    item = change.delta.old if change.delta.new is None else change.delta.new
    return shown(item.get("measure")) if isinstance(item, Mapping) else ""


def _told(lead: Sequence[Change], of: str) -> str:
    """The worst sentence first; a second one beside it if there is room, more are counted."""
    telling = [change for change in lead if not change.facts.get("told_with")] or lead
    sentences = list(dict.fromkeys(change.summary for change in telling))
    sentences.sort(key=UNTOLD.__eq__)
    first, rest = sentences[0], sentences[1:]
    if len(rest) == 1 and len(first) + len(rest[0]) <= _ROOM:
        second = rest[0].rstrip(".")
        return f"{first.rstrip('.')}; {second[:1].lower() if _is_word(second) else second[:1]}{second[1:]}"
    return _and_more(first, len(rest), of)


def _is_word(sentence: str) -> bool:
    """Does it begin with an ordinary word, that may lose its capital within a sentence?"""
    first = sentence.split(" ", 1)[0]
    return first[1:].islower()


def _and_more(sentence: str, more: int, of: str) -> str:
    if more <= 0:
        return sentence
    changes = f"{more} more change{'' if more == 1 else 's'}"
    return f"{sentence.rstrip('.')}; and {changes} {of}".rstrip()
