"""How recorded changes are laid out: dates and versions once, a sentence for each, noise folded to a count.

At 80 columns the rule goes first, then the version (voice, "The terminal").
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from monitor.cli import terminal
from monitor.cli.formats import Format, Shown, write_machine
from monitor.cli.terminal import LEVEL_STYLES, Cell, Column
from monitor.core.change import LEVELS
from monitor.core.recorded import RecordedChange

CSV_PATHS = (
    "id", "trial.registry", "trial.id", "trial.title", "field", "key", "part", "path", "op", "baseline",
    "old", "new", "category", "significance", "rule", "reason", "summary", "version.from",
    "version.to", "snapshot.from", "snapshot.to", "submitted_on", "posted_on", "data_version",
    "observed_at", "origin", "from_key", "from_field", "facts", "trial.url",
)  # fmt: skip

SHOWN = (
    Shown("Date", lambda row: str(row["posted_on"] or row["data_version"] or row["observed_at"])[:10]),
    Shown("Trial", "trial.id"),
    Shown("Version", "version.to", right=True),
    Shown("Significance", lambda row: "baseline" if row["baseline"] else str(row["significance"])),
    Shown("Rule", "rule"),
    Shown("Category", "category"),
    Shown("Change", "summary"),
)

RULE_FROM = 90
VERSION_FROM = 72
CATEGORY_FROM = 64
MOST_SITES = 3
"""Sites told of one version where no others were asked for; up to twice as many are told whole."""
_TRIAL_COLUMN = 13


def machine(changes: Iterable[RecordedChange], chosen: Format) -> None:
    """Write changes for programs, as they come: all of them, as contract section 2 has them."""
    write_machine((change.to_dict() for change in changes), SHOWN, chosen, paths=CSV_PATHS)


def table(changes: Sequence[RecordedChange], *, with_trial: bool, most_sites: int | None = None) -> None:
    """Write changes for people, the worst of each version first; its date, number and trial are said once.

    `most_sites` bounds the sites told of one version; the rest is counted.
    """
    taken = _TRIAL_COLUMN if with_trial else 0
    columns = (
        Column(),
        Column(hidden_below=0 if with_trial else terminal.width() + 1),
        Column(hidden_below=VERSION_FROM + taken),
        Column(),
        Column(hidden_below=RULE_FROM + taken),
        Column(hidden_below=CATEGORY_FROM + taken),
        Column(wrap=True),
    )
    rows = [
        row
        for _, group in itertools.groupby(changes, key=_place)
        for row in _version_rows(sorted(group, key=_worst_first), most_sites)
    ]
    terminal.write(terminal.lines(columns, rows, indent=2))


def newest(changes: Sequence[RecordedChange], most: int) -> tuple[RecordedChange, ...]:
    """So many of the first, in the order of a table: where a version is cut, its worst stays."""
    groups = itertools.groupby(changes, key=_place)
    return tuple(
        itertools.islice((row for _, group in groups for row in sorted(group, key=_worst_first)), most)
    )


def _place(change: RecordedChange) -> tuple[object, ...]:
    return change.trial, change.stamp.snapshot_to, when(change), change.baseline


def _worst_first(change: RecordedChange) -> tuple[int, int]:
    return LEVELS.index(change.significance), change.number or 0


def _version_rows(changes: Sequence[RecordedChange], most_sites: int | None) -> Iterator[tuple[Cell, ...]]:
    sites = [change for change in changes if _is_one_of_many(change)]
    over = sites[most_sites:] if most_sites is not None and len(sites) > 2 * most_sites else []
    hidden = {id(change) for change in over}
    rows = [change for change in changes if id(change) not in hidden]
    for number, change in enumerate(rows):
        yield _row(change, repeated=number > 0)
    if over:
        said = f"and {counted(len(over), 'more change')} of sites (--category sites shows them)"
        blank = Cell("")
        yield blank, blank, blank, blank, blank, Cell("sites", "dim"), Cell(said, "dim")


def _is_one_of_many(change: RecordedChange) -> bool:
    return change.category == "sites" and not change.baseline and change.significance in ("minor", "noise")


def _row(change: RecordedChange, *, repeated: bool) -> tuple[Cell, ...]:
    level = "baseline" if change.baseline else change.significance
    style = LEVEL_STYLES.get(level, "dim")
    return (
        Cell("" if repeated else when(change)),
        Cell("" if repeated else change.trial.id),
        Cell("" if repeated else version(change), "dim"),
        Cell(level, style),
        Cell("" if change.baseline else change.rule, "dim"),
        Cell(change.category, "dim"),
        Cell(change.summary, "dim" if level in ("noise", "baseline") else ""),
    )


def when(change: RecordedChange) -> str:
    """The day a change counts for: the registry's, or the data version's that a silent one first shows in."""
    said = change.stamp.posted_on or change.stamp.data_version
    return said[:10] if said else change.stamp.observed_at.date().isoformat()


def version(change: RecordedChange) -> str:
    """Which version brought it: the registry's number where known, else our snapshot's."""
    stamp = change.stamp
    if stamp.version_to is not None:
        return f"v{stamp.version_to}"
    return f"s{stamp.snapshot_to}" if stamp.snapshot_to is not None else ""


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 change`, `2,000 changes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
