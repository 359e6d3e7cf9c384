"""The guarded sender: posts to addresses from a configuration, and lets nobody misuse us for it.

The name is resolved once, every address it has is checked, and the connection goes to a checked one, with the
certificate and `Host` still those of the name. No redirect is followed, no proxy of the environment used, and
no more of an answer is read than an operator may want to see. It knows no signatures and no retries.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_address

import httpx

from monitor import __version__
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryRejectedError
from monitor.transport.addresses import Address, Network, Target, check_url, parse_networks, refusal
from monitor.transport.faults import Fuse, Line, mapped, tls_context
from monitor.transport.retry_after import retry_after_s

MAX_READ = 16 * 1024
USER_AGENT = f"trialwire/{__version__}"
_EXCERPT = 500

Resolver = Callable[[str, int], Sequence[str]]


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
            raise DeliveryRejectedError(error.message) from error
        addresses = self._checked(target, networks)
        line = Line()
        with (
            mapped(lambda words: self._deferred(target, fuse, words)),
            Fuse(timeout_s, line) as fuse,
            httpx.Client(
                verify=self._tls,
                trust_env=False,
                follow_redirects=False,
                # A dead address must leave time for the next one.
                timeout=httpx.Timeout(timeout_s, connect=timeout_s / len(addresses)),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
            ) as client,
        ):
            for address in addresses[:-1]:
                try:
                    return self._exchange(client, line, target, address, content, headers)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue
            return self._exchange(client, line, target, addresses[-1], content, headers)

    def _checked(self, target: Target, networks: Sequence[Network]) -> list[Address]:
        """The target's addresses, every one of them allowed."""
        try:
            addresses = [ip_address(text) for text in self._resolve(target.host, target.port)]
        except (OSError, ValueError) as error:
            raise DeliveryDeferredError(f"{target.host} cannot be resolved: {error}") from error
        if not addresses:
            raise DeliveryDeferredError(f"{target.host} has no address")
        for address in addresses:
            if why := refusal(address, target, networks):
                raise DeliveryRejectedError(f"{target.host} is not sent to: {why}")
        return addresses

    def _exchange(
        self,
        client: httpx.Client,
        line: Line,
        target: Target,
        address: Address,
        content: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        pinned = httpx.URL(
            scheme=target.scheme, host=str(address), port=target.port, raw_path=target.path.encode("ascii")
        )
        with client.stream(
            "POST",
            pinned,
            content=content,
            headers={
                "User-Agent": USER_AGENT,
                **headers,
                "Host": target.authority,
                "Accept-Encoding": "identity",
            },
            extensions={"sni_hostname": target.host, "trace": line.trace},
        ) as response:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) >= MAX_READ:
                    break
        return Reply(
            status=response.status_code,
            excerpt=" ".join(body[:MAX_READ].decode("utf-8", "replace").split())[:_EXCERPT],
            retry_after_s=retry_after_s(response.headers.get("retry-after"), self._now()),
            headers=dict(response.headers.items()),
        )

    def _deferred(self, target: Target, fuse: Fuse, words: str) -> DeliveryDeferredError:
        return DeliveryDeferredError(f"{target.host}: {fuse.why(words)}")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context()
