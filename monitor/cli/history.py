"""`history` and `changes`: what was recorded of one trial, and across all that are watched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import session, terminal
from monitor.cli.application import app
from monitor.cli.filters import (
    BaselineOption,
    CategoryOption,
    FieldOption,
    Filters,
    Level,
    LevelOption,
    LimitOption,
    ObservedOption,
    RuleOption,
    SinceOption,
    UntilOption,
    known_names,
)
from monitor.cli.formats import Format, FormatOption
from monitor.cli.listing import MOST_SITES, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.recorded import RecordedChange
    from monitor.core.watching import TrialState
    from monitor.store import Store
    from monitor.store.values import ChangeQuery


_WHOLE_VERSION = 500
"""Read beyond a limit, so that the version it cuts is cut after its worst changes."""


@app.command(rich_help_panel="Look up")
def history(
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="NCT07263919, or its page's address.")],
    *,
    field: FieldOption = None,
    category: CategoryOption = None,
    rule: RuleOption = None,
    min_significance: LevelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    observed_since: ObservedOption = None,
    limit: LimitOption = None,
    baseline: BaselineOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """The recorded changes of one trial, newest first.

    Example: `trialwire history NCT07263919 --since 2026-01 --min-significance major`
    """
    from monitor.cli import listing, references
    from monitor.pipeline import lookups

    number = references.trial_id(trial)
    filters = Filters(
        field, tuple(category or ()), tuple(rule or ()), min_significance, since, until, observed_since,
        limit=limit,
    )  # fmt: skip
    query = filters.query([number])
    with session.reading() as store:
        state = lookups.known_trial(store, number)
        former = store.former_numbers(number)
        query = replace(query, trials=(number, *former))
        if form is not Format.TABLE:
            listing.machine(lookups.with_baselines(store, store.changes(query), query), form)
            return
        if baseline:
            found: Sequence[RecordedChange] = tuple(
                lookups.with_baselines(store, store.changes(query), query)
            )
        else:
            found = _to_show(store, filters, query)
        if found or filters.told():
            _about(store, state)
            _table(found, filters, with_trial=bool(former))
        else:
            _about(store, state)
            _nothing_yet(state)


@app.command(rich_help_panel="Look up")
def changes(
    *,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="T", help="Trials with this tag.")] = None,
    search: Annotated[
        list[str] | None, typer.Option("--search", metavar="NAME", help="Trials in this search or asset.")
    ] = None,
    sponsor: Annotated[
        str | None, typer.Option("--sponsor", metavar="NAME", help="Part of the lead sponsor's name.")
    ] = None,
    field: FieldOption = None,
    category: CategoryOption = None,
    rule: RuleOption = None,
    min_significance: LevelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    observed_since: ObservedOption = None,
    limit: LimitOption = None,
    baseline: BaselineOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Recorded changes across all trials held, watched or imported, newest first.

    Example: `trialwire changes --tag akeso --since 30d --format csv > changes.csv`
    """
    from monitor.cli import listing
    from monitor.pipeline import lookups

    filters = Filters(
        field, tuple(category or ()), tuple(rule or ()), min_significance, since, until, observed_since,
        tuple(tag or ()), sponsor, limit, tuple(search or ()),
    )  # fmt: skip
    query = filters.query()
    with session.reading() as store:
        known_names(store, filters)
        if form is not Format.TABLE:
            listing.machine(lookups.with_baselines(store, store.changes(query), query), form)
            return
        if baseline:
            found: Sequence[RecordedChange] = tuple(
                lookups.with_baselines(store, store.changes(query), query)
            )
        else:
            found = _to_show(store, filters, query)
        if found or filters.told():
            _table(found, filters, with_trial=True)
        else:
            number = store.watch_count()
            terminal.note(
                f"No changes are recorded yet of {counted(number, 'watched trial')}.",
                "`trialwire changes --baseline` shows the fields they were first seen with."
                if number
                else "`trialwire watch add NCT07263919` puts a trial on the watch list.",
            )


def _to_show(store: Store, filters: Filters, query: ChangeQuery) -> Sequence[RecordedChange]:
    """What a table is made of. A limit counts its rows: what is folded into them uses up none of it."""
    if filters.limit is None:
        return store.changes(query)
    from monitor.cli import listing
    from monitor.core.recorded import leading

    level = query.min_significance or "minor"
    louder = store.changes(replace(query, min_significance=level, limit=filters.limit + _WHOLE_VERSION))
    return listing.newest(leading(louder), filters.limit) if louder else store.changes(query)


def _about(store: Store, state: TrialState) -> None:
    from monitor.cli import words
    from monitor.cli.terminal import Cell, Column
    from monitor.core.versions import effective
    from monitor.pipeline import lookups

    versions = lookups.versions(store, state.trial)
    former = store.former_numbers(state.trial)
    doubles = store.double_registrations(state.trial)
    named = (
        f"formerly {', '.join(map(str, former))}" if former else "",
        f"perhaps the same study as {', '.join(map(str, doubles))}" if doubles else "",
    )
    parts = [words.headline(state), words.presence(state), *named]
    if versions:
        since = effective(versions[0])
        parts.append(f"{counted(len(versions), 'version')} since {since}")
    line = " · ".join(part for part in parts if part)
    row = (Cell(state.trial.id, "bold"), Cell(line))
    terminal.write(terminal.lines((Column(), Column(wrap=True)), [row]))
    terminal.say()


def _table(found: Sequence[RecordedChange], filters: Filters, *, with_trial: bool) -> None:
    from monitor.cli import listing
    from monitor.core.recorded import leading

    everything = filters.level is Level.NOISE
    shown = [c for c in found if everything or c.baseline or c.significance != "noise"]
    hidden = len(found) - len(shown)
    most_sites = None if filters.picks() else MOST_SITES
    rows = leading(shown)
    listing.table(rows, with_trial=with_trial, most_sites=most_sites)
    if shown:
        terminal.say()
    within = len(shown) - len(rows)
    terminal.say(_summed_up(shown, within, hidden, with_trial=with_trial), "dim")
    if not found:
        terminal.note(f"Looked for: {filters.told()}.", f"Without {filters.narrowest()} there may be more.")


def _summed_up(shown: Sequence[RecordedChange], within: int, hidden: int, *, with_trial: bool) -> str:
    trials = {change.trial for change in shown}
    versions = {(change.trial, change.stamp.snapshot_to) for change in shown}
    places = counted(len(trials), "trial") if with_trial else counted(len(versions), "version")
    counts = f"{counted(len(shown), 'change')} in {places}" if shown else "No changes"
    told_with = f", {within} of them told with another" if within else ""
    folded = (
        f"; {counted(hidden, 'administrative one')} hidden (--min-significance noise shows them)"
        if hidden
        else ""
    )
    return f"{counts}{told_with}{folded}."


def _nothing_yet(state: TrialState) -> None:
    from monitor.cli import words

    if state.presence == "unseen":
        terminal.note("It was not read yet: `trialwire poll` reads it now.")
    elif state.snapshot_seq is None:
        terminal.note(f"No version of it is stored: {words.presence(state)}.")
    else:
        terminal.note(
            "No change since its first sight.",
            f"`trialwire history {state.trial} --baseline` shows the fields it was first seen with.",
        )
