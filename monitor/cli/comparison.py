"""Two versions side by side: where they come from, and how their differences are shown.

Long text is shown word by word, old struck and new underlined, with signs where there is no color; unchanged
stretches are folded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson
import typer

from monitor import registries
from monitor.cli import listing, references, session, terminal
from monitor.cli.formats import Format, write_machine
from monitor.cli.listing import counted
from monitor.cli.terminal import LEVEL_STYLES, Cell, Column
from monitor.core.change import LEVELS
from monitor.core.phrases import diff_spans
from monitor.core.record import Json, JsonObject, TrialId
from monitor.core.recorded import Stamp, leading, snapshot_identity, stamp_changes
from monitor.core.versions import choose, label
from monitor.errors import MonitorError, RecordFormatError
from monitor.pipeline import lookups

if TYPE_CHECKING:
    from monitor.core.change import ChangeSet
    from monitor.core.recorded import RecordedChange
    from monitor.core.watching import Snapshot

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "never observed" where a change between files needs a time; it is never shown."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things compared."""

    label: str
    registry: str
    trial: TrialId
    title: str
    payload: JsonObject
    snapshot: Snapshot | None = None


def sides(before: str, after: str | None) -> tuple[Side, Side]:
    """What was named, read: two files, two stored versions, or one of each."""
    if after is not None:
        return _side(before), _side(after)
    if _is_file(before):
        raise typer.BadParameter("give two files, BEFORE and AFTER.", param_hint="AFTER")
    wanted = references.reference(before)
    return _stored(wanted.trial, wanted.at if wanted.explicit else None), _stored(wanted.trial, "latest")


def recorded(found: ChangeSet, old: Side, new: Side) -> tuple[RecordedChange, ...]:
    """The differences in their place, worst first."""
    changes, _ = stamp_changes(found, _stamp(old, new))
    return tuple(sorted(changes, key=lambda change: LEVELS.index(change.significance)))


def machine(changes: Sequence[RecordedChange], old: Side, new: Side, chosen: Format) -> None:
    """Write the differences for programs; members that only an observation gives are null between files."""
    rows = [change.to_dict() for change in changes]
    if old.snapshot is None or new.snapshot is None:
        for row in rows:
            row |= {"observed_at": None, "origin": None}
    write_machine(rows, listing.SHOWN, chosen, paths=listing.CSV_PATHS)


def table(changes: Sequence[RecordedChange], old: Side, new: Side, *, with_noise: bool) -> None:
    """Write the differences for people."""
    heading = (("", new.title or str(new.trial)), ("before", old.label), ("after", new.label))
    rows = [(Cell(name, "dim"), Cell(words, "bold" if not name else "")) for name, words in heading[1:]]
    terminal.say(f"{new.trial}  {new.title}", "bold")
    terminal.write(terminal.lines((Column(), Column(wrap=True)), rows, indent=2))
    terminal.say()
    if old.trial != new.trial:
        terminal.note(f"These are two different trials: {old.trial} and {new.trial}.")
    shown = [change for change in changes if with_noise or change.significance != "noise"]
    hidden = len(changes) - len(shown)
    told = leading(shown)
    if told:
        terminal.write(_lines(told))
        terminal.say()
    terminal.say(_summed_up(len(shown), len(shown) - len(told), hidden), "dim")


def _summed_up(shown: int, within: int, hidden: int) -> str:
    if not shown and not hidden:
        return "No difference."
    told_with = f", {within} of them told with another" if within else ""
    folded = f"; {counted(hidden, 'administrative one')} hidden (--noise shows them)" if hidden else ""
    return f"{counted(shown, 'difference') if shown else 'No difference that matters'}{told_with}{folded}."


def _lines(changes: Sequence[RecordedChange]) -> Iterator[terminal.Text]:
    columns = (
        Column(),
        Column(hidden_below=listing.RULE_FROM),
        Column(hidden_below=listing.CATEGORY_FROM),
        Column(wrap=True),
    )
    rows: list[tuple[Cell, ...]] = []
    for change in changes:
        level = change.significance
        rows.append(
            (Cell(level, LEVEL_STYLES[level]), Cell(change.rule, "dim"), Cell(change.category, "dim"),
             Cell(change.summary))
        )  # fmt: skip
        rows.extend((Cell(""), Cell(""), Cell(""), cell) for cell in _word_diff(change))
    yield from terminal.lines(columns, rows, indent=2)


def _word_diff(change: RecordedChange) -> Iterator[Cell]:
    spans = diff_spans(change.facts.get("text_diff"))
    if len(spans) > 1:
        yield Cell("", pieces=tuple(piece for span in spans for piece in _pieces(*span)))


def _pieces(sign: str, text: str) -> Iterator[tuple[str, str]]:
    """A span with its marks, the blanks at its edges outside of them."""
    left, right, style = _MARKS[sign]
    inside = text.strip()
    before, _, after = text.partition(inside)
    yield before, ""
    yield f"{left}{inside}{right}", style
    yield after, ""


_MARKS = {"=": ("", "", "dim"), "-": ("[-", "-]", "red strike"), "+": ("{+", "+}", "green underline")}


def _side(text: str) -> Side:
    if _is_file(text):
        return _from_file(text)
    wanted = references.reference(text)
    return _stored(wanted.trial, wanted.at)


def _is_file(text: str) -> bool:
    return text == "-" or text.endswith((".json", ".jsonl")) or Path(text).is_file()


def _from_file(text: str) -> Side:
    content = sys.stdin.buffer.read() if text == "-" else Path(text).read_bytes()
    return side(content, "stdin" if text == "-" else text)


def side(content: bytes, label: str) -> Side:
    """A payload from elsewhere; RecordFormatError under its label where it is none."""
    try:
        payload = _single(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        remedy = "Name a record as the registry serves it: `trialwire show TRIAL --format raw` writes one."
        raise RecordFormatError(f"{label}: not JSON: {error}", pointer="", remedy=remedy) from error
    refused: MonitorError | None = None
    for name in registries.available():
        reader = registries.reader(name)
        try:
            record = reader.normalize(payload)
        except RecordFormatError as error:
            refused = RecordFormatError(f"{label}: no trial record: {error.message}", pointer=error.pointer)
            refused.__cause__ = error
            continue
        title = record.word("identification.briefTitle") or ""
        return Side(label, name, record.trial, title, cast("JsonObject", payload))
    raise refused or RecordFormatError(f"{label}: no registry reads this", pointer="")


def _single(payload: Json) -> Json:
    """A payload, or the only study of a list response."""
    studies = payload.get("studies") if isinstance(payload, dict) else None
    return studies[0] if isinstance(studies, list) and len(studies) == 1 else payload


def _stored(trial: TrialId, at: str | None) -> Side:
    """A stored version; without `at` the one before the latest."""
    with session.reading() as store:
        lookups.known_trial(store, trial)
        versions = lookups.versions(store, trial)
        chosen = choose(versions, at) if at else choose(versions[-2:], "original")
        payload: JsonObject = orjson.loads(store.body(trial, chosen.seq))
    return Side(label(chosen), trial.registry, trial, chosen.title, payload, chosen)


def _stamp(old: Side, new: Side) -> Stamp:
    if old.snapshot is not None and new.snapshot is not None and old.trial == new.trial:
        return lookups.stamp(old.snapshot, new.snapshot)
    reader = registries.reader(new.registry)
    return Stamp(
        trial=new.trial,
        title=new.title,
        url=reader.url(new.trial),
        identity_from=_identity(old),
        identity_to=_identity(new),
        snapshot_from=old.snapshot.seq if old.snapshot else None,
        snapshot_to=new.snapshot.seq if new.snapshot else None,
        observed_at=_NEVER,
        origin="import",
        data_version=reader.data_version(new.payload),
    )


def _identity(side: Side) -> str:
    if side.snapshot is not None:
        return side.snapshot.identity
    reader = registries.reader(side.registry)
    seen = reader.data_version(side.payload) or ""
    return snapshot_identity(side.trial, reader.digest(side.payload), seen)
