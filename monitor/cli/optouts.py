"""`channels optouts|optout|optin`: who has left a channel, for the operator who reads what readers write.

Readers leave by the address at the foot of a message. Where that is mail and no page of ours, somebody reads
it and puts it down here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.channels import group, unknown
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.core.record import JsonObject
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config import Settings

ChannelName: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="A channel.")]
Address: TypeAlias = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="The reader's address, in any case, without a name.")
]


@group.command("optouts")
def optouts(name: ChannelName, *, form: FormatOption = Format.TABLE) -> None:
    """Who wants no more messages from a channel, the latest first.

    Example: `trialwire channels optouts ci-team`
    """
    found = _known(name)
    with session.reading(found) as store:
        rows: list[JsonObject] = [
            {"channel": one.channel, "recipient": one.recipient, "at": dates.stamped(one.at)}
            for one in store.opt_outs(name)
        ]
    if form is Format.TABLE and not rows:
        terminal.note(f"Nobody has left {name}.")
        return
    formats.write(rows, _SHOWN, form)


@group.command("optout")
def optout(name: ChannelName, address: Address) -> None:
    """Send a reader nothing more over a channel, neither new messages nor those that wait.

    Example: `trialwire channels optout ci-team bea@example.com`
    """
    with session.application() as works:
        channel = works.channels.get(name)
        if channel is None:
            raise unknown(name, list(works.channels))
        now = works.clock()
        readers = {message.recipient.lower() for message in channel.test_message(now)}
        if address.lower() not in readers:
            raise ConfigError(
                f"{address} is not among the recipients of {name}.",
                key=f"channels.{name}",
                remedy="Write the address as the config has it, without a name.",
            )
        new = works.store.opt_out(name, address, now)
    terminal.note(f"{address} gets nothing more from {name}{'' if new else ', as before'}.")


@group.command("optin")
def optin(name: ChannelName, address: Address) -> None:
    """Send to a reader again who had left, from the next digest on.

    Example: `trialwire channels optin ci-team bea@example.com`
    """
    found = _known(name)
    with session.writing(found) as store:
        back = store.opt_in(name, address)
    terminal.note(
        f"{address} gets messages from {name} again." if back else f"{address} had not left {name}."
    )


def _known(name: str) -> Settings:
    """The settings, where they have such a channel."""
    found = session.settings()
    names = [channel.name for channel in found.channels]
    if name not in names:
        raise unknown(name, names)
    return found


_SHOWN = (
    Shown("Address", "recipient", "bold"),
    Shown("Since, UTC", lambda row: dates.short(str(row["at"]))),
    Shown("Channel", "channel", hidden_below=84),
)
