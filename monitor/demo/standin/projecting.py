"""How much of a study is given, and in which format: `fields` and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import orjson

from monitor.core.record import Json, JsonObject
from monitor.demo.standin.data import DataVersion
from monitor.demo.standin.reply import Refused
from monitor.demo.standin.schema import Piece, values

_SEPARATOR = re.compile(r"[,|]")
_FIELD = re.compile(r"([a-zA-Z][a-zA-Z0-9\-. ]*)|(@query)")
_COLUMNS = {"NCTId": "NCT Number", "BriefTitle": "Study Title", "OverallStatus": "Study Status"}


def chosen_paths(version: DataVersion, fields: str | None) -> tuple[tuple[str, ...], ...] | None:
    """The paths `fields` names, a branch standing for all of it; None where it is not given."""
    if fields is None:
        return None
    known = {piece.name: piece.steps for piece in version.pieces}
    branches = {steps[:depth] for steps in known.values() for depth in range(1, len(steps) + 1)}
    paths = []
    for index, item in enumerate(_SEPARATOR.split(fields), 1):
        if not _FIELD.fullmatch(item):
            raise Refused(400, f"Item {index} in parameter `fields` has incorrect format")
        path = known.get(item, tuple(item.split(".")))
        if path not in branches:
            raise Refused(400, f"Parameter `fields` contains invalid field name: `{item}`")
        paths.append(path)
    return tuple(paths)


def projected(body: bytes, paths: Sequence[tuple[str, ...]] | None) -> bytes:
    """A study as served, cut down to some paths; `hasResults` is always there."""
    if paths is None:
        return body
    study: Json = orjson.loads(body)
    cut = _cut(study, paths)
    assert isinstance(cut, dict)
    assert isinstance(study, dict)
    return orjson.dumps({**cut, "hasResults": bool(study.get("hasResults"))})


def as_csv(version: DataVersion, numbers: Sequence[str], fields: str | None, *, headed: bool) -> bytes:
    """Rows of a few columns, or of the pieces in `fields`; the header stands on the first page only."""
    pieces = {piece.name: piece for piece in version.pieces}
    names = _SEPARATOR.split(fields) if fields else list(_COLUMNS)
    if missing := [name for name in names if name not in pieces]:
        raise Refused(400, f"Parameter `fields` contains invalid field name: `{missing[0]}`")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if headed:
        writer.writerow([_COLUMNS.get(name, name) for name in names])
    for number in numbers:
        writer.writerow([_cell(version.studies[number], pieces[name]) for name in names])
    return text.getvalue().encode()


def _cell(study: JsonObject, piece: Piece) -> str:
    return "|".join(str(value) for value in values(study, piece.steps))


def _cut(value: Json, paths: Sequence[tuple[str, ...]]) -> Json:
    if () in paths:
        return value
    if isinstance(value, list):
        return [_cut(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {name: [path[1:] for path in paths if path[0] == name] for name in value}
    return {name: _cut(value[name], below) for name, below in inner.items() if below}
