"""Points in time as people give them on a command line: dates, times, and "30d" ago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

import typer

from monitor.core import moments

T = TypeVar("T")


def now() -> datetime:
    """The time, aware, in UTC: for spans "back from now" and for stamps on what a command writes."""
    return datetime.now(UTC)


def first_day(text: str | None) -> date | None:
    """The first day a `--since` means."""
    return None if text is None else _given(moments.first_day, text, "--since")


def last_day(text: str | None) -> date | None:
    """The last day an `--until` means: the whole month or year it names."""
    return None if text is None else _given(moments.last_day, text, "--until")


def moment(text: str | None, option: str) -> datetime | None:
    """A point in time, as given to an option: a full ISO 8601 time, or the start of the day."""
    return None if text is None else _given(moments.moment, text, option)


def stamped(moment: datetime | None) -> str | None:
    """A time as machine output has it: UTC, ISO 8601, `Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def short(stamp: str | None) -> str:
    """A stamp of machine output for people: `2026-11-20 09:41`, in UTC."""
    return (stamp or "")[:16].replace("T", " ")


def _given(read: Callable[[str, datetime], T], text: str, option: str) -> T:
    try:
        return read(text, now())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
