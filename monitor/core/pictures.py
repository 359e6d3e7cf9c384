"""Pictures of a trial's past as values: bars over the versions, each with its label, length and words.

A picture says more than its sentence only where a value went several ways, so there is one where three values
or more are known. Nothing here draws: a channel makes bars of table cells, of characters or of pixels, or
tells the text. Nothing is made up between versions that were seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.core.partial_date import PartialDate, days_between
from monitor.core.phrases import day_words, plural
from monitor.core.record import Dated
from monitor.core.recorded import RecordedChange
from monitor.core.scene import PRIMARY_COMPLETION
from monitor.core.sentences.words import listing, moved, percent
from monitor.core.slips import dated
from monitor.core.watching import Snapshot

COUNT, COUNT_TYPE = "design.enrollmentCount", "design.enrollmentType"
PICTURED = frozenset({PRIMARY_COMPLETION, COUNT, COUNT_TYPE})
"""The fields whose past is drawn."""
FEWEST, MOST_ROWS = 3, 6
_LAST = 4
"""Rows after a fold; before it stands the first."""
_TYPES = {"ESTIMATED": "planned", "ACTUAL": "actual"}


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One bar."""

    label: str
    """Which version, and since when: `v4 · 2 Oct 2026`. Of a fold: how many versions it stands for."""
    share: float | None
    """How long the bar is, 0 to 1 of the whole; None: no bar, versions are left out here."""
    text: str
    """What it stands for: `Jul 2030 (estimated)`; empty in a fold."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Some bars under a title, oldest first; at most six rows, a fold among them."""

    title: str
    rows: tuple[PictureRow, ...]
    alternative: str
    """The same in one sentence, for those who see no picture."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A value, and the version from which on it stood."""

    version: Snapshot
    level: float
    text: str


def pictures(
    versions: Sequence[Snapshot], changes: Sequence[RecordedChange], *, count_type: str | None = None
) -> tuple[Picture, ...]:
    """What can be drawn of a trial: its versions, oldest first, and the recorded changes of `PICTURED`.

    `count_type` is the type of its enrollment now, for pasts in which it never changed.
    """
    places = {one.seq: place for place, one in enumerate(versions)}
    known = [one for one in changes if one.stamp.snapshot_from in places and one.stamp.snapshot_to in places]
    known.sort(key=lambda one: (places[one.stamp.snapshot_to or 0], one.number or 0, one.id))
    dates = _dates(versions, places, [one for one in known if one.field == PRIMARY_COMPLETION])
    counts = _counts(versions, places, [one for one in known if one.field != PRIMARY_COMPLETION], count_type)
    return (*_of_dates(dates), *_of_counts(counts))


def _dates(
    versions: Sequence[Snapshot], places: dict[int, int], changes: Sequence[RecordedChange]
) -> list[tuple[Snapshot, Dated]]:
    """Each date that stood, from the first version on; one given more precisely, or confirmed, stands too."""
    found: list[tuple[Snapshot, Dated]] = []
    for change in changes:
        old, new = dated(change.body.get("old")), dated(change.body.get("new"))
        if not found and old is not None:
            found.append((versions[0], old))
        if new is not None:
            found.append((versions[places[change.stamp.snapshot_to or 0]], new))
    return found


def _counts(
    versions: Sequence[Snapshot],
    places: dict[int, int],
    changes: Sequence[RecordedChange],
    count_type: str | None,
) -> list[tuple[Snapshot, int, str | None]]:
    """Each number that stood with its type; where both changed in one version, that is one step."""
    count = next((one.body.get("old") for one in changes if one.field == COUNT), None)
    typed = next((one.body.get("old") for one in changes if one.field == COUNT_TYPE), count_type)
    found: list[tuple[Snapshot, int, str | None]] = []
    if isinstance(count, int):
        found.append((versions[0], count, _word(typed)))
    for change in changes:
        if change.field == COUNT:
            count = change.body.get("new")
        else:
            typed = change.body.get("new")
        if isinstance(count, int):
            version = versions[places[change.stamp.snapshot_to or 0]]
            if found and found[-1][0] is version and version is not versions[0]:
                found.pop()
            found.append((version, count, _word(typed)))
    return found


def _of_dates(steps: Sequence[tuple[Snapshot, Dated]]) -> Iterator[Picture]:
    if len(steps) < FEWEST:
        return
    days = [one.date.midpoint.toordinal() for _, one in steps]
    begun = _first_day(steps[0][0]) or min(days)
    span = max(max(days) - min(days), 1)
    # The bar begins at the first version; where a date lies before it, so far that it is seen as well.
    origin = begun if begun < min(days) else min(days) - span
    total = max(max(days) - origin, 1)
    # A word that all of them have is said once, so that a bar's date stays on its line.
    types = {one.type for _, one in steps}
    common = f", {_type_word(*types)}" if len(types) == 1 and types != {None} else ""
    bars = [
        _Step(version, (day - origin) / total, day_words(one.date) if common else _date_text(one))
        for (version, one), day in zip(steps, days, strict=True)
    ]
    moves = sum(bool(days_between(one.date, other.date)) for (_, one), (_, other) in pairwise(steps))
    far = days_between(steps[0][1].date, steps[-1][1].date)
    sums = (
        f"{plural(moves, 'move')}, {moved(far) if far else 'back where it began'}" if moves else "not moved"
    )
    yield _picture(f"Primary completion over the versions{common}", bars, sums)


def _of_counts(steps: Sequence[tuple[Snapshot, int, str | None]]) -> Iterator[Picture]:
    if len(steps) < FEWEST:
        return
    most = max(max(count for _, count, _ in steps), 1)
    bars = [
        _Step(version, count / most, f"{count:,} {_TYPES.get(kind or '', '')}".rstrip())
        for version, count, kind in steps
    ]
    first, last = steps[0][1], steps[-1][1]
    sums = (percent(first, last) if first else f"{last:+,}") if first != last else "back where it began"
    yield _picture("Enrollment over the versions", bars, sums)


def _picture(title: str, steps: Sequence[_Step], sums: str) -> Picture:
    rows = [PictureRow(_label(one.version), round(max(one.level, 0.0), 4), one.text) for one in steps]
    told = listing([f"{one.text} ({_label(one.version)})" for one in steps], MOST_ROWS, last="then")
    if len(rows) > MOST_ROWS:
        left_out = len(rows) - 1 - _LAST
        rows = [rows[0], PictureRow(f"{left_out} more between", None, ""), *rows[-_LAST:]]
        kept = [steps[0], *steps[-_LAST:]]
        words = [f"{one.text} ({_label(one.version)})" for one in kept]
        told = f"{words[0]}, {left_out} more, {listing(words[1:], last='then')}"
    return Picture(title, tuple(rows), f"{title}: {told}; {sums}.")


def _label(version: Snapshot) -> str:
    """`v4 · 2 Oct 2026`; `s21` where the registry's number is not known."""
    name = f"v{version.version}" if version.version is not None else f"s{version.seq}"
    day = _partial(version)
    return f"{name} · {day_words(day)}" if day else name


def _partial(version: Snapshot) -> PartialDate | None:
    try:
        return PartialDate.parse((version.posted_on or version.submitted_on or version.place)[:10])
    except ValueError:
        return None


def _first_day(version: Snapshot) -> int | None:
    day = _partial(version)
    return day.midpoint.toordinal() if day else None


def _date_text(one: Dated) -> str:
    return day_words(one.date) + (f" ({_type_word(one.type)})" if one.type else "")


def _type_word(type_: str | None) -> str:
    return (type_ or "").lower()


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None
