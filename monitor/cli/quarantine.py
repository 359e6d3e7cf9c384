"""`quarantine list|show|accept|drop`: answers that were not believed, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.core.record import JsonObject
from monitor.errors import StoreError

if TYPE_CHECKING:
    from monitor.core.watching import Quarantined
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
        held = store.snapshots(item.trial)
    if body:
        formats.write_bytes(content)
        return
    row = _row(item)
    if form is not Format.TABLE:
        formats.write_machine([row], _SHOWN, form)
        return
    formats.pairs((name.replace("_", " ").capitalize(), formats.flat(value)) for name, value in row.items())
    terminal.say()
    if held:
        terminal.say(f"Against the version held: trialwire quarantine show {number} --body | "
                     f"trialwire diff {item.trial}@s{held[-1].seq} -", "dim")  # fmt: skip
    terminal.say(f"Then: trialwire quarantine accept {number}, or drop {number}.", "dim")


@group.command("accept")
def accept(number: Number) -> None:
    """Believe it after all: the next poll that meets this content records it.

    Example: `trialwire quarantine accept 3`
    """
    _settle(number, Held.ACCEPTED)
    terminal.note("Accepted: `trialwire poll --force` reads the trial again and records it.")


@group.command("drop")
def drop(number: Number) -> None:
    """Put it away: it is not believed, and no longer asks for attention.

    Example: `trialwire quarantine drop 3`
    """
    _settle(number, Held.DROPPED)
    terminal.note("Dropped.")


def _settle(number: int, state: Held) -> None:
    assert state is not Held.HELD
    with session.writing() as store:
        item, _ = _item(store, number)
        if not store.settle_quarantine(number, "accepted" if state is Held.ACCEPTED else "dropped"):
            raise StoreError(f"{number} was {item.state} already.", remedy="`trialwire quarantine list`")


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
