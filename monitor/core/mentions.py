"""Trials told together, one line each: the same edit in several of them, and minor news folded by trial.

A reader wants to know that there was minor news, of what kind and in which trials, and reads one line of each
at most. What gets no line is counted by whoever asks. Nothing here escapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.digest import Digest
from monitor.core.entries import AT_ODDS, Limits, headline_of
from monitor.core.phrases import clip, plural
from monitor.core.programmes import Programme
from monitor.core.record import TrialId
from monitor.core.stories import Story

_AT_ODDS = "what does not fit together"
_REST = "sponsor, description and the rest"
_FAMILIES: tuple[tuple[str, frozenset[str]], ...] = (
    ("status, dates and enrollment", frozenset({"status", "dates", "enrollment"})),
    ("outcomes, eligibility and design", frozenset({"outcomes", "eligibility", "arms", "design"})),
    ("sites and contacts", frozenset({"sites", "contacts"})),
    ("results, documents and publications", frozenset({"results", "documents", "references"})),
)
"""Categories that are read together, in the order in which they are told."""
_TOLD = 3
"""Stories of one trial told in one line."""
_TITLE = 60
_SENTENCE = 150


@dataclass(frozen=True, slots=True)
class Mention:
    """One trial among several."""

    number: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Across:
    """Several trials under one headline: the same edit in all of them, or minor news of one kind."""

    headline: str
    mentions: tuple[Mention, ...]
    more: int
    """Trials that are only counted."""
    folded: bool = False
    """Minor news of one kind: the trials have no more in common than that."""
    stories: int = 1
    """How many stories, as a digest counts them, the headline stands for."""


def across(digest: Digest, one: Programme, limits: Limits) -> Across:
    """A programme with its trials; of those that say nothing else, with what belongs to no single change."""
    details: dict[TrialId, list[str]] = {}
    for story in digest.stories:
        if story.level is None and story.finding.id in one.findings:
            details.setdefault(story.trial.trial, []).extend(story.finding.details)
    mentions = []
    for member in one.members[: limits.items]:
        said = " ".join(dict.fromkeys([member.said, *details.get(member.trial, ())])).strip()
        text = f"{member.title}: {said}" if said else member.title
        mentions.append(Mention(member.trial.id, member.url, clip(text, limits.clip)))
    return Across(clip(one.headline, limits.clip), tuple(mentions), len(one.members) - len(mentions))


def folds(stories: Sequence[Story], room: int, limits: Limits) -> tuple[tuple[Across, ...], list[Story]]:
    """Minor stories by family, one line a trial, at most `room` lines; and the stories without a line."""
    by_trial: dict[TrialId, list[Story]] = {}
    for story in stories:
        by_trial.setdefault(story.trial.trial, []).append(story)
    families: dict[str, list[list[Story]]] = {}
    for told in by_trial.values():
        families.setdefault(_family(told[0]), []).append(told)
    found, rest = [], []
    for name in (_AT_ODDS, *(name for name, _ in _FAMILIES), _REST):
        trials = families.get(name, [])
        shown = trials[: min(room, limits.items)]
        room -= len(shown)
        rest += [story for told in trials[len(shown) :] for story in told]
        if shown:
            mentions = tuple(_mention(told, limits) for told in shown)
            counted = sum(map(len, trials))
            found.append(
                Across(f"{plural(len(trials), 'trial')}: {name}", mentions, 0, folded=True, stories=counted)
            )
    return tuple(found), rest


def _family(story: Story) -> str:
    if headline_of(story).startswith(AT_ODDS):
        return _AT_ODDS
    lines = story.own or story.changes
    category = lines[0].category if lines else story.finding.kind
    return next((name for name, members in _FAMILIES if category in members), _REST)


def _mention(stories: Sequence[Story], limits: Limits) -> Mention:
    first, most = stories[0], min(limits.clip, _SENTENCE if len(stories) == 1 else _SENTENCE // 2)
    told = list(dict.fromkeys(clip(headline_of(story), most) for story in stories[:_TOLD]))
    if _family(first) == _AT_ODDS:
        told[0] = told[0].removeprefix(f"{AT_ODDS}: ")
    rest = len(stories) - len(stories[:_TOLD])
    told += [f"and {plural(rest, 'more finding')}"] if rest else []
    said = "; ".join([*(one.rstrip(".") for one in told[:-1]), told[-1]])
    title = clip(first.trial.title or first.finding.title, min(_TITLE, limits.clip))
    url = first.changes[0].stamp.url if first.changes else first.finding.url
    return Mention(first.trial.trial.id, url, f"{title}: {said}" if title else said)
