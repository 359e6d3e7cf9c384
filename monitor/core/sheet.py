"""The changes a digest tells as a CSV table: for what a mail has no room for, and for those who count.

One line a change, worst story first, in ASCII signs as tables want them. A cell that a spreadsheet would take
for a formula gets an apostrophe before it, as registry text is anybody's. The table is bounded, and says in
its last line how much it leaves out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO

import orjson

from monitor.core.digest import Digest
from monitor.core.phrases import clean, clip, plural
from monitor.core.record import Json
from monitor.core.recorded import RecordedChange

COLUMNS = (
    "trial",
    "title",
    "level",
    "rule",
    "category",
    "field",
    "op",
    "old",
    "new",
    "summary",
    "posted_on",
    "version_from",
    "version_to",
    "url",
)
MOST_BYTES = 2_000_000
"""Larger files are refused by some mail servers, and opened by nobody."""
_CELL = 2_000
"""Characters of one value."""
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?$")
_SIGNS = {
    ord(sign): plain
    for sign, plain in zip("→−–‘’…\u00a0", ("->", "-", "-", "'", "'", "...", " "), strict=True)
}
_QUOTED = {ord(sign): '"' for sign in "“”"}
_IN_JSON = {ord(sign): "'" for sign in "“”"}


def sheet(digest: Digest, *, most: int = MOST_BYTES) -> bytes:
    """The table in UTF-8, at most `most` bytes and a line that says what is left out; lines end in CRLF."""
    lines, size = [_line(COLUMNS)], 0
    told = list(_told(digest))
    for index, change in enumerate(told):
        line = _line(_cells(change))
        size += len(line)
        if size + len(lines[0]) > most:
            rest = len(told) - index
            lines.append(_line([f"and {plural(rest, 'more change')}, left out for size: trialwire changes"]))
            break
        lines.append(line)
    return b"".join(lines)


def sheet_name(digest: Digest) -> str:
    """`trialwire-akeso-2026-11-20-31.csv`: the subscription, the day, the digest's running number."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", digest.subscription.name).strip("-")[:60] or "digest"
    return f"trialwire-{name}-{digest.created_at:%Y-%m-%d}-{digest.sequence}.csv"


def safe_cell(text: str) -> str:
    """The text so that a spreadsheet takes it for text; plain numbers stay as they are."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def _told(digest: Digest) -> Iterator[RecordedChange]:
    """Every change once, in the order of the stories."""
    there: set[str] = set()
    for story in digest.stories:
        for change in story.changes:
            if change.id not in there:
                there.add(change.id)
                yield change


def _cells(change: RecordedChange) -> Iterator[str]:
    stamp, body = change.stamp, change.body
    yield from (stamp.trial.id, _plain(stamp.title), change.significance, change.rule, change.category)
    yield from (_plain(body["path"]), _plain(body["op"]), _plain(body["old"]), _plain(body["new"]))
    yield from (_plain(change.summary), stamp.posted_on or "")
    yield from ("" if number is None else str(number) for number in (stamp.version_from, stamp.version_to))
    yield stamp.url


def _plain(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_cell(clip(clean(value).translate(_SIGNS | _QUOTED), _CELL).translate(_SIGNS))
    said = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode().translate(_SIGNS | _IN_JSON)
    return safe_cell(clip(said, _CELL).translate(_SIGNS))


def _line(cells: Iterable[str]) -> bytes:
    held = StringIO()
    csv.writer(held, lineterminator="\r\n").writerow(cells)
    return held.getvalue().encode()
