"""Connections kept for a moment between two messages to one receiver.

Each leads to one checked address of one host and is made once: where it is gone, whoever wants to send looks
the name up and checks its addresses anew. A request goes out once and is never repeated here.
"""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Any

import httpx

from monitor.transport.addresses import Address, Target
from monitor.transport.faults import Line

KEPT_S = 1.0
"""How long one lies idle at most: well below what servers allow, so that they do not hang up first."""
MAX_READ = 16 * 1024
"""Bytes of an answer that are read; a connection with more on its way is not kept."""


class GoneError(Exception):
    """The connection was closed while nobody used it; nothing was sent."""


class Connection:
    """One connection to a checked address, with the certificate and `Host` still those of the name."""

    def __init__(self, target: Target, address: Address, tls: ssl.SSLContext) -> None:
        self.line = Line()
        self.is_used = False
        """Was there an answer over it before?"""
        self.may_stay = False
        """Did the last answer end well, and did the receiver not ask to close?"""
        self._target = target
        self._url = httpx.URL(scheme=target.scheme, host=str(address), port=target.port)
        self._client = httpx.Client(
            verify=tls,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT_S),
        )

    def post(
        self, path: str, content: bytes, headers: Mapping[str, str], timeout: httpx.Timeout
    ) -> tuple[httpx.Response, bytes]:
        """Send once; the answer with the beginning of its body. Raises GoneError before anything is sent."""
        self.may_stay = False
        body = bytearray()
        with self._client.stream(
            "POST",
            self._url.copy_with(raw_path=path.encode("ascii")),
            content=content,
            headers={**headers, "Host": self._target.authority, "Accept-Encoding": "identity"},
            extensions={"sni_hostname": self._target.host, "trace": self._trace},
            timeout=timeout,
        ) as response:
            for chunk in response.iter_raw():
                body += chunk
                if len(body) >= MAX_READ:
                    break
            else:
                closes = response.headers.get("connection", "").lower() == "close"
                self.may_stay = response.http_version == "HTTP/1.1" and not closes
        self.is_used = True
        return response, bytes(body[:MAX_READ])

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if self.is_used and event.endswith(".connect_tcp.started"):
            raise GoneError
        self.line.trace(event, info)


class Shelf:
    """Idle connections by what they may be used for; what lies here for too long is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: defaultdict[Hashable, list[Connection]] = defaultdict(list)
        self._stale: defaultdict[Hashable, list[Connection]] = defaultdict(list)
        """Those that lay here at the last sweep."""
        self._sweeper: threading.Timer | None = None
        self._is_closed = False

    def take(self, key: Hashable) -> Connection | None:
        """The connection used last, if there is one; it is the caller's until put back."""
        with self._lock:
            for lying in (self._fresh, self._stale):
                if lying.get(key):
                    return lying[key].pop()
        return None

    def put(self, key: Hashable, connection: Connection) -> None:
        """Keep a connection for a moment, or hang up where it may not stay."""
        with self._lock:
            keeps = connection.may_stay and not self._is_closed
            if keeps:
                self._fresh[key].append(connection)
                self._sweep_later()
        if not keeps:
            connection.close()

    def close(self) -> None:
        """Hang up everything."""
        with self._lock:
            self._is_closed = True
            if self._sweeper is not None:
                self._sweeper.cancel()
        self._sweep()
        self._sweep()

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Timer(KEPT_S, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        with self._lock:
            old = [connection for each in self._stale.values() for connection in each]
            self._stale, self._fresh = self._fresh, defaultdict(list)
            self._sweeper = None
            if any(self._stale.values()) and not self._is_closed:
                self._sweep_later()
        for connection in old:
            connection.close()
