"""`backfill`: the registry's own earlier versions of a trial into its history, now."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import daemon, dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.progress import Progress
from monitor.core.record import JsonObject, TrialId
from monitor.errors import LockedError, StoreError

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.core.backfill import Backfill
    from monitor.store import Store

_TRY_LATER = 75
_MANY = 500
"""More trials than these are asked for only where that was meant."""
_LOOK_EVERY_S = 0.5


@app.command("backfill", rich_help_panel="Watch")
def backfill(
    trials: Annotated[
        list[str] | None, typer.Argument(metavar="TRIAL…", help="Trials that were read before.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every watched trial that was read.")] = False,
    versions: Annotated[
        int, typer.Option("--versions", min=0, metavar="N", help="The newest so many of each; 0 takes all.")
    ] = 50,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=f"Also for more than {_MANY} trials.")] = False,
    wait: daemon.Wait = daemon.PATIENCE_S,
    form: FormatOption = Format.TABLE,
) -> None:
    """The registry's own earlier versions, from before our first look, with what changed between them.

    They are history, never news. Beside a running daemon it leaves the wish and waits. What is held is not
    asked for again. Ends with 75 where the registry's history could not be read to the end.

    Examples: `trialwire backfill NCT07263919` · `trialwire backfill --all --versions 10`
    """
    if everything == bool(trials):
        raise typer.BadParameter("name trials, or say --all.", param_hint="TRIAL")
    session.log_to_stderr("error")
    found = session.settings()
    with session.writing(found) as store:
        chosen = _watched(store, found) if everything else _named(store, trials or [])
        _require_meant(chosen, versions, meant=yes)
        store.ask_backfills(chosen, most=versions or None)
        _done(store, found, chosen, patience_s=wait)
        outcome = store.backfills(chosen)
        ill = [source for source, failures in store.history_sources() if failures]
    rows = [_row(outcome[trial]) for trial in chosen if trial in outcome]
    formats.write(rows, _SHOWN, form)
    for source in ill:
        terminal.complain(
            f"the history of {source.registry} cannot be read: {source.state}, {source.reason}",
            "Nothing is lost: polls go on, and the daemon reads the rest of the past by itself, later.",
        )
    states = {one.state for one in outcome.values()}
    raise typer.Exit(_TRY_LATER if "waiting" in states else 1 if "failed" in states else 0)


def _named(store: Store, texts: Sequence[str]) -> tuple[TrialId, ...]:
    """The trials named; StoreError for one that nothing is held of."""
    from monitor.cli import references, words
    from monitor.pipeline import lookups

    chosen = references.trial_ids(texts)
    for trial in chosen:
        state = lookups.known_trial(store, trial)
        if state.presence == "renamed" and state.renamed_to is not None:
            raise StoreError(
                f"{trial} is {state.renamed_to} now.", remedy=f"`trialwire backfill {state.renamed_to}`"
            )
        if state.snapshot_seq is None:
            why = words.presence(state)
            raise StoreError(
                f"{trial}: {why}, so there is no first look that its past could come before.",
                remedy="`trialwire poll` reads what is watched.",
            )
    return chosen


def _watched(store: Store, found: Settings) -> tuple[TrialId, ...]:
    listed = [trial for name in found.registries for trial in store.to_read(name)]
    states = {trial: held.snapshot for trial, held in store.latest(listed).items()}
    return tuple(trial for trial in listed if states.get(trial) is not None)


def _require_meant(chosen: Sequence[TrialId], versions: int, *, meant: bool) -> None:
    if len(chosen) <= _MANY or meant:
        return
    most = f"up to {len(chosen) * (versions + 1):,} requests" if versions else "a request for every version"
    raise StoreError(
        f"that is {most} for the past of {len(chosen):,} trials, at the registry's pace.",
        remedy="Say it again with --yes, with fewer --versions, or name trials.",
    )


def _done(store: Store, found: Settings, chosen: Sequence[TrialId], *, patience_s: float) -> None:
    """Have it done: here where no daemon runs, else by the daemon, which is waited for."""
    lock = store.daemon_lock()
    with Progress("trials") as bar:

        def show() -> bool:
            rows = store.backfills(chosen).values()
            bar.at(sum(one.state != "waiting" for one in rows), _share(rows))
            return any(one.state == "waiting" for one in rows)

        if not daemon.taken(lock):
            terminal.note("A daemon is running: it reads the past beside its polls.")
            if not _waited(store, lock.acquire, show, patience_s):
                return
        try:
            _here(found, show)
        finally:
            lock.release()


def _here(found: Settings, show: Callable[[], bool]) -> None:
    from monitor.pipeline import backfill as step

    def progress(_: Backfill) -> None:
        show()

    with session.application(found) as works:
        step.run(works, may_ask=lambda: True, asked=True, progress=progress)


def _waited(store: Store, acquire: Callable[[], None], show: Callable[[], bool], patience_s: float) -> bool:
    """Wait for the daemon; True where it has left without being done, and the lock is ours."""
    deadline = time.monotonic() + patience_s
    while show():
        now = dates.now()
        if any(one.not_before and one.not_before > now for one, _ in store.history_sources()):
            return False
        if time.monotonic() > deadline:
            raise LockedError(
                f"the daemon was not done within {patience_s:.0f} s", remedy="It goes on by itself."
            )
        time.sleep(_LOOK_EVERY_S)
        try:
            acquire()
        except LockedError:
            continue
        return True
    return False


def _share(rows: Collection[Backfill]) -> float:
    parts = [1.0 if one.state != "waiting" else one.held / (_wanted(one) + 1) for one in rows]
    return sum(parts) / len(parts) if parts else 1.0


def _wanted(one: Backfill) -> int:
    return one.total if one.most is None else min(one.total, one.most)


def _row(one: Backfill) -> JsonObject:
    return {
        "trial": str(one.trial),
        "state": one.state,
        "versions": one.held,
        "of": one.total,
        "capped": one.is_capped,
        "changes": one.changes,
        "error": one.error or None,
    }


def _versions(row: JsonObject) -> str:
    if not row["of"]:
        return "none earlier" if row["state"] == "done" else "–"
    return f"{row['versions']} of {row['of']}"


def _said(row: JsonObject) -> str:
    if row["error"]:
        return str(row["error"])
    if row["state"] == "waiting":
        return "not read to the end yet"
    return "there are more: `--versions 0` takes all" if row["capped"] else ""


_SHOWN = (
    Shown("Trial", "trial"),
    Shown("Earlier versions", _versions),
    Shown("Changes", lambda row: str(row["changes"] or "–"), right=True),
    Shown("", _said, wrap=True),
)
