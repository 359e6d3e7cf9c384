"""A server on loopback that says exactly what a test wrote down, byte for byte, however wrong."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeAlias

Line: TypeAlias = "bytes | Callable[[socket.socket, threading.Event], None]"
"""What one connection is answered with: bytes, then the end; or a function that does as it likes."""


def response(status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> bytes:
    """A well-formed HTTP answer that ends its connection; `retry_after="3"` becomes `Retry-After: 3`."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Scripted:
    """Answers one connection after the other with the lines of its script; the last line is repeated."""

    def __init__(self, *script: Line, tls: ssl.SSLContext | None = None) -> None:
        self._script: Sequence[Line] = script
        self._tls = tls
        self.requests: list[bytes] = []
        """Head and body of each request as they came in."""
        self._end = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Its address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """An address on it."""
        return f"{self.base_url}/hook"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        for turn in range(1_000):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(5)
                self._answer(connection, self._script[min(turn, len(self._script) - 1)])

    def _answer(self, plain: socket.socket, line: Line) -> None:
        connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with connection:
            self.requests.append(read_request(connection))
            if callable(line):
                line(connection, self._end)
            else:
                connection.sendall(line)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)


def read_request(connection: socket.socket) -> bytes:
    """Head and body of the next request; empty where the other side has gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    for header in head.lower().split(b"\r\n"):
        if header.startswith(b"content-length:"):
            missing = int(header.partition(b":")[2]) - len(body)
            while missing > 0:
                chunk = connection.recv(65536)
                if not chunk:
                    break
                received += chunk
                missing -= len(chunk)
    return received


def dripping(
    first: bytes = b"", *, every_s: float = 0.05
) -> Callable[[socket.socket, threading.Event], None]:
    """Send `first`, then a byte now and then, without end."""

    def drip(connection: socket.socket, end: threading.Event) -> None:
        connection.sendall(first)
        while not end.wait(every_s):
            connection.sendall(b"x")

    return drip
