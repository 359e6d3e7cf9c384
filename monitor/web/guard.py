"""What stands before every page: who may ask, what every answer carries, and one line in the log for each.

The Host header is held against the names we are served under, so that no foreign page can read ours through
a name that leads here (DNS rebinding). The log has no query strings and no addresses to leave by.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import logging
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.core.phrases import clip

log = logging.getLogger(__name__)

LONGEST = 8192
"""Characters of an address."""

_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=(), interest-cohort=()",
    "X-Robots-Tag": "noindex, nofollow",
}


class Hosts:
    """The names under which we answer."""

    def __init__(self, listen: str, named: Iterable[str]) -> None:
        self._names = {name.lower() for name in named if name}
        try:
            self._address: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(listen)
        except ValueError:
            self._address = None
            self._names.add(listen.lower())
        if self._address is None or self._address.is_loopback or self._address.is_unspecified:
            self._names.add("localhost")

    def __contains__(self, host: str) -> bool:
        """Is the value of a Host header, with or without a port, one of them?

        Where we listen at every address of this machine, any address is: it cannot be rebound.
        """
        name = _bare(host)
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        mine = self._address
        if mine is None or mine.is_loopback:
            return address.is_loopback
        return mine.is_unspecified or address == mine


def content_policy(style: str) -> str:
    """Nothing may be fetched or run; the one style is the one that stands in the page, by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


class Guard:
    """An ASGI application before another one."""

    def __init__(self, app: ASGIApp, hosts: Hosts, policy: str, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._hosts = hosts
        self._headers = {**_HEADERS, "Content-Security-Policy": policy}
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began = self._monotonic()
        status = 500
        told = False

        def tell(size: int) -> None:
            nonlocal told
            told = True
            took = round((self._monotonic() - began) * 1000, 1)
            where = {"method": scope["method"], "path": redacted(scope["path"])}
            log.info("answered", extra={**where, "status": status, "bytes": size, "ms": took})

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            elif message["type"] == "http.response.body":
                tell(len(message.get("body", b"")))  # every answer of ours is one piece
            await send(message)

        hosts = Headers(scope=scope).getlist("host")
        try:
            if len(hosts) != 1 or hosts[0] not in self._hosts:
                await _STRANGER(scope, receive, guarded)
            elif len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST:
                await _TOO_LONG(scope, receive, guarded)
            else:
                await self._app(scope, receive, guarded)
        finally:
            if not told:
                tell(0)


def redacted(path: str) -> str:
    """The path for the log: without what lets a reader leave, and one line that is not long."""
    if "unsubscribe/" in path.lower():
        return "/unsubscribe/***"
    return clip(path, 200)


def _bare(host: str) -> str:
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].rstrip(".")


_STRANGER = PlainTextResponse(
    "This name is none that Trialwire is served under.\n"
    "Use the address in `[pages] url` or `[pages] listen`, or name yours in `[pages] url`.\n",
    421,
)
_TOO_LONG = PlainTextResponse("This address is too long.\n", 414)
