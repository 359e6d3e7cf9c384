"""Pairing: which item of a list before is which item of it after (contract section 3, rules "Pairing first").

Items pair by natural key first; items of one family (outcomes) then by key across their lists; the rest by
likeness, the likest first over all, until nothing is like enough. What is left was added or removed. The
answer depends on the items alone, never on their order, and its cost is bounded: long lists are compared
within blocks.

What likeness means for each collection is data (`KINDS`); sites have rules of their own in `sites`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import orjson
from rapidfuzz import fuzz

from monitor.core import sites
from monitor.core.catalogue import fold
from monitor.core.record import Items, Named, Text, Tree, Value, comparison_json

Candidate: TypeAlias = "tuple[float, int, int]"
"""How alike, and the places of the two in their lists."""


class Place(NamedTuple):
    """An item's field and key."""

    field: str
    key: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """Every item of both sides exactly once."""

    pairs: tuple[tuple[Place, Place], ...]
    removed: tuple[Place, ...]
    added: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes two items of a collection the same thing under another key."""

    weights: Mapping[str, float]
    """Parts compared as text, the first one foremost."""
    threshold: float
    same: tuple[tuple[str, ...], ...] = ()
    """Parts that settle it where they are present and equal."""
    told_apart: bool = False
    """Whether numbers and letters that count ("Cohort 2", "Part B") tell items apart."""
    agree: str = ""
    """A part whose disagreement speaks against being the same."""


_OUTCOME = Kind({"measure": 0.6, "description": 0.3, "timeFrame": 0.1}, 0.6, told_apart=True)
_MESH = Kind({}, 1.0, same=(("term",),))

KINDS: Mapping[str, Kind] = {
    "identification.secondaryIds": Kind({"id": 1.0}, 0.85, same=(("id",),)),
    "sponsor.collaborators": Kind({"name": 1.0}, 0.75),
    "conditions.conditions": Kind({"name": 1.0}, 0.75),
    "conditions.keywords": Kind({"name": 1.0}, 0.75),
    "armsInterventions.arms": Kind(
        {"label": 0.5, "description": 0.35, "interventionNames": 0.15}, 0.6, told_apart=True, agree="type"
    ),
    "armsInterventions.interventions": Kind(
        {"name": 0.6, "description": 0.25, "otherNames": 0.15}, 0.6, same=(("name",),), told_apart=True
    ),
    "outcomes.primary": _OUTCOME,
    "outcomes.secondary": _OUTCOME,
    "outcomes.other": _OUTCOME,
    "eligibility.criteria": Kind({"text": 1.0}, 0.55, same=(("text",),), agree="section"),
    "contacts.central": Kind({"name": 1.0}, 0.8, same=(("email",), ("name",))),
    "contacts.officials": Kind({"name": 1.0}, 0.8, same=(("name",),)),
    "references.references": Kind({"citation": 1.0}, 0.75, same=(("pmid",), ("citation",))),
    "references.seeAlso": Kind({"url": 0.8, "label": 0.2}, 0.75),
    "references.availIpds": Kind({"url": 0.6, "id": 0.4}, 0.8, same=(("url",), ("id",))),
    "results.outcomeMeasures": Kind(
        {"title": 0.6, "description": 0.3, "timeFrame": 0.1}, 0.6, same=(("title",),), told_apart=True
    ),
    "documents.largeDocs": Kind({"filename": 1.0}, 0.95, same=(("typeAbbrev", "label"),)),
    "annotation.violationEvents": Kind({"description": 1.0}, 0.8),
    "derived.conditionMesh": _MESH,
    "derived.conditionAncestors": _MESH,
    "derived.interventionMesh": _MESH,
    "derived.interventionAncestors": _MESH,
}

_ACROSS_LISTS = 0.8
_FULL = 2500
"""Up to so many comparisons everything is compared with everything; beyond, within blocks."""
_RAREST, _BLOCK, _NEAREST = 8, 300, 12
"""Beyond: how many words of an item are looked up, how many items of each, and how many are compared."""
_MARK = re.compile(r"\b(?:[A-Z]|\d+|[IVX]+)\b")
_WORD = re.compile(r"\w{4,}")


def pair(before: Mapping[str, Items], after: Mapping[str, Items]) -> Pairing:
    """Pair the items of one collection, or of all collections of one family, by field."""
    olds = {Place(name, key): item for name, items in before.items() for key, item in items.items()}
    news = {Place(name, key): item for name, items in after.items() for key, item in items.items()}
    pairs: list[tuple[Place, Place]] = []

    def settle(found: Iterable[tuple[Place, Place]]) -> None:
        for old, new in found:
            pairs.append((old, new))
            del olds[old], news[new]

    natural_old, natural_new = _natural_keys(olds, before), _natural_keys(news, after)
    settle(_same_key(olds, news, lambda p: (p.field, natural_old[p]), lambda p: (p.field, natural_new[p])))
    if len({*before, *after}) > 1:
        settle(_same_key(olds, news, lambda p: natural_old[p], lambda p: natural_new[p]))
    if olds and news:
        settle(_alike(olds, news))
    return _pairing(pairs, olds, news)


def _natural_keys(items: Mapping[Place, Tree], lists: Mapping[str, Items]) -> dict[Place, str]:
    """Only a numbered key is not the natural one already."""
    return {
        place: lists[place.field].natural_key(item) if "#" in place.key else place.key
        for place, item in items.items()
    }


def pair_by_key(before: Items, after: Items) -> Pairing:
    """Pair the items of a list inside an item: by key, and by likeness only among those that share one."""
    olds = {Place("", key): item for key, item in before.items()}
    news = {Place("", key): item for key, item in after.items()}
    if any("#" in key for items in (before, after) for key in items):
        pairs = _same_key(
            olds, news, lambda p: before.natural_key(olds[p]), lambda p: after.natural_key(news[p])
        )
    else:
        pairs = [(place, place) for place in news if place in olds]
    for old, new in pairs:
        del olds[old], news[new]
    return _pairing(pairs, olds, news)


def _pairing(pairs: Iterable[tuple[Place, Place]], olds: Iterable[Place], news: Iterable[Place]) -> Pairing:
    in_order = sorted(pairs, key=lambda two: two[1])
    return Pairing(tuple(in_order), tuple(sorted(olds)), tuple(sorted(news)))


def _same_key(
    olds: Mapping[Place, Tree],
    news: Mapping[Place, Tree],
    old_key: Callable[[Place], object],
    new_key: Callable[[Place], object],
) -> list[tuple[Place, Place]]:
    """Items of one key, equal ones first, then the likest."""
    groups: dict[object, list[Place]] = {}
    for place in olds:
        groups.setdefault(old_key(place), []).append(place)
    others: dict[object, list[Place]] = {}
    for place in news:
        others.setdefault(new_key(place), []).append(place)
    pairs: list[tuple[Place, Place]] = []
    for key, group in groups.items():
        other = others.get(key)
        if not other:
            continue
        if len(group) == len(other) == 1:
            if not _apart(group[0], olds[group[0]], news[other[0]]):
                pairs.append((group[0], other[0]))
        else:
            pairs.extend(_within(sorted(group), sorted(other), olds, news))
    return pairs


def _within(
    group: Sequence[Place], other: Sequence[Place], olds: Mapping[Place, Tree], news: Mapping[Place, Tree]
) -> Iterator[tuple[Place, Place]]:
    contents: dict[bytes, list[Place]] = {}
    for place in other:
        contents.setdefault(_content(news[place]), []).append(place)
    rest = []
    for place in group:
        twins = contents.get(_content(olds[place]))
        if twins:
            yield place, twins.pop(0)
        else:
            rest.append(place)
    left = sorted(place for places in contents.values() for place in places)
    worth = _worth_comparing(
        [tuple(map(_text, olds[place].values())) for place in rest],
        [tuple(map(_text, news[place].values())) for place in left],
    )
    likenesses = (
        (likeness(olds[rest[i]], news[left[j]]), i, j)
        for i, j in worth
        if not _apart(rest[i], olds[rest[i]], news[left[j]])
    )
    for i, j in best_first(likenesses):
        yield rest[i], left[j]


def _apart(place: Place, old: Tree, new: Tree) -> bool:
    """Two items of one key that are known to be two things."""
    return place.field == "locations" and sites.are_apart(old, new)


def _alike(olds: Mapping[Place, Tree], news: Mapping[Place, Tree]) -> list[tuple[Place, Place]]:
    old_places, new_places = sorted(olds), sorted(news)
    old_items, new_items = [olds[place] for place in old_places], [news[place] for place in new_places]
    name = new_places[0].field
    if name == "locations":
        found = sites.candidates(old_items, new_items)
    elif name in KINDS:
        found = _candidates(KINDS[name], old_items, new_items)
    else:
        return []
    across = (
        (score * 0.95 if old_places[i].field != new_places[j].field else score, i, j)
        for score, i, j in found
        if old_places[i].field == new_places[j].field or score >= _ACROSS_LISTS
    )
    return [(old_places[i], new_places[j]) for i, j in best_first(across)]


def best_first(candidates: Iterable[Candidate]) -> Iterator[tuple[int, int]]:
    """One-to-one pairs, the best over all first; equal ones in the order of their places."""
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    for _, i, j in sorted(candidates, key=lambda found: (-found[0], found[1], found[2])):
        if i not in taken_old and j not in taken_new:
            taken_old.add(i)
            taken_new.add(j)
            yield i, j


def likeness(old: Tree, new: Tree) -> float:
    """The share of parts two items have in common, texts by how much they share."""
    names = {*old, *new}
    total = sum(_part_likeness(old.get(name), new.get(name)) for name in names)
    return total / len(names) if names else 1.0


def _part_likeness(old: Value | None, new: Value | None) -> float:
    if old == new:
        return 1.0
    if isinstance(old, Text) and isinstance(new, Text):
        return fuzz.ratio(old.form, new.form) / 100
    return 0.0


# ------------------------------------------------------------------------- likeness by collection


def _candidates(kind: Kind, olds: Sequence[Tree], news: Sequence[Tree]) -> Iterator[Candidate]:
    old_texts = [_texts(kind, item) for item in olds]
    new_texts = [_texts(kind, item) for item in news]
    for i, j in _worth_comparing(old_texts, new_texts):
        if _settled(kind, olds[i], news[j]):
            yield 1.0, i, j
            continue
        score = _score(kind, old_texts[i], new_texts[j])
        if score < kind.threshold:
            continue
        if kind.told_apart and _marks(kind, olds[i]) != _marks(kind, news[j]):
            score *= 0.8
        if kind.agree and olds[i].get(kind.agree) != news[j].get(kind.agree):
            score *= 0.85
        if score >= kind.threshold:
            yield score, i, j


def _worth_comparing(
    olds: Sequence[tuple[str, ...]], news: Sequence[tuple[str, ...]]
) -> Iterator[tuple[int, int]]:
    """All against all while that is cheap; else each only against those it shares most rare words with."""
    if len(olds) * len(news) <= _FULL:
        yield from ((i, j) for i in range(len(olds)) for j in range(len(news)))
        return
    blocks: dict[str, list[int]] = {}
    for j, texts in enumerate(news):
        for word in _words(texts):
            blocks.setdefault(word, []).append(j)
    for i, texts in enumerate(olds):
        shared: dict[int, float] = {}
        rarest = sorted(_words(texts) & blocks.keys(), key=lambda word: (len(blocks[word]), word))
        for word in rarest[:_RAREST]:
            for j in blocks[word][:_BLOCK]:
                shared[j] = shared.get(j, 0.0) + 1 / len(blocks[word])
        nearest = sorted(shared, key=lambda j: (-shared[j], j))[:_NEAREST]
        yield from ((i, j) for j in nearest)


def _words(texts: tuple[str, ...]) -> set[str]:
    return {word for text in texts for word in _WORD.findall(text)}


def _settled(kind: Kind, old: Tree, new: Tree) -> bool:
    return any(all(name in new and old.get(name) == new[name] for name in names) for names in kind.same)


def _score(kind: Kind, old: tuple[str, ...], new: tuple[str, ...]) -> float:
    """The weighted likeness of the texts; a text only one of them has counts half against."""
    total = told = 0.0
    for weight, was, now in zip(kind.weights.values(), old, new, strict=True):
        if was and now:
            total += weight
            told += weight * text_likeness(was, now)
        elif was or now:
            total += weight / 2
    return told / total if total else 0.0


def text_likeness(old: str, new: str) -> float:
    """0 to 1: letters in common, or words in common where one says the other with more or fewer words."""
    letters = fuzz.ratio(old, new)
    if letters < 35 or letters >= 90:
        return letters / 100
    ordered, shared = fuzz.token_sort_ratio(old, new), fuzz.token_set_ratio(old, new)
    return max(letters, 0.9 * ordered, 0.8 * shared) / 100


def _texts(kind: Kind, item: Tree) -> tuple[str, ...]:
    return tuple(_text(item.get(name)) for name in kind.weights)


def _text(value: Value | None) -> str:
    match value:
        case Text(form=form) | Named(form=form):
            return fold(form)
        case str():
            return fold(value)
        case frozenset():
            return fold(", ".join(sorted(value)))
        case _:
            return ""


def _marks(kind: Kind, item: Tree) -> list[str]:
    first = item.get(next(iter(kind.weights)))
    return sorted(_MARK.findall(first.form)) if isinstance(first, Text) else []


def _content(item: Tree) -> bytes:
    return orjson.dumps(comparison_json(item), option=orjson.OPT_SORT_KEYS)
