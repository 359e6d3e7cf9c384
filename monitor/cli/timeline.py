"""`timeline`: a trial's status, dates and enrollment over all versions held, drawn or as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.core.course import Stage
    from monitor.core.watching import Snapshot, TrialState

_STYLES = {"": "", "title": "bold", "axis": "dim", "band": "cyan", "planned": "yellow", "actual": "green"}


@app.command("timeline", rich_help_panel="Look up")
def timeline(
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="NCT07263919, or its page's address.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Status, dates and enrollment over the versions held: a flat line is on time, a staircase is not.

    Versions come from polls, from imports and from `trialwire backfill`.

    Example: `trialwire timeline NCT07263919 --format csv`
    """
    from monitor.cli import references
    from monitor.pipeline import lookups

    number = references.trial_id(trial)
    with session.reading() as store:
        state = lookups.known_trial(store, number)
        held = lookups.versions(store, number)
        stages, dropped = lookups.stages(store, held)
    if form is not Format.TABLE:
        formats.write_machine([_row(*each) for each in stages], _SHOWN, form, paths=_PATHS)
    elif not stages:
        terminal.note(f"No version of {number} can be drawn: `trialwire poll` reads it.")
    else:
        _drawn(state, [one for _, one in stages])
    if dropped:
        terminal.note(f"{counted(dropped, 'version')} left out: retention gave up what they held.")


def _drawn(state: TrialState, stages: Sequence[Stage]) -> None:
    from monitor.cli import words
    from monitor.core.course import chart
    from monitor.core.steps import draw

    plain = terminal.ascii_only()
    terminal.say(f"{state.trial}  {words.headline(state)}", "bold")
    terminal.say()
    for pieces in draw(chart(stages), terminal.width(), ascii_only=plain):
        line = terminal.Text()
        for text, role in pieces:
            line.append(terminal.clean(text), _STYLES[role])
        terminal.write([line])
    planned, actual = ("-", "=") if plain else ("─", "━")
    terminal.say()
    terminal.say(f"{planned} planned  {actual} actual; each step is one version.", "dim")


def _row(snapshot: Snapshot, one: Stage) -> JsonObject:
    from monitor.core.recorded import isoformat
    from monitor.core.versions import effective

    row: JsonObject = {
        "version": snapshot.version,
        "snapshot": snapshot.seq,
        "stood_from": effective(snapshot).isoformat(),
        "submitted_on": snapshot.submitted_on,
        "posted_on": snapshot.posted_on,
        "observed_at": isoformat(snapshot.observed_at),
        "origin": snapshot.origin,
        **one.to_dict(),
    }
    return row


def _dated(name: str) -> Shown:
    def said(row: JsonObject) -> str:
        kind = formats.flat(formats.member(row, f"{name}.type")).lower()
        day = formats.flat(formats.member(row, f"{name}.date"))
        return f"{day} ({kind})" if kind else day

    return Shown(name.replace("_", " ").capitalize(), said)


_PATHS = (
    "version", "snapshot", "stood_from", "submitted_on", "posted_on", "observed_at", "origin", "status",
    "start.date", "start.type", "primary_completion.date", "primary_completion.type", "completion.date",
    "completion.type", "enrollment.count", "enrollment.type",
)  # fmt: skip
"""Columns in CSV, given or not."""
_SHOWN = (
    Shown(
        "Version", lambda row: f"v{row['version']}" if row["version"] is not None else f"s{row['snapshot']}"
    ),
    Shown("From", "stood_from"),
    Shown("Status", "status"),
    _dated("start"),
    _dated("primary_completion"),
    _dated("completion"),
    Shown("Enrollment", "enrollment.count", right=True),
)
