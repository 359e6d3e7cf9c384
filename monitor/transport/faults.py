"""What can go wrong on the wire: every exception of httpx in words, and a limit to any one exchange.

It names and sorts; whether a fault is a registry's or a delivery's is for the caller, who gives the error to
raise instead.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx

from monitor.errors import ConfigError, MonitorError

# The most specific class that fits is used, so the order does not matter.
WORDS: Mapping[type[Exception], str] = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.PoolTimeout: "the connection stayed busy",
    httpx.TimeoutException: "it took too long",
    httpx.ConnectError: "no connection",
    httpx.ReadError: "the connection broke while reading",
    httpx.WriteError: "the connection broke while sending",
    httpx.CloseError: "the connection could not be closed",
    httpx.NetworkError: "the network failed",
    httpx.RemoteProtocolError: "the answer broke off or was no HTTP",
    httpx.LocalProtocolError: "the request is no HTTP",
    httpx.ProtocolError: "no HTTP was spoken",
    httpx.ProxyError: "the proxy failed",
    httpx.UnsupportedProtocol: "the address is neither http nor https",
    httpx.DecodingError: "the answer's compression is damaged",
    httpx.TooManyRedirects: "too many redirects",
    httpx.HTTPStatusError: "the status says failure",
    httpx.TransportError: "the transport failed",
    httpx.RequestError: "the request failed",
    httpx.HTTPError: "the exchange failed",
    httpx.InvalidURL: "the address cannot be read",
    httpx.CookieConflict: "the cookies contradict each other",
    httpx.StreamConsumed: "the answer was read twice",
    httpx.StreamClosed: "the answer was closed before it was read",
    httpx.ResponseNotRead: "the answer was not read",
    httpx.RequestNotRead: "the request was not read",
    httpx.StreamError: "the stream was misused",
}

FAULTS = tuple(WORDS)
"""What the library raises."""


def fault_class(error: Exception) -> str:
    """`timeout`, `tls` or `connection`."""
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ssl.SSLError):
            return "tls"
        inner = inner.__cause__ or inner.__context__
    return "connection"


def in_words(error: Exception) -> str:
    """What happened, with the library's own words where it has any."""
    words = next(WORDS[kind] for kind in type(error).__mro__ if kind in WORDS)
    return f"{words} ({error})" if str(error) else words


def tls_context() -> ssl.SSLContext:
    """Certificates are checked; `SSL_CERT_FILE` or `SSL_CERT_DIR` may name an authority of one's own.

    One context serves all clients of a process: reading every authority takes some 20 ms.
    """
    return _context_of((os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")))


@cache
def _context_of(_: tuple[str | None, str | None]) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            f"the certificate authorities cannot be read: {error}",
            remedy="Check SSL_CERT_FILE and SSL_CERT_DIR in the environment.",
        ) from error


@contextmanager
def mapped(instead: Callable[[str], MonitorError]) -> Iterator[None]:
    """Raise `instead(words)` for whatever httpx raises inside; other errors pass."""
    try:
        yield
    except FAULTS as error:
        raise instead(in_words(error)) from error


class Line:
    """The connection in use: learns of its socket as soon as there is one, and can cut it.

    Give `trace` to each request as its `trace` extension (httpcore's name for a function told of events).
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may cut while its own thread holds it
        self._socket: socket.socket | None = None
        self._is_cut = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the socket of a new connection, first the plain one, then the encrypted one."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self._is_cut:
                    self._shut()

    def cut(self) -> None:
        """End the connection, now or as soon as it stands; whoever waits on it wakes with an error."""
        with self._lock:
            self._is_cut = True
            self._shut()

    def mend(self) -> None:
        """Allow new connections."""
        with self._lock:
            self._is_cut = False

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class Fuse(AbstractContextManager["Fuse"]):
    """Cuts a line when a request's whole time is up, even where bytes keep dripping in.

    httpx's own timeouts are for one read each, so a server that sends a byte now and then would never
    run into them.
    """

    def __init__(self, seconds: float, line: Line | None = None) -> None:
        self.seconds = seconds
        self.is_blown = False
        self._line = line
        self._timer = threading.Timer(seconds, self._blow)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if self._line is not None:
            self._line.mend()
        self._timer.start()
        return self

    def watch(self, line: Line) -> None:
        """Cut this line instead, at once where the time is up already."""
        line.mend()
        self._line = line
        if self.is_blown:
            line.cut()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()

    def why(self, words: str) -> str:
        """The reason for a failure: this fuse where it blew, else `words`."""
        return f"no whole answer within {self.seconds:g} s" if self.is_blown else words

    def _blow(self) -> None:
        self.is_blown = True
        if self._line is not None:
            self._line.cut()
