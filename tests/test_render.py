"""Rendering: three forms, the same facts, small enough, and registry text made harmless."""

from __future__ import annotations

import quopri
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.digest import Digest
from monitor.core.entries import Limits
from monitor.core.outline import outline
from monitor.core.phrases import clean, clip, diff_spans, phase_words
from monitor.core.recorded import RecordedChange
from monitor.core.watching import Snapshot
from monitor.errors import RenderError
from monitor.registries.ctgov.normalize import normalize
from monitor.render import HTML_BUDGET, Renderer, markdown_escape
from tests.support.digests import (
    NOW,
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
from tests.support.reading import addresses, facts, flat, named, read, said_in
from tests.support.records import study
from tests.support.sample import programme_digest, rich_digest, sample_digest, window_digest

RENDERER = Renderer()
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> [click](http://evil.example) `code` **bold** "
    "{{ 7 * 7 }} {% raw %} \u202egnp.exe \u200b\x00\x1b[31m\r\nBcc: victim@example.com"
)


def troubled() -> Digest:
    """A digest with notices, a source that is down, first sights and long lists."""
    state = trial(1)
    news = tuple(change(state, f"Site {n} added.", number=n) for n in range(40))
    pending = gathered(
        (state, finding(state, "40 sites added", *news, details=("First in China.",)), news),
        baselines=tuple(notice("baseline", f"Now watching NCT0800{n:04d}", number=n) for n in range(60)),
        notices=(notice("source", "ClinicalTrials.gov cannot be reached since 04:30 UTC"),),
        unread=tuple(trial(n) for n in range(100, 160)),
    )
    return composed(pending, health=source("DOWN", "connection refused"))


def programme() -> Digest:
    """The same edit in four trials of one sponsor."""
    stories = []
    for n in range(1, 5):
        state = trial(n)
        stop = change(
            state,
            "Recruiting → Suspended.",
            level="critical",
            rule="C1",
            category="status",
            field_name="status.overallStatus",
            old="RECRUITING",
            new="SUSPENDED",
            number=n,
        )
        stories.append((state, finding(state, "Recruitment suspended", stop), (stop,)))
    digest = composed(gathered(*stories))
    assert digest.programmes
    return digest


@pytest.mark.parametrize(
    "digest",
    [sample_digest(), rich_digest(), troubled(), programme(), programme_digest(), window_digest()],
    ids=["sample", "rich", "troubled", "programme", "beside", "window"],
)
def test_text_and_html_hold_the_same_facts(digest: Digest) -> None:
    """Every headline, summary, number, date, count and link of one part is in the other."""
    rendered = RENDERER.digest(digest)
    said = said_in(digest, rendered)
    page, text = read(rendered.html), flat(rendered.text)
    missing = [fact for fact in facts(said) if fact not in text or fact not in page.text]
    assert missing == []
    assert set(re.findall(r"https://\S+", rendered.text)) >= addresses(said)
    assert addresses(said) <= set(page.links)
    assert set(re.findall(r"https://\S+", rendered.text)) | named(said) == set(page.links)


def test_markdown_holds_them_too() -> None:
    """The Markdown form names every trial and headline, with links to the registry."""
    rendered = RENDERER.digest(sample_digest())
    markdown = flat(rendered.markdown.replace("\\", ""))
    for story in sample_digest().stories:
        assert f"[{story.trial.trial}](https://clinicaltrials.gov/study/{story.trial.trial})" in markdown
        assert story.finding.headline in markdown


def test_the_text_is_aligned_and_wrapped() -> None:
    """No line is wider than 100 columns, save where a link is."""
    text = RENDERER.digest(troubled()).text
    assert [line for line in text.splitlines() if len(line) > 100 and "https://" not in line] == []
    assert not re.search(r"\n\n\n", text)
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_text_fits_a_narrow_screen(width: int) -> None:
    """A preview wraps to the width it is given."""
    text = RENDERER.digest(sample_digest(), width=width).text
    bars = re.compile(r"[├─]|https://")
    wide = [line for line in text.splitlines() if len(line) > width and not bars.search(line)]
    assert wide == []


def test_the_same_digest_renders_to_the_same_bytes() -> None:
    """Nothing in a rendering is drawn or read from a clock."""
    assert RENDERER.digest(sample_digest()) == Renderer().digest(sample_digest())


def many(
    number: int, summary: str = "Site {n} in Riverton, China: not yet recruiting → recruiting."
) -> Digest:
    """A digest of `number` changes, each in a trial of its own."""
    stories = []
    for n in range(number):
        state = trial(n, f"Veltomab Study Number {n} in a Disease With a Long Name")
        level = ("critical", "major", "minor", "minor", "minor")[n % 5]
        news = change(state, summary.format(n=n), level=level, number=n)  # type: ignore[arg-type]
        stories.append((state, finding(state, summary.format(n=n), news), (news,)))
    return composed(gathered(*stories))


@pytest.mark.parametrize("number", [1, 50, 500, 5000])
def test_html_stays_under_its_budget(number: int) -> None:
    """However many changes there are, the HTML fits 90,000 bytes and the rest is counted."""
    digest = many(number)
    rendered = RENDERER.digest(digest)
    assert len(quopri.encodestring(rendered.html.encode())) <= HTML_BUDGET
    shown = {section_link for section_link in read(rendered.html).links if "?" not in section_link}
    counted = [
        int(n.replace(",", "")) for n in re.findall(r"and ([\d,]+) more \w+ changes?", flat(rendered.text))
    ]
    assert len(shown) + sum(counted) == number
    assert rendered.subject.startswith("Trialwire: ")


def crowded(number: int) -> Digest:
    """One trial with many stories of one level, and many programmes in many trials."""
    stories = []
    for n in range(number):
        state = trial(1, "Veltomab Versus Standard Care in Previously Treated Lung Cancer")
        news = change(state, f"Story {n} of the trial.", level="major", rule="M9", number=n)
        stories.append((state, finding(state, news.summary, news), (news,)))
    for n in range(number):
        for m in (1, 2, 3):
            state = trial(1000 + 10 * n + m, "Study With a Rather Long Name", f"Sponsor Number {n}")
            stop = change(
                state,
                "Recruiting → Suspended.",
                level="critical",
                rule="C1",
                category="status",
                field_name="status.overallStatus",
                old="RECRUITING",
                new="SUSPENDED",
                number=5000 + 10 * n + m,
            )
            stories.append((state, finding(state, stop.summary, stop), (stop,)))
    return composed(gathered(*stories))


@pytest.mark.parametrize("number", [1, 30, 220])
def test_a_trial_appears_once_at_a_level(number: int) -> None:
    """However many stories and programmes, a trial has one line of its own, and the HTML fits its budget."""
    digest = crowded(number)
    rendered = RENDERER.digest(digest)
    assert len(quopri.encodestring(rendered.html.encode())) <= HTML_BUDGET
    told = [form.count("Veltomab Versus Standard Care") for form in (rendered.text, rendered.html)]
    words = (flat(rendered.text), read(rendered.html).text)
    if number < 100:
        assert told == [1, 1]
        more = f"more findings: trialwire history {trial(1).trial}"
        assert [more in form for form in words] == [number > 8] * 2
    else:
        assert told == [0, 0]
        assert all("more critical changes in" in form for form in words)
        assert all("more major changes in 1 trial" in form for form in words)
    assert f"{number} critical" in rendered.subject


def test_what_is_folded_names_the_command_that_shows_it() -> None:
    """The worst is told in full; minor changes are counted, with the command."""
    text = flat(RENDERER.digest(many(500)).text)
    assert "more minor changes in" in text
    assert "trialwire changes --observed-since 2026-11-19 --tag akeso --min-significance minor" in text


@settings(max_examples=10)
@given(
    text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
    times=st.integers(1, 200),
    number=st.sampled_from([1, 30, 150]),
)
def test_no_text_breaks_the_budget(text: str, times: int, number: int) -> None:
    """Whatever the registry writes, however long, the HTML fits and both forms render."""
    state = trial(1, title=text * times, sponsor=text * times)
    stories = []
    for n in range(number):
        news = change(
            state, text * times + str(n), number=n, facts={"text_diff": [["-", text], ["+", text]] * times}
        )
        stories.append((state, finding(state, text * times, news, details=(text * times,)), (news,)))
    digest = composed(gathered(*stories))
    rendered = RENDERER.digest(digest)
    assert len(quopri.encodestring(rendered.html.encode())) <= HTML_BUDGET
    said, text = said_in(digest, rendered), flat(rendered.text)
    assert [fact for fact in facts(said) if fact not in text] == []


def test_registry_text_is_hostile() -> None:
    """No markup, template, control or direction mark of a registry's text survives as such."""
    state = trial(1, title=HOSTILE, sponsor=HOSTILE)
    news = change(state, HOSTILE, level="critical", facts={"text_diff": [["-", HOSTILE], ["+", "x"]]})
    other = notice("quarantine", HOSTILE)
    digest = composed(
        gathered(
            (state, finding(state, "x " + HOSTILE, news, details=(HOSTILE,)), (news,)), notices=(other,)
        ),
        health=source("BROKEN", HOSTILE),
    )
    rendered = RENDERER.digest(digest)
    page = read(rendered.html)
    allowed = "html head meta title style body div table tr td p h1 h2 h3 ul li a strong br span code del ins"
    assert {tag for tag, _ in page.tags} <= set(allowed.split())
    assert not [name for _, members in page.tags for name in members if name.startswith("on")]
    assert all(link.startswith("https://clinicaltrials.gov/study/NCT09") for link in page.links)
    for form in (rendered.text, rendered.html, rendered.markdown, rendered.subject):
        assert not set(form) & set("\u202e\u200b\x00\x1b\r")
        assert "\nBcc" not in form
    assert "49" not in rendered.html.replace("7 * 7", "")
    assert not re.search(r"(?<!\\)\[click\]\(", rendered.markdown)
    assert not re.search(r"(?<!\\)<script", rendered.markdown)


def test_html_says_levels_in_words_and_wants_no_images() -> None:
    """Level, removal and addition are told without color; there is a language, a title and a dark form."""
    page = read(RENDERER.digest(sample_digest()).html)
    tags = [tag for tag, _ in page.tags]
    html = dict(page.tags)["html"]
    assert (html["lang"], html["dir"]) == ("en", "ltr")
    assert {"CRITICAL", "MAJOR", "MINOR"} <= set(page.words)
    assert "Struck words were removed, underlined ones added." in page.text
    assert {"title", "del", "ins"} <= set(tags)
    assert not {"img", "script", "link", "iframe"} & set(tags)
    layout = [members.get("role") for tag, members in page.tags if tag == "table"]
    assert set(layout) == {"presentation"}
    assert "prefers-color-scheme:dark" in RENDERER.digest(sample_digest()).html


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colors (WCAG 2)."""

    def light(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_words_stand_out_from_their_ground() -> None:
    """Every color of words has a contrast of at least 4.5 to its ground, by day and by night."""
    html = RENDERER.digest(rich_digest()).html
    style, _, body = html.partition("</style>")
    day, _, night = style.partition("prefers-color-scheme:dark")
    night = night.partition("[data-ogsc]")[0]
    by_day = {*re.findall(r"[{;\"]color:(#\w{6})", day), *re.findall(r"[;\"]color:(#\w{6})", body)}
    by_night = set(re.findall(r"[{;]color:(#\w{6})", night))
    assert len(by_day) > 5
    assert len(by_night) > 5
    assert min(contrast(color, "#fcfcfd") for color in by_day) >= 4.5
    assert min(contrast(color, "#1c2127") for color in by_night) >= 4.5
    bars_by_day = set(re.findall(r'class="bar[^>]*bgcolor="(#\w{6})"', body))
    bars_by_night = set(re.findall(r"\.bar[-\w]*\{background:(#\w{6})", night))
    assert (len(bars_by_day), len(bars_by_night)) == (2, 2)
    assert min(contrast(color, "#fcfcfd") for color in bars_by_day) >= 3
    assert min(contrast(color, "#1c2127") for color in bars_by_night) >= 3


def test_bars_are_drawn_only_for_time_left() -> None:
    """A slip is drawn where both dates lie ahead; a date in the past has no length."""
    state = trial(1)

    def drawn(old: str, new: str) -> bool:
        news = change(
            state,
            "Moved.",
            level="major",
            rule="M2",
            field_name="status.primaryCompletionDate",
            old={"date": old, "type": "ESTIMATED"},
            new={"date": new, "type": "ESTIMATED"},
        )
        digest = composed(gathered((state, finding(state, "Moved", news), (news,))))
        return "time left" in RENDERER.digest(digest).text

    assert drawn("2027-05", "2027-10")
    assert not drawn("2026-05", "2027-10")
    assert not drawn("2027-05", "2026-12-01")


def test_what_another_sentence_tells_gets_no_line_of_its_own() -> None:
    """The reason for stopping stands in the status's sentence; alone, it has a line."""
    state = trial(1)
    status = change(state, "Suspended. Reason given: “Supply”.", field_name="status.overallStatus", number=1)
    reason = change(
        state,
        "Reason given in short: “Supply”.",
        field_name="status.whyStopped",
        facts={"told_with": "status.overallStatus"},
        number=2,
    )

    def text(*news: RecordedChange) -> str:
        told = finding(state, "A stop", *news)
        return RENDERER.digest(composed(gathered((state, told, news)))).text

    assert "in short" not in text(status, reason)
    assert "in short" in text(reason)


def test_a_quiet_digest_is_quiet() -> None:
    """A heartbeat says that nothing passed, that all were read, and as of when; nothing shouts."""
    rendered = RENDERER.digest(composed(FakePending(), subscription(heartbeat=True)))
    assert "All quiet: nothing at or above minor in 43 trials" in rendered.text
    assert "nothing: 43 trials read" in rendered.text
    assert "ClinicalTrials.gov as of 20 Nov 09:00 UTC" in rendered.text
    assert "CRITICAL" not in rendered.html


def test_a_users_own_template_goes_first(tmp_path: Path) -> None:
    """A folder of the user's wins over the packaged templates, file by file."""
    (tmp_path / "digest.txt.j2").write_text("mine: {{ digest.subject }}\n", encoding="utf-8")
    rendered = Renderer([tmp_path]).digest(sample_digest())
    assert rendered.text == f"mine: {rendered.subject}\n"
    assert rendered.html == RENDERER.digest(sample_digest()).html


@pytest.mark.parametrize("template", ["{{ nothing.here }}", "{% if %}", "{{ 1 | no_such_filter }}"])
def test_a_broken_template_is_named(tmp_path: Path, template: str) -> None:
    """What is wrong with a template of one's own is said with its name."""
    (tmp_path / "digest.txt.j2").write_text(template, encoding="utf-8")
    with pytest.raises(RenderError, match=r"digest\.txt\.j2") as caught:
        Renderer([tmp_path]).digest(sample_digest())
    assert caught.value.template == "digest.txt.j2"


def test_a_template_that_cannot_be_made_to_fit_is_refused(tmp_path: Path) -> None:
    """The budget is kept by refusing, never by cutting."""
    (tmp_path / "digest.html.j2").write_text("x" * 100_000, encoding="utf-8")
    with pytest.raises(RenderError, match="90,000"):
        Renderer([tmp_path]).digest(sample_digest())


def test_a_trial_page_has_front_matter_and_field_changes() -> None:
    """`show --format markdown` is a page a person and a program can read."""
    record = normalize(
        study("NCT09000001", protocolSection__identificationModule__briefTitle='A "quoted" *title*')
    )
    snapshot = Snapshot(
        trial=record.trial,
        seq=3,
        digest="0" * 64,
        first_seen="2026-11-20",
        observed_at=datetime(2026, 11, 20, 9, 41, 7, tzinfo=UTC),
        origin="poll",
        data_version="2026-11-20",
        version=15,
        submitted_on="2026-11-17",
        posted_on="2026-11-19",
        title="A title",
    )
    news = change(trial(1), "4 sites now recruiting.", key="city hospital one|riverton||china")
    url = "https://clinicaltrials.gov/study/NCT09000001"
    page = RENDERER.trial_page(record, snapshot, [news], url=url, source="ClinicalTrials.gov")
    _, front, body = page.split("---\n", 2)
    assert 'title: "A \\"quoted\\" *title*"\n' in front
    assert (
        'nct_id: "NCT09000001"\noverall_status: "RECRUITING"\nphase: "PHASE2"\nsponsor: "Alpha Bio"\n'
        in front
    )
    assert "\\*title\\*" in body
    for words in (
        "- **Enrollment:** 120",
        "## Eligibility",
        "Progression-free survival (24 months)",
        "## Locations (2)",
        "City Hospital One, Riverton, China (RECRUITING)",
        "`locations.city hospital one|riverton||china` changed (2026-11-19): 4 sites now recruiting.",
    ):
        assert words in body.replace("\\_", "_"), words
    assert not re.search(r"\n\n\n", page)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words, 1.5 mg", "plain words, 1.5 mg"),
        ("- a list", "\\- a list"),
        ("1. a number", "\\1. a number"),
        ("a*b_c[d](e)", "a\\*b\\_c\\[d\\](e)"),
        ("<b>&", "\\<b\\>&"),
        ("# head", "\\# head"),
    ],
)
def test_markdown_reads_as_written(text: str, escaped: str) -> None:
    """Marks of Markdown in a registry's text stay what they are."""
    assert markdown_escape(text) == escaped


@given(st.text(max_size=200), st.integers(10, 80))
def test_clipped_text_is_short_and_clean(text: str, limit: int) -> None:
    """Clipping never exceeds its limit, and cleaning twice changes nothing."""
    assert len(clip(text, limit)) <= limit
    assert clean(clean(text)) == clean(text)


def test_long_unchanged_text_is_shortened_around_what_changed() -> None:
    """Only the words that changed and some beside them are shown."""
    long = " " + " ".join(f"word{n}" for n in range(50)) + "\n"
    spans = diff_spans([["=", long], ["-", "old"], ["+", "new"], ["=", long], ["+", "end"], ["=", long]])
    assert spans == (
        ("=", "… word44 word45 word46 word47 word48 word49 "),
        ("-", "old "),
        ("+", "new"),
        ("=", " word0 word1 word2 word3 word4 word5 … word44 word45 word46 word47 word48 word49 "),
        ("+", "end"),
        ("=", " word0 word1 word2 word3 word4 word5 …"),
    )
    assert diff_spans([["=", long]]) == diff_spans(None) == diff_spans([["?", 3], "x"]) == ()


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ((), ""),
        (("NA",), ""),
        (("PHASE2",), "Phase 2"),
        (("PHASE2", "PHASE3"), "Phase 2/3"),
        (("EARLY_PHASE1",), "Early phase 1"),
    ],
)
def test_phases_are_told_in_words(phases: tuple[str, ...], words: str) -> None:
    """Enum values are for programs."""
    assert phase_words(phases) == words


def test_limits_count_what_they_leave_out() -> None:
    """A story cut to one line says how many more there are."""
    said = outline(troubled(), Limits(lines=2, quiet=1, items=2))
    (entry,) = said.sections[0].cards[0].entries
    assert [line.text for line in entry.lines] == ["First in China.", "Site 0 added."]
    assert entry.more == 39
    assert said.watching[-1] == "and 58 more: trialwire status"
    assert said.unread[-1] == "and 58 more: trialwire status"
    assert NOW.year == 2026
