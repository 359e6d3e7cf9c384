"""The server: one socket, limits on what a stranger can hold open, an end within seconds of SIGTERM.

The one door to uvicorn, plain and on asyncio alone. A connection that does not bring a whole request within
some seconds is closed, however slowly it drips (slowloris); so many at once are answered, and no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.errors import ConfigError

AT_ONCE = 200
"""Connections and requests; beyond that, 503."""
KEEP_ALIVE_S = 15
REQUEST_S = 10.0
"""For the head of a request, from the first byte or from the connection on."""
GRACE_S = 4
"""For answers under way when told to end."""
_HEAD = 16_384
"""Bytes of a request's head."""


class _Protocol(H11Protocol):
    """Closes connections that do not ask anything."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and not self._is_answering():
            self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)
        super().data_received(data)
        if self._is_answering():
            self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self._is_answering():
            self.transport.close()


class Server(uvicorn.Server):
    """Ends in peace on SIGTERM and SIGINT, so that the process can end with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take both signals while it serves, where signals can be taken."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kinds = (signal.SIGTERM, signal.SIGINT)
        before = {kind: signal.signal(kind, self.handle_exit) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)


def bound(host: str, port: int) -> socket.socket:
    """The socket that is listened at; ConfigError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise ConfigError(
            f"pages.listen: cannot listen at {host} port {port}: {(error.strerror or str(error)).lower()}",
            key="pages.listen",
            remedy="Choose another port, or end who listens there.",
        ) from error


def server(app: ASGIApp, **more: Any) -> Server:
    """The server of an application, set up as this module's docstring says; `run` it with its sockets."""
    settings: dict[str, Any] = {
        "http": _Protocol,
        "loop": "asyncio",
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "limit_concurrency": AT_ONCE,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": GRACE_S,
        "h11_max_incomplete_event_size": _HEAD,
    }
    return Server(uvicorn.Config(app, **(settings | more)))
