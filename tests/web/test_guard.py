"""Who may ask, what every answer carries, and what is refused before a page is reached."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from monitor.web.guard import Hosts, redacted
from tests.web.site import ONE, Served
from tests.web.test_pages import every_page

HOSTS: tuple[tuple[str, str, bool], ...] = (
    ("127.0.0.1", "127.0.0.1:8320", True),
    ("127.0.0.1", "localhost:8320", True),
    ("127.0.0.1", "LOCALHOST", True),
    ("127.0.0.1", "localhost.", True),
    ("127.0.0.1", "[::1]:8320", True),
    ("127.0.0.1", "pages.example.org", True),
    ("127.0.0.1", "Pages.Example.Org:443", True),
    ("127.0.0.1", "evil.example", False),
    ("127.0.0.1", "localhost.evil.example", False),
    ("127.0.0.1", "pages.example.org.evil.example", False),
    ("127.0.0.1", "203.0.113.5", False),
    ("127.0.0.1", "", False),
    ("127.0.0.1", "[::1", True),
    ("127.0.0.1", "2130706433", False),
    ("::1", "[::1]:8320", True),
    ("::1", "localhost", True),
    ("0.0.0.0", "203.0.113.5:8320", True),
    ("0.0.0.0", "evil.example", False),
    ("::", "[2001:db8::5]:8320", True),
    ("203.0.113.5", "203.0.113.5:8320", True),
    ("203.0.113.5", "203.0.113.6", False),
    ("203.0.113.5", "localhost", False),
    ("trials.internal", "trials.internal:8320", True),
    ("trials.internal", "evil.example", False),
)


@pytest.mark.parametrize(("listen", "host", "known"), HOSTS)
def test_only_our_own_names_are_answered(listen: str, host: str, known: bool) -> None:
    """A name that a stranger made to lead here is none of ours (DNS rebinding)."""
    assert (host in Hosts(listen, ["pages.example.org", ""])) is known


def test_a_stranger_gets_no_page(site: Served) -> None:
    """Whatever they ask for, and what to do is said; our own name is answered."""
    for path in ("/", f"/trials/ctgov/{ONE.id}", "/api/changes", "/healthz"):
        answer = site(path, host="evil.example")
        assert (answer.status, "[pages] url" in answer.text) == (421, True)
        assert ONE.id not in answer.text
    assert site("/healthz", host="pages.example.org").status == 200


def test_every_answer_is_locked_up(site: Served) -> None:
    """Nothing may run, be fetched, be framed or be guessed; the one style is named by its digest."""
    for path, _ in [*every_page(site), ("/api/changes", 200), ("/readyz", 200), ("/nothing", 404)]:
        answer = site(path)
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        policy = dict(
            part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "script-src" not in policy
        if "<style>" in answer.text:
            style = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
            assert len(style) == 1
            digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
            assert policy["style-src"] == f"'sha256-{digest}'"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_pages_are_only_read(site: Served, method: str) -> None:
    """Every other method is refused with those there are; only leaving is also a POST."""
    for path in ("/", "/api/changes", f"/trials/ctgov/{ONE.id}"):
        answer = site(path, method=method)
        assert answer.status == 405
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}


def test_a_head_is_answered_without_a_body(site: Served) -> None:
    """The headers of the GET, and nothing after them."""
    for path in ("/", "/api/changes", f"/trials/ctgov/{ONE.id}", "/nothing"):
        whole, head = site(path), site(path, method="HEAD")
        assert (head.status, head.body) == (whole.status, b"")
        assert head.headers.get("etag") == whole.headers.get("etag")


@pytest.mark.parametrize(
    "path",
    ["/../trialwire.toml", "/%2e%2e/trialwire.toml", "/api/schemas/../../trialwire.toml", "//", "/style.css"],
)
def test_no_address_leads_to_a_file(site: Served, path: str) -> None:
    """There are no files behind the pages."""
    assert site(path).status == 404


def test_a_head_that_is_too_long_is_refused(site: Served) -> None:
    """Before anything is looked up."""
    assert site("/?" + "a" * 9_000).status == 414
    assert site("/" + "a" * 9_000).status == 414


def test_the_log_line_is_one_line_without_what_it_must_not_hold() -> None:
    """A long path is cut, a line break is none, and no spelling of the address to leave by gets in."""
    assert len(redacted("/" + "a" * 5000)) <= 200
    assert redacted("/a\n12:00:00 info all is well") == "/a 12:00:00 info all is well"
    assert {redacted(path) for path in ("/unsubscribe/t", "//Unsubscribe/t", "/x/unsubscribe/t")} == {
        "/unsubscribe/***"
    }
