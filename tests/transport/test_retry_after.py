"""`Retry-After`, as servers write it and as they should not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.transport.retry_after import CAP_S, retry_after_s

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 3 ", 3.0),
        ("0", 0.0),
        ("Fri, 20 Nov 2026 09:01:30 GMT", 90.0),
        ("Friday, 20-Nov-26 09:01:30 GMT", 90.0),
        ("Fri Nov 20 09:01:30 2026", 90.0),
        ("Fri, 20 Nov 2026 08:00:00 GMT", 0.0),
        ("999999999999", CAP_S),
        ("Fri, 20 Nov 2099 09:00:00 GMT", CAP_S),
        ("Fri, 20 Nov 2026 09:01:30 +99999999999999", None),
        ("Fri, 20 Nov 99999 09:01:30 GMT", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_written(header: str | None, seconds: float | None) -> None:
    """Seconds or a date, never negative, never beyond a day; None for what is neither."""
    assert retry_after_s(header, NOW) == seconds


@given(st.text())
def test_no_header_is_an_error(header: str) -> None:
    """Whatever a server sends, there is a number in range or None."""
    seconds = retry_after_s(header, NOW)
    assert seconds is None or 0 <= seconds <= CAP_S
