"""The stand-in's server: threads and sockets on loopback, its request log, its switches."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, assert_never, cast

from monitor.demo.standin.answers import Listing, StaleTokens, reply
from monitor.demo.standin.data import DataVersion
from monitor.demo.standin.faults import MAINTENANCE_PAGE, Fault
from monitor.demo.standin.reply import Reply


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in, and the status it was answered with (0: the connection was cut)."""

    target: str
    """Path and query as on the wire."""
    headers: Mapping[str, str]
    """Names in lower case."""
    status: int


class StandIn:
    """A registry on loopback, serving one of `versions` at a time, the first to begin with.

    It serves from construction until `close` (or the end of its `with` block).
    """

    def __init__(
        self,
        versions: Sequence[DataVersion],
        *,
        stale_tokens: StaleTokens = "refuse",
        compress: bool = True,
    ) -> None:
        if not versions:
            raise ValueError("a stand-in needs at least one data version")
        self._versions = list(versions)
        self._stale_tokens = stale_tokens
        self._compress = compress
        self._current = 0
        self._advance_in: int | None = None
        self._faults: list[Fault] = []
        self._seen: list[Seen] = []
        self._asked = 0
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="stand-in", daemon=True
        )
        self._thread.start()

    @property
    def base_url(self) -> str:
        """For `[registries.ctgov] base_url`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request so far, oldest first."""
        with self._lock:
            return tuple(self._seen)

    @property
    def version(self) -> DataVersion:
        """The data version being served."""
        with self._lock:
            return self._versions[self._current]

    def add_version(self, version: DataVersion) -> None:
        """Append a data version, to be served after the others."""
        with self._lock:
            self._versions.append(version)

    def advance(self) -> DataVersion:
        """Serve the next data version; raise IndexError after the last."""
        with self._lock:
            self._step(1)
            return self._versions[self._current]

    def rollback(self) -> DataVersion:
        """Serve the data version before this one again; raise IndexError before the first."""
        with self._lock:
            self._step(-1)
            return self._versions[self._current]

    def advance_after(self, answers: int) -> None:
        """Advance by itself after that many more answers: a refresh in the middle of a cycle."""
        with self._lock:
            self._advance_in = answers

    def inject(self, *faults: Fault) -> None:
        """Misbehave: the first fault that fits a request meets it."""
        with self._lock:
            self._faults.extend(faults)

    def clear_faults(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults.clear()

    def close(self) -> None:
        """Stop serving and cut what is still connected."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What the handler asks for.

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[Reply, Fault | None]:
        """The right answer to a request, and the fault it meets."""
        with self._lock:
            self._asked += 1
            order, version = self._asked, self._versions[self._current]
            fault = self._fault_for(target, headers.get("user-agent", ""))
        hollow = fault is not None and fault.kind == "empty_page"
        right = reply(target, version, Listing(order, self._stale_tokens, hollow=hollow))
        if target.startswith("/api/v2/"):
            right = _tagged(right, version.etag, headers, compress=self._compress)
        return right, fault

    def log(self, seen: Seen) -> None:
        """Note an answered request and move on to the next data version where that was asked for."""
        with self._lock:
            self._seen.append(seen)
            if self._advance_in is not None:
                self._advance_in -= 1
                if self._advance_in <= 0:
                    self._advance_in = None
                    self._step(1)

    def _step(self, by: int) -> None:
        moved = self._current + by
        if not 0 <= moved < len(self._versions):
            raise IndexError("no such data version")
        self._current = moved

    def _fault_for(self, target: str, agent: str) -> Fault | None:
        for index, fault in enumerate(self._faults):
            if fault.fits(target, agent):
                if fault.times is not None:
                    del self._faults[index]
                    if fault.times > 1:
                        self._faults.insert(index, fault.once_less())
                return fault
        return None


def _tagged(right: Reply, etag: str, headers: Mapping[str, str], *, compress: bool) -> Reply:
    """Entity tag, conditional answer and compression, as on every GET of the real API."""
    if right.status != 200:
        return right
    known = headers.get("if-none-match", "").removeprefix("W/").strip('"').removesuffix("-gzip")
    if known == etag:
        return Reply(304, headers={"ETag": f'"{etag}"'})
    if compress and "gzip" in headers.get("accept-encoding", ""):
        body = gzip.compress(right.body, compresslevel=1, mtime=0)
        extra = {
            **right.headers,
            "ETag": f'"{etag}-gzip"',
            "Content-Encoding": "gzip",
            "Vary": "Accept-Encoding",
        }
        return Reply(200, body, right.content_type, extra)
    return Reply(200, right.body, right.content_type, {**right.headers, "ETag": f'"{etag}"'})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that went away in mid-answer is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "istio-envoy"
    sys_version = ""
    timeout = 60
    wbufsize = -1
    """An answer leaves whole: a head sent before its body would wait for a delayed acknowledgment."""

    def do_GET(self) -> None:
        stand_in = cast("_Server", self.server).stand_in
        headers = _lower_names(self.headers)
        right, fault = stand_in.answer(self.path, headers)
        # Noted first, so that whoever has the answer finds the request in the log.
        stand_in.log(
            Seen(self.path, headers, right.status if fault is None else fault.answered(right.status))
        )
        if fault is None:
            self._write(right)
        else:
            self._misbehave(fault, right, stand_in.closing)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Nothing: `StandIn.requests` is the log."""

    def _misbehave(self, fault: Fault, right: Reply, closing: threading.Event) -> None:
        match fault.kind:
            case "status":
                extra = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
                kind = "text/html" if fault.body else ""
                self._write(Reply(fault.status, fault.body.encode(), kind, extra))
            case "html":
                self._write(Reply(200, MAINTENANCE_PAGE.encode(), "text/html; charset=utf-8"))
            case "garbled":
                self._write(Reply.json(b'{"studies":[{"protocolSection":'))
            case "truncated":
                self._write(right, upto=len(right.body) // 2)
                self.close_connection = True
            case "reset":
                self._reset()
            case "slow":
                closing.wait(fault.delay_s)
                self._write(right)
            case "empty_page":
                self._write(right)
            case _:
                assert_never(fault.kind)

    def _write(self, answer: Reply, *, upto: int | None = None) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[:upto])

    def _reset(self) -> None:
        """Close with unsent data discarded, which the other side sees as a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


def _lower_names(headers: Message) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}
