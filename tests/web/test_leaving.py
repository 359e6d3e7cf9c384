"""Leaving with one click (RFC 8058): a GET changes nothing, a POST does, and a guess tells nothing."""

from __future__ import annotations

import logging

import pytest

from tests.web.site import Served
from tests.web.test_pages import leaving, page


def left(site: Served, channel: str) -> frozenset[str]:
    """Who has left a channel."""
    return site.app.lookup.opted_out(channel)


def test_opening_the_address_changes_nothing(site: Served) -> None:
    """Neither GET nor HEAD, however often: scanners fetch what is in a message."""
    path = "/unsubscribe/" + leaving(site, "quiet", "reader@example.org")
    for method in ("GET", "HEAD", "GET"):
        assert site(path, method=method).status == 200
    assert left(site, "quiet") == frozenset()
    found = page(site, path)
    assert "Nothing has been changed by opening this page." in found.said
    assert {"List-Unsubscribe", "One-Click"} <= set(found_values(site, path))


def found_values(site: Served, path: str) -> list[str]:
    """The names and values of the form's fields."""
    text = site(path).text
    return [part.partition('"')[0] for part in text.replace(' value="', ' name="').split(' name="')[1:]]


def test_the_button_and_the_mail_program_act(site: Served) -> None:
    """As a form, without a cookie: the channel is left at once, and saying it twice is no mistake."""
    path = "/unsubscribe/" + leaving(site, "loud", "Reader@Example.org")
    first = site.post(path, List_Unsubscribe="One-Click")
    assert (first.status, "No more messages" in first.text) == (200, True)
    assert left(site, "loud") == {"reader@example.org"}
    assert "set-cookie" not in first.headers
    again = site.post(path, List_Unsubscribe="One-Click")
    assert (again.status, "as before" in again.text) == (200, True)
    assert left(site, "other") == frozenset()


def test_the_other_form_of_the_rfc_acts_too(site: Served) -> None:
    """multipart/form-data, as RFC 8058 allows."""
    path = "/unsubscribe/" + leaving(site, "parts", "reader@example.org")
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    answer = site(path, method="POST", body=body, Content_Type="multipart/form-data; boundary=x")
    assert answer.status == 200
    assert left(site, "parts") == {"reader@example.org"}


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"List-Unsubscribe=Two-Clicks", 400), (b"x=One-Click", 400), (b"a" * 10_000, 413)],
)
def test_a_post_that_does_not_say_so_changes_nothing(site: Served, body: bytes, status: int) -> None:
    """What is meant has to be said, in few words."""
    path = "/unsubscribe/" + leaving(site, "unsaid", "reader@example.org")
    assert site(path, method="POST", body=body).status == status
    assert left(site, "unsaid") == frozenset()


@pytest.mark.parametrize("broken", ["", "abc", "abc.def", "%00", "é", "a" * 3000, "."])
def test_a_wrong_address_tells_nothing(site: Served, broken: str) -> None:
    """No name, no address, the same words whoever was meant; nothing is written."""
    from urllib.parse import quote

    path = f"/unsubscribe/{quote(broken)}"
    for answer in (site(path), site.post(path, List_Unsubscribe="One-Click")):
        assert answer.status == 404
        assert "example.org" not in answer.text.replace("pages.example.org", "")


def test_a_forged_address_leaves_nobody(site: Served) -> None:
    """The proof belongs to one reader of one channel."""
    mine = leaving(site, "forged", "me@example.org")
    theirs = leaving(site, "forged", "them@example.org")
    mixed = f"{theirs.partition('.')[0]}.{mine.partition('.')[2]}"
    assert site.post(f"/unsubscribe/{mixed}", List_Unsubscribe="One-Click").status == 404
    assert left(site, "forged") == frozenset()


def test_the_log_holds_no_address_to_leave_by(site: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Who reads the log cannot leave for somebody else, and sees no query either."""
    token = leaving(site, "logged", "reader@example.org")
    with caplog.at_level(logging.INFO, "monitor.web.guard"):
        site(f"/unsubscribe/{token}")
        site("/api/changes?sponsor=secret")
    lines = [vars(record) for record in caplog.records if record.name == "monitor.web.guard"]
    assert [line["path"] for line in lines] == ["/unsubscribe/***", "/api/changes"]
    assert all(token not in str(line) and "secret" not in str(line) for line in lines)
    assert all(line["status"] == 200 and line["ms"] >= 0 for line in lines)
