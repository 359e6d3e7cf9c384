"""How alike two items of a collection are: what counts, and how much, is data (`kinds`).

Likeness is a matter of the two items alone: which of several candidates is taken is decided in `pairing`,
and sites have rules of their own in `sites`. Long lists are not compared in full: then only items that share
their rarest words are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from rapidfuzz import fuzz

from monitor.core.catalogue import fold
from monitor.core.facilities import facility, name_likeness
from monitor.core.limits import same_subject
from monitor.core.pairing.endpoints import same_endpoint, spelled_out
from monitor.core.pairing.kinds import Kind
from monitor.core.pairing.marks import ABBREVIATION, other_words, stands_for, told_apart
from monitor.core.record import Named, Text, Tree, Value

Candidate: TypeAlias = "tuple[float, int, int]"
"""How alike, and the places of the two in their lists."""

_FULL = 2500
"""Up to so many comparisons everything is compared with everything; beyond, within blocks."""
_RAREST, _BLOCK, _NEAREST = 8, 300, 12
"""Beyond: how many words of an item are looked up, how many items of each, and how many are compared."""
_ENDPOINT = 0.75
"""How alike two names of one endpoint are at least: less than two names that read alike."""
_LIMITED = 0.6
"""How alike two wordings of one limit are at least: less than two texts that read alike."""
_ROUNDING = 1e-9
_NUMERAL = re.compile(r"\b(?:[A-Z]|\d+|[IVX]+)\b")
_EDITION = re.compile(r"(?<=\d{4}-\d{6}-\d\d)-\d\d$")
"""What an EU trial number says of its edition, not of its trial."""
_DIGITS = re.compile(r"\d+")
_DOI = re.compile(r"10\.\d{4,9}/\S*[\w)]")
_WORD = re.compile(r"\w{4,}|\d+")


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


def candidates(kind: Kind, olds: Sequence[Tree], news: Sequence[Tree]) -> Iterator[Candidate]:
    """The pairs that are like enough to be the same thing."""
    old_texts = [_texts(kind, item) for item in olds]
    new_texts = [_texts(kind, item) for item in news]
    for i, j in worth_comparing(old_texts, new_texts):
        if kind.same and _settled(kind, olds[i], news[j]):
            yield 1.0, i, j
            continue
        score = _score(kind, old_texts[i], new_texts[j])
        if kind.speaks != "words":
            score = min(score, _as_spoken(kind, olds[i], news[j]))
        if kind.apart:
            score = _by_number(kind, olds[i], news[j], score)
        if kind.told_apart:
            score = _by_name(kind, olds[i], news[j], score)
        if kind.endpoint and score < _ENDPOINT:
            score = _by_endpoint(kind, olds[i], news[j], score)
        if kind.limited and score < _LIMITED:
            score = _by_limits(kind, olds[i], news[j], score)
        if score < kind.threshold:
            continue
        if kind.agree and olds[i].get(kind.agree) != news[j].get(kind.agree):
            score *= 0.85
        if score >= kind.threshold:
            yield score, i, j


def _as_spoken(kind: Kind, old: Tree, new: Tree) -> float:
    """At most so alike are two names of houses, or two numbers: these by their digits alone."""
    foremost = next(iter(kind.weights))
    was, now = _shown(old.get(foremost)), _shown(new.get(foremost))
    if kind.speaks == "house":
        return name_likeness(facility(was), facility(now), "", exact=False)
    same = _DIGITS.findall(_EDITION.sub("", was)) == _DIGITS.findall(_EDITION.sub("", now))
    return 1.0 if same else 0.0


def _by_number(kind: Kind, old: Tree, new: Tree, score: float) -> float:
    """The score as the numbers of two publications leave it: two of one kind are two, one DOI is one."""
    was, now = _shown(old.get(kind.apart)), _shown(new.get(kind.apart))
    if was and now and was != now:
        return 0.0
    dois = [_DOI.findall(_shown(item.get(next(iter(kind.weights)))).casefold()) for item in (old, new)]
    if all(dois):
        return 0.95 if set(dois[0]) & set(dois[1]) else 0.0
    return score


def _by_name(kind: Kind, old: Tree, new: Tree, score: float) -> float:
    """The score as the marks of the two names leave it; a name by its initials or by another is the name."""
    foremost = next(iter(kind.weights))
    was, now = _shown(old.get(foremost)), _shown(new.get(foremost))
    if (len(was) <= ABBREVIATION and stands_for(was, now)) or (
        len(now) <= ABBREVIATION and stands_for(now, was)
    ):
        return max(score, 0.9)
    if kind.also and (_is_among(was, new.get(kind.also)) or _is_among(now, old.get(kind.also))):
        return max(score, 0.9)
    if score < kind.threshold:
        return score
    if told_apart(was, now) or (kind.endpoint and told_apart(spelled_out(was), spelled_out(now))):
        return 0.0
    if _numbers(was) != _numbers(now):
        score *= 0.8
    return score * 0.65 if kind.substance and other_words(was, now) else score


def _by_endpoint(kind: Kind, old: Tree, new: Tree, score: float) -> float:
    """The score of two names, more if they are of one endpoint with abbreviations spelled out."""
    foremost = next(iter(kind.weights))
    was, now = _shown(old.get(foremost)), _shown(new.get(foremost))
    if same_endpoint(was, now):
        return _ENDPOINT
    first, second = spelled_out(was), spelled_out(now)
    if (first == was and second == now) or other_words(first, second):
        return score
    if told_apart(was, now) or told_apart(first, second):
        return score
    alike = text_likeness(fold(first), fold(second), least=_ENDPOINT)
    return _ENDPOINT if alike >= _ENDPOINT else score


def _by_limits(kind: Kind, old: Tree, new: Tree, score: float) -> float:
    """The score of two texts, more if they are two wordings of one limit."""
    foremost = next(iter(kind.weights))
    was, now = _shown(old.get(foremost)), _shown(new.get(foremost))
    return max(score, _LIMITED) if same_subject(was, now) else score


def _is_among(name: str, names: Value | None) -> bool:
    return isinstance(names, frozenset) and bool(name) and fold(name) in {fold(other) for other in names}


def _shown(value: Value | None) -> str:
    return value.form if isinstance(value, (Text, Named)) else value if isinstance(value, str) else ""


def _numbers(name: str) -> list[str]:
    return sorted(_NUMERAL.findall(name))


def worth_comparing(
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
    """The weighted likeness of the texts; a text only one of them has counts half against.

    Texts are compared foremost first, and no further once the rest cannot lift the score to the threshold.
    """
    parts = [two for two in zip(kind.weights.values(), old, new, strict=True) if two[1] or two[2]]
    total = sum([weight if was and now else weight / 2 for weight, was, now in parts])
    within_reach = sum([weight for weight, was, now in parts if was and now])
    told = 0.0
    for weight, was, now in parts:
        if within_reach < kind.threshold * total - _ROUNDING:
            break
        if was and now:
            least = 1 - (within_reach - kind.threshold * total) / weight
            alike = text_likeness(was, now, least=least)
            told += weight * alike
            within_reach -= weight * (1 - alike)
    return told / total if total else 0.0


def text_likeness(old: str, new: str, *, least: float = 0.0) -> float:
    """0 to 1: letters in common, or words in common where one says the other with more or fewer words.

    What is below `least` may come out lower than it is: then it is not worked out.
    """
    floor = max(0.0, 100 * least - _ROUNDING)
    best = fuzz.ratio(old, new, score_cutoff=min(floor, 35))
    if best < 35 or best >= 90:
        return best / 100
    best = max(best, 0.9 * fuzz.token_sort_ratio(old, new, score_cutoff=max(best, floor) / 0.9 - _ROUNDING))
    best = max(best, 0.8 * fuzz.token_set_ratio(old, new, score_cutoff=max(best, floor) / 0.8 - _ROUNDING))
    return best / 100


def _texts(kind: Kind, item: Tree) -> tuple[str, ...]:
    return tuple(text_of(item.get(name)) for name in kind.weights)


def text_of(value: Value | None) -> str:
    """What of a part is compared as text: folded, empty for what is no text."""
    match value:
        case Text(form=form) | Named(form=form):
            return fold(form)
        case str():
            return fold(value)
        case frozenset():
            return fold(", ".join(sorted(value)))
        case _:
            return ""
