"""Handing a message to a mail server: what each end of a conversation means, and in which words."""

from __future__ import annotations

import inspect
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import channels
from monitor.channels import Channel, ChannelContext, Secrets
from monitor.channels.email.sending import Conversation, Envelope, RefusedError, Server, TooLargeError
from monitor.channels.email.verdict import delivery_error
from monitor.core.delivery import Delivery
from monitor.demo.sinks import MailSink
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from monitor.transport import GuardedSender
from tests.channels.mail_servers import HANG_UP, SILENCE, ScriptedServer, authority_pem, serving
from tests.channels.support import email, refusal, rows
from tests.support.digests import NOW
from tests.support.sample import sample_digest

ENCRYPTED = {"EHLO": "250-scripted\n250 STARTTLS", "STARTTLS": "220 go on"}


@pytest.fixture
def sink() -> Iterator[MailSink]:
    """A mail server on loopback."""
    with MailSink() as server:
        yield server


@pytest.fixture(scope="module")
def row() -> Delivery:
    """A delivery to one reader."""
    (one,) = rows(email(1), sample_digest())
    return one


@pytest.mark.parametrize(
    ("verb", "reply", "final", "words"),
    [
        ("MAIL", "451 4.3.0 busy", False, "put off the sender: 451 4.3.0 busy"),
        ("MAIL", "553 5.1.8 no such domain", True, "refused the sender: 553 5.1.8 no such domain"),
        ("MAIL", "530 5.7.0 Must issue STARTTLS first", False, "wants a log-in it accepts: 530"),
        ("MAIL", "550 5.7.60 not allowed to send as this sender", True, "refused the sender: 550"),
        ("MAIL", "400 what", False, "put off the sender: 400"),
        ("MAIL", "499 what", False, "put off the sender: 499"),
        ("MAIL", "500 what", True, "refused the sender: 500"),
        ("MAIL", "599 what", True, "refused the sender: 599"),
        ("MAIL", "600 what", False, "put off the sender: 600"),
        ("MAIL", "199 what", False, "put off the sender: 199"),
        ("MAIL", "300 what", False, "put off the sender: 300"),
        ("MAIL", "534 5.7.9 a stronger one", False, "wants a log-in it accepts: 534"),
        ("MAIL", "535 no", False, "wants a log-in it accepts: 535"),
        ("MAIL", "538 5.7.11 encrypt first", False, "wants a log-in it accepts: 538"),
        ("MAIL", "550 5.7.10 encrypt first", False, "wants a log-in it accepts: 550"),
        ("MAIL", "550 5.7.13 account disabled", False, "wants a log-in it accepts: 550"),
        ("RCPT", "450 4.2.1 mailbox busy", False, "put off the recipient: 450 4.2.1 mailbox busy"),
        ("RCPT", "451 4.7.1 greylisted", False, "put off the recipient: 451"),
        ("RCPT", "421 4.3.2 shutting down", False, "put off the recipient: 421 4.3.2 shutting down"),
        ("RCPT", "550 5.1.1 no such user", True, "refused the recipient: 550 5.1.1 no such user"),
        ("RCPT", "552 5.2.2 mailbox full", True, "refused the recipient: 552"),
        ("RCPT", "550 5.7.8 credentials ran out", False, "wants a log-in it accepts: 550 5.7.8"),
        ("RCPT", "554 5.7.1 relay access denied", True, "refused the recipient: 554 5.7.1"),
        ("RCPT", "251 2.1.5 will forward", None, ""),
        ("DATA", "452 4.3.1 out of space", False, "put off the message: 452"),
        ("DATA", "554 5.5.1 no valid recipients", True, "refused the message: 554"),
        (".", "451 4.7.1 try again later", False, "put off the message: 451"),
        (".", "552 5.3.4 too large", True, "refused the message: 552"),
        (".", "554 5.7.1 looks like spam", True, "refused the message: 554 5.7.1 looks like spam"),
        (".", "550 5.7.515 does not meet the required authentication level", True, "refused the message"),
    ],
)
def test_the_servers_word_decides(
    row: Delivery, verb: str, reply: str, final: bool | None, words: str
) -> None:
    """4xx is later and 5xx is never, at whichever step it is said; a log-in that ran out can be mended."""
    with ScriptedServer({verb: reply}) as server:
        channel = email(server.port)
        if final is None:
            assert channel.send(row, NOW)[0] == 250
            return
        error = refusal(channel, row)
    assert type(error) is (DeliveryRejectedError if final else DeliveryDeferredError)
    assert words in error.message
    assert error.status == int(reply[:3])
    assert error.excerpt == reply[4:]
    assert (error.channel, error.delivery) == ("ci-team", row.id)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"greeting": "554 5.3.2 no service here"}, "cannot be spoken to: it said 554 5.3.2 no service here"),
        ({"greeting": SILENCE}, "cannot be spoken to: no answer within 0.2 s"),
        ({"greeting": HANG_UP}, "cannot be spoken to: Connection unexpectedly closed"),
        ({"EHLO": HANG_UP}, "cannot be spoken to: Connection unexpectedly closed"),
        ({"MAIL": HANG_UP}, "broke off before it had the message"),
        ({"RCPT": SILENCE}, "broke off before it had the message: no answer within 0.2 s"),
        ({"DATA": "gibberish"}, "the message: -1"),
        ({".": HANG_UP}, "goes out again with the same Message-ID"),
        ({".": SILENCE}, "goes out again with the same Message-ID: no answer within 0.2 s"),
    ],
)
def test_a_broken_conversation_is_taken_up_again(row: Delivery, script: dict[str, str], words: str) -> None:
    """Whatever breaks between two machines, the message waits, and the words tell how far it came."""
    with ScriptedServer(script) as server:
        error = refusal(email(server.port, timeout_s=0.2), row)
    assert isinstance(error, DeliveryDeferredError)
    assert words in error.message
    assert "example.com" not in error.message
    assert error.excerpt


def test_a_lost_answer_repeats_the_very_same_message(row: Delivery) -> None:
    """After a drop behind the last dot nobody knows; the repeat is the same bytes, Message-ID included."""
    with ScriptedServer({".": HANG_UP}) as server:
        channel = email(server.port)
        refusal(channel, row)
        first = server.content
        server.script["."] = "250 2.0.0 kept"
        assert channel.send(row, NOW) == (250, "2.0.0 kept")
        assert server.content == first
    assert f"Message-ID: <{row.id}@example.com>\r\n".encode() in first


def test_a_lost_goodbye_loses_nothing(row: Delivery) -> None:
    """A message taken before the line broke is sent: it is not sent again."""
    with ScriptedServer({"QUIT": HANG_UP, ".": "250 kept"}) as server:
        assert email(server.port).send(row, NOW) == (250, "kept")


def test_a_server_that_drips_is_cut_off(row: Delivery) -> None:
    """Each letter may come in time; the whole conversation has its limit too."""
    with ScriptedServer({"MAIL": SILENCE}) as server:
        talk = Conversation(Server("127.0.0.1", server.port, "none", timeout_s=30, conversation_s=0.2))
        with pytest.raises(smtplib.SMTPException) as caught:
            talk.hand_over(Envelope(row.id, "a@example.com", "b@example.com", row.content))
    error = delivery_error(caught.value, talk, row.id, "b@example.com", "ci-team")
    assert isinstance(error, DeliveryDeferredError)
    assert "took longer than 0.2 s in all" in error.message


def test_the_limit_ends_with_the_conversation(sink: MailSink, row: Delivery) -> None:
    """No clock goes on ticking for a message that was taken."""
    email(sink.port).send(row, NOW)
    clocks = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert all(clock.finished.is_set() for clock in clocks)


def test_a_refused_recipient_holds_up_no_other(sink: MailSink) -> None:
    """One address that does not exist leaves the others their message."""
    channel = email(sink.port, to=["gone@example.com", "here@example.com"])
    first, second = rows(channel, sample_digest())
    sink.refuse("rcpt", "550 5.1.1 no such user")
    assert isinstance(refusal(channel, first), DeliveryRejectedError)
    channel.send(second, NOW)
    assert [mail.recipients for mail in sink.messages] == [("here@example.com",)]


def test_no_word_names_the_reader(row: Delivery) -> None:
    """Servers repeat the address; those who are told of a message that was given up do not see it."""
    with ScriptedServer({"RCPT": "550 5.1.1 <CI@example.com>: no such user here"}) as server:
        error = refusal(email(server.port), row)
    assert error.message == "the mail server refused the recipient: 550 5.1.1 <…>: no such user here"
    assert "CI@example.com" in error.excerpt, "the operator's log has all of it"


def test_reports_are_asked_for_where_they_are_offered(row: Delivery) -> None:
    """DSN and SIZE are used by the letter of RFC 3461 and RFC 1870, and not where they are not listed."""
    with ScriptedServer({"EHLO": "250-scripted\n250-SIZE 10000000\n250 DSN"}) as server:
        email(server.port, bounce="Bounces <bounces@example.com>").send(row, NOW)
        assert server.said("MAIL") == (
            f"mail FROM:<bounces@example.com> SIZE={len(row.content)} RET=HDRS ENVID={row.id}"
        )
        assert server.said("RCPT") == "rcpt TO:<ci@example.com> NOTIFY=FAILURE,DELAY"
    with ScriptedServer() as server:
        email(server.port).send(row, NOW)
        assert server.said("MAIL") == "mail FROM:<trialwire@example.com>"
        assert server.said("RCPT") == "rcpt TO:<ci@example.com>"


@pytest.mark.parametrize(("limit", "taken"), [("1000", False), ("0", True), ("", True)])
def test_a_message_larger_than_the_server_takes_is_not_offered(
    row: Delivery, limit: str, taken: bool
) -> None:
    """The server says how much it takes before anything is sent; no number and 0 mean no limit."""
    with ScriptedServer({"EHLO": f"250-scripted\n250 SIZE {limit}".rstrip()}) as server:
        if taken:
            email(server.port).send(row, NOW)
            return
        error = refusal(email(server.port), row)
        assert server.said("MAIL") == ""
    assert isinstance(error, DeliveryRejectedError)
    size = f"{len(row.content):,}"
    assert error.message == f"the message has {size} bytes, and the mail server takes 1,000"


def test_lines_of_one_dot_end_no_message(row: Delivery) -> None:
    """Dots at the beginning of a line are doubled on the way (RFC 5321, section 4.5.2)."""
    dotted = replace(row, content=b"Subject: x\r\n\r\n.\r\n..two\r\nQUIT\r\n")
    with MailSink() as sink:
        email(sink.port).send(dotted, NOW)
    assert sink.messages[0].content == dotted.content


def secured(port: int, folder: Path, **options: object) -> Channel:
    """A channel that trusts the private authority."""
    (folder / "ca.pem").write_text(authority_pem(), encoding="ascii")
    table = {"to": ["ci@example.com"], "from": "t@example.com", "host": "localhost", "port": port}
    settings = channels.settings_model("email").model_validate(
        {**table, "timeout_s": 5, "ca_file": "ca.pem", **options}
    )
    environ = {"P": "right", "Q": "wröng"}
    context = ChannelContext(Secrets(environ, folder), GuardedSender(now=lambda: NOW))
    return channels.build("email", "ci-team", settings, context)


def test_a_private_authority_is_believed_where_it_is_named(row: Delivery, tmp_path: Path) -> None:
    """With ca_file the conversation is encrypted before a word about the message is said."""
    with ScriptedServer(ENCRYPTED, tls=serving("localhost")) as server:
        assert secured(server.port, tmp_path).send(row, NOW)[0] == 250
    verbs = [line.split(" ")[0].upper() for line in server.lines]
    assert verbs == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("names", "expired_at", "ca_file", "words"),
    [
        (("localhost",), None, None, "; where its authority is your own, name it with ca_file"),
        (("localhost",), datetime(2024, 1, 1, tzinfo=UTC), "ca.pem", "certificate has expired"),
        (("mail.example.com",), None, "ca.pem", "Hostname mismatch"),
    ],
)
def test_no_other_certificate_is_believed(
    row: Delivery,
    tmp_path: Path,
    names: tuple[str, ...],
    expired_at: datetime | None,
    ca_file: str | None,
    words: str,
) -> None:
    """A certificate of an unknown authority, one that ran out, one of somebody else: nothing is said."""
    with ScriptedServer(ENCRYPTED, tls=serving(*names, expired_at=expired_at)) as server:
        error = refusal(secured(server.port, tmp_path, ca_file=ca_file), row)
    assert isinstance(error, DeliveryDeferredError)
    assert f"the certificate of localhost:{server.port} is not in order: " in error.message
    assert words in error.message
    assert ("ca_file" in error.message) == (ca_file is None)
    assert server.said("MAIL") == ""


@pytest.mark.parametrize(("code", "hint"), [(18, True), (19, True), (20, True), (21, True), (10, False)])
def test_an_unknown_authority_can_be_named(code: int, hint: bool) -> None:
    """Whoever signs for themselves, or is signed for by somebody unknown, may be the operator's own."""
    error = ssl.SSLCertVerificationError("no")
    error.verify_code, error.verify_message = code, "not so"
    talk = Conversation(Server("smtp.example.com", 587, "starttls", 30))
    said = delivery_error(error, talk, "dlv_x", "a@example.com", "ci-team").message
    assert said.startswith("the certificate of smtp.example.com:587 is not in order: not so")
    assert ("ca_file" in said) == hint


def test_nobody_there_is_said_so(row: Delivery) -> None:
    """In the system's own words, without its numbers."""
    error = refusal(email(1), row)
    assert error.message == "127.0.0.1:1 cannot be spoken to: Connection refused"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({}, "STARTTLS extension not supported by server"),
        (ENCRYPTED | {"STARTTLS": "454 4.7.0 TLS not available"}, "it said 454 4.7.0 TLS not available"),
        (ENCRYPTED | {"STARTTLS": SILENCE}, "no answer within 0.2 s"),
    ],
)
def test_without_encryption_nothing_is_said(
    row: Delivery, tmp_path: Path, script: dict[str, str], words: str
) -> None:
    """A server that does not encrypt gets neither password nor message, and is asked again."""
    with ScriptedServer(script) as server:
        channel = secured(server.port, tmp_path, timeout_s=0.2, username="trialwire", password_env="P")
        error = refusal(channel, row)
    assert isinstance(error, DeliveryDeferredError)
    assert "does not encrypt (STARTTLS), so nothing was said to it" in error.message
    assert words in error.message
    assert {line.split(" ")[0].upper() for line in server.lines} <= {"EHLO", "STARTTLS", "QUIT"}


def test_a_server_that_does_not_speak_tls_is_deferred(sink: MailSink, row: Delivery) -> None:
    """A failed handshake is trouble on the way, not a word on the message."""
    error = refusal(email(sink.port, tls="smtps", timeout_s=2), row)
    assert isinstance(error, DeliveryDeferredError)
    assert "no encrypted connection to 127.0.0.1" in error.message


@pytest.mark.parametrize(("password", "taken"), [("right", 1), ("wrong", 0)])
def test_the_password_is_given_where_it_is_asked_for(row: Delivery, password: str, taken: int) -> None:
    """With the right one the message is taken; with a wrong one it waits for the operator."""
    with MailSink(login=("trialwire", "right")) as sink:
        channel = email(sink.port, username="trialwire", password_env="P", environ={"P": password})
        if taken:
            assert channel.send(row, NOW)[0] == 250
        else:
            error = refusal(channel, row)
            assert isinstance(error, DeliveryDeferredError)
            assert "does not let trialwire log in: it said 535" in error.message
            assert password not in error.message
        assert len(sink.messages) == taken


def test_a_password_the_log_in_cannot_carry_is_told(tmp_path: Path, row: Delivery) -> None:
    """The library takes ASCII only; the words say so and do not say the password."""
    script = ENCRYPTED | {"EHLO": "250-scripted\n250-STARTTLS\n250 AUTH PLAIN"}
    with ScriptedServer(script, tls=serving("localhost")) as server:
        error = refusal(secured(server.port, tmp_path, username="trialwire", password_env="Q"), row)
    assert isinstance(error, DeliveryDeferredError)
    assert error.message == "user name and password have to be ASCII to log in to a mail server"


@pytest.mark.parametrize(("content", "said"), [("no PEM", "holds no certificate"), ("", "is empty")])
def test_an_authority_that_cannot_be_read_is_found_by_check(tmp_path: Path, content: str, said: str) -> None:
    """`doctor` says which file is wrong before anybody waits for mail."""
    channel = secured(1, tmp_path)
    channel.check()
    (tmp_path / "ca.pem").write_text(content, encoding="ascii")
    with pytest.raises(ConfigError, match=said) as caught:
        channel.check()
    assert caught.value.key == "channels.ci-team.ca_file"


def test_a_name_no_resolver_can_read_is_deferred(row: Delivery) -> None:
    """A host name with an impossible label is the operator's to mend; nothing unmapped escapes."""
    error = refusal(email(25, host="x" * 80 + ".example.com", tls="starttls"), row)
    assert isinstance(error, DeliveryDeferredError)


def mail_errors() -> list[Exception]:
    """One of every exception smtplib defines, of our own, and of those of the layers below."""
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
    ours = (RefusedError("the message", 550, b"no"), TooLargeError(2, 1))
    return [*found, *ours, *(kind("no") for kind in below), UnicodeError("label too long")]


@pytest.mark.parametrize("error", mail_errors(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", ["reach", "encrypt", "log in", "hand over", "answer"])
def test_no_error_of_the_mail_library_is_unmapped(error: Exception, step: str) -> None:
    """Each becomes a DeliveryError with words; only a word about the message itself is final."""
    talk = Conversation(Server("smtp.example.com", 587, "starttls", 30))
    talk.step = step  # type: ignore[assignment]
    mapped = delivery_error(error, talk, "dlv_x", "a@example.com", "ci-team")
    final = isinstance(error, (RefusedError, TooLargeError))
    assert type(mapped) is (DeliveryRejectedError if final else DeliveryDeferredError)
    assert (mapped.channel, mapped.delivery) == ("ci-team", "dlv_x")
    assert mapped.message
    assert isinstance(error, (OSError, UnicodeError)), "what the channel catches"
