"""The guarded sender: posts to addresses from a configuration, and lets nobody misuse us for it.

The name is resolved once for each connection, every address it has is checked, and the connection goes to a
checked one, with the certificate and `Host` still those of the name. No redirect is followed, no proxy of the
environment used, and no more of an answer is read than an operator may want to see. A connection is kept for
a moment; a request is one request, never repeated. It knows no signatures and no retries.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_address

import httpx

from monitor import __version__
from monitor.core.delivery import MAX_RETRY_AFTER_S
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from monitor.transport.addresses import Address, Network, Target, check_url, parse_networks, refusal
from monitor.transport.faults import FAULTS, Fuse, fault_class, in_words, tls_context
from monitor.transport.kept import MAX_READ, Connection, GoneError, Shelf
from monitor.transport.retry_after import retry_after_s

__all__ = ["MAX_READ", "GuardedSender", "Reply", "Resolver", "system_addresses"]

USER_AGENT = f"trialwire/{__version__}"
_EXCERPT = 500
_MOST_TRIED = 8
"""Addresses of one name that are tried: whoever runs its DNS shall not make us knock at a thousand doors."""

Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Request:
    path: str
    content: bytes
    headers: Mapping[str, str]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered; every status is a value here, redirects and failures too."""

    status: int
    excerpt: str
    """The beginning of the body, on one line."""
    retry_after_s: float | None
    headers: Mapping[str, str]
    """Names in lower case."""


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses the system knows a host by; raise OSError where it knows none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


class GuardedSender:
    """Posts to checked addresses; may be shared by threads.

    `now` serves to read a `Retry-After` that is a date; `resolve` turns a name into addresses.
    """

    def __init__(self, *, now: Callable[[], datetime], resolve: Resolver = system_addresses) -> None:
        self._now = now
        self._resolve = resolve
        self._shelf = Shelf()
        self._unkept: set[Hashable] = set()
        """Receivers that hung up on a kept connection without a word: they get a new one each time."""

    def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        allow_networks: Sequence[str] = (),
        timeout_s: float = 20.0,
    ) -> Reply:
        """POST `content` byte for byte, in at most `timeout_s` after the name is resolved.

        Raises DeliveryRejectedError where the address is forbidden, DeliveryDeferredError where nobody
        answered.
        """
        try:
            networks = parse_networks(allow_networks)
            target = check_url(url, allow_networks)
        except ConfigError as error:
            raise DeliveryRejectedError(error.message, error_class="guard") from error
        key = (target.scheme, target.host, target.port, networks)
        request = _Request(target.path, content, {"User-Agent": USER_AGENT, **headers}, timeout_s)
        kept = self._shelf.take(key)
        if kept is not None:
            try:
                return self._over([kept], key, target, request)
            except GoneError:
                kept.close()
        addresses = self._checked(target, networks)
        return self._over([Connection(target, each, self._tls) for each in addresses], key, target, request)

    def close(self) -> None:
        """Hang up what is kept."""
        self._shelf.close()

    def _over(
        self, connections: Sequence[Connection], key: Hashable, target: Target, request: _Request
    ) -> Reply:
        """Send over the first of these connections that can be made; the others are hung up."""
        fuse = Fuse(request.timeout_s)
        answered: Connection | None = None
        try:
            with fuse:
                answered, reply = self._first_answer(connections, fuse, request)
        except FAULTS as error:
            if connections[0].is_used and not (fuse.is_blown or isinstance(error, httpx.TimeoutException)):
                self._unkept.add(key)
            raise DeliveryDeferredError(
                f"{target.host}: {fuse.why(in_words(error))}",
                error_class="timeout" if fuse.is_blown else fault_class(error),
            ) from error
        finally:
            for connection in connections:
                if connection is answered and not fuse.is_blown and key not in self._unkept:
                    self._shelf.put(key, connection)
                else:
                    connection.close()
        return reply

    def _first_answer(
        self, connections: Sequence[Connection], fuse: Fuse, request: _Request
    ) -> tuple[Connection, Reply]:
        # A dead address must leave time for the next one.
        timeout = httpx.Timeout(request.timeout_s, connect=request.timeout_s / len(connections))
        for connection in connections:
            fuse.watch(connection.line)
            try:
                response, body = connection.post(request.path, request.content, request.headers, timeout)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if connection is connections[-1]:
                    raise
            else:
                break
        asked = response.headers.get("retry-after")
        return connection, Reply(
            status=response.status_code,
            excerpt=" ".join(body.decode("utf-8", "replace").split())[:_EXCERPT],
            retry_after_s=retry_after_s(asked, self._now(), cap_s=MAX_RETRY_AFTER_S),
            headers=dict(response.headers.items()),
        )

    def _checked(self, target: Target, networks: Sequence[Network]) -> list[Address]:
        """The target's addresses, as many as are tried, every one that it has allowed."""
        try:
            addresses = [ip_address(text) for text in self._resolve(target.host, target.port)]
        except (OSError, ValueError) as error:
            raise DeliveryDeferredError(
                f"{target.host} cannot be resolved: {error}", error_class="name"
            ) from error
        if not addresses:
            raise DeliveryDeferredError(f"{target.host} has no address", error_class="name")
        for address in addresses:
            if why := refusal(address, target, networks):
                raise DeliveryRejectedError(f"{target.host} is not sent to: {why}", error_class="guard")
        return addresses[:_MOST_TRIED]

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context()
