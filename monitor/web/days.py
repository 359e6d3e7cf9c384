"""A month of days as a drawing: a bar for each day, by how much the registry's records changed and how badly.

In percent across and pixels down, as in `charts`. Every day on which anything was stands in words, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from monitor.core.change import LEVELS, Significance
from monitor.core.phrases import day_words
from monitor.web.charts import Label, percent, pixels

_ROOM_FOR_A_DAY = 14.0
"""Percent that the name of a day takes on the narrowest page."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One level of one day."""

    x: str
    y: str
    width: str
    height: str
    level: Significance


@dataclass(frozen=True, slots=True)
class Strip:
    """Days with their changes by level."""

    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    height: str
    words: str
    days: tuple[tuple[str, str], ...]
    """Each day on which anything was, with its counts in words, the newest first."""


def strip(days: Mapping[date, Mapping[Significance, int]], until: date, number: int) -> Strip:
    """The last `number` days up to `until`, a bar for each, the worst at its foot."""
    span = [until - timedelta(days=back) for back in range(number - 1, -1, -1)]
    most = max([sum(days.get(day, {}).values()) for day in span] + [1])
    width, room = 100.0 / number, 60.0
    bars = []
    for place, day in enumerate(span):
        foot = room
        for level in LEVELS:
            if count := days.get(day, {}).get(level, 0):
                height = max(count / most * (room - 4), 2.0)
                foot -= height
                x = percent(place * width + width * 0.12)
                bars.append(Bar(x, pixels(max(foot, 0.0)), percent(width * 0.76), pixels(height), level))
    named = [place for place in range(number) if place % 7 == (number - 1) % 7]
    labels = [
        Label(percent((place + 1) * width), pixels(room + 15), f"{span[place].day} {span[place]:%b}", "end")
        for place in named
        if (place + 1) * width > _ROOM_FOR_A_DAY
    ]
    total = {level: sum(counts.get(level, 0) for counts in days.values()) for level in LEVELS}
    told = _counts(total) or "nothing"
    listed = [(day_words(day), words) for day in reversed(span) if (words := _counts(days.get(day, {})))]
    return Strip(tuple(bars), tuple(labels), pixels(room + 18), told, tuple(listed))


def _counts(counts: Mapping[Significance, int]) -> str:
    return " · ".join(f"{counts[level]:,} {level}" for level in LEVELS if counts.get(level))
