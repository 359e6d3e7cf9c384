"""`digest release|dismiss` and what `digest list` shows of held digests: what a person decides about.

A decision is one short write, made here also beside a running daemon; nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, cast

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.digests import group
from monitor.cli.formats import Format, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.core.brakes import Hold
    from monitor.store import Store
    from monitor.store.holding import Withheld

Number: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="As `digest list` shows it.")]
_MOST_FIELDS = 5


@group.command("release")
def release(number: Number) -> None:
    """Let held changes into the next digests: they were no reformatting, or readers are to see it.

    A cadence of `immediate` has them within seconds, others when they are next due.

    Example: `trialwire digest release 3`
    """
    if found := _decided(number, "released"):
        terminal.note(
            f"Released: {_whole(found)} go into the next digests.",
            "`trialwire digest send NAME` does not wait for the cadence.",
        )


@group.command("dismiss")
def dismiss(number: Number) -> None:
    """Settle held changes untold: no digest has them, the history keeps them.

    Example: `trialwire digest dismiss 3`
    """
    if found := _decided(number, "dismissed"):
        terminal.note(f"Dismissed: {_whole(found)} stay in the history and are told in no digest.")


def table(store: Store) -> None:
    """What is held, above the digests that were made; nothing where nothing is."""
    for hold in store.holds():
        for line in _told(store.withheld(hold)):
            terminal.write(line)
        terminal.say()


def machine(store: Store, form: Format) -> None:
    """What is held, as rows; the table has told it already."""
    if form is Format.TABLE:
        if not store.holds():
            terminal.note("Nothing is held.")
        return
    formats.write([_row(store.withheld(hold)) for hold in store.holds()], _SHOWN, form)


def attention(holds: Sequence[Hold]) -> Iterator[str]:
    """What `status` says of them."""
    for hold in holds:
        yield (
            f"digests of {hold.registry}'s data of {hold.data_version[:10]} are held, "
            f"reformatting suspected: {hold.reason}; `trialwire digest list`, "
            f"then `trialwire digest release {hold.id}` or `dismiss {hold.id}`"
        )


def as_json(hold: Hold) -> JsonObject:
    """A hold for programs."""
    return {
        "id": hold.id,
        "registry": hold.registry,
        "data_version": hold.data_version,
        "state": hold.state,
        "reason": hold.reason,
        "opened_at": dates.stamped(hold.opened_at),
        "settled_at": dates.stamped(hold.settled_at),
        "decided_at": dates.stamped(hold.decided_at),
    }


def _decided(number: int, state: Literal["released", "dismissed"]) -> Withheld | None:
    """Write the decision; None where it was made before, which is said."""
    with session.writing() as store:
        hold, is_new = store.decide_hold(number, state, dates.now())
        found = store.withheld(hold)
    if is_new:
        return found
    terminal.note(f"{number} was {state} already.")
    return None


def _whole(found: Withheld) -> str:
    return f"{counted(found.changes, 'change')} in {counted(found.trials, 'trial')}"


def _told(found: Withheld) -> Iterator[Iterator[terminal.Text]]:
    hold = found.hold
    head = f"{hold.id}, {hold.registry}'s data of {hold.data_version[:10]}: {_whole(found)}"
    yield _pair("Held", head, "bold yellow")
    yield _pair("why", f"reformatting suspected: {hold.reason}")
    fields = [f"{name} in {counted(trials, 'trial')}" for name, trials in found.fields[:_MOST_FIELDS]]
    more = len(found.fields) - len(fields)
    yield _pair("fields", "; ".join(fields) + (f"; and {more} more" if more else ""))
    for number, change in enumerate(found.examples):
        yield _pair("" if number else "such as", f"{change.trial}: {change.summary}")
    yield _pair("", f"trialwire digest release {hold.id} tells them; dismiss {hold.id} never does.", "dim")


def _pair(name: str, words: str, style: str = "") -> Iterator[terminal.Text]:
    columns = (terminal.Column(), terminal.Column(wrap=True))
    yield from terminal.lines(columns, [(terminal.Cell(name.ljust(8), "dim"), terminal.Cell(words, style))])


def _row(found: Withheld) -> JsonObject:
    return {
        **as_json(found.hold),
        "changes": found.changes,
        "trials": found.trials,
        "fields": dict(found.fields),
        "examples": [change.to_dict() for change in found.examples],
    }


_SHOWN = (
    Shown("Id", "id", right=True),
    Shown("Registry", "registry"),
    Shown("Data version", "data_version"),
    Shown("Changes", "changes", right=True),
    Shown("Trials", "trials", right=True),
    Shown("Why", "reason", wrap=True),
    Shown("Fields", lambda row: "; ".join(f"{n} {c}" for n, c in cast("JsonObject", row["fields"]).items())),
)
