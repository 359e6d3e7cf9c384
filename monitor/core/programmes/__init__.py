"""Programme findings: the same edit in several trials of one asset or sponsor (rules, "Findings").

The same edit is the same field and the same effect: one move of the status, a shift by as many months, the
same country left, the same words replaced. What is alike by chance (lists of sites, contacts, results) makes
no programme.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.core.bodies import plain_name
from monitor.core.catalogue import field
from monitor.core.change import LEVELS, Significance, at_least, worst
from monitor.core.phrases import clip
from monitor.core.programmes.assets import assets
from monitor.core.programmes.effects import Effect, effect_of, effects_of_finding
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange, derived_id, leading
from monitor.core.sentences.words import quoted
from monitor.core.stories import Story

NAMED = 6
"""Trials named in one headline."""
_NO_PROGRAMME = frozenset({"contacts", "admin", "registry", "results", "references"})
"""Categories in which edits are alike by chance. Of sites, only a country gained or lost counts."""


@dataclass(frozen=True, slots=True)
class Several:
    """From how many trials on the same edit is a programme, in some categories at some levels."""

    trials: int
    categories: frozenset[str] | None
    """None: any."""
    at_least: Significance


ENOUGH: tuple[Several, ...] = (
    Several(2, frozenset({"status", "dates", "enrollment"}), "major"),
    Several(3, None, "minor"),
)
"""The first that fits decides."""


@dataclass(frozen=True, slots=True)
class Member:
    """What a programme says of one trial."""

    trial: TrialId
    title: str
    url: str
    said: str
    """Its own sentence, where the trials' sentences differ."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One edit, or several, in the same trials."""

    id: str
    of: str
    """The asset, with the sponsor where it is one; or the sponsor."""
    headline: str
    significance: Significance
    rule: str
    members: tuple[Member, ...]
    findings: tuple[str, ...]
    """The trials' own findings that it is told of."""
    changes: tuple[str, ...]
    told: frozenset[str]
    """Ids of the changes (recorded or net) whose sentence it tells."""

    @property
    def named(self) -> str:
        """The headline with the numbers of its trials, the first of them."""
        numbers = [member.trial.id for member in self.members]
        rest = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
        return f"{self.headline.rstrip('.')}: {', '.join(numbers[:NAMED])}{rest}."

    def to_dict(self) -> JsonObject:
        """A finding (contract section 2) over several trials: `trial` is null, `trials` names them."""
        return {
            "id": self.id,
            "trial": None,
            "trials": [
                {
                    "registry": member.trial.registry,
                    "id": member.trial.id,
                    "title": member.title,
                    "url": member.url,
                }
                for member in self.members
            ],
            "kind": "programme",
            "of": self.of,
            "headline": self.named,
            "significance": self.significance,
            "rule": self.rule,
            "changes": list(self.changes),
            "findings": list(self.findings),
            "details": [member.said for member in self.members if member.said],
            "facts": {},
            "net": None,
            "steps": [],
        }


@dataclass(frozen=True, slots=True)
class _Edit:
    """One effect in one trial."""

    effect: Effect
    story: Story
    changes: tuple[RecordedChange, ...]

    @property
    def level(self) -> Significance:
        if self.effect.of_finding:
            return self.story.finding.significance
        return worst([change.significance for change in self.changes])


_Shared = Mapping[TrialId, _Edit]


def shared(stories: Sequence[Story]) -> frozenset[TrialId]:
    """Trials that have an edit in common with another one: whose assets are worth knowing."""
    trials: dict[tuple[str, ...], set[TrialId]] = {}
    for edit in _edits(stories):
        trials.setdefault(edit.effect.key, set()).add(edit.story.trial.trial)
    return frozenset(trial for group in trials.values() if len(group) > 1 for trial in group)


def programmes(
    stories: Sequence[Story], names: Mapping[TrialId, Sequence[str]] | None = None
) -> tuple[Programme, ...]:
    """All programmes over the stories, worst first; `names` are those of the trials' interventions."""
    by_effect: dict[tuple[str, ...], dict[TrialId, _Edit]] = {}
    for edit in _edits(stories):
        by_effect.setdefault(edit.effect.key, {}).setdefault(edit.story.trial.trial, edit)
    told: dict[tuple[str, tuple[TrialId, ...]], list[list[_Edit]]] = {}
    known = {trial: assets(own) for trial, own in (names or {}).items()}
    for edits in by_effect.values():
        for of, trials in _groups(edits, known):
            told.setdefault((of, trials), []).append([edits[trial] for trial in trials])
    found = [_programme(of, together) for (of, _), together in told.items()]
    return tuple(sorted(found, key=lambda one: (LEVELS.index(one.significance), one.headline, one.id)))


def _effect(change: RecordedChange) -> Effect | None:
    allowed = change.category not in _NO_PROGRAMME and change.category != "sites"
    if change.baseline or not allowed or change.significance == "noise":
        return None
    return effect_of(change)


def _edits(stories: Sequence[Story]) -> Iterator[_Edit]:
    for story in stories:
        by_key: dict[tuple[str, ...], list[RecordedChange]] = {}
        effects: dict[tuple[str, ...], Effect] = {}
        for change in leading(story.lines):
            effect = _effect(change)
            if effect is not None:
                effects[effect.key] = effect
                by_key.setdefault(effect.key, []).append(change)
        for key, changes in by_key.items():
            yield _Edit(effects[key], story, tuple(changes))
        for effect in effects_of_finding(story.finding):
            yield _Edit(effect, story, ())


def _groups(
    edits: _Shared, known: Mapping[TrialId, Mapping[str, str]]
) -> Iterator[tuple[str, tuple[TrialId, ...]]]:
    """(what the trials have in common, the trials): the largest first, each trial once."""
    left = dict(edits)
    while len(left) > 1:
        groups = sorted(_in_common(left, known), key=lambda group: (-len(group[1]), group[2], group[0]))
        fitting = next((g for g in groups if _are_enough([left[trial] for trial in g[1]])), None)
        if fitting is None:
            return
        yield fitting[0], fitting[1]
        left = {trial: edit for trial, edit in left.items() if trial not in fitting[1]}


def _in_common(
    edits: _Shared, known: Mapping[TrialId, Mapping[str, str]]
) -> Iterator[tuple[str, tuple[TrialId, ...], int]]:
    """(label, trials, rank): assets before sponsors, where both have the same trials."""
    by_asset: dict[str, list[TrialId]] = {}
    by_sponsor: dict[str, list[TrialId]] = {}
    for trial in sorted(edits):
        for form in known.get(trial, ()):
            by_asset.setdefault(form, []).append(trial)
        if sponsor := edits[trial].story.trial.sponsor:
            by_sponsor.setdefault(plain_name(sponsor), []).append(trial)
    # Of two names for the same trials, the one most trials write first is what people say.
    for rank, (form, trials) in enumerate(by_asset.items()):
        sponsors = {edits[trial].story.trial.sponsor for trial in trials}
        one = next(iter(sponsors)) if len(sponsors) == 1 else None
        shown = known[trials[0]][form]
        yield f"{shown} ({one})" if one else shown, tuple(trials), rank
    for trials in by_sponsor.values():
        yield edits[trials[0]].story.trial.sponsor or "", tuple(trials), len(by_asset)


def _are_enough(edits: Sequence[_Edit]) -> bool:
    if len(edits) < 2:
        return False
    category = field(edits[0].effect.field).category
    for several in ENOUGH:
        about = several.categories is None or category in several.categories
        if about and all(at_least(edit.level, several.at_least) for edit in edits):
            return len(edits) >= several.trials
    return False


def _programme(of: str, together: Sequence[Sequence[_Edit]]) -> Programme:
    """One programme of the effects that the same trials share, the worst first."""
    parts = sorted(together, key=lambda edits: LEVELS.index(worst([edit.level for edit in edits])))
    everything = [edit for edits in parts for edit in edits]
    loudest = min(everything, key=lambda edit: LEVELS.index(edit.level))
    findings = tuple(dict.fromkeys(edit.story.finding.id for edit in everything))
    changes = tuple(dict.fromkeys(change for edit in everything for change in _recorded(edit)))
    return Programme(
        id="fnd_" + derived_id("programme", of, *findings, *changes),
        of=of,
        headline=_headline(of, parts),
        significance=worst([edit.level for edit in everything]),
        rule=min(loudest.changes, key=lambda change: LEVELS.index(change.significance)).rule
        if loudest.changes
        else loudest.story.finding.rule,
        members=tuple(_members(parts)),
        findings=findings,
        changes=changes,
        told=frozenset(change.id for edit in everything for change in edit.changes),
    )


def _headline(of: str, parts: Sequence[Sequence[_Edit]]) -> str:
    """`Primary completion 6 months later in 4 trials of cadonilimab (Akeso)`."""
    first, *others = parts
    told = f"{first[0].effect.said} in {len(first)} trials of {of}"
    reasons = {_reason(edit) for edits in parts for edit in edits} - {""}
    if len(reasons) == 1 and all(_reason(edit) for edit in first):
        told += f"; reason given: {quoted(next(iter(reasons)), 120)}"
    for edits in others:
        said = edits[0].effect.said
        told += f"; {said[:1].lower()}{said[1:]}"
    return f"{told}."


def _reason(edit: _Edit) -> str:
    for change in edit.changes:
        reason = change.facts.get("why_stopped")
        if isinstance(reason, str):
            return " ".join(reason.split())
    return ""


def _members(parts: Sequence[Sequence[_Edit]]) -> Iterator[Member]:
    """The trials in order of their numbers, each with what it alone says."""
    alike = [len({_said(edit) for edit in edits}) == 1 for edits in parts]
    for edits in zip(*parts, strict=True):
        own = [_said(edit) for edit, same in zip(edits, alike, strict=True) if not same]
        story = edits[0].story
        title = clip(story.trial.title or story.finding.title, 160)
        yield Member(story.trial.trial, title, story.finding.url, " ".join(filter(None, own)))


def _said(edit: _Edit) -> str:
    return " ".join(dict.fromkeys(edit.effect.own(change.summary) for change in edit.changes))


def _recorded(edit: _Edit) -> tuple[str, ...]:
    """Ids of the recorded changes: of a net change its steps, as far as they are of its field."""
    if not edit.story.finding.net:
        return tuple(change.id for change in edit.changes)
    fields = {change.field for change in edit.changes}
    return tuple(step.id for step in edit.story.changes if step.field in fields)
