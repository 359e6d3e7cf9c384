"""Email: what goes over the wire, and what the server's answers mean."""

from __future__ import annotations

import email as stdlib_email
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from pydantic import ValidationError

from monitor import channels
from monitor.channels.email.headers import parse_address
from monitor.demo.sinks import MailSink
from monitor.render import HTML_BUDGET, Renderer
from tests.channels.support import email, rows
from tests.support.digests import NOW, change, composed, finding, gathered, trial
from tests.support.sample import sample_digest


@pytest.fixture
def sink() -> Iterator[MailSink]:
    """A mail server on loopback."""
    with MailSink() as server:
        yield server


def parsed(content: bytes) -> EmailMessage:
    """A message as the standard library reads it."""
    message = stdlib_email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """One alternative's words."""
    body = message.get_body((kind,))
    assert body is not None
    text = body.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def test_each_recipient_gets_a_message_of_their_own(sink: MailSink) -> None:
    """No reader sees another's address, and each message has its own Message-ID."""
    channel = email(sink.port, to=["a@example.com", "Bea Example <b@example.com>"])
    for row in rows(channel, sample_digest()):
        channel.send(row, NOW)
    assert [mail.recipients for mail in sink.messages] == [("a@example.com",), ("b@example.com",)]
    assert {mail.sender for mail in sink.messages} == {"trialwire@example.com"}
    first, second = (parsed(mail.content) for mail in sink.messages)
    assert first["Message-ID"] != second["Message-ID"]
    assert "b@example.com" not in str(first)


def test_the_bytes_sent_are_the_bytes_frozen(sink: MailSink) -> None:
    """What arrives is what the outbox holds, however often it is sent."""
    channel = email(sink.port)
    (row,) = rows(channel, sample_digest())
    channel.send(row, NOW)
    channel.send(row, NOW)
    assert [mail.content for mail in sink.messages] == [row.content, row.content]


def test_headers_tell_machines_what_this_is(sink: MailSink) -> None:
    """The headers of contract section 8, derived from digest and delivery, with nothing drawn."""
    channel = email(sink.port, unsubscribe="mailto:ops@example.com?subject=unsubscribe")
    (row,) = rows(channel, sample_digest())
    message = parsed(row.content)
    assert message["Subject"] == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"
    assert message["Message-ID"] == f"<{row.id}@example.com>"
    assert message["From"].addresses[0].display_name == "Trialwire"
    assert message["List-Id"] == "Trialwire akeso <akeso.trialwire.example.com>"
    assert message["List-Unsubscribe"] == "<mailto:ops@example.com?subject=unsubscribe>"
    assert "List-Unsubscribe-Post" not in message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert parsedate_to_datetime(message["Date"]) == sample_digest().created_at


def test_a_long_unsubscribe_link_stays_whole(sink: MailSink) -> None:
    """It is neither folded inside nor encoded, and one click is offered for https (RFC 8058)."""
    link = "https://lists.example.com/unsubscribe?token=" + "x" * 200
    (row,) = rows(email(sink.port, unsubscribe=link), sample_digest())
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in row.content
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in row.content


def test_the_wire_is_plain_ascii(sink: MailSink) -> None:
    """Any hop can carry it: 7-bit, short lines, CRLF only, quoted-printable in both parts."""
    (row,) = rows(email(sink.port), sample_digest())
    assert row.content.isascii()
    assert b"\n" not in row.content.replace(b"\r\n", b"")
    body = row.content.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    message = parsed(row.content)
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [p.get_content_type() for p in parts] == ["text/plain", "text/html"]
    assert {p["Content-Transfer-Encoding"] for p in parts} == {"quoted-printable"}


def test_both_parts_come_back_as_rendered(sink: MailSink) -> None:
    """The standard library reads exactly what the renderer wrote."""
    channel = email(sink.port)
    (row,) = rows(channel, sample_digest())
    channel.send(row, NOW)
    message, rendered = parsed(sink.messages[0].content), Renderer().digest(sample_digest())
    mail = "mailto:trialwire@example.com?subject=unsubscribe%20ci-team"
    assert part(message, "plain") == f"{rendered.text}Unsubscribe or change: {mail}\n"
    link = f'<br>\n<a href="{mail}">Unsubscribe or change</a>'
    assert part(message, "html") == rendered.html.replace("<!--leave-->", link)
    html = next(p for p in message.iter_parts() if p.get_content_type() == "text/html")
    assert len(html.get_payload()) <= HTML_BUDGET


def test_registry_text_cannot_write_headers(sink: MailSink) -> None:
    """Line breaks in titles and headlines end no header, and lines of one dot end no message."""
    hostile = "Stop\r\nBcc: victim@example.com\r\n\r\n.\r\nQUIT"
    state = trial(1, title=hostile)
    news = change(state, hostile, level="critical")
    digest = composed(gathered((state, finding(state, hostile, news), (news,))))
    channel = email(sink.port)
    (row,) = rows(channel, digest)
    channel.send(row, NOW)
    message = parsed(sink.messages[0].content)
    assert "Bcc" not in message
    assert sink.messages[0].content == row.content
    assert sink.messages[0].recipients == ("ci@example.com",)


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ({"to": []}, "to", "at least one"),
        ({"to": ["nobody"]}, "to", "is no address"),
        ({"to": ["a@example.com, b@example.com"]}, "to", "is no address"),
        ({"to": ["a@example.com", "A <a@example.com>"]}, "to", "twice"),
        ({"from": "Trialwire\r\nBcc: x <a@example.com>"}, "from", "no line breaks"),
        ({"from": "a@exämple.com"}, "from", "xn--"),
        ({"tls": "none", "host": "smtp.example.com"}, "", "this machine only"),
        ({"tls": "ssl"}, "tls", "starttls"),
        ({"port": 0}, "port", "greater than"),
        ({"username": "u"}, "", "go together"),
        ({"password_env": "P"}, "", "go together"),
        ({"username": "u", "password_env": "P", "password_file": "p"}, "", "not both"),
        ({"password": "inline"}, "password", "not permitted"),
        ({"unsubscribe": "http://example.com"}, "unsubscribe", "mailto: or https://"),
        ({"unsubscribe": "mailto:a@example.com?subject=stop this"}, "unsubscribe", "without spaces"),
    ],
)
def test_settings_are_judged(table: dict[str, object], key: str, said: str) -> None:
    """Each mistake is found where it is and says what is wrong; no password is taken inline."""
    good = {"to": ["a@example.com"], "from": "t@example.com", "host": "smtp.example.com"}
    with pytest.raises(ValidationError) as caught:
        channels.settings_model("email").model_validate({**good, **table})
    (error,) = caught.value.errors()
    assert (str(error["loc"][0]) if error["loc"] else "") == key
    assert said in error["msg"]


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("smtps", 465)])
def test_ports_follow_the_encryption(tls: str, port: int) -> None:
    """Nobody has to remember a port."""
    settings = channels.settings_model("email").model_validate(
        {"to": ["a@example.com"], "from": "t@example.com", "host": "smtp.example.com", "tls": tls}
    )
    channel = channels.build(
        "email", "ci", settings, channels.ChannelContext(channels.Secrets({}), _nobody())
    )
    assert channel.describe() == f"smtp.example.com:{port} ({tls}) to a@example.com"


def _nobody() -> channels.Sender:
    from monitor.transport import GuardedSender

    return GuardedSender(now=lambda: NOW)


def test_addresses_may_have_names() -> None:
    """Both forms are understood."""
    assert parse_address("Bea Example <b@example.com>").addr_spec == "b@example.com"
    assert re.fullmatch(r"b@example\.com", parse_address("b@example.com").addr_spec)
