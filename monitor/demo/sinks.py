"""Two receivers on loopback: a mail sink and a webhook endpoint, for the demonstration and for tests.

They take real connections and keep what came. Told to, they refuse: with an SMTP reply, an HTTP status, by
hanging or by cutting the line. The webhook sink verifies signatures by itself, with the standard library and
the text of Standard Webhooks 1.0, not with our own signing code. Neither forwards anything to anybody.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import struct
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class MailSink:
    """An SMTP server on a free port of loopback; use as a context manager."""

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        self.messages: list[Mail] = []
        self._login = login
        """User name and password without which nothing is taken."""
        self._refusals: dict[str, deque[str]] = {"rcpt": deque(), "data": deque()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-sink", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    def refuse(self, stage: Literal["rcpt", "data"], *replies: str) -> None:
        """Answer the next ones at `stage` so, e.g. `451 4.7.1 try again later`."""
        self._refusals[stage].extend(replies)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, LOOPBACK, 0)

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = SMTP(
            self,
            hostname="sink.invalid",
            loop=self._loop,
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        return protocol

    def _authenticate(self, *given: Any) -> AuthResult:
        *_, credentials = given
        wanted = None if self._login is None else tuple(text.encode() for text in self._login)
        return AuthResult(success=(credentials.login, credentials.password) == wanted, handled=False)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        rest = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._server.wait_closed()

    # The names and signatures are those of aiosmtpd's handlers.

    async def handle_MAIL(  # noqa: N802
        self,
        server: object,  # noqa: ARG002
        session: Any,
        envelope: Any,
        address: str,
        options: object,  # noqa: ARG002
    ) -> str:
        """Take a sender, after a log-in where one is wanted."""
        if self._login is not None and not session.authenticated:
            return "530 5.7.0 authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: object,  # noqa: ARG002
        session: object,  # noqa: ARG002
        envelope: Any,
        address: str,
        options: object,  # noqa: ARG002
    ) -> str:
        """Take or refuse a recipient."""
        if self._refusals["rcpt"]:
            return self._refusals["rcpt"].popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: ARG002
        """Keep or refuse a message."""
        if self._refusals["data"]:
            return self._refusals["data"].popleft()
        self.messages.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 2.0.0 kept"


@dataclass(frozen=True, slots=True)
class Reaction:
    """How the webhook sink answers one request."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang_s: float = 0.0
    """Wait so long before answering."""
    reset: bool = False
    """Cut the line instead of answering."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it came, and whether its signature is right."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    verified: bool


class WebhookSink:
    """An HTTP endpoint on a free port of loopback; use as a context manager."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = secrets
        self.received: list[Hook] = []
        self.reactions: deque[Reaction] = deque()
        """Answers to the next requests, in order; the usual one when none is left."""
        self.released = threading.Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing on stderr."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="webhook-sink",
            daemon=True,
        )
        self.url = f"http://{LOOPBACK}:{self._server.server_port}/hooks/trials"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def usual(self, hook: Hook) -> Reaction:
        """How a request is answered that nothing was said about."""
        return Reaction(204 if hook.verified else 401)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Keep one request and react to it."""
        body = request.rfile.read(int(request.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        verified = verify(self.secrets, headers, body)
        hook = Hook(request.path, headers, body, verified)
        self.received.append(hook)
        reaction = self.reactions.popleft() if self.reactions else self.usual(hook)
        if reaction.hang_s:
            self.released.wait(reaction.hang_s)
        if reaction.reset:
            cut(request.connection)
            return
        try:
            request.send_response(reaction.status)
            for name, value in reaction.headers.items():
                request.send_header(name, value)
            if reaction.status != 204:
                request.send_header("Content-Length", str(len(reaction.body)))
            request.end_headers()
            request.wfile.write(reaction.body)
        except OSError:
            request.close_connection = True  # the sender had no patience: what a hang is for


def verify(secrets: tuple[str, ...], headers: Mapping[str, str], body: bytes) -> bool:
    """Is one of the signatures that of one of the secrets (Standard Webhooks 1.0)?"""
    try:
        identity, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = [
            word.removeprefix("v1,") for word in headers["webhook-signature"].split() if word[:3] == "v1,"
        ]
    except KeyError:
        return False
    signed = b".".join((identity.encode(), timestamp.encode(), body))
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    wanted = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return any(hmac.compare_digest(one, other) for one in given for other in wanted)


def cut(connection: socket.socket) -> None:
    """Reset a connection instead of closing it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
