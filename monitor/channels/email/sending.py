"""One conversation with a mail server, in which it is handed one message; the one door to smtplib.

Nothing is ever said unencrypted except to this machine itself, and to no server whose certificate is not in
order. What the server offers is used, nothing else: SIZE, and reports of failure and delay (DSN, RFC 3461).
What the end of a conversation means for the message is decided in `verdict`.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

Tls: TypeAlias = Literal["starttls", "smtps", "none"]
Step: TypeAlias = Literal["reach", "encrypt", "log in", "hand over", "answer"]
"""How far a conversation got; `answer` is the wait for the last word, after all was said."""

CONVERSATION_S = 480.0
"""Seconds for a conversation in all, less than a delivery's lease: a server that says one letter at a time
keeps every time-out happy."""


@dataclass(frozen=True, slots=True)
class Server:
    """Whom to call, and how."""

    host: str
    port: int
    tls: Tls
    timeout_s: float
    """Seconds for each answer."""
    context: ssl.SSLContext | None = None
    """Verifies the certificate; None where nothing is encrypted."""
    username: str = ""
    password: str = ""
    conversation_s: float = CONVERSATION_S


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message for one recipient."""

    identity: str
    """Printable ASCII without `+` and `=`: reports name it (ENVID)."""
    sender: str
    """Where the servers' reports go (MAIL FROM)."""
    recipient: str
    content: bytes
    """As composed: CRLF line ends, the last one too."""


class RefusedError(smtplib.SMTPResponseException):
    """The server's word on this very message: its sender, its recipient or itself."""

    def __init__(self, about: str, status: int, answer: bytes) -> None:
        super().__init__(status, answer)
        self.about = about


class TooLargeError(smtplib.SMTPException):
    """The message is larger than what the server says it takes (RFC 1870)."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes, {limit} allowed")
        self.size, self.limit = size, limit


class Conversation:
    """A call to a server; tells how far it came, whatever went wrong."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.line: smtplib.SMTP | None = None
        self.step: Step = "reach"
        self.cut_off = False
        """Did it last longer than it may?"""

    def hand_over(self, envelope: Envelope) -> tuple[int, bytes]:
        """The server's status and words once it has taken the message.

        Raises RefusedError, TooLargeError, or what the library, the network and TLS raise.
        """
        with self._session() as line:
            self.step = "hand over"
            options, wishes = _extensions(line, envelope)
            _taken("the sender", *line.mail(envelope.sender, options))
            _taken("the recipient", *line.rcpt(envelope.recipient, wishes))
            line.putcmd("DATA")
            status, words = line.getreply()
            if status != 354:
                raise RefusedError("the message", status, words)
            line.send(envelope.content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            self.step = "answer"
            return _taken("the message", *line.getreply())

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A connection, encrypted and logged in, that ends in good time."""
        timer = threading.Timer(self.server.conversation_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            line = _Encrypted(self) if self.server.tls == "smtps" else _Plain(self)
            try:
                self._enter(line)
                yield line
            finally:
                # What was accepted stays accepted, however the goodbye goes.
                with suppress(smtplib.SMTPException, OSError):
                    line.quit()
                line.close()
        finally:
            timer.cancel()

    def _enter(self, line: smtplib.SMTP) -> None:
        if self.server.tls == "starttls":
            self.step = "encrypt"
            line.starttls(context=self.server.context)
        if self.server.username:
            self.step = "log in"
            line.login(self.server.username, self.server.password)
        line.ehlo_or_helo_if_needed()

    def _cut(self) -> None:
        self.cut_off = True
        sock = self.line.sock if self.line else None
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Plain(smtplib.SMTP):
    """The conversation has hold of the line before the first word, so that it can cut it then too."""

    def __init__(self, talk: Conversation) -> None:
        talk.line = self
        to = talk.server
        super().__init__(to.host, to.port, timeout=to.timeout_s)


class _Encrypted(smtplib.SMTP_SSL):
    """The same, encrypted from the start."""

    def __init__(self, talk: Conversation) -> None:
        talk.line = self
        to = talk.server
        super().__init__(to.host, to.port, timeout=to.timeout_s, context=to.context)


def _extensions(line: smtplib.SMTP, envelope: Envelope) -> tuple[list[str], list[str]]:
    """Parameters for MAIL FROM and RCPT TO, of those the server offers."""
    options: list[str] = []
    wishes: list[str] = []
    if line.has_extn("size"):
        size, limit = len(envelope.content), line.esmtp_features["size"]
        if limit.isdigit() and 0 < int(limit) < size:
            raise TooLargeError(size, int(limit))
        options.append(f"SIZE={size}")
    if line.has_extn("dsn"):
        options += ["RET=HDRS", f"ENVID={envelope.identity}"]
        wishes.append("NOTIFY=FAILURE,DELAY")
    return options, wishes


def _taken(about: str, status: int, answer: bytes) -> tuple[int, bytes]:
    if not 200 <= status < 300:
        raise RefusedError(about, status, answer)
    return status, answer
