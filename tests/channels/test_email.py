"""Email: what goes over the wire, and what the server's answers mean."""

from __future__ import annotations

import email as stdlib_email
import inspect
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from pydantic import ValidationError

from monitor import channels
from monitor.channels.email import delivery_error, parse_address
from monitor.demo.sinks import MailSink
from monitor.errors import DeliveryDeferredError, DeliveryError, DeliveryRejectedError
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
    assert max(len(line) for line in body.split(b"\r\n")) <= 78
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
    assert part(message, "plain") == rendered.text
    assert part(message, "html") == rendered.html
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
    ("stage", "reply", "error"),
    [
        ("rcpt", "450 4.2.1 mailbox busy", DeliveryDeferredError),
        ("rcpt", "451 4.7.1 greylisted", DeliveryDeferredError),
        ("rcpt", "550 5.1.1 no such user", DeliveryRejectedError),
        ("data", "452 4.3.1 out of space", DeliveryDeferredError),
        ("data", "554 5.7.1 looks like spam", DeliveryRejectedError),
    ],
)
def test_the_servers_word_decides(sink: MailSink, stage: str, reply: str, error: type[DeliveryError]) -> None:
    """4xx is later, 5xx is never, at whichever step it is said."""
    sink.refuse(stage, reply)  # type: ignore[arg-type]
    channel = email(sink.port)
    (row,) = rows(channel, sample_digest())
    with pytest.raises(error) as caught:
        channel.send(row, NOW)
    assert type(caught.value) is error
    assert caught.value.status == int(reply[:3])
    assert reply[4:] in caught.value.excerpt
    assert sink.messages == []


def test_a_refused_recipient_holds_up_no_other(sink: MailSink) -> None:
    """One address that does not exist leaves the others their message."""
    channel = email(sink.port, to=["gone@example.com", "here@example.com"])
    first, second = rows(channel, sample_digest())
    sink.refuse("rcpt", "550 5.1.1 no such user")
    with pytest.raises(DeliveryRejectedError):
        channel.send(first, NOW)
    channel.send(second, NOW)
    assert [mail.recipients for mail in sink.messages] == [("here@example.com",)]


def test_without_encryption_nothing_is_said(sink: MailSink) -> None:
    """A server that offers no STARTTLS gets neither password nor message, and is asked again."""
    channel = email(
        sink.port, tls="starttls", username="u", password_env="P", environ={"P": "secret-password"}
    )
    (row,) = rows(channel, sample_digest())
    with pytest.raises(DeliveryDeferredError, match="STARTTLS"):
        channel.send(row, NOW)
    assert sink.messages == []


@pytest.mark.parametrize(("password", "taken"), [("right", 1), ("wrong", 0)])
def test_the_password_is_given_where_it_is_asked_for(password: str, taken: int) -> None:
    """With the right one the message is taken; with a wrong one it waits for the operator."""
    with MailSink(login=("trialwire", "right")) as sink:
        channel = email(sink.port, username="trialwire", password_env="P", environ={"P": password})
        (row,) = rows(channel, sample_digest())
        if taken:
            assert channel.send(row, NOW)[0] == 250
        else:
            with pytest.raises(DeliveryDeferredError, match="535"):
                channel.send(row, NOW)
        assert len(sink.messages) == taken


def test_a_server_that_does_not_speak_tls_is_deferred(sink: MailSink) -> None:
    """A failed handshake is trouble on the way, not a word on the message."""
    channel = email(sink.port, tls="smtps", timeout_s=2)
    with pytest.raises(DeliveryDeferredError):
        channel.send(rows(channel, sample_digest())[0], NOW)


@pytest.mark.parametrize("greeting", [b"", b"554 no service here\r\n", b"220 hello\r\n"])
def test_a_server_that_hangs_up_is_deferred(greeting: bytes) -> None:
    """Whatever a server does before it is asked about the message, the message is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=answer)
        thread.start()
        channel = email(listener.getsockname()[1], timeout_s=3)
        with pytest.raises(DeliveryDeferredError):
            channel.send(rows(channel, sample_digest())[0], NOW)
        thread.join()


def test_a_lost_goodbye_loses_nothing() -> None:
    """A message taken before the line broke is sent: it is not sent again."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as line:
                line.write(b"220 hello\r\n")
                line.flush()
                in_data = False
                for said in line:
                    if in_data and said != b".\r\n":
                        continue
                    heard.append(said[:4])
                    if said.lower().startswith(b"data"):
                        in_data = True
                        line.write(b"354 go on\r\n")
                    elif in_data:
                        line.write(b"250 kept\r\n")
                        line.flush()
                        return
                    else:
                        line.write(b"250 fine\r\n")
                    line.flush()

        thread = threading.Thread(target=answer)
        thread.start()
        channel = email(listener.getsockname()[1], timeout_s=3)
        assert channel.send(rows(channel, sample_digest())[0], NOW) == (250, "kept")
        thread.join()
    assert heard[-1] == b".\r\n"


def mail_errors() -> list[Exception]:
    """One of every exception smtplib defines, and of those of the layers below it."""
    found: list[Exception] = []
    for _, kind in inspect.getmembers(smtplib, inspect.isclass):
        if issubclass(kind, smtplib.SMTPSenderRefused):
            found.append(kind(550, b"no", "a@example.com"))
        elif issubclass(kind, smtplib.SMTPResponseException):
            found.append(kind(550, b"no"))
        elif issubclass(kind, smtplib.SMTPRecipientsRefused):
            found.append(kind({"a@example.com": (550, b"no")}))
        elif issubclass(kind, smtplib.SMTPException):
            found.append(kind("no"))
    below = (
        OSError,
        TimeoutError,
        ConnectionResetError,
        socket.gaierror,
        ssl.SSLError,
        ssl.SSLCertVerificationError,
    )
    return [*found, *(kind("no") for kind in below), UnicodeError("label too long")]


@pytest.mark.parametrize("error", mail_errors(), ids=lambda error: type(error).__name__)
def test_no_error_of_the_mail_library_is_unmapped(error: Exception) -> None:
    """Each becomes a DeliveryError; only a 5xx about the message itself is final."""
    mapped = delivery_error(error, "ci-team", "dlv_x")
    final = isinstance(
        error, (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
    )
    assert type(mapped) is (DeliveryRejectedError if final else DeliveryDeferredError)
    assert (mapped.channel, mapped.delivery) == ("ci-team", "dlv_x")


def test_a_name_no_resolver_can_read_is_deferred() -> None:
    """A host name with an impossible label is the operator's to mend; nothing unmapped escapes."""
    channel = email(25, host="x" * 80 + ".example.com", tls="starttls")
    with pytest.raises(DeliveryDeferredError):
        channel.send(rows(channel, sample_digest())[0], NOW)


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
