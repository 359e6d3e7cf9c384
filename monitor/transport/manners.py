"""How gently a registry is asked, as values; needs no HTTP library."""

from __future__ import annotations

from dataclasses import dataclass

_EXCERPT = 200
"""Characters; up to four bytes each."""


@dataclass(frozen=True, slots=True)
class Politeness:
    """How gently one registry is asked."""

    requests_per_second: float = 1.0
    user_agent: str = ""
    """Empty: the library's own token, Trialwire's version and the contact."""
    contact: str = ""
    """Where the registry's people may write: an address or a page."""
    timeout_s: float = 30.0
    """For connecting and for each wait for more bytes."""
    total_s: float = 300.0
    """For one whole answer, however it drips."""
    retries: int = 5
    patience_s: float = 120.0
    """The longest wait inside one call; a registry that wants more is asked again in another cycle."""
    max_bytes: int = 256 * 1024 * 1024
    """Of one answer, decompressed: 200 of the largest records known would not fill it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry answered: a success, a redirect (never followed) or a refusal of this request."""

    url: str
    status: int
    media_type: str
    """Lower case, without parameters; empty where none was given."""
    body: bytes
    etag: str | None
    location: str | None

    def excerpt(self) -> str:
        """The beginning of the body on one line, for messages."""
        return " ".join(self.body[: 4 * _EXCERPT].decode("utf-8", "replace").split())[:_EXCERPT]
