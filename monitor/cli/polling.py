"""`poll` and `run`: one registry cycle now, and the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import daemon, session, terminal
from monitor.cli.application import app
from monitor.cli.edge import ATTENTION

if TYPE_CHECKING:
    from monitor.bootstrap import App

_TRY_LATER = 75
_UNREADABLE = ("DOWN", "BLOCKED", "THROTTLED", "BROKEN")


@app.command("poll", rich_help_panel="Watch")
def poll(
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Read every watched trial again, whatever the data version.")
    ] = False,
    wait: daemon.Wait = daemon.PATIENCE_S,
) -> None:
    """One registry cycle now: ask whether anything is new, read what was not read yet, record it.

    Beside a running daemon it asks the daemon and waits. Ends with 75 where a registry could not be read.

    Example: `trialwire poll && trialwire changes --observed-since 1h`
    """

    def here(works: App) -> str:
        from monitor.pipeline import poll as step
        from monitor.pipeline import requests

        reports = [
            step.cycle(works, registry, scope="all" if force else "unread")
            for registry in works.registries.values()
        ]
        return "\n".join(requests.told(report) for report in reports)

    terminal.say(daemon.either("poll", ["--force"] if force else [], here, patience_s=wait))
    with session.reading() as store:
        if not (store.watch_count() or store.searches()):
            terminal.note("The watch list is empty: `trialwire watch add NCT07263919` begins it.")
        ill = [source for source in store.sources() if source.state in _UNREADABLE]
    for source in ill:
        terminal.complain(
            f"{source.registry} could not be read: {source.state}, {source.reason}",
            "Nothing is lost: the next poll reads what is missing. `trialwire doctor --network` asks again.",
        )
    raise typer.Exit(_TRY_LATER if ill else 0)


@app.command("run", rich_help_panel="Watch")
def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="Each step that is due, once, then leave.")] = False,
) -> None:
    """The daemon: poll, compose and deliver on their schedules, until told to stop.

    `--once` ends with 3 where a step failed, for use from a timer; a second daemon ends with 75.

    Example: `trialwire run --once`
    """
    from monitor import daemon as house

    session.log_to_stderr()
    with session.application() as works:
        if not once:
            house.run(works)
            return
        report = house.run_once(works)
    raise typer.Exit(0 if report.ok else ATTENTION)
