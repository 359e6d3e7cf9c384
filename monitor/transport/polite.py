"""The polite client: one registry, one connection, one request at a time, slowly, patiently.

It follows no redirect, pretends to be no browser, and never repeats a request that was refused (403). It
knows statuses and content types; what an answer means is for the registry's module.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from monitor import __version__
from monitor.errors import RegistryBlockedError, RegistryUnavailableError, StoppedError
from monitor.transport.faults import Fuse, Line, mapped, tls_context
from monitor.transport.manners import Answer, Politeness
from monitor.transport.retry_after import retry_after_s

log = logging.getLogger(__name__)

_REFUSED = frozenset({401, 403, 451})
_THROTTLED = frozenset({429, 503})
_TRANSIENT = frozenset({408, 425})
_FIRST_DELAY_S, _LONGEST_DELAY_S = 1.0, 60.0
_SLOWEST = 16.0
"""How many times its configured interval the pace may grow to."""
_FORGIVE_AFTER = 20
"""So many good answers in a row, and the pace doubles again, up to the configured one."""


def default_user_agent(contact: str = "") -> str:
    """The library's real token, our own name and version, and whom to write to: never a browser's name.

    The registry's edge has been seen to refuse both browsers' names from programs and unknown ones. No
    address is made up: where the operator gave none, none is claimed.
    """
    whom = f"+{contact}" if contact else "a trial change monitor"
    return f"python-httpx/{httpx.__version__} (trialwire/{__version__}; {whom})"


class PoliteClient:
    """Asks one registry; may be shared by threads, which then take turns.

    `monotonic` and `now` tell the time, `random` gives a number in [0, 1). `wait(seconds)` sleeps and says
    whether Trialwire is to stop: an Event's `wait` is one, and setting the event ends any wait here.
    """

    def __init__(
        self,
        registry: str,
        politeness: Politeness,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        wait: Callable[[float], bool],
        random: Callable[[], float],
    ) -> None:
        self.registry = registry
        self.politeness = politeness
        self._monotonic, self._now, self._wait, self._random = monotonic, now, wait, random
        self._turn = threading.Lock()
        self._slowdown = 1.0
        self._good = 0
        self._next_at = float("-inf")
        self._line = Line()
        self._is_leaving = False
        self._http = httpx.Client(
            headers={
                "User-Agent": politeness.user_agent or default_user_agent(politeness.contact),
                "Accept": "application/json",
                "Accept-Encoding": "gzip",  # not whatever else happens to be installed
            },
            timeout=politeness.timeout_s,
            verify=tls_context(),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0),
            follow_redirects=False,
            # A proxy of the environment is used, but never to reach this machine.
            mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
        )

    def get(self, url: str, *, etag: str | None = None) -> Answer:
        """GET `url`, paced, and again after transient failures; with `etag` the answer may be 304.

        Returns successes (always JSON), redirects and refusals of the request itself (400, 404, 414 …).
        Raises RegistryBlockedError at once on 403, RegistryUnavailableError when retries are used up or the
        registry names a time beyond our patience, StoppedError where Trialwire is to stop.
        """
        with self._turn:
            attempt = 0
            while True:
                self._take_turn(url)
                try:
                    answer = self._ask(url, etag)
                except RegistryUnavailableError as error:
                    self._go_on()
                    self._hold_back(attempt, error)
                    attempt += 1
                    too_long = (error.retry_after_s or 0.0) > self.politeness.patience_s
                    if too_long or attempt > self.politeness.retries:
                        raise
                    log.info(
                        "asking again",
                        extra={"registry": self.registry, "attempt": attempt, "why": error.message},
                    )
                else:
                    self._forgive()
                    return answer

    def hang_up(self) -> None:
        """End the request under way, and ask nothing more: StoppedError. Safe within a signal's handler."""
        self._is_leaving = True
        self._line.cut()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, url: str, etag: str | None) -> Answer:
        """One exchange."""
        with (
            mapped(lambda words: self._unavailable(url, fuse.why(words))),
            Fuse(self.politeness.total_s, self._line) as fuse,
            self._http.stream(
                "GET",
                url,
                headers={"If-None-Match": etag} if etag else {},
                extensions={"trace": self._line.trace},
            ) as response,
        ):
            self._check_status(url, response)
            body = self._body(url, response)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        answer = Answer(
            url=url,
            status=response.status_code,
            media_type=media_type,
            body=body,
            etag=response.headers.get("etag"),
            location=response.headers.get("location"),
        )
        if response.is_success and (answer.status, media_type) != (200, "application/json"):
            kind = media_type or "no content type"
            raise self._unavailable(
                url, f"status {answer.status} with {kind} where JSON belongs: {answer.excerpt()}", broken=True
            )
        return answer

    def _check_status(self, url: str, response: httpx.Response) -> None:
        status = response.status_code
        if status in _REFUSED:
            raise RegistryBlockedError(
                f"{self.registry} refuses us: status {status} for {_shown(url)}",
                registry=self.registry,
                remedy="It is asked again only slowly. "
                f"Set [registries.{self.registry}] contact or user_agent, or ask from another network.",
            )
        if status >= 500 or status in _THROTTLED | _TRANSIENT:
            raise self._unavailable(
                url,
                f"status {status}",
                retry_after_s=retry_after_s(response.headers.get("retry-after"), self._now()),
                throttled=status in _THROTTLED,
            )

    def _body(self, url: str, response: httpx.Response) -> bytes:
        received = bytearray()
        for chunk in response.iter_bytes():
            received += chunk
            if len(received) > self.politeness.max_bytes:
                raise self._unavailable(url, f"more than {self.politeness.max_bytes} bytes", broken=True)
        return bytes(received)

    def _take_turn(self, url: str) -> None:
        """Wait until the registry may be asked again; raise where that is beyond our patience."""
        gap = max(self._next_at - self._monotonic(), 0.0)
        if gap > self.politeness.patience_s:
            words = f"it asked not to be asked for another {gap:.0f} s"
            raise self._unavailable(url, words, retry_after_s=gap, throttled=True)
        if self._wait(gap):
            raise self._stopped()
        self._next_at = self._monotonic() + self._slowdown / self.politeness.requests_per_second

    def _hold_back(self, attempt: int, error: RegistryUnavailableError) -> None:
        """After a failure: a slower pace where that was the matter, and no request before its time."""
        if error.throttled:
            self._slowdown = min(self._slowdown * 2, _SLOWEST)
        self._good = 0
        backoff = min(_FIRST_DELAY_S * 2.0**attempt, _LONGEST_DELAY_S) * (0.5 + self._random() / 2)
        self._next_at = max(self._next_at, self._monotonic() + max(backoff, error.retry_after_s or 0.0))

    def _go_on(self) -> None:
        """What failed while we leave, failed because we leave."""
        if self._is_leaving:
            raise self._stopped()

    def _stopped(self) -> StoppedError:
        return StoppedError(f"stopping: {self.registry} is not asked any further")

    def _forgive(self) -> None:
        self._good += 1
        if self._good >= _FORGIVE_AFTER and self._slowdown > 1.0:
            self._slowdown = max(self._slowdown / 2, 1.0)
            self._good = 0

    def _unavailable(
        self,
        url: str,
        words: str,
        *,
        retry_after_s: float | None = None,
        throttled: bool = False,
        broken: bool = False,
    ) -> RegistryUnavailableError:
        return RegistryUnavailableError(
            f"{self.registry} cannot be read: {words}, for {_shown(url)}",
            registry=self.registry,
            retry_after_s=retry_after_s,
            throttled=throttled,
            broken=broken,
            remedy="It is tried again by itself; what is stored stays as it is.",
        )


def _shown(url: str) -> str:
    return url if len(url) <= 120 else f"{url[:117]}…"
