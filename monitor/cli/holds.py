"""Held digests as `digest list` and `status` show them, and the decision a person makes about one.

A decision is one short write, made here also beside a running daemon; nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, cast

from monitor.cli import dates, formats, session, terminal
from monitor.cli.formats import Format, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.core.brakes import Hold
    from monitor.store import Store
    from monitor.store.holding import Withheld

_MOST_FIELDS = 5


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


def decided(number: int, state: Literal["released", "dismissed"]) -> str:
    """Write the decision; what it is about, in words, or nothing where it was made before, which is said."""
    with session.writing() as store:
        hold, is_new = store.decide_hold(number, state, dates.now())
        found = store.withheld(hold)
    if is_new:
        return _whole(found)
    terminal.note(f"{number} was {state} already.")
    return ""


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
