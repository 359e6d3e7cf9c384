"""An answer before it is written to a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body; no sockets, no faults."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def text(cls, status: int, message: str) -> Reply:
        """An error as the registry words it: plain text, never JSON."""
        return cls(status, message.encode(), "text/plain; charset=UTF-8")

    @classmethod
    def json(cls, body: bytes) -> Reply:
        """A success."""
        return cls(200, body, "application/json")


class Refused(Exception):  # noqa: N818 (an answer on its way, not an error of ours)
    """Raised where a request is found to be wrong; carries the answer to it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.reply = Reply.text(status, message)
