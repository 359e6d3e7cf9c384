"""Digests in blocks: told and counted add up, whatever the room, and every dialect leaves words as words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.brief import STEPS, Brief, as_text, brief, fitted, in_short
from monitor.core.dialects import DISCORD, HTML, PLAIN, SLACK, TEAMS, Dialect, Piece, web_address, written
from monitor.core.digest import Digest
from monitor.core.links import Links
from monitor.core.outline import outline
from monitor.core.partial_date import PartialDate
from monitor.core.phrases import clean
from monitor.core.readouts import Readout, ReadoutList, Readouts
from monitor.core.record import TrialId
from tests.support.digests import NOW, composed, gathered, notice, trial
from tests.support.hostile import hostile_digest
from tests.support.sample import sample_digest

LINKS = Links("https://trialwire.example.com", b"k" * 32)


def text(digest: Digest, most: int, links: Links | None = None) -> str:
    """The digest as plain text of at most so many characters."""
    return fitted(digest, links, as_text, lambda said: len(said) <= most)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 60), most=st.integers(400, 9_000))
def test_told_and_counted_add_up(count: int, most: int) -> None:
    """Of any number of changes in any room, each is told by its trial's number or counted."""
    said = text(hostile_digest(count, "Words of a sponsor"), most)
    counted = sum(int(number) for number in re.findall(r"and (\d+) more\b(?! in this version)", said))
    assert len(said) <= most
    assert len(set(re.findall(r"NCT09\d{6}", said))) + counted == count


def test_less_room_means_fewer_words_and_the_same_counts() -> None:
    """All levels are counted at the top in every form but the shortest, which says how to read the rest."""
    for most in (100_000, 2_000, 1_000, 400):
        assert text(sample_digest(), most).startswith("2 critical · 2 major · 2 minor in 5 of 43 trials")
    assert text(sample_digest(), 160).splitlines() == [
        "Recruitment suspended with 202 of 420 enrolled",
        "",
        "trialwire changes --observed-since 2026-11-19 --tag akeso --min-significance minor",
    ]
    assert in_short(sample_digest()).title == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"


def test_what_is_only_counted_is_told_on_our_page() -> None:
    """Where pages are served, chats lead there instead of naming a command."""
    said = text(sample_digest(), 400, LINKS)
    assert f"All of this digest (https://trialwire.example.com/digests/{sample_digest().id})" in said
    assert "trialwire changes" not in said


def test_attention_is_told_in_the_fewest_words() -> None:
    """A notice is not folded into a count of changes."""
    digest = composed(gathered(notices=(notice("database", "The database is read-only."),)))
    assert "The database is read-only." in text(digest, 200)


@pytest.mark.parametrize("words", ["Down: https://evil.example/x", "Down: trialwire db restore /dev/null"])
def test_a_notice_cannot_pass_for_a_link_or_a_command(words: str) -> None:
    """What a registry said in a notice is neither led to nor marked as a command of ours."""
    digest = composed(gathered(notices=(notice("source", words),)))
    said = brief(digest, outline(digest, STEPS[0]), STEPS[0])
    assert said.blocks[0].items[0].heading == (Piece(words),)


def test_the_readout_clock_is_told_shortly() -> None:
    """Three trials of a kind, the rest counted; where room is short, the counts alone."""
    soon = tuple(
        Readout("expected", TrialId("ctgov", f"NCT0950000{n}"), f"Trial {n}", None, (), PartialDate(2027, 1),
                "Jan 2027", "Reads out Jan 2027.", url=f"https://clinicaltrials.gov/study/NCT0950000{n}")
        for n in range(5)
    )  # fmt: skip
    lists = (ReadoutList("expected", "Expected readouts", soon, more=2),)
    digest = replace(sample_digest(), readouts=Readouts(NOW.date(), 90, lists, "Whether it applies is open."))
    ample = text(digest, 100_000)
    assert "READOUT CLOCK\nExpected readouts (7)\n· NCT09500000 Trial 0: Reads out Jan 2027.\n" in ample
    assert "· and 4 more\nWhether it applies is open.\n" in ample
    short = as_text(brief(digest, outline(digest, STEPS[-1]), STEPS[-1]))
    assert "Expected readouts (7)\nWhether" in short


def test_quiet_is_said() -> None:
    """A heartbeat says that nothing happened and that all was read."""
    digest = replace(sample_digest(), stories=(), programmes=(), baselines=(), unread=(), folded=0)
    said = text(digest, 1_000)
    assert said.startswith("All quiet: nothing at or above minor in 43 trials")
    assert "Could not check: nothing: 43 trials read." in said


def test_unread_trials_are_named() -> None:
    """What could not be checked has a block of its own, in few words a count."""
    digest = composed(gathered(notices=(notice("source", "Down."),), unread=(trial(1), trial(2))))
    assert "COULD NOT CHECK\nNCT09000001" in text(digest, 2_000)
    assert "2 could not be checked" in text(digest, 240)


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (SLACK, "&amp; &lt;@U1&gt; *b*"),
        (TEAMS, r"\& \<\@U1\> \*b\*"),
        (DISCORD, r"\& \<\@U1\> \*b\*"),
        (HTML, "&amp; &lt;@U1&gt; *b*"),
        (PLAIN, "& <@U1> *b*"),
    ],
    ids=["slack", "teams", "discord", "html", "plain"],
)
def test_each_dialect_escapes_in_its_own_way(dialect: Dialect, expected: str) -> None:
    """The same words of a sponsor, harmless in each chat."""
    assert written((Piece("& <@U1> *b*"),), dialect) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1. one", r"1\. one"),
        ("- one", r"\- one"),
        ("+ one", r"\+ one"),
        ("-1.5 mg", "-1.5 mg"),
        ("https://e.example/a_b", r"https\://e.example/a\_b"),
        ("ratio 1:2", "ratio 1:2"),
        ("[x](y)", r"\[x\](y)"),
        ("# h", r"\# h"),
    ],
)
def test_markdown_reads_the_same(raw: str, expected: str) -> None:
    """What would begin a list, a heading or a link is escaped; numbers and signs are left alone."""
    assert written((Piece(raw),), TEAMS) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_markdown_can_be_taken_back(raw: str) -> None:
    """Without its backslashes the text is what it was: nothing is lost, nothing added."""
    assert re.sub(r"\\([^A-Za-z0-9\s])", r"\1", written((Piece(raw),), DISCORD)).strip() == clean(raw)


@pytest.mark.parametrize(
    ("piece", "slack", "teams", "discord", "html"),
    [
        (Piece("a", "strong"), "*a*", "**a**", "**a**", "<strong>a</strong>"),
        (Piece("a", "struck"), "~a~", r"\[-a-\]", "~~a~~", "<del>a</del>"),
        (Piece("a", "added"), "*a*", "{+a+}", "__a__", "<ins>a</ins>"),
        (Piece("a`b", "code"), "a`b", r"a\`b", "`a'b`", "<code>a`b</code>"),
        (Piece(" a ", "struck"), " ~a~ ", r" \[-a-\] ", " ~~a~~ ", " <del>a</del> "),
        (Piece("a~b", "struck"), "[-a~b-]", r"\[-a\~b-\]", r"~~a\~b~~", "<del>a~b</del>"),
        (
            Piece("v1", url="https://r.example/?a=1&b=(2)"),
            "<https://r.example/?a=1&amp;b=%282%29|v1>",
            "[v1](https://r.example/?a=1&b=%282%29)",
            "[v1](https://r.example/?a=1&b=%282%29)",
            '<a href="https://r.example/?a=1&amp;b=%282%29">v1</a>',
        ),
    ],
)
def test_marks_and_links(piece: Piece, slack: str, teams: str, discord: str, html: str) -> None:
    """Marks by dialect; where one could be broken by the words it holds, brackets instead."""
    assert [written((piece,), dialect) for dialect in (SLACK, TEAMS, DISCORD, HTML)] == [
        slack, teams, discord, html,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://r.example/a b|c>d", "https://r.example/a%20b%7Cc%3Ed"),
        ("javascript:alert(1)", ""),
        ("", ""),
        ("https://r.example/[x]", "https://r.example/%5Bx%5D"),
    ],
)
def test_only_web_addresses_are_links(url: str, address: str) -> None:
    """An address cannot end its link early, and nothing but http leads anywhere."""
    assert web_address(url) == address


def test_the_longest_that_fits_is_taken() -> None:
    """Nothing is folded where all has room."""
    digest = sample_digest()
    whole = brief(digest, outline(digest, STEPS[0]), STEPS[0])
    assert fitted(digest, None, lambda said: said, lambda said: isinstance(said, Brief)) == whole
