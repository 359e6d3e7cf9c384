"""Ways the stand-in misbehaves when told to: what networks, edges and bad days do to a registry."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, assert_never

FaultKind = Literal["status", "html", "truncated", "garbled", "reset", "slow", "empty_page"]

FORBIDDEN_PAGE = (
    "<html>\n<head><title>403 Forbidden</title></head>\n<body><h1>Forbidden</h1></body>\n</html>\n"
)
MAINTENANCE_PAGE = (
    "<!doctype html>\n<html><head><title>Down for maintenance</title></head><body></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave, for the requests it fits."""

    kind: FaultKind
    path: str = ""
    """A regular expression found in the request's path and query; empty fits all."""
    agent: str = ""
    """A regular expression found in the User-Agent; empty fits all."""
    times: int | None = 1
    """How many requests it meets; None: all, until cleared."""
    status: int = 500
    body: str = ""
    retry_after: str | None = None
    delay_s: float = 0.0

    @classmethod
    def forbidden(cls, *, agent: str = "", path: str = "", times: int | None = None) -> Fault:
        """The edge refuses: 403 with an HTML page, by User-Agent where one is given."""
        return cls("status", path=path, agent=agent, times=times, status=403, body=FORBIDDEN_PAGE)

    @classmethod
    def throttled(cls, *, retry_after: str | None = None, path: str = "", times: int | None = 1) -> Fault:
        """429, with `Retry-After` (seconds or an HTTP date) where one is given."""
        return cls("status", path=path, times=times, status=429, retry_after=retry_after)

    @classmethod
    def failing(cls, status: int = 500, *, path: str = "", times: int | None = 1) -> Fault:
        """A 5xx (or any other status) with an empty body."""
        return cls("status", path=path, times=times, status=status)

    @classmethod
    def html(cls, *, path: str = "", times: int | None = 1) -> Fault:
        """A page for people where JSON was asked for, with status 200."""
        return cls("html", path=path, times=times)

    @classmethod
    def truncated(cls, *, path: str = "", times: int | None = 1) -> Fault:
        """Half of the promised body, then the connection ends."""
        return cls("truncated", path=path, times=times)

    @classmethod
    def garbled(cls, *, path: str = "", times: int | None = 1) -> Fault:
        """A complete body that is not JSON, declared as JSON."""
        return cls("garbled", path=path, times=times)

    @classmethod
    def reset(cls, *, path: str = "", times: int | None = 1) -> Fault:
        """The connection is reset before any answer."""
        return cls("reset", path=path, times=times)

    @classmethod
    def slow(cls, delay_s: float, *, path: str = "", times: int | None = 1) -> Fault:
        """The first byte comes `delay_s` late; the answer is right."""
        return cls("slow", path=path, times=times, delay_s=delay_s)

    @classmethod
    def empty_page(cls, *, times: int | None = 1) -> Fault:
        """A list page without studies, whose token leads to the page that was asked for."""
        return cls("empty_page", path=r"/studies\?", times=times)

    def fits(self, target: str, agent: str) -> bool:
        """Does it meet a request for `target` by `agent`?"""
        return bool(re.search(self.path, target) and re.search(self.agent, agent))

    def answered(self, right: int) -> int:
        """The status a client sees where the right one would be `right`; 0 where it sees none."""
        match self.kind:
            case "status":
                return self.status
            case "html" | "garbled" | "empty_page":
                return 200
            case "reset":
                return 0
            case "truncated" | "slow":
                return right
        assert_never(self.kind)

    def once_less(self) -> Fault:
        """The same fault after it met one request."""
        return self if self.times is None else replace(self, times=self.times - 1)
