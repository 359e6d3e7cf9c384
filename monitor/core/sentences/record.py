"""Sentences about everything else: results, references, documents, sponsor, design, texts, identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.core.catalogue import field
from monitor.core.phrases import clip
from monitor.core.record import Dated, Items, Value
from monitor.core.scene import PRIMARY_COMPLETION, Case, shown
from monitor.core.sentences.words import (
    QUOTE,
    capital,
    changed_words,
    listing,
    moved,
    quoted,
    stretch,
    value_words,
    when,
    word,
)

_EU_NUMBER = re.compile(r"^20\d\d-5\d{5}-\d{2}(?:-\d{2})?$")
_ONE_OF = {
    "conditions.conditions": "Condition",
    "conditions.keywords": "Keyword",
    "sponsor.collaborators": "Collaborator",
    "contacts.central": "Central contact",
    "contacts.officials": "Official",
    "references.seeAlso": "Link",
    "references.availIpds": "Available patient data",
    "results.outcomeMeasures": "Outcome measure with results",
    "derived.conditionMesh": "Condition term",
    "derived.conditionAncestors": "Condition term above",
    "derived.interventionMesh": "Intervention term",
    "derived.interventionAncestors": "Intervention term above",
}
_NAME_PARTS = ("name", "title", "label", "filename", "term", "citation", "url", "id", "type")
_EVENTS = {
    "RELEASE": "Results submitted to the registry",
    "UNRELEASE": "Submitted results withdrawn",
    "RESET": "Submitted results returned to the sponsor",
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def has_results(case: Case) -> str:
    """Results came, or went."""
    if case.delta.new is not True:
        return "Results no longer posted."
    return _results(case, case.scene.after.dated("status.resultsFirstPostDate"))


def results_post_date(case: Case) -> str:
    """Results came, with their date."""
    new = case.delta.new
    return _results(case, new) if case.gives and isinstance(new, Dated) else plain(case)


def results_signal(case: Case) -> str:
    """Results or a certificate of delay were submitted or posted."""
    what = {
        "status.resultsFirstSubmitDate": "Results first submitted",
        "status.dispFirstSubmitDate": "Sponsor certified delay of results",
        "status.dispFirstPostDate": "Certificate of delay posted",
    }[case.delta.field]
    new = case.delta.new
    if not (case.gives and isinstance(new, Dated)):
        return plain(case)
    return f"{what}, {when(new)}{_after_completion(case, new)}."


def unposted_event(case: Case) -> str:
    """Results went to the registry, or came back."""
    if case.delta.at:
        return plain(case)
    kind, day = case.of_item("type"), value_words(case.item.get("date"))
    what = _EVENTS.get(kind, capital(word(kind)) or "An event of unposted results")
    before = len(
        [key for key in case.scene.after.items(case.delta.field).values() if shown(key.get("type")) == kind]
    )
    count = f" ({before} times so far)" if before > 1 and case.delta.op == "added" and kind in _EVENTS else ""
    gone = "No longer listed: " if case.delta.op == "removed" else ""
    return f"{gone}{what}, {day or 'date unknown'}{count}."


def submission_tracking(case: Case) -> str:
    """The registry's own account of submitted results."""
    if case.part != "submissionInfos":
        return plain(case)
    dates = {"releaseDate": "submitted", "resetDate": "returned", "unreleaseDate": "withdrawn"}
    entry = case.delta.new if isinstance(case.delta.new, Mapping) else {}
    told = [
        f"{what} {value_words(entry[name])}"
        for name, what in dates.items()
        if isinstance(entry.get(name), Dated)
    ]
    last = case.delta.at[-1]
    if not told and last in dates and case.delta.new is not None:
        told = [f"{dates[last]} {value_words(case.delta.new)}"]
    return (
        f"Registry's tracking of results: {listing(told)}."
        if told
        else "Registry's tracking of results changed."
    )


def violation(case: Case) -> str:
    """A notice of violation."""
    if case.delta.field == "oversight.fdaaa801Violation":
        return (
            "FDAAA 801 violation noted." if case.delta.new is True else "FDAAA 801 violation no longer noted."
        )
    kind, day = word(case.of_item("type")), value_words(case.item.get("issuedDate"))
    return f"FDAAA 801 notice {case.delta.op}: {kind or 'no type'}{f', {day}' if day else ''}."


def reference(case: Case) -> str:
    """A publication came, went or changed."""
    kind = {"DERIVED": "Publication (found by the registry)", "RESULT": "Publication of results"}.get(
        case.of_item("type"), "Background reference"
    )
    cited = quoted(case.of_item("citation") or f"PMID {case.of_item('pmid')}", 120)
    if case.part == "retractions":
        return (
            f"Retracted: {cited}." if case.delta.new is not None else f"Retraction no longer listed: {cited}."
        )
    if not case.delta.at:
        return f"{kind} {case.delta.op}: {cited}."
    if case.part == "type":
        return f"Reference {word(case.old) or 'without type'} → {word(case.new) or 'without type'}: {cited}."
    return f"{kind}, {case.part} changed: {cited}."


def document(case: Case) -> str:
    """A document came, went or changed."""
    name = case.of_item("label") or case.of_item("typeAbbrev") or case.of_item("filename")
    if not case.delta.at:
        return f"Document {case.delta.op}: {clip(name, QUOTE)}."
    return f"Document {clip(name, QUOTE)}, {_parts(case)}: {_from_to(case)}."


def secondary_id(case: Case) -> str:
    """Another registry's or authority's number."""
    number, kind = case.of_item("id"), word(case.of_item("type"))
    if case.delta.at:
        return plain(case)
    what = "EU trial number" if _EU_NUMBER.match(number) else "Other study number"
    return f"{what} {case.delta.op}: {number}{f' ({kind})' if kind else ''}."


def sponsor(case: Case) -> str:
    """The lead sponsor."""
    return f"Lead sponsor {clip(case.old, QUOTE) or 'not given'} → {clip(case.new, QUOTE) or 'not given'}."


def phases(case: Case) -> str:
    """The phase."""
    return f"{_phase(case.delta.old)} → {_phase(case.delta.new)}."


def removed_countries(case: Case) -> str:
    """Countries in which no site is left."""
    gone, back = _gained(case.delta.new, case.delta.old), _gained(case.delta.old, case.delta.new)
    told = [f"No site left in {listing(gone)}"] if gone else []
    told += [f"{listing(back)} no longer listed as left"] if back else []
    return f"{'; '.join(told)}." if told else "Removed countries changed."


def presence(case: Case) -> str:
    """The record went from the registry, or came back."""
    if case.delta.new == "gone":
        return "Record gone: the registry no longer has it."
    return "Record back in the registry."


def alias(case: Case) -> str:
    """The number was merged into another."""
    return (
        f"Registry number now {case.new} (was {case.old})."
        if case.old
        else f"Registry number now {case.new}."
    )


def plain(case: Case) -> str:
    """Any change, by its label and what differs."""
    delta = case.delta
    label = field(delta.field).label
    if delta.key is not None:
        thing = _ONE_OF.get(delta.field, label)
        name = clip(_name(case) or delta.key, 120)
        if not delta.at:
            verb = f"{delta.op} from {delta.from_field}" if delta.op == "moved" else delta.op
            return f"{thing} {verb}: {name}."
        return f"{thing} {name}, {_parts(case)}: {_from_to(case)}."
    if delta.at:
        return f"{label}, {_parts(case)}: {_from_to(case)}."
    if isinstance(delta.old, frozenset) and isinstance(delta.new, frozenset):
        return f"{label}: {_set_change(delta.old, delta.new)}."
    if delta.old is None:
        return f"{label} given{_tail(delta.new)}."
    if delta.new is None:
        return f"{label} no longer given{_tail(delta.old, 'was ')}."
    return f"{label}: {_from_to(case)}."


def _results(case: Case, posted: Dated | None) -> str:
    day = f" {when(posted)}" if posted else ""
    return f"Results posted{day}{_after_completion(case, posted)}."


def _after_completion(case: Case, day: Dated | None) -> str:
    done = case.scene.after.dated(PRIMARY_COMPLETION)
    if day is None or done is None or done.type == "ESTIMATED":
        return ""
    days = (day.date.midpoint - done.date.midpoint).days
    return (
        f", {stretch(days)} after primary completion"
        if days > 0
        else f", {moved(days)} than primary completion"
    )


def _from_to(case: Case) -> str:
    old, new = case.delta.old, case.delta.new
    if isinstance(old, bool) or isinstance(new, bool):
        return f"{_flag(old)} → {_flag(new)}"
    if old is None:
        return f"given{_tail(new)}"
    if new is None:
        return f"no longer given{_tail(old, 'was ')}"
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return "changed"
    if isinstance(old, frozenset) and isinstance(new, frozenset):
        return _set_change(old, new)
    if isinstance(old, (str, Dated, int, float)):
        return f"{value_words(old)} → {value_words(new)}"
    return changed_words(case.old, case.new)


def _tail(value: Value | None, before: str = "") -> str:
    """The value after `given`, in brackets after `no longer given`; large ones are only counted."""
    match value:
        case None | True:
            return ""
        case Items() | Mapping():
            text = f"{len(value)} part{'' if len(value) == 1 else 's'}"
        case _:
            text = value_words(value)
    return f" ({before}{text})" if before else f": {text}"


def _flag(value: Value | None) -> str:
    return "yes" if value is True else "no" if value is False else "not given"


def _set_change(old: frozenset[str], new: frozenset[str]) -> str:
    parts = [f"− {word(name)}" for name in sorted(old - new)] + [
        f"+ {word(name)}" for name in sorted(new - old)
    ]
    return clip("; ".join(parts), 2 * QUOTE)


def _gained(new: Value | None, old: Value | None) -> list[str]:
    after = new if isinstance(new, frozenset) else frozenset()
    return sorted(after - (old if isinstance(old, frozenset) else frozenset()))


def _name(case: Case) -> str:
    names = (
        shown(case.item.get(part)) for part in _NAME_PARTS if not isinstance(case.item.get(part), Mapping)
    )
    return next((word(name) for name in names if name), "")


def _parts(case: Case) -> str:
    """The path inside an item or tree in words, without numbers that only tell twins apart."""
    told = [_HUMP.sub(" ", part).lower() for part in case.delta.at[-2:]]
    return clip(", ".join(part for part in told if part), 80)


def _phase(value: Value | None) -> str:
    if not isinstance(value, frozenset) or not value:
        return "No phase"
    numbers = sorted(phase.removeprefix("PHASE") for phase in value if phase.startswith("PHASE"))
    if numbers:
        return f"Phase {'/'.join(numbers)}"
    return capital(word(min(value))) if value != {"NA"} else "Phase not applicable"
