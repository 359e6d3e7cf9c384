"""Answers: bytes with a validator, so that what has not changed is not sent again, and refusals.

A refusal says what was wrong and what to do about it; who asked for JSON gets it as JSON.
"""

from __future__ import annotations

import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import Response

from monitor.core.record import Json

HTML = "text/html; charset=utf-8"
JSON = "application/json"
ATOM = "application/atom+xml; charset=utf-8"
SCHEMA = "application/schema+json"


class RefusedError(Exception):
    """A request that is not answered as it was asked: an HTTP status, what is wrong, what to do."""

    def __init__(self, status: int, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.remedy = remedy


def answer(request: Request, body: bytes, kind: str, *, headers: dict[str, str] | None = None) -> Response:
    """200 with an ETag, or 304 where that is what the reader holds already (RFC 9110, 13.1.2)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    given = {**(headers or {}), "ETag": tag, "Cache-Control": "private, no-cache"}
    held = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in held or held == ["*"]:
        return Response(status_code=304, headers=given)
    return Response(body, media_type=None, headers={**given, "Content-Type": kind})


def as_json(request: Request, value: Json, *, headers: dict[str, str] | None = None) -> Response:
    """The same with a JSON value."""
    return answer(request, orjson.dumps(value) + b"\n", JSON, headers=headers)


def plain_json(status: int, value: Json, *, headers: dict[str, str] | None = None) -> Response:
    """A JSON value under any status, not to be kept."""
    given = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(value) + b"\n", status, given, JSON)
