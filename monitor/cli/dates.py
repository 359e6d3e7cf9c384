"""Points in time as people give them on a command line: dates, times, and "30d" ago."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import typer

from monitor.core.partial_date import PartialDate

_AGO = re.compile(r"^(\d{1,5})([hdwmy])$")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
_FORMS = "Give a date (2026, 2026-03 or 2026-03-14) or a span back from now (36h, 30d, 6w, 3m, 1y)."


def now() -> datetime:
    """The time, aware, in UTC: for spans "back from now" and for stamps on what a command writes."""
    return datetime.now(UTC)


def first_day(text: str | None) -> date | None:
    """The first day a `--since` means."""
    return None if text is None else _day(text, "--since", end=False)


def last_day(text: str | None) -> date | None:
    """The last day an `--until` means: the whole month or year it names."""
    return None if text is None else _day(text, "--until", end=True)


def moment(text: str | None, option: str) -> datetime | None:
    """A point in time, as given to an option: a full ISO 8601 time, or the start of the day."""
    if text is None:
        return None
    if "T" in text:
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise typer.BadParameter(
                f"{text!r} is no time. Give one like 2026-03-14T07:30:00Z.", param_hint=option
            ) from error
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    ago = _AGO.match(text)
    if ago:
        return now() - _span(ago)
    return datetime.combine(_day(text, option, end=False), datetime.min.time(), tzinfo=UTC)


def stamped(moment: datetime | None) -> str | None:
    """A time as machine output has it: UTC, ISO 8601, `Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def short(stamp: str | None) -> str:
    """A stamp of machine output for people: `2026-11-20 09:41`, in UTC."""
    return (stamp or "")[:16].replace("T", " ")


def _day(text: str, option: str, *, end: bool) -> date:
    ago = _AGO.match(text)
    if ago:
        return (now() - _span(ago)).date()
    if text in ("today", "yesterday"):
        return now().date() - timedelta(days=text == "yesterday")
    try:
        partial = PartialDate.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date. {_FORMS}", param_hint=option) from error
    return partial.last if end else partial.first


def _span(found: re.Match[str]) -> timedelta:
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])
