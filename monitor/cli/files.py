"""`import` and `export`: snapshots from files into the store, and out again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from monitor.cli import dates, formats, references, session, terminal
from monitor.cli.application import app
from monitor.cli.listing import counted
from monitor.cli.progress import Progress

if TYPE_CHECKING:
    from monitor.pipeline.importing import ImportReport


@app.command("import", rich_help_panel="Watch")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="A payload, a list response, JSON lines, a zip, or a folder.", exists=True
        ),
    ],
    *,
    observed_at: Annotated[
        str | None,
        typer.Option("--observed-at", metavar="T", help="When they were downloaded, where they do not say."),
    ] = None,
) -> None:
    """Take snapshots from files into the history; they are never news.

    Several versions of a trial are put in order and compared. The trials are not watched by that:
    `trialwire watch add` does it.

    Example: `trialwire import downloads/ --observed-at 2026-03-01`
    """
    from monitor import registries
    from monitor.pipeline import importing

    found = session.settings()
    with session.writing(found, create=True) as store, Progress("records") as progress:
        report = importing.run(
            store,
            files,
            readers=[registries.reader(name) for name in registries.available()],
            rules=found.rules,
            now=dates.now(),
            observed_at=_moment(observed_at),
            progress=progress.at,
        )
    _told(report)
    raise typer.Exit(1 if report.refused else 0)


@app.command("export", rich_help_panel="Watch")
def export(
    trials: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TRIAL[@VERSION]", help="All watched trials where none is named.", show_default=False
        ),
    ] = None,
    *,
    versions: Annotated[
        bool, typer.Option("--all-versions", help="Every version held, oldest first.")
    ] = False,
) -> None:
    """Payloads as the registry served them, as JSON lines on stdout; `import` reads them.

    Example: `trialwire export --all-versions > trials.jsonl`
    """
    from monitor.core.versions import choose
    from monitor.pipeline import lookups
    from monitor.store import DroppedError

    with session.reading() as store:
        named = [references.reference(text) for text in trials or ()]
        wanted = named or (references.Reference(watch.trial) for watch in store.watches())
        for one in wanted:
            held = lookups.versions(store, one.trial)
            if trials:
                lookups.known_trial(store, one.trial)
            chosen = held if versions else [choose(held, one.at)] if held else []
            for snapshot in chosen:
                try:
                    formats.write_bytes(_line(store.body(one.trial, snapshot.seq)))
                except DroppedError as error:
                    if not versions:
                        raise
                    terminal.note(f"Left out: {error.message}")


def _line(body: bytes) -> bytes:
    """One payload on one line; as served, where it was served so."""
    whole = body.strip()
    return (orjson.dumps(orjson.loads(whole)) if b"\n" in whole else whole) + b"\n"


def _moment(text: str | None) -> datetime | None:
    return dates.moment(text, "--observed-at")


def _told(report: ImportReport) -> None:
    words = {
        "new": "first seen",
        "versions": "further versions",
        "held": "held already",
        "later": "later than our own first look, left to the poll",
        "changes": "changes recorded",
    }
    told = ", ".join(
        f"{report.counts[name]:,} {word}" for name, word in words.items() if report.counts.get(name)
    )
    terminal.note(f"Imported: {told or 'nothing'}.")
    for where, why in report.refused:
        terminal.note(f"Refused: {where}: {why}")
    more = report.counts.get("refused", 0) - len(report.refused)
    if more > 0:
        terminal.note(f"Refused: {counted(more, 'more document')}.")
