"""What a reader was told already is not told again, and nothing else is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.entries import Limits, entry
from monitor.core.outline import outline
from monitor.core.record import Json
from monitor.core.repeats import news_of, past_once, without_reason
from monitor.core.stories import Story
from tests.support.digests import change, composed, finding, gathered, trial
from tests.support.sample import rich_digest


@pytest.mark.parametrize(
    ("line", "headline", "news"),
    [
        (
            "Recruiting → Active, not recruiting: recruitment closed.",
            "Recruiting → Active, not recruiting, with 4 of 35 enrolled",
            "Recruitment closed.",
        ),
        (
            "Primary outcome replaced before primary completion: “A” → “B”.",
            "Primary outcome replaced before primary completion",
            "“A” → “B”.",
        ),
        ("Recruiting → Completed.", "Recruiting → Completed; study completion moved", ""),
        (
            "Site removed: Asan Medical Center, Busan.",
            "Site removed: Asan Medical Center, Seoul",
            "Site removed: Asan Medical Center, Busan.",
        ),
        (
            "Final enrollment 1,204 of 2,000.",
            "Final enrollment 1,209 of 2,000",
            "Final enrollment 1,204 of 2,000.",
        ),
        ("Results: 5 measures.", "Results: 3 measures", "Results: 5 measures."),
        ("Target 4.5 → 4.", "Target 4.5 → 3", "Target 4.5 → 4."),
    ],
)
def test_a_line_says_what_its_headline_does_not(line: str, headline: str, news: str) -> None:
    """Only a whole clause that the headline has is left out, never part of a name or a number."""
    assert news_of(line, headline) == news


@given(st.text(max_size=60), st.text(max_size=60))
def test_news_is_the_end_of_the_line(line: str, headline: str) -> None:
    """Whatever the texts, what is left is the line, its end, or nothing where all of it is said."""
    news = news_of(line, headline)
    assert not news or line.casefold().endswith(news[1:].casefold())


def test_a_past_is_told_once_for_each_trial() -> None:
    """The same past is dropped the second time; another date's is told without the number of versions."""
    told: set[str] = set()
    first = "Primary completion later. Third move in the 9 versions seen, 14 months in all."
    assert past_once(first, told) == first
    assert past_once(f"{first} More.", told) == "Primary completion later. More."
    other = "Study completion later. Second move in the 9 versions seen, 8 months in all."
    assert past_once(other, told) == "Study completion later. Second move, 8 months in all."
    assert past_once("Nothing moved.", told) == "Nothing moved."


def test_a_reason_is_given_once() -> None:
    """Where a line gives the reason in full, the headline does without it."""
    headline = "Terminated with 9 of 26 enrolled; reason given: “Supply”; primary completion 2 months earlier"
    short = "Terminated with 9 of 26 enrolled; primary completion 2 months earlier"
    assert without_reason(headline) == short
    state = trial(1)
    news = change(state, "Recruiting → Terminated. Reason given: “Supply”.", level="critical")
    bare = change(state, "Recruiting → Terminated.", level="critical")
    said = [
        entry(Story(state, finding(state, headline, one), (one,)), Limits()).headline for one in (news, bare)
    ]
    assert said == [short, headline]


def test_a_status_begins_with_the_move_and_ends_with_what_did_not_move() -> None:
    """First from what to what, then the numbers, then what belongs to no single change."""
    state = trial(1)
    number = change(state, "38 of 120 planned (32 %).", level="critical", category="enrollment", number=1)
    move = change(state, "Recruiting → Completed.", level="major", category="status", number=2)
    told = finding(state, "Completed with 38 of 120", number, move, details=("Start not moved.",))
    story = Story(state, replace(told, kind="status"), (number, move))
    assert [line.text for line in entry(story, Limits()).lines] == [
        move.summary,
        number.summary,
        "Start not moved.",
    ]


def test_sums_come_before_what_they_sum_up() -> None:
    """Of sites and results, the sentence over all stands first."""
    state = trial(1)
    news = change(state, "Site added: A.", level="major")
    told = replace(finding(state, "3 sites added", news, details=("First in China.",)), kind="sites")
    assert [line.text for line in entry(Story(state, told, (news,)), Limits()).lines] == [
        "First in China.",
        "Site added: A.",
    ]


def test_marked_words_stand_for_their_sentence() -> None:
    """A re-worded text has its label and its marks; where not all words are marked, the sentence stays."""
    state = trial(1)
    diff: Json = [["=", "within "], ["-", "3"], ["+", "30"], ["=", " days"]]
    words = "Inclusion, “within 3 days” → “within 30 days”."
    news = change(state, words, level="major", facts={"text_diff": diff})
    story = Story(state, finding(state, "Eligibility changed", news), (news,))
    (line,) = entry(story, Limits()).lines
    assert (line.text, [sign for sign, _ in line.spans]) == ("Inclusion:", ["=", "-", "+", "="])
    (short,) = entry(story, Limits(spans=2)).lines
    assert short.text == words


def test_what_was_taken_back_and_what_cannot_be_so_are_named() -> None:
    """A word says so, wherever they are told."""
    said = outline(rich_digest(), Limits())
    headlines = [
        entry.headline for section in said.sections for card in section.cards for entry in card.entries
    ]
    folded = {one.headline: one.mentions for section in said.sections for one in section.programmes}
    assert [text for text in headlines if text.startswith("Back again: Overall status went")]
    (record,) = folded["1 trial: what does not fit together"]
    assert record.text.startswith("Lumadex Follow-Up Registry: Still recruiting, though its primary")
    alone = next(story for story in rich_digest().stories if story.finding.rule == "m18")
    told = replace(alone.finding, headline="Verified", details=(alone.finding.headline,))
    (line,) = entry(replace(alone, finding=told), Limits()).lines
    assert line.text.startswith("Does not fit together: Still recruiting, though its primary")


def test_a_registrys_words_are_no_contradiction_of_ours() -> None:
    """Only our own sentences are called so."""
    state = trial(1)
    news = change(state, "Title: “Old, though its age” is now “New”.", level="major")
    digest = composed(gathered((state, finding(state, news.summary, news), (news,))))
    (section,) = outline(digest, Limits()).sections
    assert section.cards[0].entries[0].headline == news.summary
