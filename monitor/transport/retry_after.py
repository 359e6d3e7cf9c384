"""`Retry-After` as a number of seconds (RFC 9110, section 10.2.3). It reads no clock: `now` is given."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

CAP_S = 24 * 3600.0
"""Longer than that nobody is made to wait by a header, unless the caller says so."""


def retry_after_s(header: str | None, now: datetime, *, cap_s: float = CAP_S) -> float | None:
    """Seconds to wait, between 0 and `cap_s`; None where the header is missing or cannot be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), cap_s)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # no date, or one so far off that there is none
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), cap_s)
