"""What a digest is beside its page: threads, the table of what is only counted, our own pages."""

from __future__ import annotations

import csv
import quopri
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from monitor.core.change import LEVELS
from monitor.core.digest import Digest
from monitor.core.links import Links
from monitor.core.pictures import Picture, PictureRow
from monitor.core.record import Json
from monitor.core.sheet import COLUMNS, safe_cell, sheet
from monitor.render import HTML_BUDGET, Renderer
from tests.support.digests import (
    FakePending,
    change,
    composed,
    finding,
    gathered,
    notice,
    source,
    subscription,
    trial,
)
from tests.support.reading import facts, flat, read, said_in
from tests.support.sample import programme_digest, rich_digest, sample_digest

RENDERER = Renderer()
LINKS = Links("https://trialwire.example.com", b"key")
HOSTILE = ("<b>", "`a`", "=1+1", "{{ 7 }}", "\u202e", "&amp;", "a" * 900, "x\ny", "**b**", "“”", "Still")


def crowd(number: int) -> Digest:
    """One change in each of so many trials, worst first."""
    stories = []
    for n in range(number):
        state = trial(n, f"Study {n}")
        news = change(state, f"Change {n}: a → b.", level=LEVELS[n % 3], number=n)
        stories.append((state, finding(state, news.summary, news), (news,)))
    return composed(gathered(*stories))


def in_threads(digest: Digest) -> Digest:
    """The same for a reader who wants a thread for each trial."""
    return replace(digest, subscription=replace(digest.subscription, layout="threads"))


def rows(digest: Digest) -> list[dict[str, str]]:
    """The table of a digest, as a spreadsheet reads it."""
    return list(csv.DictReader(StringIO(sheet(digest).decode(), newline="")))


# Failing digests are read as they are: making one smaller takes minutes.
texts = st.lists(st.sampled_from([*HOSTILE, "word", "Recruiting → Suspended."]), min_size=1, max_size=6).map(
    " ".join
)


@st.composite
def digests(draw: st.DrawFn) -> Digest:
    """Any digest: hostile text in any number of trials, levels, lists, pictures and both layouts."""
    stories = []
    for n in range(draw(st.sampled_from([0, 1, 3, 40]))):
        state = trial(draw(st.integers(1, 12)), draw(texts), draw(texts))
        diff: Json = [["-", draw(texts)], ["=", " kept "], ["+", draw(texts)]]
        news = tuple(
            change(
                state,
                draw(texts),
                level=draw(st.sampled_from(LEVELS[:3])),
                category=draw(st.sampled_from(["sites", "dates", "outcomes", "sponsor"])),
                facts={"text_diff": diff} if draw(st.booleans()) else {},
                number=10 * n + m,
            )
            for m in range(draw(st.integers(1, 3)))
        )
        stories.append((state, finding(state, draw(texts), *news, details=(draw(texts),)), news))
    notices = tuple(notice("quarantine", draw(texts), number=n) for n in range(draw(st.integers(0, 2))))
    made = composed(
        gathered(*stories, notices=notices, unread=(trial(99, draw(texts)),) * draw(st.integers(0, 2))),
        subscription(heartbeat=True),
    )
    drawn = (PictureRow(draw(texts), draw(st.floats(0, 1)), draw(texts)), PictureRow("2 left out", None, ""))
    pictures = {state.trial: (Picture("Completion", drawn, "as drawn"),) for state, _, _ in stories[:2]}
    return replace(made, pictures=pictures)


@settings(max_examples=12, phases=(Phase.generate,))
@given(digests(), st.sampled_from([None, LINKS]))
def test_any_digest_fits_and_its_parts_agree(digest: Digest, links: Links | None) -> None:
    """Whatever it holds, the HTML fits its budget, and all that the HTML says the text says."""
    rendered = Renderer(links=links).digest(digest)
    assert len(quopri.encodestring(rendered.html.encode())) <= HTML_BUDGET
    said, text = said_in(digest, rendered, links), flat(rendered.text)
    assert [fact for fact in facts(said) if fact not in text] == []


@settings(max_examples=6, phases=(Phase.generate,))
@given(digests())
def test_any_thread_fits_and_each_trial_has_one(digest: Digest) -> None:
    """Whatever it holds, each trial told of has one thread that fits, under a subject on one line."""
    rendered = RENDERER.digest(in_threads(digest))
    assert [one.trial for one in rendered.threads] == list(
        dict.fromkeys(story.trial.trial for story in digest.stories)
    )
    for one in rendered.threads:
        assert len(quopri.encodestring(one.html.encode())) <= HTML_BUDGET
        assert one.subject.startswith(f"[trialwire] {one.trial.id} ")
        assert "\n" not in one.subject


def test_a_thread_tells_all_of_its_trial() -> None:
    """What several trials have in common is told in the thread of each; minor news is not folded there."""
    rendered = RENDERER.digest(in_threads(programme_digest()))
    assert len(rendered.threads) == 3
    for one in rendered.threads:
        assert "Recruiting → Suspended." in one.text
        assert "above, with other trials" not in one.text
    assert "2 sites added." in rendered.threads[0].text
    assert flat(rendered.threads[0].text).count("NCT09000002") == 0


def test_a_threads_subject_stays_and_its_first_words_are_news() -> None:
    """The subject names the trial and nothing of the day; the body begins with what happened."""
    lung = RENDERER.digest(in_threads(sample_digest())).threads[0]
    assert lung.subject == (
        "[trialwire] NCT09000001 Veltomab Versus Standard Care in Previously Treated Lung Cancer"
    )
    assert read(lung.html).text.startswith(
        "1 critical in this trial CRITICAL Recruitment suspended with 202 of"
    )


def test_what_belongs_to_no_trial_goes_out_where_there_is_any() -> None:
    """With threads, the ordinary message holds the rest, and is empty where nothing else is news."""
    quiet = RENDERER.digest(in_threads(programme_digest()))
    assert (quiet.text, quiet.html) == ("", "")
    assert "3 trials" in quiet.markdown
    rest = RENDERER.digest(in_threads(rich_digest()))
    assert rest.subject == "Trialwire: 1 new in your searches, 1 channel disabled · akeso · 20 Nov"
    words = flat(rest.text)
    assert "trialwire channels enable ops" in words
    assert "READOUT CLOCK" in words
    assert "Recruitment suspended" not in words
    assert "All quiet" not in words


@pytest.mark.parametrize(
    ("members", "subject"),
    [
        ({"held": 3}, "3 changes held"),
        ({"unread": (trial(9),)}, "1 trial not read"),
        ({"baselines": (notice("baseline", "Now watching x"),)}, "1 new trial"),
        ({"readouts": rich_digest().readouts}, "11 trials on the readout clock"),
        ({"sources": (source("DOWN", "refused"),)}, "trouble with a source"),
    ],
)
def test_the_rest_is_never_called_quiet(members: dict[str, object], subject: str) -> None:
    """Where trials have threads, the message about the rest says in its subject what it is about."""
    digest = in_threads(replace(programme_digest(), **members))  # type: ignore[arg-type]
    rendered = RENDERER.digest(digest)
    assert rendered.subject == f"Trialwire: {subject} · akeso · 20 Nov"
    assert "3 trials told of in threads of their own" in flat(rendered.text)


def test_a_heartbeat_is_an_ordinary_message_in_any_layout() -> None:
    """A quiet day has no thread, and says that it is quiet."""
    digest = composed(FakePending(), replace(subscription(heartbeat=True), layout="threads"))
    rendered = RENDERER.digest(digest)
    assert rendered.threads == ()
    assert rendered.subject == "Trialwire: all quiet in 43 trials · akeso · 20 Nov"
    assert "All quiet" in rendered.text


@pytest.mark.parametrize(
    ("members", "subject"),
    [
        ({"unread": (trial(9),)}, "1 of 43 trials not read"),
        ({"held": 2}, "2 changes held"),
        ({"notices": (notice("source", "down"),)}, "1 source notice"),
    ],
)
def test_a_subject_says_quiet_only_where_it_is(members: dict[str, object], subject: str) -> None:
    """What could not be read, or is held back, is no quiet: neither subject nor first line says so."""
    quiet = composed(FakePending(), subscription(heartbeat=True))
    rendered = RENDERER.digest(replace(quiet, **members))  # type: ignore[arg-type]
    assert rendered.subject == f"Trialwire: {subject} · akeso · 20 Nov"
    assert "All quiet" not in rendered.text


def test_where_nothing_could_be_read_nothing_is_said_of_the_trials() -> None:
    """A source that is down leaves no trial to be quiet; the trials are named until that says no more."""
    quiet = composed(FakePending(), subscription(heartbeat=True), health=source("DOWN", "refused"))
    rendered = RENDERER.digest(replace(quiet, unread=tuple(trial(n) for n in range(43))))
    words = flat(rendered.text)
    assert "None of 43 trials could be read" in words
    assert "43 trials could not be read, the longest since 20 Nov 06:30 UTC" in words
    assert "and 31 more: trialwire status" in words
    assert rendered.subject == "Trialwire: 43 of 43 trials not read · akeso · 20 Nov"


def test_small_digests_have_no_table() -> None:
    """A table goes out only where the mail cannot hold all."""
    rendered = RENDERER.digest(sample_digest())
    assert (rendered.csv, rendered.csv_name) == (b"", "")
    assert "one a line" not in rendered.text


def test_what_is_only_counted_is_in_the_table() -> None:
    """Where changes are only counted, a table holds every one of them, and both parts say so."""
    digest = crowd(700)
    rendered = RENDERER.digest(digest)
    told = list(csv.DictReader(StringIO(rendered.csv.decode(), newline="")))
    assert {row["summary"] for row in told} == {f"Change {n}: a -> b." for n in range(700)}
    assert rendered.csv_name == "trialwire-akeso-2026-11-20-31.csv"
    assert rendered.csv_name in flat(rendered.text)
    assert rendered.csv_name in read(rendered.html).text
    assert rendered.csv == sheet(digest)
    assert rendered.csv.isascii()


def test_our_own_page_takes_the_place_of_the_table() -> None:
    """Where pages are served, what is only counted is a link away, and each trial told has its history."""
    rendered = Renderer(links=LINKS).digest(crowd(700))
    page = f"https://trialwire.example.com/digests/{crowd(700).id}"
    assert rendered.csv == b""
    assert page in read(rendered.html).links
    assert f"more minor changes in 233 trials: {page}" in flat(rendered.text)
    told = Renderer(links=LINKS).digest(sample_digest())
    assert "https://trialwire.example.com/trials/ctgov/NCT09000001" in read(told.html).links
    assert "history: https://trialwire.example.com/trials/ctgov/NCT09000001" in told.text


def test_threads_leave_their_table_to_one_message() -> None:
    """A trial with more than its thread holds is in the table, once for all threads."""
    state = trial(1)
    news = tuple(change(state, f"Change {n}.", level="major", number=n) for n in range(60))
    many = [(state, finding(state, one.summary, one), (one,)) for one in news]
    rendered = RENDERER.digest(in_threads(composed(gathered(*many))))
    assert rendered.csv == b""
    assert "and 52 more findings" in flat(rendered.threads[0].text)
    crowded = [change(state, "word " * 400 + str(n), level="major", number=n) for n in range(400)]
    stories = [(trial(n), finding(trial(n), one.summary, one), (one,)) for n, one in enumerate(crowded)]
    assert RENDERER.digest(composed(gathered(*stories))).csv.count(b"\r\n") == 401


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-12", "-12"),
        ("+3.5", "+3.5"),
        ("-1e", "'-1e"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_no_cell_is_taken_for_a_formula(text: str, cell: str) -> None:
    """Registry text may begin with what a spreadsheet acts on; plain numbers stay numbers."""
    assert safe_cell(text) == cell


def test_a_row_holds_a_change() -> None:
    """A row has the change's place, values, sentence and registry address, in ASCII signs."""
    state = trial(1, "=cmd|' /C calc'!A0")
    news = change(
        state,
        "Target 420 → 300 (−29 %).",
        level="major",
        rule="M5",
        category="enrollment",
        field_name="design.enrollmentCount",
        old=420,
        new={"b": "“x”", "a": 1},
    )
    (row,) = rows(composed(gathered((state, finding(state, "Less", news), (news,)))))
    assert list(row) == list(COLUMNS)
    assert row == {
        "trial": "NCT09000001",
        "title": "'=cmd|' /C calc'!A0",
        "level": "major",
        "rule": "M5",
        "category": "enrollment",
        "field": "design.enrollmentCount",
        "op": "changed",
        "old": "420",
        "new": '{"a":1,"b":"\'x\'"}',
        "summary": "Target 420 -> 300 (-29 %).",
        "posted_on": "2026-11-19",
        "version_from": "14",
        "version_to": "15",
        "url": "https://clinicaltrials.gov/study/NCT09000001",
    }


def test_a_table_is_bounded_and_says_so() -> None:
    """What does not fit is counted in the last line, with the command that shows it."""
    table = sheet(crowd(50), most=2_000).decode().split("\r\n")
    assert len("\r\n".join(table)) <= 2_100
    counted = re.fullmatch(r'"and (\d+) more changes, left out for size: trialwire changes"', table[-2])
    assert counted is not None
    assert int(counted[1]) + len(table) - 3 == 50


def test_templates_of_ones_own_find_what_they_found_before(tmp_path: Path) -> None:
    """A template written for an earlier version renders: names were only added."""
    (tmp_path / "digest.md.j2").write_text(
        "{{ digest.subject }} {{ digest.preheader }} {{ digest.scope }}"
        "{% for section in digest.sections %}{{ section.level }} {{ section.more }}"
        "{% for across in section.programmes %}{{ across.headline }}"
        "{% for m in across.mentions %} {{ m.number }} {{ m.url }} {{ m.text }}{% endfor %}{% endfor %}"
        "{% for card in section.cards %}{{ card.number }} {{ card.context }} {{ card.more }}"
        "{% for entry in card.entries %}{{ entry.headline }} {{ entry.compare }}"
        "{% for line in entry.lines %}{{ line.text }}{{ line.spans | marked_md }}{% endfor %}"
        "{% endfor %}{% endfor %}{% endfor %}{{ digest.unread | join }}{{ digest.covers }}",
        encoding="utf-8",
    )
    told = Renderer([tmp_path]).digest(sample_digest()).markdown
    assert "2 trials: sites and contacts NCT09000004 https://clinicaltrials.gov/study/NCT09000004" in told
    assert "Recruitment suspended with 202 of 420 enrolled" in told


def test_commands_are_code_and_backticks_never_show() -> None:
    """What our own notices put between backticks is marked as code, and plain in plain text."""
    rendered = RENDERER.digest(rich_digest())
    assert "<code>trialwire channels enable ops</code>" in rendered.html
    assert "`" not in read(rendered.html).text
    assert "answered 410: trialwire channels enable ops" in rendered.text
    assert "`trialwire channels enable ops`" in rendered.markdown


def test_registry_text_between_backticks_stays_text() -> None:
    """Only our own words are marked: a registry's backticks are shown as they are."""
    state = trial(1, "A `code` title")
    news = change(state, "Said `x`.", level="major")
    rendered = RENDERER.digest(composed(gathered((state, finding(state, "Said `x`.", news), (news,)))))
    assert "<code>" not in rendered.html
    assert "Said `x`." in read(rendered.html).text


def test_the_first_words_are_counts_and_the_worst() -> None:
    """A list of mail shows the beginning of a page: how many, how bad, and what."""
    page = read(RENDERER.digest(sample_digest()).html)
    counts = "2 critical · 2 major · 2 minor in 5 of 43 trials"
    assert page.text.startswith(f"{counts} Worst: Recruitment suspended with 202 of 420 enrolled")
    assert not [tag for tag, members in page.tags if "display:none" in (members.get("style") or "")]
