"""How ClinicalTrials.gov is asked, whatever is asked for: answers decoded, senseless ones asked for twice.

It knows no endpoint. What a status means is for whoever asked.
"""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from monitor.errors import RegistryUnavailableError
from monitor.registries.ctgov.numbers import NAME, canonical_number
from monitor.transport import Answer, PoliteClient

MOST_HOPS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SENSELESS = (msgspec.MsgspecError, RecursionError)
_STUDY_PATH = re.compile(r"/stud(?:y|ies)/([^/]+)(?:/history(?:/\d+)?)?/?$")
_T = TypeVar("_T")


class Asking:
    """Asks through a polite client."""

    def __init__(self, http: PoliteClient) -> None:
        self.http = http

    def read(self, url: str, kind: type[_T], *, etag: str | None = None) -> tuple[Answer, _T | None]:
        """A JSON answer read as `kind`, None for any status but 200; asked for twice where it is no JSON.

        Raises RegistryUnavailableError where it is none twice, and what the client raises.
        """
        answer = self.http.get(url, etag=etag)
        try:
            return answer, _decoded(answer, kind)
        except _SENSELESS:
            answer = self.http.get(url, etag=etag)
        try:
            return answer, _decoded(answer, kind)
        except _SENSELESS as error:
            raise RegistryUnavailableError(
                f"{NAME}: an answer makes no sense ({error}){_said(answer)}", registry=NAME, broken=True
            ) from error


def unexpected(answer: Answer) -> RegistryUnavailableError:
    """The error for a status that the question does not allow for."""
    where = f" to {answer.location}" if answer.location else ""
    return RegistryUnavailableError(
        f"{NAME}: status {answer.status}{where} for {answer.url[:120]}{_said(answer)}",
        registry=NAME,
        broken=True,
        remedy=f"Check [registries.{NAME}] base_url; otherwise the registry's API has changed.",
    )


def _said(answer: Answer) -> str:
    excerpt = answer.excerpt()
    return f": {excerpt}" if excerpt else ""


def number_in(location: str | None) -> str | None:
    """The number a redirect leads to; nothing else of its address is used."""
    try:
        path = urlsplit(location or "").path
    except ValueError:
        return None
    found = _STUDY_PATH.search(path)
    return canonical_number(found[1]) if found else None


def _decoded(answer: Answer, kind: type[_T]) -> _T | None:
    return msgspec.json.decode(answer.body, type=kind) if answer.status == 200 else None
