"""Every listing in every format: a table for people; JSON, JSON lines, CSV and Markdown for programs.

Machine formats hold everything that was found. What a table folds or leaves out is the caller's choice.
"""

from __future__ import annotations

import csv
import io
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

import orjson
import typer

from monitor.cli import terminal
from monitor.cli.terminal import Cell, Column
from monitor.core.record import Json, JsonObject


class Format(StrEnum):
    """How a listing is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"


FormatOption: TypeAlias = Annotated[
    Format,
    typer.Option("--format", "-f", help="How to write it; all but table hold everything.", show_default=True),
]

Words: TypeAlias = Callable[[JsonObject], str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a listing: its title, the member it shows, and how it behaves on a terminal."""

    title: str
    of: str | Words
    """A dotted path into the object, or a function of it."""
    style: Words | str = ""
    wrap: bool = False
    hidden_below: int = 0
    right: bool = False

    def cell(self, row: JsonObject) -> Cell:
        """The words of one row, with their style."""
        return Cell(self.words(row), self.style if isinstance(self.style, str) else self.style(row))

    def words(self, row: JsonObject) -> str:
        """The words of one row."""
        return flat(member(row, self.of)) if isinstance(self.of, str) else self.of(row)


def member(row: JsonObject, path: str) -> Json:
    """The member at a dotted path, None where there is none."""
    value: Json = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def flat(value: Json) -> str:
    """A JSON value in one cell: text as it is, lists with commas, nothing for null."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(str(item) for item in value)
        case _:
            return orjson.dumps(value).decode()


_BLOCK = 200
"""Rows written at a time."""


def write(
    rows: Iterable[JsonObject],
    shown: Sequence[Shown],
    chosen: Format,
    *,
    paths: Sequence[str] | None = None,
) -> None:
    """Write a listing, as its rows come; without `paths` CSV waits for all of them, to know their leaves."""
    if chosen is Format.TABLE:
        columns = [Column(c.title, c.wrap, c.hidden_below, c.right) for c in shown]
        terminal.table(columns, ([column.cell(row) for column in shown] for row in rows))
    else:
        write_machine(rows, shown, chosen, paths=paths)


def write_machine(
    rows: Iterable[JsonObject], shown: Sequence[Shown], chosen: Format, *, paths: Sequence[str] | None = None
) -> None:
    """Write a listing in a format for programs; `paths` name the CSV columns, by default every leaf."""
    match chosen:
        case Format.JSON:
            _json(rows)
        case Format.JSONL:
            for block in _blocks(rows):
                _bytes(b"".join(orjson.dumps(row) + b"\n" for row in block))
        case Format.CSV:
            _csv(rows, paths)
        case Format.MARKDOWN | Format.TABLE:
            _markdown(rows, shown)


def pairs(shown: Iterable[tuple[str, str]]) -> None:
    """Write names and values for people, one pair a line."""
    rows = [(Cell(name, "dim"), Cell(words)) for name, words in shown]
    terminal.write(terminal.lines((Column(), Column(wrap=True)), rows))


def write_json(value: Json) -> None:
    """Write one JSON value, indented."""
    _bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


def write_bytes(content: bytes) -> None:
    """Write bytes to stdout as they are."""
    _bytes(content)


def _bytes(content: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _blocks(rows: Iterable[JsonObject]) -> Iterator[list[JsonObject]]:
    rest = iter(rows)
    while block := list(itertools.islice(rest, _BLOCK)):
        yield block


def _json(rows: Iterable[JsonObject]) -> None:
    """One array, laid out like `write_json` does it, without ever holding it whole."""
    before = b"[\n"
    for block in _blocks(rows):
        items = (orjson.dumps(row, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n  ") for row in block)
        _bytes(before + b"  " + b",\n  ".join(items))
        before = b",\n"
    _bytes(b"[]\n" if before == b"[\n" else b"\n]\n")


def _csv(rows: Iterable[JsonObject], paths: Sequence[str] | None) -> None:
    if paths is None:
        rows = list(rows)
        paths = _leaves(rows)
    _bytes(_csv_lines([[column.replace(".", "_") for column in paths]]))
    for block in _blocks(rows):
        _bytes(_csv_lines([_csv_cell(column, member(row, column)) for column in paths] for row in block))


def _csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    held = io.StringIO(newline="")
    csv.writer(held, lineterminator="\n").writerows(rows)
    return held.getvalue().encode()


def _csv_cell(column: str, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # Our own sentences lose their typographic signs, so that a spreadsheet reads -29 % as a number's sign;
    # the registry's text stays as it is.
    ours = column in ("summary", "reason", "headline")
    return terminal.plain(flat(value)) if ours else flat(value)


def _leaves(rows: Sequence[JsonObject]) -> list[str]:
    found: dict[str, None] = {}
    for row in rows:
        for path in _paths(row, ""):
            found[path] = None
    return list(found)


def _paths(value: JsonObject, prefix: str) -> Iterable[str]:
    for name, part in value.items():
        if isinstance(part, dict):
            yield from _paths(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _markdown(rows: Iterable[JsonObject], shown: Sequence[Shown]) -> None:
    titled = [column for column in shown if column.title]
    out = ["| " + " | ".join(column.title for column in titled) + " |"]
    out.append("|" + "|".join("---:" if column.right else "---" for column in titled) + "|")
    _bytes(("\n".join(out) + "\n").encode())
    for block in _blocks(rows):
        cells = (" | ".join(_markdown_cell(column.words(row)) for column in titled) for row in block)
        _bytes("".join(f"| {line} |\n" for line in cells).encode())


def _markdown_cell(words: str) -> str:
    return " ".join(words.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())
