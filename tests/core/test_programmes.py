"""Programmes: the same edit in several trials of one asset or sponsor, told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from monitor.core.change import Op, Significance
from monitor.core.digest import Digest, compose, counts, subject
from monitor.core.entries import Limits
from monitor.core.outline import outline
from monitor.core.programmes import NAMED, Programme, programmes, shared
from monitor.core.programmes.assets import asset_form, asset_names, assets
from monitor.core.record import Json, TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.stories import Story
from monitor.core.watching import TrialState
from monitor.registries.ctgov.normalize import normalize
from tests.support.digests import change, finding, gathered, occasion, subscription, trial
from tests.support.records import study

REASON = "Portfolio review"


def suspended(number: int, sponsor: str = "Alpha Bio", *, reason: str = REASON) -> Story:
    """A trial that was suspended."""
    state = trial(number, sponsor=sponsor)
    news = change(
        state,
        f'Recruiting → Suspended. Reason given: "{reason}" (classed business).',
        level="critical",
        rule="C1",
        category="status",
        field_name="status.overallStatus",
        old="RECRUITING",
        new="SUSPENDED",
        facts={"why_stopped": reason},
        number=number,
    )
    return told(state, news)


def slipped(
    number: int,
    days: int,
    sponsor: str = "Alpha Bio",
    *,
    level: Significance = "major",
    to: str = "ESTIMATED",
) -> Story:
    """A trial whose primary completion moved."""
    state = trial(number, sponsor=sponsor)
    news = change(
        state,
        f"Primary completion moved by {days} days in trial {number}.",
        level=level,
        rule="M2",
        category="dates",
        field_name="status.primaryCompletionDate",
        old={"date": "2027-01", "type": "ESTIMATED"},
        new={"date": "2027-07", "type": to},
        facts={"slip_days": days},
        number=number,
    )
    return told(state, news)


def edited(
    number: int,
    field: str,
    category: str,
    old: Json,
    new: Json,
    *,
    op: Op = "changed",
    level: Significance = "minor",
    text_diff: Json = None,
    sponsor: str = "Alpha Bio",
) -> Story:
    """A trial with some other edit."""
    state = trial(number, sponsor=sponsor)
    facts: Mapping[str, Json] = {"text_diff": text_diff} if text_diff else {}
    news = change(
        state,
        f"{field} changed.",
        level=level,
        rule="m15",
        category=category,
        field_name=field,
        op=op,
        old=old,
        new=new,
        facts=facts,
        number=number,
    )
    return told(state, news)


def told(state: TrialState, *changes: RecordedChange, details: tuple[str, ...] = ()) -> Story:
    """One story of these changes."""
    return Story(state, finding(state, changes[0].summary, *changes, details=details), changes)


def named(stories: Sequence[Story], *names: str) -> dict[TrialId, Sequence[str]]:
    """All trials test the same."""
    return {story.trial.trial: names for story in stories}


def moved_address(number: int, before: str) -> Story:
    """The same address replaced in texts that differ otherwise."""
    words: Json = [["=", before], ["-", "data@old.example"], ["+", "data@new.example"]]
    return edited(
        number,
        "ipdSharing.accessCriteria",
        "documents",
        f"{before} data@old.example",
        f"{before} data@new.example",
        text_diff=words,
    )


FIRES: dict[str, tuple[list[Story], tuple[str, ...], str]] = {
    "two suspensions of an asset": (
        [suspended(1), suspended(2)],
        ("Veltomab",),
        f'Recruitment suspended in 2 trials of Veltomab (Alpha Bio); reason given: "{REASON}".',
    ),
    "two suspensions of a sponsor, for reasons of their own": (
        [suspended(1), suspended(2, reason="Drug supply")],
        (),
        "Recruitment suspended in 2 trials of Alpha Bio.",
    ),
    "an asset of two sponsors": (
        [suspended(1), suspended(2, "Northern Cancer Group")],
        ("AB-12 (veltomab)", "placebo"),
        f'Recruitment suspended in 2 trials of AB-12; reason given: "{REASON}".',
    ),
    "a shift by as many months": (
        [slipped(1, 182), slipped(2, 184), slipped(3, 181)],
        ("Veltomab",),
        "Primary completion 6 months later in 3 trials of Veltomab (Alpha Bio).",
    ),
    "the same words replaced in other texts": (
        [moved_address(n, f"Write, in case {n}, to") for n in (1, 2, 3)],
        (),
        'Sharing, who has access: "data@old.example" → "data@new.example" in 3 trials of Alpha Bio.',
    ),
    "an organization renamed": (
        [
            edited(n, "identification.organization", "identification", "Alpha Biotech Inc", "Alpha Bio Inc")
            for n in (1, 2, 3)
        ],
        (),
        'Organization: "Alpha Biotech Inc" → "Alpha Bio Inc" in 3 trials of Alpha Bio.',
    ),
}
SILENT: dict[str, tuple[list[Story], tuple[str, ...]]] = {
    "one trial": ([suspended(1)], ("Veltomab",)),
    "another asset and another sponsor": ([suspended(1), suspended(2, "Beta Pharma")], ()),
    "background in common": (
        [suspended(1), suspended(2, "Beta Pharma")],
        ("Carboplatin AUC 5", "Placebo", "Standard of care", "chemotherapy"),
    ),
    "other shifts": ([slipped(1, 182), slipped(2, 240)], ("Veltomab",)),
    "another way": ([slipped(1, 182), slipped(2, -182)], ("Veltomab",)),
    "confirmed dates": ([slipped(1, 182, to="ACTUAL"), slipped(2, 182, to="ACTUAL")], ("Veltomab",)),
    "two small shifts": ([slipped(1, 20, level="minor"), slipped(2, 20, level="minor")], ("Veltomab",)),
    "two equal texts": ([moved_address(1, "Write to"), moved_address(2, "Ask")], ("Veltomab",)),
    "sites added alike": (
        [edited(n, "locations", "sites", None, {"facility": "Riverton"}, op="added") for n in range(5)],
        ("Veltomab",),
    ),
    "contacts": ([edited(n, "contacts.central", "contacts", "a b", "c d") for n in range(5)], ("Veltomab",)),
    "results": (
        [edited(n, "results.hasResults", "results", False, True, level="critical") for n in range(5)],
        ("Veltomab",),
    ),
    "noise": (
        [edited(n, "conditions.keywords", "description", "a", "b", level="noise") for n in range(5)],
        ("Veltomab",),
    ),
}


@pytest.mark.parametrize("name", FIRES)
def test_the_same_edit_is_a_programme(name: str) -> None:
    """One move, one shift, the same words replaced: told once, of the asset or else the sponsor."""
    stories, names, headline = FIRES[name]
    (one,) = programmes(stories, named(stories, *names))
    assert one.headline == headline
    assert [member.trial for member in one.members] == [story.trial.trial for story in stories]
    assert set(one.findings) == {story.finding.id for story in stories}
    assert set(one.changes) == {change.id for story in stories for change in story.changes}
    assert shared(stories) == {story.trial.trial for story in stories}


@pytest.mark.parametrize("name", SILENT)
def test_chance_is_no_programme(name: str) -> None:
    """What trials have by chance, or too few of them have, is told by their own stories alone."""
    stories, names = SILENT[name]
    assert programmes(stories, named(stories, *names)) == ()


def test_the_last_site_of_a_country_in_several_trials() -> None:
    """That a country is left shows on findings; from three trials on it is a programme's exit."""
    stories = [edited(n, "locations", "sites", {"facility": "A"}, None, op="removed") for n in (1, 2, 3)]
    left = [
        replace(
            story, finding=replace(story.finding, significance="major", facts={"countries_lost": ["Japan"]})
        )
        for story in stories
    ]
    (one,) = programmes(left)
    assert one.headline == "Last site in Japan gone in 3 trials of Alpha Bio."
    assert programmes(left[:2]) == ()


def test_the_largest_group_has_the_trials() -> None:
    """An asset within a larger programme of its sponsor is not told a second time."""
    stories = [suspended(n) for n in (1, 2, 3, 4)]
    (one,) = programmes(stories, named(stories[:2], "Veltomab"))
    assert one.of == "Alpha Bio"
    assert len(one.members) == 4


def test_two_effects_in_the_same_trials_are_one_programme() -> None:
    """Two dates of the same trials that moved alike are one finding."""
    stories = []
    for n in (1, 2):
        first = slipped(n, 182).changes[0]
        study_end = replace(
            first,
            id=f"{first.id}x",
            body={**first.body, "field": "status.completionDate", "path": "status.completionDate"},
        )
        stories.append(told(trial(n), first, study_end))
    (one,) = programmes(stories)
    assert one.headline == (
        "Primary completion 6 months later in 2 trials of Alpha Bio; study completion 6 months later."
    )
    assert len(one.changes) == 4


def test_ids_do_not_depend_on_the_order_of_stories() -> None:
    """Composed again, in whatever order, a programme keeps its id."""
    stories = [suspended(n) for n in (1, 2, 3)]
    assert programmes(stories)[0].id == programmes(stories[::-1])[0].id


def test_a_large_programme_names_a_few() -> None:
    """Past six trials the rest is counted in the headline; programs get them all."""
    (one,) = programmes([suspended(n) for n in range(40)])
    assert one.named.endswith(f"NCT0900000{NAMED - 1} and 34 more.")
    listed = one.to_dict()["trials"]
    assert isinstance(listed, list)
    assert len(listed) == 40


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Cadoxumab", "cadoxumab"),
        ("CADOXUMAB Injection 10 mg/kg", "cadoxumab"),
        ("Nirotinib Mesylate Tablets, 50 mg BID", "nirotinib"),
        ("Placebo", ""),
        ("placebo for cadoxumab", ""),
        ("Carboplatin", ""),
        ("standard of care", ""),
        ("Investigator's choice of chemotherapy", ""),
        ("5 mg", ""),
        ("Sodium Chloride", ""),
    ],
)
def test_an_asset_has_one_name(name: str, form: str) -> None:
    """Case, dose, form and salt do not tell assets apart; background is nobody's."""
    assert next(iter(assets([name])), "") == form
    assert asset_form("") == ""


def test_what_a_trial_tests_is_read_off_its_record() -> None:
    """Drugs and their other names, and nothing that is given everywhere."""
    assert list(assets(asset_names(normalize(study())))) == ["veltomab", "ab-12"]
    assert assets(["Veltomab (AB-12) + Oxaliplatin"]) == {"veltomab": "Veltomab", "ab-12": "AB-12"}


def digest_of(stories: Sequence[Story]) -> Digest:
    """The digest that tells these stories."""
    pending = gathered(*((story.trial, story.finding, story.changes) for story in stories))
    made = compose(subscription(), pending, occasion(), sources=())
    assert made is not None
    return made


def test_nothing_is_said_twice() -> None:
    """Stories that a programme tells in full are folded into it; what they add is told with it."""
    stories = [suspended(n) for n in (1, 2, 3)]
    still = "Primary completion not moved: still Mar 2027 (estimated)."
    stories[0] = told(stories[0].trial, *stories[0].changes, details=(still,))
    made = digest_of(stories)
    said = outline(made, Limits())
    (section,) = said.sections
    assert section.cards == ()
    assert [mention.text for mention in section.programmes[0].mentions] == [
        f"Veltomab in Gastric Cancer: {still}",
        "Veltomab in Gastric Cancer",
        "Veltomab in Gastric Cancer",
    ]
    assert counts(made) == {"critical": 1}
    assert subject(made).startswith("Trialwire: 1 critical · ")
    assert said.scope == "in 3 of 43 trials"


def test_a_story_keeps_what_is_its_own() -> None:
    """A story of which a programme tells a part goes on with the rest, at the rest's level."""
    stories = [suspended(n) for n in (1, 2)]
    state = stories[0].trial
    target = change(
        state, "Target 420 → 300 (−29 %).", level="major", rule="M5", category="enrollment", number=77
    )
    stories[0] = told(state, *stories[0].changes, target)
    made = digest_of(stories)
    said = outline(made, Limits())
    critical, major = said.sections
    assert critical.cards == ()
    (card,) = major.cards
    assert card.entries[0].headline == "Target 420 → 300 (−29 %)."
    assert [line.text for line in card.entries[0].lines] == [
        "The rest of it is told above, with other trials."
    ]
    assert counts(made) == {"critical": 1, "major": 1}
    assert {change for story in made.stories for change in story.finding.changes} == set(made.told)


def test_a_programme_is_a_finding_without_a_trial_of_its_own() -> None:
    """Programs get `trial` null, the trials by name and the findings it is told of."""
    one: Programme = programmes([suspended(n) for n in (1, 2)])[0]
    told_to_programs = one.to_dict()
    assert told_to_programs["trial"] is None
    assert told_to_programs["kind"] == "programme"
    assert (told_to_programs["significance"], told_to_programs["rule"]) == ("critical", "C1")
    assert told_to_programs["headline"] == (
        f'Recruitment suspended in 2 trials of Alpha Bio; reason given: "{REASON}": NCT09000001, NCT09000002.'
    )
