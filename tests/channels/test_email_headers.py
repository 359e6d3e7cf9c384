"""Headers on the wire, and the way out: by table and by law."""

from __future__ import annotations

import email as stdlib_email
import re
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.channels.email import headers
from monitor.channels.email.leaving import PLACE, Leaving, in_html, in_text, leaving
from monitor.core.links import Links
from monitor.core.phrases import clean

PAGES = Links("https://trialwire.example.com", b"k" * 32)
ANY_TEXT = st.text(max_size=150) | st.text('ab "\\,;:<>@()[]=?_\r\n\t\0é→試', max_size=150)


def read(raw: bytes, name: str) -> str:
    """A header's value as the standard library reads it."""
    return str(stdlib_email.message_from_bytes(raw + b"\r\n", policy=policy.default)[name])


def lines(raw: bytes) -> list[bytes]:
    """The lines of a header, which all end as they must."""
    assert raw.endswith(b"\r\n")
    found = raw[:-2].split(b"\r\n")
    assert b"\n" not in b"".join(found)
    assert all(line.startswith(b" ") and line.strip() for line in found[1:]), "a header begins only once"
    return found


@given(ANY_TEXT)
@settings(max_examples=60, deadline=None)
def test_a_subject_comes_back_as_it_was(text: str) -> None:
    """Whatever it holds: ASCII lines of at most 76, one header, and two readers agree on what it says."""
    raw = headers.line("Subject", headers.unstructured(text))
    assert raw.isascii()
    assert max(map(len, lines(raw))) <= headers.LINE
    assert read(raw, "Subject") == clean(text)
    unfolded = raw.decode()[len("Subject:") : -2].replace("\r\n", "").strip()
    assert str(make_header(decode_header(unfolded))) == clean(text)


@given(ANY_TEXT)
@settings(max_examples=60, deadline=None)
def test_a_name_comes_back_as_it_was(text: str) -> None:
    """Quotes, commas, brackets and letters of every script stay in the name, and the address beside it."""
    raw = headers.line(
        "From", headers.mailbox(Address(text.replace("\r", "").replace("\n", ""), "a", "x.org"))
    )
    assert raw.isascii()
    assert max(map(len, lines(raw))) <= headers.LINE or b'"' in raw
    unfolded = raw.decode()[len("From:") : -2].replace("\r\n", "").strip()
    ((name, spec),) = getaddresses([unfolded])
    assert spec == "a@x.org"
    assert str(make_header(decode_header(name))) == clean(text.replace("\r", "").replace("\n", ""))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Trialwire", "Trialwire"),
        ("CI Team", "CI Team"),
        ("Team, CI", '"Team, CI"'),
        ('The "CI" Team', '"The \\"CI\\" Team"'),
        ("a.b", '"a.b"'),
        ("Prüfwerk", "=?utf-8?q?Pr=C3=BCfwerk?="),
        ("試験", "=?utf-8?b?6Kmm6aiT?="),
        ("=?utf-8?q?no?=", "=?utf-8?q?=3D=3Futf-8=3Fq=3Fno=3F=3D?="),
        ("two\r\nlines", "two lines"),
    ],
)
def test_names_are_written_by_the_letter_of_the_rules(name: str, written: str) -> None:
    """Atoms as they are, specials quoted, other scripts encoded (RFC 5322, RFC 2047)."""
    assert headers.phrase(name) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Trialwire: 2 critical", "Trialwire: 2 critical"),
        ("a  b\tc", "a b c"),
        ("a =?utf-8?q?b?=", "=?utf-8?q?a_=3D=3Futf-8=3Fq=3Fb=3F=3D?="),
        ("x" * 38, "=?utf-8?q?" + "x" * 38 + "?="),
        ("x" * 37, "x" * 37),
        ("2 major · akeso", "=?utf-8?q?2_major_=C2=B7_akeso?="),
        ("試験の結果", "=?utf-8?b?6Kmm6aiT44Gu57WQ5p6c?="),
    ],
)
def test_a_subject_is_as_readable_raw_as_it_can_be(text: str, written: str) -> None:
    """Plain words stay plain; only what must be is encoded, in the form that is easier to read or shorter."""
    assert headers.unstructured(text) == written


def test_a_line_is_full_before_it_is_folded() -> None:
    """At 76 columns it stays one line, at 77 it becomes two; a word alone may have all 998."""
    fits = f"{'a' * 40} {'b' * 32}"
    assert headers.line("X", fits) == f"X: {fits}\r\n".encode()
    assert headers.line("X", fits + "b") == f"X: {'a' * 40}\r\n {'b' * 33}\r\n".encode()
    assert headers.line("X", "x" * 995) == f"X: {'x' * 995}\r\n".encode()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("X", "x" * 996, "longer than 998"),
        ("X", "two\r\nBcc: x@example.com", "not fit"),
        ("X", "naïve", "not fit"),
        ("X", "tab\there", "not fit"),
    ],
)
def test_nothing_unfit_gets_past(name: str, value: str, said: str) -> None:
    """What could begin a header of its own, or be cut on the way, is a mistake of ours and fails at once."""
    with pytest.raises(ValueError, match=said):
        headers.line(name, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a@exämple.com", "write the domain in its xn-- form"),
        ("ä@example.com", "'ä' is not ASCII, which not every mail server"),
        ("a@example.com, b@example.com", "is no address"),
        ("Bea <b@example.com", "is no address"),
        ("Müller, Bea <b@example.com>", "the name in quotes where it has a comma"),
        ("a b@example.com", "is no address"),
        ("b@example.com\nBcc: c@example.com", "no line breaks"),
        ("", "is no address"),
        ("@example.com", "is no address"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(text: str, said: str) -> None:
    """The words tell what to write instead."""
    with pytest.raises(ValueError, match=re.escape(said)):
        headers.parse_address(text)


@pytest.mark.parametrize(
    "text", ["b@xn--exmple-cua.com", "Bea Müller <b@example.com>", '"B, C" <b@c.example>']
)
def test_addresses_may_have_names_of_every_script(text: str) -> None:
    """Names are encoded when written; a domain in its xn-- form is one like any other."""
    address = headers.parse_address(text)
    raw = headers.line("To", headers.mailbox(address))
    assert headers.parse_address(read(raw, "To")) == address


def test_labels_are_dot_atoms_of_their_own() -> None:
    """Odd names of subscriptions give well-formed List-Ids (RFC 2919), and never the same for two."""
    names = ["akeso", "akeso.cn", "akeso..cn", "akeso.cn.", "akeso cn", "Akéso", "Akeso", ".", "..", "試"]
    labels = [headers.label(name) for name in names]
    assert len(set(labels)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", label) for label in labels)
    assert labels[:2] == ["akeso", "akeso.cn"]


def way(**more: object) -> Leaving:
    """The way out of one reader."""
    return leaving("ci-team", "bea@example.com", operator="ops+tw@example.com", **more)  # type: ignore[arg-type]


def test_by_default_a_reader_leaves_by_mail() -> None:
    """Without pages the sender is written to, and told which channel it is about."""
    mail = "mailto:ops+tw@example.com?subject=unsubscribe%20ci-team"
    assert way() == Leaving((mail,), one_click=False, shown=mail)
    assert way().words == "Unsubscribe or change"


def test_pages_over_https_take_one_click() -> None:
    """The page is this reader's own and comes first; mail stays beside it (RFC 8058)."""
    found = way(links=PAGES, unsubscribe="mailto:out@example.com")
    page = PAGES.unsubscribe("ci-team", "bea@example.com")
    assert found == Leaving((page, "mailto:out@example.com"), one_click=True, shown=page)
    assert PAGES.leaving(page.rpartition("/")[2]) == ("ci-team", "bea@example.com")
    assert found.words == "Unsubscribe"


def test_pages_over_plain_http_are_for_people_only() -> None:
    """No mail program is told to post there; the text shows the page all the same."""
    found = way(links=Links("http://intranet:8090", b"k"))
    assert found.uris == ("mailto:ops+tw@example.com?subject=unsubscribe%20ci-team",)
    assert not found.one_click
    assert found.shown.startswith("http://intranet:8090/unsubscribe/")


def test_an_address_of_the_operators_own_stands_alone() -> None:
    """An https address in the config is a list manager's: it gets the click, not we."""
    found = way(unsubscribe="https://lists.example.com/u?l=1", links=PAGES)
    assert found == Leaving(("https://lists.example.com/u?l=1",), one_click=True, shown=found.uris[0])


def test_an_address_too_long_for_a_line_is_not_used() -> None:
    """Before a header would be cut, mail does."""
    assert way(links=Links("https://" + "x" * 900, b"k")).uris[0].startswith("mailto:")


@pytest.mark.parametrize("length", [10, 60, 300, 890])
def test_a_long_list_of_ways_is_folded_at_the_comma_only(length: int) -> None:
    """No URI is broken or encoded, whatever its length (CPython issue 85725)."""
    one, other = f"https://x.example/{'a' * length}", "mailto:out@example.com?subject=unsubscribe%20ci-team"
    raw = headers.line("List-Unsubscribe", Leaving((one, other), one_click=True, shown=one).header)
    folded = f"List-Unsubscribe: <{one}>,\r\n <{other}>\r\n".encode()
    assert raw in (folded, folded.replace(b"\r\n <", b" <"))
    assert (raw == folded) == (len(folded) - 2 > headers.LINE)


def test_the_way_out_is_the_last_line_of_the_text() -> None:
    """On a line of its own, so that programs make a link of it."""
    assert in_text("News.\n\n", way()).split("\n")[1:] == [
        "Unsubscribe or change: mailto:ops+tw@example.com?subject=unsubscribe%20ci-team",
        "",
    ]


@pytest.mark.parametrize(
    ("page", "made"),
    [
        (f"<body><p>News.{PLACE}</p></body>", "<body><p>News.<br>\nLINK</p></body>"),
        ("<body><p>News.</p></BODY >\n", '<body><p>News.</p><p style="font-size:12px">LINK</p>\n</BODY >\n'),
        ("<p>News.</p>", '<p>News.</p><p style="font-size:12px">LINK</p>\n'),
    ],
)
def test_a_template_of_the_users_own_gets_the_link_too(page: str, made: str) -> None:
    """Where the comment stands, else before the end of the page; escaped in both."""
    found = Leaving(("https://x.example/?a=1&b=2",), one_click=True, shown='https://x.example/?a=1&b="2"')
    link = '<a href="https://x.example/?a=1&amp;b=&quot;2&quot;">Unsubscribe</a>'
    assert in_html(page, found) == made.replace("LINK", link)
