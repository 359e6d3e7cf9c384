"""Sentences about everything else: references, documents, sponsor, design, texts, identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.core.bodies import same_name
from monitor.core.catalogue import field
from monitor.core.fits.design import is_same_body
from monitor.core.phrases import clip
from monitor.core.record import Dated, Items, Text, Value
from monitor.core.scene import Case, shown
from monitor.core.sentences.words import (
    QUOTE,
    capital,
    changed_words,
    edited,
    in_country,
    listing,
    quoted,
    stop,
    value_words,
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
_NAME_PARTS = (
    "name",
    "measure",
    "title",
    "label",
    "facility",
    "filename",
    "term",
    "text",
    "citation",
    "url",
    "id",
    "type",
)
_FEW = 3
"""Parts of a tree that are named one by one."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def reference(case: Case) -> str:
    """A publication came, went or changed."""
    kind = {"DERIVED": "Publication (found by the registry)", "RESULT": "Publication of results"}.get(
        case.of_item("type"), "Background reference"
    )
    cited = _cited(case)
    if case.part == "retractions":
        return (
            f"Retracted: {cited}." if case.delta.new is not None else f"Retraction no longer listed: {cited}."
        )
    if not case.delta.at:
        already = ", already retracted" if case.gives and case.item.get("retractions") else ""
        return f"{kind} {case.delta.op}{already}: {cited}."
    if case.part == "type":
        return f"Reference {word(case.old) or 'without type'} → {word(case.new) or 'without type'}: {cited}."
    return f"{kind}, {case.part}{edited(case.old, case.new)}."


def _cited(case: Case) -> str:
    """`den Braber N et al., "Consequences of …"`, from the usual form of a citation."""
    citation, number = case.of_item("citation"), case.of_item("pmid")
    if not citation:
        return f"PMID {number}" if number else "without a citation"
    authors, dot, rest = citation.partition(". ")
    title = rest.partition(". ")[0]
    first, comma, _ = authors.partition(", ")
    if not (dot and title and len(first) <= 40):
        return quoted(citation, 120)
    return f"{first}{' et al.' if comma else ''}, {quoted(title, 140)}"


def secondary_id(case: Case) -> str:
    """Another registry's or authority's number."""
    number, kind = case.of_item("id"), word(case.of_item("type"))
    if case.delta.at:
        return plain(case)
    what = "EU trial number" if _EU_NUMBER.match(number) else "Other study number"
    return f"{what} {case.delta.op}: {number}{f' ({kind})' if kind else ''}."


def sponsor(case: Case) -> str:
    """The lead sponsor: another one, or the same under another name or spelling."""
    old, new = (clip(name, QUOTE) for name in (case.old, case.new))
    if not (old and new):
        return stop(f"Lead sponsor {old or 'not given'} → {new or 'not given'}")
    if same_name(case.old, case.new):
        return stop(f"Lead sponsor, another spelling: {old} → {new}")
    return stop(f"Lead sponsor {'re-named: ' if is_same_body(case) else ''}{old} → {new}")


def collaborator(case: Case) -> str:
    """Who else takes part."""
    if case.part != "name" or not (case.old and case.new):
        return plain(case)
    how = ", another spelling" if same_name(case.old, case.new) else " re-named"
    return stop(f"Collaborator{how}: {clip(case.old, QUOTE)} → {clip(case.new, QUOTE)}")


def organization(case: Case) -> str:
    """The organization responsible for the record."""
    if case.part != "fullName" or not (case.old and case.new):
        return plain(case)
    how = "another spelling" if same_name(case.old, case.new) else ""
    names = f"{clip(case.old, QUOTE)} → {clip(case.new, QUOTE)}"
    if how:
        return stop(f"Organization, {how}: {names}")
    leads = [Case(delta, case.scene) for delta in case.scene.by_field.get("sponsor.lead", ())]
    other = leads and not all(map(is_same_body, leads))
    return stop(f"Organization{'' if other else ' re-named'}: {names}")


def phases(case: Case) -> str:
    """The phase."""
    new = _phase(case.delta.new)
    return f"{_phase(case.delta.old)} → {new if new[-1].isdigit() else new[:1].lower() + new[1:]}."


def removed_countries(case: Case) -> str:
    """Countries in which no site is left."""
    gone, back = _gained(case.delta.new, case.delta.old), _gained(case.delta.old, case.delta.new)
    told = [f"No site left in {listing(map(in_country, gone))}"] if gone else []
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
    return stop(_plain(case))


def first_sight(case: Case) -> str:
    """A field or item of a record seen for the first time."""
    delta = case.delta
    label = field(delta.field).label
    if delta.key is not None:
        thing = _ONE_OF.get(delta.field) or label.removesuffix("s")
        return stop(f"{thing}: {clip(_name(case) or delta.key, QUOTE)}")
    if delta.field == "design.phases":
        return f"{_phase(delta.new)}."
    if isinstance(delta.new, Mapping):
        parts = [part for part in delta.new.values() if not isinstance(part, Mapping)]
        told = [word(part) if isinstance(part, str) else shown(part) for part in parts]
        return stop(f"{label}: {clip(', '.join(told), QUOTE) or _counted(delta.new)}")
    return stop(f"{label}: {_flag(delta.new) if isinstance(delta.new, bool) else value_words(delta.new)}")


def _plain(case: Case) -> str:
    delta = case.delta
    label = field(delta.field).label
    if delta.key is not None:
        thing = _ONE_OF.get(delta.field, label)
        name = clip(_name(case) or delta.key, 120)
        if not delta.at:
            return f"{thing} {delta.op}: {name}"
        if delta.at == ("name",) and delta.field.startswith("conditions.") and case.old and case.new:
            return f"{thing} re-named: {quoted(case.old)} → {quoted(case.new)}"
        return f"{thing} {name}, {_parts(case)}: {_from_to(case)}"
    if delta.at:
        return f"{label}, {_parts(case)}: {_from_to(case)}"
    if isinstance(delta.old, frozenset) and isinstance(delta.new, frozenset):
        return f"{label}: {_set_change(delta.old, delta.new)}"
    if delta.old is None:
        return f"{label} given{_tail(delta.new)}"
    if delta.new is None:
        return f"{label} no longer given{_tail(delta.old, 'was ')}"
    return f"{label}: {_from_to(case)}"


def _from_to(case: Case) -> str:
    old, new = case.delta.old, case.delta.new
    if isinstance(old, bool) or isinstance(new, bool):
        return f"{_flag(old)} → {_flag(new)}"
    if old is None:
        return f"given{_tail(new)}"
    if new is None:
        return f"no longer given{_tail(old, 'was ')}"
    if isinstance(old, frozenset) and isinstance(new, frozenset):
        return _set_change(old, new)
    if isinstance(old, Text) and isinstance(new, Text):
        return changed_words(case.old, case.new)
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return "changed"
    if isinstance(old, (str, Dated, int, float)):
        return f"{value_words(old)} → {value_words(new)}"
    return changed_words(case.old, case.new)


def _tail(value: Value | None, before: str = "") -> str:
    """The value after `given`, in brackets after `no longer given`; large ones are only counted."""
    match value:
        case None | True:
            return ""
        case Items() | Mapping():
            text = _counted(value)
        case _:
            text = value_words(value)
    return f" ({before}{text})" if before else f": {text}"


def _counted(value: Mapping[str, Value]) -> str:
    """Flags alone by their names, anything else by its number."""
    if value and all(part is True for part in value.values()):
        return listing(_HUMP.sub(" ", name).lower() for name in value)
    if value and len(value) <= _FEW and all(part is True or isinstance(part, str) for part in value.values()):
        names = ((_HUMP.sub(" ", name).lower(), part) for name, part in value.items())
        return listing(name if part is True else f"{name} {part}" for name, part in names)
    return f"{len(value)} part{'' if len(value) == 1 else 's'}"


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
    parts = (part for name in _NAME_PARTS if not isinstance(part := case.item.get(name), Mapping))
    names = (word(part) if isinstance(part, str) else shown(part) for part in parts)
    return next((name for name in names if name), "")


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
