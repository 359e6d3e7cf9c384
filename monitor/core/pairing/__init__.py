"""Pairing: which item of a list before is which item of it after (contract section 3, rules "Pairing first").

Items pair by natural key first; items of one family (outcomes) then by key across their lists; the rest by
likeness, so that the pairs are worth most together (`assignment`). A pair is worth what its likeness has over
the threshold: two items that are hardly alike stay apart, and two doubtful pairs never cost a sure one. What
is left was added or removed. The answer depends on the items alone, never on their order, and its cost is
bounded: long lists are compared within blocks.

Natural keys settle first, as the contract has it: a label that moved to other content is a label kept. What
likeness means is for `likeness` and `sites` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from monitor.core.pairing import sites
from monitor.core.pairing.assignment import assign
from monitor.core.pairing.kinds import KINDS, KINDS_INSIDE, Kind
from monitor.core.pairing.likeness import Candidate, candidates, likeness, text_of, worth_comparing
from monitor.core.record import Items, Tree, comparison_json


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


_ACROSS_LISTS = 0.8


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
    settle(_same_key(olds, news, natural_old.__getitem__, natural_new.__getitem__))
    if len({*before, *after}) > 1:
        settle(_same_key(olds, news, lambda p: natural_old[p].key, lambda p: natural_new[p].key))
    if olds and news:
        settle(_alike(olds, news))
    if olds and news and "locations" in before:
        settle(_alone(olds, news))
    return _pairing(pairs, olds, news)


def _natural_keys(items: Mapping[Place, Tree], lists: Mapping[str, Items]) -> dict[Place, Place]:
    """Every place under its natural key: only a numbered one is not that already."""
    return {
        place: Place(place.field, lists[place.field].natural_key(item)) if "#" in place.key else place
        for place, item in items.items()
    }


def pair_inside(before: Items, after: Items, name: str = "") -> Pairing:
    """Pair the items of a list inside an item or a tree: by key, then those of a known list by likeness."""
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
    if olds and news and name in KINDS_INSIDE:
        for old, new in _of_kind(KINDS_INSIDE[name], olds, news):
            pairs.append((old, new))
            del olds[old], news[new]
    return _pairing(pairs, olds, news)


def _of_kind(kind: Kind, olds: Mapping[Place, Tree], news: Mapping[Place, Tree]) -> list[tuple[Place, Place]]:
    old_places, new_places = sorted(olds), sorted(news)
    found = candidates(kind, [olds[place] for place in old_places], [news[place] for place in new_places])
    return [(old_places[i], new_places[j]) for i, j in assign(worths(found, over=kind.threshold))]


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
    worth = worth_comparing(
        [tuple(map(text_of, olds[place].values())) for place in rest],
        [tuple(map(text_of, news[place].values())) for place in left],
    )
    likenesses = (
        (likeness(olds[rest[i]], news[left[j]]), i, j)
        for i, j in worth
        if not _apart(rest[i], olds[rest[i]], news[left[j]])
    )
    for i, j in assign(worths(likenesses, over=0.0)):
        yield rest[i], left[j]


def _apart(place: Place, old: Tree, new: Tree) -> bool:
    """Two items of one key that are known to be two things."""
    return place.field == "locations" and sites.are_apart(old, new)


def _alike(olds: Mapping[Place, Tree], news: Mapping[Place, Tree]) -> list[tuple[Place, Place]]:
    old_places, new_places = sorted(olds), sorted(news)
    old_items, new_items = [olds[place] for place in old_places], [news[place] for place in new_places]
    name = new_places[0].field
    if name == "locations":
        found, over = sites.candidates(old_items, new_items), sites.THRESHOLD
    elif name in KINDS:
        found, over = candidates(KINDS[name], old_items, new_items), KINDS[name].threshold
    else:
        return []
    across = (
        (score * 0.95 if old_places[i].field != new_places[j].field else score, i, j)
        for score, i, j in found
        if old_places[i].field == new_places[j].field or score >= _ACROSS_LISTS
    )
    return [(old_places[i], new_places[j]) for i, j in assign(worths(across, over=over))]


def _alone(olds: Mapping[Place, Tree], news: Mapping[Place, Tree]) -> list[tuple[Place, Place]]:
    old_places, new_places = sorted(olds), sorted(news)
    found = sites.alone_in_city([olds[place] for place in old_places], [news[place] for place in new_places])
    return [(old_places[i], new_places[j]) for i, j in found]


_PARTS = 1_000_000


def worths(found: Iterable[Candidate], *, over: float) -> Iterator[tuple[int, int, int]]:
    """What pairs are worth above a threshold, in whole millionths; one that just reaches it is worth one."""
    for score, i, j in found:
        worth = round((score - over) * _PARTS)
        if worth >= 0:
            yield worth + 1, i, j


def _content(item: Tree) -> bytes:
    return orjson.dumps(comparison_json(item), option=orjson.OPT_SORT_KEYS)
