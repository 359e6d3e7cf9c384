"""Minor news folded by trial: one line each, under what is read together, and none lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.entries import Limits
from monitor.core.mentions import folds
from monitor.core.outline import outline
from monitor.core.stories import Story
from tests.support.digests import change, composed, finding, gathered, trial


def minor(number: int, category: str = "sites", words: str = "2 sites added.", serial: int = 0) -> Story:
    """A minor story of a trial."""
    state = trial(number, f"Study {number}")
    news = change(state, words, category=category, field_name=f"{category}.x", number=100 * number + serial)
    return Story(state, finding(state, words, news), (news,))


@pytest.mark.parametrize(
    ("category", "family"),
    [
        ("status", "status, dates and enrollment"),
        ("dates", "status, dates and enrollment"),
        ("enrollment", "status, dates and enrollment"),
        ("eligibility", "outcomes, eligibility and design"),
        ("outcomes", "outcomes, eligibility and design"),
        ("arms", "outcomes, eligibility and design"),
        ("design", "outcomes, eligibility and design"),
        ("sites", "sites and contacts"),
        ("contacts", "sites and contacts"),
        ("results", "results, documents and publications"),
        ("documents", "results, documents and publications"),
        ("references", "results, documents and publications"),
        ("sponsor", "sponsor, description and the rest"),
        ("identification", "sponsor, description and the rest"),
        ("description", "sponsor, description and the rest"),
        ("admin", "sponsor, description and the rest"),
        ("registry", "sponsor, description and the rest"),
    ],
)
def test_every_category_is_read_with_its_like(category: str, family: str) -> None:
    """Each category of the contract has a family."""
    ((one,), rest) = folds([minor(1, category)], 10, Limits())
    assert (one.headline, rest) == (f"1 trial: {family}", [])


def test_a_trial_has_one_line() -> None:
    """Several stories of a trial are one line, under the family of the first; more than three are counted."""
    stories = [minor(1, words=f"Move {n}.", serial=n) for n in range(5)] + [minor(2, "dates", "Confirmed.")]
    found, rest = folds(stories, 10, Limits())
    assert [one.headline for one in found] == [
        "1 trial: status, dates and enrollment",
        "1 trial: sites and contacts",
    ]
    assert found[1].mentions[0].text == "Study 1: Move 0; Move 1; Move 2; and 2 more findings"
    assert found[1].mentions[0].url == "https://clinicaltrials.gov/study/NCT09000001"
    assert ([one.stories for one in found], rest) == ([1, 5], [])


@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["sites", "dates", "sponsor"])), max_size=40),
    st.integers(0, 12),
)
def test_a_story_has_a_line_or_is_counted(news: list[tuple[int, str]], room: int) -> None:
    """Whatever the room, every story is in a line or in the rest, and no trial is in both or in two lines."""
    stories = [minor(number, category, serial=n) for n, (number, category) in enumerate(news)]
    found, rest = folds(stories, room, Limits())
    lines = [m.number for one in found for m in one.mentions]
    left = {story.trial.trial.id for story in rest}
    assert len(lines) == len(set(lines)) <= room
    assert set(lines) | left == {story.trial.trial.id for story in stories}
    assert not set(lines) & left


def test_the_news_of_one_trial_is_not_folded() -> None:
    """Where a digest is about one trial, its minor news has the room for its lines."""
    state = trial(1)
    news = change(state, "Site added: A.", number=1), change(state, "Site added: B.", number=2)
    (section,) = outline(
        composed(gathered((state, finding(state, "2 sites added", *news), news))), Limits()
    ).sections
    assert section.programmes == ()
    assert [line.text for line in section.cards[0].entries[0].lines] == ["Site added: A.", "Site added: B."]
