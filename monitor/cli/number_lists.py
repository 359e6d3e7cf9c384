"""Lists of trial numbers as people keep them: one a line, several on one, a CSV, the registry's own download.

A CSV is known by a column such as "NCT Number". Nothing here decides what is watched.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.cli import references
from monitor.core.record import TrialId
from monitor.errors import MonitorError, UnknownTrialError

_NUMBER_COLUMNS = ("nct number", "nct id", "nctid", "nct_id", "nct", "trial", "trial_id", "trial id", "id")


_REMEDY = "Give one number a line, or a CSV with a column named NCT Number, trial or id."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an import: the trial it names, with tags and a note where a CSV has them."""

    number: int
    trial: str
    tags: tuple[str, ...] = ()
    note: str = ""


def identified(content: bytes, source: str) -> list[tuple[Line, TrialId]]:
    """Each line of a list or a CSV with its trial; UnknownTrialError names every line that has none.

    Raises MonitorError where the content is no text at all.
    """
    try:
        lines = list(_lines(_text(content)))
    except csv.Error as error:
        raise MonitorError(f"{source}: not a CSV: {error}.", remedy=_REMEDY) from error
    except UnicodeDecodeError as error:
        raise MonitorError(f"{source}: not text, but a file of another kind.", remedy=_REMEDY) from error
    found: list[tuple[Line, TrialId]] = []
    refused: list[str] = []
    for line in lines:
        try:
            found.append((line, references.trial_id(line.trial)))
        except UnknownTrialError:
            refused.append(f"line {line.number}: {line.trial[:40]!r}")
    if refused:
        more = f" and {len(refused) - 5} more" if len(refused) > 5 else ""
        raise UnknownTrialError(
            f"{source}: no trial number in {', '.join(refused[:5])}{more}. Nothing was imported.",
            remedy="Mend or remove the lines; a CSV needs a column named NCT Number, trial or id.",
        )
    if not found:
        raise MonitorError(f"{source}: names no trial.", remedy=_REMEDY)
    return found


def _text(content: bytes) -> str:
    """Text as spreadsheets save it: UTF-8, or UTF-16 or Windows' Western encoding where it says or must."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    if "\0" in text:
        raise UnicodeDecodeError("utf-8", content, 0, 1, "binary")
    return text


def _lines(text: str) -> Iterator[Line]:
    """The lines of a list of numbers or of a CSV, known by its header."""
    rows = list(csv.reader(io.StringIO(text, newline=""), dialect=_dialect(text)))
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    column = next((header.index(name) for name in _NUMBER_COLUMNS if name in header), None)
    if column is None:
        for number, line in enumerate(text.splitlines(), start=1):
            for word in line.partition("#")[0].replace(",", " ").replace(";", " ").split():
                yield Line(number, word)
        return
    tags, note = (header.index(name) if name in header else None for name in ("tags", "note"))
    for number, row in enumerate(rows[1:], start=2):
        if len(row) > column and row[column].strip():
            yield Line(number, row[column].strip(), _split(_cell(row, tags)), _cell(row, note))


def _dialect(text: str) -> type[csv.Dialect]:
    """Comma, semicolon or tab, by what the first line has most of."""
    first = text.partition("\n")[0]

    class Found(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Found


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(",", ";").split(";") if part.strip())
