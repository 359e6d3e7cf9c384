"""`quarantine list|show|accept|drop`: answers that were not believed, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.core.record import JsonObject
from monitor.errors import RecordFormatError, StoreError

if TYPE_CHECKING:
    from monitor.core.watching import Quarantined, Snapshot
    from monitor.store import Store

group = typer.Typer(no_args_is_help=True, help="Answers that were not believed: list, show, accept, drop.")
app.add_typer(group, name="quarantine", rich_help_panel="Operate")

Number: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="As `quarantine list` shows it.")]


class Held(StrEnum):
    """What became of an answer."""

    HELD = "held"
    ACCEPTED = "accepted"
    DROPPED = "dropped"


@group.command("list")
def list_(
    *,
    state: Annotated[Held, typer.Option("--state", help="What became of them.")] = Held.HELD,
    form: FormatOption = Format.TABLE,
) -> None:
    """Answers that were not believed.

    Example: `trialwire quarantine list`
    """
    with session.reading() as store:
        found = store.quarantined(state=state.value)
    if form is Format.TABLE and not found:
        terminal.note(f"Nothing is {state.value}: every answer was believed." if state is Held.HELD
                      else f"Nothing was {state.value}.")  # fmt: skip
        return
    formats.write([_row(item) for item in found], _SHOWN, form)


@group.command("show")
def show(
    number: Number,
    *,
    body: Annotated[bool, typer.Option("--body", help="The answer byte for byte.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """One of them: why it was not believed, and how it differs from the version held.

    Example: `trialwire quarantine show 3`
    """
    with session.reading() as store:
        item, content = _item(store, number)
        latest = store.latest([item.trial]).get(item.trial)
        held = latest.snapshot if latest else None
        before = store.body(item.trial, held.seq) if held else None
    if body:
        formats.write_bytes(content)
        return
    row = _row(item)
    if form is not Format.TABLE:
        formats.write_machine([row], _SHOWN, form)
        return
    formats.pairs((name.replace("_", " ").capitalize(), formats.flat(value)) for name, value in row.items())
    terminal.say()
    if held is not None and before is not None:
        _against(item, content, held, before)
    if item.state == "held":
        terminal.say()
        terminal.say(f"trialwire quarantine accept {number} believes it; drop {number} puts it away.", "dim")


@group.command("accept")
def accept(number: Number) -> None:
    """Believe it after all: it becomes the version it would have been, and its changes are recorded.

    Example: `trialwire quarantine accept 3`
    """
    from monitor import registries
    from monitor.pipeline import release

    found = session.settings()
    with session.writing(found) as store:
        item, _ = _item(store, number)
        reader = registries.reader(item.trial.registry)
        changes = release.accept(store, number, reader=reader, rules=found.rules, now=dates.now())
    terminal.note(f"Accepted: {counted(changes, 'change')} recorded of {item.trial}.")


@group.command("drop")
def drop(number: Number) -> None:
    """Put it away: it is not believed, and no longer asks for attention.

    Example: `trialwire quarantine drop 3`
    """
    with session.writing() as store:
        item, _ = _item(store, number)
        if not store.settle_quarantine(number, "dropped"):
            raise StoreError(f"{number} was {item.state} already.", remedy="`trialwire quarantine list`")
    terminal.note("Dropped.")


def _against(item: Quarantined, content: bytes, held: Snapshot, before: bytes) -> None:
    """How the answer differs from the version held, where it can be read as a record at all."""
    from monitor.cli import comparison
    from monitor.compare import compare
    from monitor.core import versions

    label = f"answer of {dates.short(dates.stamped(item.observed_at))}"
    try:
        new = comparison.side(content, label)
        old = comparison.side(before, versions.label(held))
        found = compare(old.payload, new.payload, registry=item.trial.registry)
    except RecordFormatError as error:
        terminal.say(f"It cannot be compared: {error.message}")
        return
    comparison.table(comparison.recorded(found, old, new), old, new, with_noise=False)


def _item(store: Store, number: int) -> tuple[Quarantined, bytes]:
    found = store.quarantine_item(number)
    if found is None:
        raise StoreError(
            f"{number}: nothing of this number is in quarantine.",
            remedy="`trialwire quarantine list` shows what is held.",
        )
    return found


def _row(item: Quarantined) -> JsonObject:
    return {
        "id": item.id,
        "trial": {"registry": item.trial.registry, "id": item.trial.id},
        "state": item.state,
        "reason": item.reason,
        "observed_at": dates.stamped(item.observed_at),
        "data_version": item.data_version,
        "digest": item.digest,
    }


_SHOWN = (
    Shown("Id", "id", right=True),
    Shown("Trial", "trial.id", "bold"),
    Shown("Seen", lambda row: dates.short(cast("str | None", row["observed_at"])), hidden_below=64),
    Shown("Why it was not believed", "reason", wrap=True),
)
