"""A mail server that says exactly what a test wants it to say, and the certificates of one that encrypts."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import cache
from types import TracebackType
from typing import Self

import trustme

SILENCE = ""
"""An answer that is never given."""
HANG_UP = "\0"
"""The line is cut instead of an answer."""


class ScriptedServer:
    """Answers each command as told (by its verb; `greeting`, and `.` for the end of the message).

    What is not told is answered with 250, DATA with 354. Every line is kept as it came.
    """

    def __init__(self, script: Mapping[str, str] | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.script = {"greeting": "220 scripted", "DATA": "354 go on", "QUIT": "221 bye", **(script or {})}
        self.lines: list[str] = []
        self.content = b""
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="scripted-smtp", daemon=True)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def said(self, verb: str) -> str:
        """The first line that began with `verb`; empty where none did."""
        return next((line for line in self.lines if line.upper().startswith(verb)), "")

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with ExitStack() as opened, suppress(OSError):  # the client may go away, as some tests want it to
                self._converse(connection, opened)

    def _converse(self, connection: socket.socket, opened: ExitStack) -> None:
        opened.enter_context(connection)
        if not self._answer(connection, "greeting"):
            return
        stream = opened.enter_context(connection.makefile("rb"))
        while raw := stream.readline():
            said = raw.decode("ascii").rstrip("\r\n")
            self.lines.append(said)
            verb = said.split(" ")[0].upper()
            if not self._answer(connection, verb):
                return
            if verb == "STARTTLS" and self._reply(verb).startswith("220") and self._tls:
                connection = opened.enter_context(self._tls.wrap_socket(connection, server_side=True))
                stream = opened.enter_context(connection.makefile("rb"))
            if verb == "DATA" and self._reply(verb).startswith("354"):
                self.content = b"".join(iter(stream.readline, b".\r\n"))
                if not self._answer(connection, "."):
                    return
            if verb == "QUIT":
                return

    def _reply(self, verb: str) -> str:
        return self.script.get(verb, "250 fine")

    def _answer(self, connection: socket.socket, verb: str) -> bool:
        """Say what is scripted; False where the conversation is over."""
        reply = self._reply(verb)
        if reply == SILENCE:
            self._over.wait(10)
            return False
        if reply == HANG_UP:
            return False
        connection.sendall(reply.encode().replace(b"\n", b"\r\n") + b"\r\n")
        return True


@cache
def authority() -> trustme.CA:
    """A private authority nobody knows."""
    return trustme.CA()


def authority_pem() -> str:
    """Its certificate, for `ca_file`."""
    return authority().cert_pem.bytes().decode("ascii")


def serving(*names: str, expired_at: datetime | None = None) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for `names`, good or run out."""
    begins = None if expired_at is None else expired_at - timedelta(days=30)
    certificate = authority().issue_cert(*names, not_before=begins, not_after=expired_at)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
