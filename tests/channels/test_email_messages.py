"""What one reader is sent: threads, attachments, the way to leave, and nothing of other readers."""

from __future__ import annotations

import email as stdlib_email
import gzip
import re
from dataclasses import replace
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import channels
from monitor.channels import ChannelContext, Secrets
from monitor.channels.email.composing import Letter, compose
from monitor.channels.email.leaving import PLACE, Leaving
from monitor.core.delivery import Message, delivery_id
from monitor.core.digest import Digest, Rendered, ThreadText
from monitor.core.links import Links
from monitor.core.phrases import clean, clip
from monitor.core.record import TrialId
from monitor.render import Renderer
from monitor.transport import GuardedSender
from tests.support.digests import NOW
from tests.support.sample import sample_digest

READERS = ("Bea Müller <bea@example.com>", "cem@example.com")
PAGES = Links("https://trialwire.example.com", b"k" * 32)
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "Auto-Submitted",
    "Precedence", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
]  # fmt: skip


def sent(rendered: Rendered, *, links: Links | None = None, digest: Digest | None = None) -> list[Message]:
    """The messages of a digest to two readers."""
    table = {"to": READERS, "from": "Trialwire <tw@example.com>", "host": "localhost", "tls": "none"}
    model = channels.settings_model("email").model_validate(table)
    context = ChannelContext(Secrets({}), GuardedSender(now=lambda: NOW), links=links)
    channel = channels.build("email", "ci-team", model, context)
    return list(channel.messages(digest or sample_digest(), rendered))


def parsed(content: bytes) -> EmailMessage:
    """A message as the standard library reads it."""
    message = stdlib_email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def said(message: EmailMessage, kind: str) -> str:
    """The words of one form."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def payload(part: object) -> bytes:
    """The bytes of a part, nothing for one that is made of others."""
    assert isinstance(part, EmailMessage)
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def thread(number: int) -> ThreadText:
    """A trial's part of a digest."""
    who = f"NCT0900000{number}"
    subject = f"[trialwire] {who} Veltomab in Gastric Cancer"
    return ThreadText(TrialId("ctgov", who), "Veltomab", subject, f"News of {who}.\n", f"<p>{who}</p>")


RENDERED = Rendered("Trialwire: 2 major · akeso · 20 Nov", "News.\n", "<p>News.</p>", "News.")


def test_each_reader_is_told_how_they_leave() -> None:
    """Header, text and page lead to the same page, which lets this reader leave and nobody else."""
    seen = set()
    for message in sent(Renderer().digest(sample_digest()), links=PAGES):
        found = parsed(message.content)
        page = PAGES.unsubscribe("ci-team", message.recipient)
        head = (
            f"\r\nList-Unsubscribe: <{page}>,\r\n <mailto:tw@example.com?subject=unsubscribe%20ci-team>\r\n"
        )
        assert head.encode() in message.content
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in message.content
        assert said(found, "plain").endswith(f"\nUnsubscribe: {page}\n")
        assert f'<a href="{page}">Unsubscribe</a>' in said(found, "html")
        assert PLACE not in said(found, "html")
        seen.add(page)
    assert len(seen) == len(READERS)


def test_plain_http_pages_are_no_click_for_programs() -> None:
    """The header has mail only, the text has the page."""
    (message, _) = sent(RENDERED, links=Links("http://intranet.example:8090", b"k"))
    assert b"List-Unsubscribe-Post" not in message.content
    assert b"\r\nList-Unsubscribe: <mailto:" in message.content
    assert "Unsubscribe: http://intranet.example:8090/unsubscribe/" in said(parsed(message.content), "plain")


@pytest.mark.parametrize("links", [None, PAGES])
def test_no_reader_is_shown_another(links: Links | None) -> None:
    """Neither address nor name of anybody else is anywhere in a message, in whatever form."""
    bea, cem = sent(Renderer().digest(sample_digest()), links=links)
    assert (bea.recipient, cem.recipient) == ("bea@example.com", "cem@example.com")
    for mine, others in ((bea, (b"cem@", b"Cem")), (cem, (b"bea@", b"Bea", "Müller".encode()))):
        everything = mine.content + b"".join(payload(part) for part in parsed(mine.content).walk())
        assert not any(other in everything for other in others)


def test_an_address_is_the_same_under_a_new_name() -> None:
    """Deliveries and opt-outs go by the bare address, whatever name the config puts before it."""
    (message, _) = sent(RENDERED)
    assert message.recipient == "bea@example.com"
    found = parsed(message.content)
    assert str(found["To"]) == "Bea Müller <bea@example.com>"
    assert found["Message-ID"] == (
        f"<{delivery_id(sample_digest().id, 'ci-team', 'bea@example.com', 1)}@example.com>"
    )


def test_a_trial_keeps_its_thread_from_digest_to_digest() -> None:
    """One message a trial and reader, numbered; all of a trial name the same root and the same subject."""
    monday = replace(RENDERED, text="", threads=(thread(1), thread(2)))
    tuesday = replace(RENDERED, text="", threads=(thread(2),))
    first, second = sent(monday), sent(tuesday, digest=replace(sample_digest(), id="dig_tuesday"))
    assert [(m.recipient[0], m.part) for m in first] == [("b", 1), ("b", 2), ("c", 1), ("c", 2)]
    before, after = parsed(first[1].content), parsed(second[0].content)
    root = "<trial.NCT09000002.akeso@example.com>"
    for message in (before, after):
        assert (message["In-Reply-To"], message["References"]) == (root, root)
        assert message["Subject"] == "[trialwire] NCT09000002 Veltomab in Gastric Cancer"
        assert said(message, "plain").startswith("News of NCT09000002.\n")
    assert before["Message-ID"] != after["Message-ID"]
    assert parsed(first[0].content)["References"] == "<trial.NCT09000001.akeso@example.com>"


def test_what_belongs_to_no_trial_is_a_message_of_its_own() -> None:
    """Trouble and coverage are told after the threads, in no thread; without such news there is none."""
    found = sent(replace(RENDERED, threads=(thread(1),)))
    assert [m.part for m in found] == [1, 2, 1, 2]
    rest = parsed(found[1].content)
    assert rest["References"] is None
    assert rest["Subject"] == RENDERED.subject
    assert said(rest, "plain").startswith("News.\n")


def test_one_digest_is_in_no_thread() -> None:
    """Its subject says what is new, which would break a thread anyway."""
    (message, _) = sent(RENDERED)
    assert b"In-Reply-To" not in message.content
    assert b"References" not in message.content


def test_what_was_folded_away_is_attached() -> None:
    """A spreadsheet reads it; the message is as plain as without."""
    table = "trial,change\r\nNCT09000001,“→”\r\n".encode()
    (message, _) = sent(replace(RENDERED, csv=table, csv_name='2026-11-20 "akeso"\r\n.csv'))
    found = parsed(message.content)
    assert found.get_content_type() == "multipart/mixed"
    (attached,) = found.iter_attachments()
    assert isinstance(attached, EmailMessage)
    assert attached.get_content_type() == "text/csv"
    assert attached.get_filename() == "2026-11-20-akeso-.csv"
    assert attached["Content-Transfer-Encoding"] == "base64"
    assert payload(attached) == table
    assert said(found, "plain").startswith("News.\n")
    assert message.content.isascii()
    assert max(map(len, message.content.split(b"\r\n"))) <= 76 + len("Content-Type: ")


def test_the_attachment_goes_where_it_is_referred_to() -> None:
    """A thread that names the file has it, the others do not; where none does, the last has it."""
    first = replace(thread(1), text="Every change comes as akeso.csv.\n")
    with_table = replace(RENDERED, csv=b"trial\r\n", csv_name="akeso.csv")
    named = replace(with_table, text="", threads=(first, thread(2)))
    unnamed = replace(with_table, threads=(thread(1),))
    for told, expected in ((named, [True, False]), (unnamed, [False, True])):
        found = [b"text/csv" in message.content for message in sent(told)]
        assert found == expected * len(READERS)


def test_a_large_attachment_is_compressed() -> None:
    """It stays far below what mail servers take, and is whole."""
    table = b"trial,change\r\n" + b"NCT09000001,Recruiting\r\n" * 200_000
    (message, _) = sent(replace(RENDERED, csv=table, csv_name="changes.csv"))
    (attached,) = parsed(message.content).iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/gzip", "changes.csv.gz")
    assert gzip.decompress(payload(attached)) == table
    assert len(message.content) < 100_000


def test_without_an_attachment_the_message_is_two_forms() -> None:
    """Nothing empty is attached."""
    (message, _) = sent(RENDERED)
    assert parsed(message.content).get_content_type() == "multipart/alternative"


def test_a_test_message_says_how_to_leave_too() -> None:
    """It goes to the same readers, and can be told from news by its subject."""
    table = {"to": ["a@example.com"], "from": "tw@example.com", "host": "localhost", "tls": "none"}
    model = channels.settings_model("email").model_validate(table)
    context = ChannelContext(Secrets({}), GuardedSender(now=lambda: NOW), links=PAGES)
    (message,) = channels.build("email", "ci-team", model, context).test_message(NOW)
    found = parsed(message.content)
    assert found["Subject"] == "Trialwire: test of ci-team"
    assert "Unsubscribe: https://trialwire.example.com/unsubscribe/" in said(found, "plain")


TEXTS = st.text(max_size=300) | st.text("ab.=-\r\n\t \0é→試<>&\u2028", max_size=300)


@given(TEXTS, TEXTS, TEXTS, st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_whatever_is_told_the_wire_stays_plain(subject: str, text: str, title: str, table: bytes) -> None:
    """ASCII, CRLF, short lines, the same headers in the same order; both forms come back as they were."""
    letter = Letter(
        sender=Address(clean(title), "tw", "example.com"),
        subscription=title,
        date=NOW,
        subject=subject,
        text=text,
        html=f"<p>{text}</p>",
        thread=title,
        attachment=table,
        attachment_name=title,
    )
    way_out = Leaving(("https://x.example/" + "u" * 300,), one_click=True, shown="https://x.example/")
    raw = compose(letter, "dlv_0", Address("Bea", "b", "example.com"), way_out)
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    found = parsed(raw)
    expected = [*HEADERS[:5], *(["In-Reply-To", "References"] if title else []), *HEADERS[5:7]]
    assert found.keys() == [*expected, "List-Unsubscribe-Post", *HEADERS[7:]]
    assert found["Subject"] == clip(subject, 120)
    plain = re.sub(r"\r\n?", "\n", text).rstrip()
    assert said(found, "plain") == f"{plain}\nUnsubscribe: https://x.example/\n"
    assert said(found, "html").startswith("<p>" + re.sub(r"\r\n?", "\n", text))
    if table:
        (attached,) = found.iter_attachments()
        assert payload(attached) == table
