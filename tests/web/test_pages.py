"""Pages: what they show, whatever the registry wrote, and how they answer what they cannot show."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.web.site import HOSTILE, ONE, Served

TRIAL = f"/trials/ctgov/{ONE.id}"
_ALLOWED = """
    html head meta title style body header main footer a form input button label select option h1 h2 h3 p
    span b ul li nav article section dl dt dd figure svg desc line rect g text details summary table thead
    tbody tr th td div code del ins br
"""
ALLOWED = frozenset(_ALLOWED.split())
VOID = {"meta", "input", "br", "line", "rect"}


class Page(HTMLParser):
    """Which elements, attributes and links a page has, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def said(self) -> str:
        """The words of the page, white space collapsed."""
        return " ".join(" ".join(self.words).split())


def page(site: Served, path: str, status: int = 200) -> Page:
    """A page, which must be well-formed."""
    answer = site(path)
    assert answer.status == status, answer.text
    found = Page(answer.text)
    assert (found.wrong, found.open) == ([], [])
    return found


def digest_page(site: Served) -> str:
    """Where the digest of the installation is shown."""
    return next(link for link in page(site, "/").links if link.startswith("/digests/"))


def every_page(site: Served) -> list[tuple[str, int]]:
    """One address of each page there is, refusals too."""
    leave = "/unsubscribe/" + leaving(site, "ci-team", "<b>reader@example.org")
    return [
        ("/", 200),
        (digest_page(site), 200),
        (TRIAL, 200),
        (f"{TRIAL}?min_significance=noise", 200),
        (f"{TRIAL}/compare", 200),
        (f"{TRIAL}/compare?from=@s1&to=@s4", 200),
        (leave, 200),
        ("/trials/ctgov/NCT00000099", 404),
        ("/trials/ctgov/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404),
        (f"{TRIAL}/compare?from=%3Cscript%3E", 400),
        (f"{TRIAL}?category=%3Cscript%3E", 400),
    ]


def leaving(site: Served, channel: str, recipient: str) -> str:
    """The token by which this reader leaves."""
    assert site.app.links is not None
    return site.app.links.unsubscribe(channel, recipient).rpartition("/")[2]


def test_nothing_a_registry_wrote_becomes_markup(site: Served) -> None:
    """Every page has only our own elements, no script, no handler, no inline style, and shows the title."""
    for path, status in every_page(site):
        found = page(site, path, status)
        assert found.elements <= ALLOWED, path
        assert not {name for name in found.attributes if name.startswith("on") or name == "style"}, path
        outside = [link for link in found.links if not link.startswith(("/", "?"))]
        assert all(link.startswith("https://clinicaltrials.gov/") for link in outside), path
    assert HOSTILE in page(site, TRIAL).said


def test_a_trial_is_shown_whole(site: Served) -> None:
    """Title, status, the slip chart with its text alternative, facts, stories with their versions."""
    found = page(site, TRIAL)
    for words in (
        "Active, not recruiting · NCT00000001 · Phase 2 · Alpha Bio",
        "5 versions held since 5 Jan 2024",
        "Primary completion: 4 moves, 14 months later.",
        "Recruiting from s1, Suspended from s3, Recruiting from s4, Active, not recruiting from s5.",
        "Enrollment 140 planned",
        "Target 180 → 140 (−22 %)",
        "Recruiting → Active, not recruiting",
    ):
        assert words.replace("\u00a0", " ") in found.said.replace("\u00a0", " "), words
    assert "https://clinicaltrials.gov/study/NCT00000001" in found.links
    assert f"{TRIAL}/compare?from=@s4&to=@s5" in found.links
    assert {"role", "aria-labelledby"} <= found.attributes


def test_stories_can_be_filtered(site: Served) -> None:
    """By category, by level and by day; where nothing fits, the way out is named."""
    assert "Target 180 → 140" not in page(site, f"{TRIAL}?category=dates").said
    assert "Target 180 → 140" in page(site, f"{TRIAL}?category=enrollment").said
    early = "5 Mar 2024 s3 imported"
    assert early in page(site, TRIAL).said
    assert early not in page(site, f"{TRIAL}?since=2024-04").said
    nothing = page(site, f"{TRIAL}?category=results")
    assert "No change fits these filters." in nothing.said
    assert f"{TRIAL}?min_significance=noise" in nothing.links


def test_two_versions_are_compared(site: Served) -> None:
    """Only what differs, before beside after; the same version twice differs in nothing."""
    found = page(site, f"{TRIAL}/compare?from=@s1&to=@s3")
    assert "before Mar 2027 (estimated) after Nov 2027 (estimated)" in found.said
    assert "Study completion" not in found.said
    assert "Nothing differs." in page(site, f"{TRIAL}/compare?from=@s2&to=@s2").said
    assert page(site, f"{TRIAL}/compare?from=@2024-02-10&to=@latest").said.count("s2 · 2024-02-05")


def test_a_digest_is_shown_whole_and_filtered(site: Served) -> None:
    """Every change it told, by story, the worst first; a level leaves out what is quieter."""
    where = digest_page(site)
    found = page(site, where)
    assert found.said.count("NCT00000001") > 1
    assert "3 of them only counted in the message" in found.said
    levels = re.findall(r'article class="(\w+)"', site(where).text)
    assert levels == sorted(levels, key=("critical", "major", "minor", "noise").index)
    assert set(re.findall(r'article class="(\w+)"', site(f"{where}?min_significance=critical").text)) == {
        "critical"
    }


def test_the_overview_tells_of_each_subscription(site: Served) -> None:
    """The latest digest of one, that there is none of the other, what needs attention."""
    found = page(site, "/")
    assert "Digest 1, 20 Nov 2026, 09:30 UTC" in found.said
    assert "No digest yet." in found.said
    assert "All is well." in found.said or "Needs attention" in found.said


@pytest.mark.parametrize(
    ("typed", "status", "where"),
    [
        ("nct00000001", 303, TRIAL),
        ("https://clinicaltrials.gov/study/NCT00000001", 303, TRIAL),
        ("//evil.example", 404, None),
        ("", 400, None),
    ],
)
def test_a_number_leads_to_its_trial(site: Served, typed: str, status: int, where: str | None) -> None:
    """However it is written; nothing else leads anywhere."""
    answer = site(f"/trials?number={typed}")
    assert (answer.status, answer.headers.get("location")) == (status, where)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "There is no such page. Begin at the overview."),
        ("/digests/nothing", 404, "There is no such digest."),
        ("/trials/isrctn/NCT00000001", 404, "No registry we know has trial numbers of this form."),
        ("/trials/ctgov/NCT00000099", 404, "trialwire watch add NCT00000099 starts watching"),
        (f"{TRIAL}/compare?from=@9&to=@2", 404, "Choose two of those that are held."),
        (f"{TRIAL}/compare?from=what", 400, "names no version. Use @4"),
        (f"{TRIAL}?since=soon", 400, "is no date. Give a date"),
        (f"{TRIAL}?category=date", 400, "Did you mean dates?"),
        (f"{TRIAL}?cursor=abc", 400, "Take it from next of an answer."),
        (f"{TRIAL}?since={'9' * 300}", 400, "asks for too much"),
    ],
)
def test_a_refusal_says_what_to_do(site: Served, path: str, status: int, words: str) -> None:
    """Each kind of mistake has its status and its remedy, on a page that leads on."""
    found = page(site, path, status)
    assert words in found.said
    assert "/" in found.links


def test_a_digest_has_no_page_beyond_its_last(site: Served) -> None:
    """An address beyond the end is refused, not shown empty."""
    assert site(f"{digest_page(site)}?page=2").status == 404


def test_a_feed_is_the_file_that_its_channel_wrote(site: Served) -> None:
    """As it is, and only for subscriptions that have such a channel."""
    missing = site("/feeds/morning.atom")
    assert (missing.status, "next digest" in missing.text) == (404, True)
    path = site.folder / "feeds" / "morning.atom"
    path.parent.mkdir()
    path.write_bytes(b"<feed/>")
    given = site("/feeds/morning.atom")
    assert (given.status, given.body) == (200, b"<feed/>")
    assert given.headers["content-type"].startswith("application/atom+xml")
    assert [site(f"/feeds/{name}.atom").status for name in ("plain", "..%2Ftrialwire", "none")] == [404] * 3
