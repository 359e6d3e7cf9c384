"""`versions` and `show`: which versions of a trial are held, and one of them in full."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import orjson
import typer

from monitor.cli import formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.core.past import ReviewComment
    from monitor.core.record import TrialRecord
    from monitor.core.watching import Snapshot
    from monitor.store import Store


class ShowFormat(StrEnum):
    """How one version is written."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    RAW = "raw"


@app.command("versions", rich_help_panel="Look up")
def versions(
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="NCT07263919, or its page's address.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """The versions held of a trial, newest first, with what changed in each.

    Example: `trialwire versions NCT07263919`
    """
    from monitor.cli import references
    from monitor.pipeline import lookups
    from monitor.store.values import ChangeQuery

    number = references.trial_id(trial)
    with session.reading() as store:
        state = lookups.known_trial(store, number)
        held = lookups.versions(store, number)
        changes = store.changes(ChangeQuery(trials=(number,)))
        notes = store.version_notes(number)
    counts: dict[int | None, int] = {}
    for change in changes:
        counts[change.stamp.snapshot_to] = counts.get(change.stamp.snapshot_to, 0) + 1
    rows = [
        {**_row(snapshot, counts.get(snapshot.seq, 0)), **_reviewed(snapshot, notes)}
        for snapshot in reversed(held)
    ]
    if form is Format.TABLE and not rows:
        terminal.note(f"No version of {number} is stored yet: `trialwire poll` reads it.")
        return
    if form is Format.TABLE:
        terminal.say(f"{number}  {state.title}\n", "bold")
    formats.write(rows, _SHOWN, form)
    if form is Format.TABLE:
        _tell_reviews(rows)


@app.command("show", rich_help_panel="Look up")
def show(
    trial: Annotated[str, typer.Argument(metavar="TRIAL[@VERSION]", help="The latest where none is named.")],
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="The version that stood on that day.")
    ] = None,
    form: Annotated[
        ShowFormat,
        typer.Option("--format", "-f", help="`raw`: byte for byte as the registry served it."),
    ] = ShowFormat.TABLE,
) -> None:
    """One version of a trial, field by field.

    Examples: `trialwire show NCT07263919` · `trialwire show NCT07263919@4 --format markdown` ·
    `trialwire show NCT07263919 --as-of 2026-03-01 --format raw`
    """
    from monitor.cli import references
    from monitor.core.versions import choose
    from monitor.pipeline import lookups

    wanted = references.reference(trial)
    if as_of is not None and wanted.explicit:
        raise typer.BadParameter("name the version once: TRIAL@VERSION or --as-of.", param_hint="--as-of")
    with session.reading() as store:
        lookups.known_trial(store, wanted.trial)
        held = lookups.versions(store, wanted.trial)
        chosen = choose(held, references.as_of(as_of) if as_of is not None else wanted.at)
        body = store.body(wanted.trial, chosen.seq)
        match form:
            case ShowFormat.RAW:
                formats.write_bytes(body + (b"\n" if sys.stdout.isatty() else b""))
            case ShowFormat.JSON:
                formats.write_json(_as_json(_record(chosen, body), chosen))
            case ShowFormat.MARKDOWN:
                formats.write_bytes(_page(store, chosen, body).encode())
            case ShowFormat.TABLE:
                _table(_record(chosen, body), chosen, len(held))


def _record(chosen: Snapshot, body: bytes) -> TrialRecord:
    from monitor import registries

    return registries.reader(chosen.trial.registry).normalize(orjson.loads(body))


def _as_json(record: TrialRecord, chosen: Snapshot) -> JsonObject:
    from monitor import registries

    url = registries.reader(chosen.trial.registry).url(chosen.trial)
    return {
        "trial": {
            "registry": chosen.trial.registry,
            "id": chosen.trial.id,
            "title": chosen.title,
            "url": url,
        },
        **_row(chosen, None),
        "fields": {name: to_json(value) for name, value in record.fields.items()},
    }


def _page(store: Store, chosen: Snapshot, body: bytes) -> str:
    from monitor import registries
    from monitor.render import Renderer
    from monitor.store.values import ChangeQuery

    reader = registries.reader(chosen.trial.registry)
    page = Renderer().trial_page(
        _record(chosen, body),
        chosen,
        store.changes(ChangeQuery(trials=(chosen.trial,), limit=100)),
        url=reader.url(chosen.trial),
        source=reader.label,
    )
    return page if page.endswith("\n") else page + "\n"


def _table(record: TrialRecord, chosen: Snapshot, held: int) -> None:
    from monitor.cli import fields
    from monitor.cli.terminal import Cell, Column
    from monitor.core.versions import label

    terminal.say(f"{chosen.trial}  {chosen.title}", "bold")
    terminal.say(f"{label(chosen)} · {counted(held, 'version')} held", "dim")
    columns = (Column(), Column(wrap=True))
    for title, rows in fields.grouped(record):
        terminal.say(f"\n{title}", "bold")
        cells = [(Cell(label, "dim"), Cell(words)) for label, words in rows]
        terminal.write(terminal.lines(columns, cells, indent=2))


def _row(snapshot: Snapshot, changes: int | None) -> JsonObject:
    from monitor.core.recorded import isoformat
    from monitor.core.versions import effective

    row = {
        "version": snapshot.version,
        "snapshot": snapshot.seq,
        "stood_from": effective(snapshot).isoformat(),
        "submitted_on": snapshot.submitted_on,
        "posted_on": snapshot.posted_on,
        "data_version": snapshot.data_version,
        "observed_at": isoformat(snapshot.observed_at),
        "origin": snapshot.origin,
        "digest": snapshot.digest,
    }
    return cast("JsonObject", row if changes is None else {**row, "changes": changes})


def _reviewed(snapshot: Snapshot, notes: Mapping[int, Sequence[ReviewComment]]) -> JsonObject:
    """What the registry's reviewers asked for, as far as it is held of this version."""
    found = notes.get(snapshot.version or 0, ())
    return {"review_comments": [{"path": note.path, "reasons": list(note.reasons)} for note in found]}


def _tell_reviews(rows: Sequence[JsonObject]) -> None:
    from monitor.cli.terminal import Cell, Column

    said = [
        (Cell(f"v{row['version']}", "dim"), Cell(formats.flat(note.get("path")), "dim"), Cell(reasons))
        for row in rows
        for note in cast("list[JsonObject]", row["review_comments"])
        if (reasons := formats.flat(note.get("reasons")))
    ]
    if said:
        terminal.say("\nThe registry's reviewers said", "bold")
        columns = (Column(), Column(hidden_below=90), Column(wrap=True))
        terminal.write(terminal.lines(columns, said, indent=2))


_SHOWN = (
    Shown("Version", lambda row: f"v{row['version']}" if row["version"] is not None else "–"),
    Shown("Snapshot", lambda row: f"s{row['snapshot']}"),
    Shown("From", "stood_from"),
    Shown("Posted", "posted_on", hidden_below=72),
    Shown("Observed", lambda row: str(row["observed_at"])[:16].replace("T", " "), hidden_below=84),
    Shown("Origin", "origin", hidden_below=60),
    Shown("Changes", lambda row: str(row["changes"] or "–"), right=True),
)
