"""`readouts`: the readout clock at the terminal, now: what is expected soon, and whose results are due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.core.readouts import ReadoutList, Readouts

FEW = 10
"""Trials of each kind that a table shows; machine formats hold all."""
_ALL = 1_000_000_000


@app.command("readouts", rich_help_panel="Look up")
def readouts(
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, metavar="N", help="How far to look ahead.")
    ] = 90,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="T", help="Watched trials with this tag.")
    ] = None,
    search: Annotated[
        list[str] | None, typer.Option("--search", metavar="NAME", help="Trials in this search or asset.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many of each kind.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """The readout clock of watched trials: what is expected soon, what was submitted, what is due or overdue.

    Whether a trial must report its results is not ours to judge: the clock says when they would be due.

    Example: `trialwire readouts --days 180 --tag oncology`
    """
    from monitor import registries
    from monitor.core.subscription import Subscription
    from monitor.pipeline.readouts import on

    asked = Subscription(
        "readouts", (), "immediate", tags=tuple(tag or ()), searches=tuple(search or ()), readout_days=days
    )
    most = limit or (FEW if form is Format.TABLE else _ALL)
    with session.reading() as store:
        readers = {name: registries.reader(name) for name in registries.available()}
        clock = on(store, readers, asked, dates.now().date(), most=most)
        watched = store.watch_count()
    assert clock is not None
    if form is not Format.TABLE:
        formats.write_machine(
            [item.to_dict() for one in clock.lists for item in one.items], _SHOWN, form, paths=_PATHS
        )
        return
    for place, one in enumerate(clock.lists):
        if place:
            terminal.say()
        _list(one)
    _ended(clock, watched)


def _list(one: ReadoutList) -> None:
    terminal.say(f"{one.title}: {one.total:,}", "bold")
    formats.write([item.to_dict() for item in one.items], _SHOWN, Format.TABLE)
    if one.more:
        terminal.say(f"and {one.more:,} more, later ones (--limit shows more)", "dim")


def _ended(clock: Readouts, watched: int) -> None:
    if clock.caveat:
        terminal.say()
        terminal.say(clock.caveat, "dim")
    if not clock.lists:
        terminal.note(
            f"Nothing is on the clock within {clock.days} days, in what is watched of {watched:,}.",
            "--days looks further ahead; without --tag and --search all watched trials are looked at.",
        )


def _said(row: JsonObject) -> str:
    return f"{row['text']} {row['slips']}".rstrip()


_SHOWN = (
    Shown("On", "on"),
    Shown("Trial", "trial.id"),
    Shown("Title", "trial.title", wrap=True, hidden_below=100),
    Shown("What", _said, wrap=True),
)
_PATHS = (
    "kind",
    "on",
    "trial.registry",
    "trial.id",
    "trial.title",
    "trial.url",
    "sponsor",
    "phases",
    "text",
    "slips",
)
