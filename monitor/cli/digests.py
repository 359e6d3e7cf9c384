"""`digest preview|send|list|release|dismiss`: what subscriptions are told, and what it looks like."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

from monitor.cli import daemon, dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.edge import ATTENTION
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.core.record import JsonObject
from monitor.core.subscription import named

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.core.digest import Digest
    from monitor.store.values import StoredDigest

group = typer.Typer(
    no_args_is_help=True, help="Digests: preview what would be told, send it now, list what was."
)
app.add_typer(group, name="digest", rich_help_panel="Tell")


_DIGEST = re.compile(r"\bdig_\w+")
HoldId: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="As `digest list` shows it.")]


class PreviewFormat(StrEnum):
    """How a preview is written."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    MARKDOWN = "markdown"


@group.command("preview")
def preview(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A subscription.")],
    *,
    since: Annotated[
        str | None, typer.Option("--since", metavar="D", help="Over all seen since then: 2026-11-01, 7d.")
    ] = None,
    form: Annotated[PreviewFormat, typer.Option("--format", "-f", help="Which form.")] = PreviewFormat.TEXT,
) -> None:
    """The digest as it would be now; nothing is written and nothing is sent.

    Example: `trialwire digest preview morning --since 7d --format html > preview.html`
    """
    from monitor.pipeline import compose

    with session.application(read_only=True) as works:
        made = compose.preview(works, name, since=dates.moment(since, "--since"))
        if made is None:
            if form is PreviewFormat.JSON:
                formats.write_json(None)
            terminal.note(
                f"Nothing to tell {name} now: nothing new passed its filters.",
                "" if since else f"`trialwire digest preview {name} --since 30d` looks further back.",
            )
            return
        _write(works, made, form)


@group.command("send")
def send(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A subscription.")],
    *,
    wait: daemon.Wait = daemon.PATIENCE_S,
) -> None:
    """Close the window now and send; the scheduled digest covers the rest.

    Beside a running daemon it asks the daemon and waits. Ends with 3 where a message was not taken yet, or
    was given up.

    Example: `trialwire digest send morning`
    """

    def here(works: App) -> str:
        from monitor.pipeline import compose, deliver

        made = compose.send(works, name)
        told = deliver.in_words(deliver.run(works).counts) or "no deliveries"
        return f"{made.id} ({told})" if made else "nothing to tell"

    named(session.settings().subscriptions, name)
    outcome = daemon.either("digest.send", [name], here, patience_s=wait)
    terminal.note(f"{name}: {outcome}")
    if made := _DIGEST.search(outcome):
        with session.reading() as store:
            stands = store.standing(store.delivery_ids(digest=made[0]), dates.now())
        if any(stand.state != "sent" for stand in stands):
            raise typer.Exit(ATTENTION)


@group.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this subscription's.")] = None,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="The newest N.")] = 30,
    held: Annotated[
        bool, typer.Option("--held", help="Only what is held as a suspected reformatting.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """What is held back, then the digests that were made, newest first.

    Example: `trialwire digest list morning`
    """
    from monitor.cli import holds

    with session.reading() as store:
        if form is Format.TABLE:
            holds.table(store)
        if held:
            holds.machine(store, form)
            return
        found = store.digests(subscription=name, limit=limit)
    if name and not found:
        named(session.settings().subscriptions, name)
    if form is Format.TABLE and not found:
        whose = f" for {name}" if name else ""
        terminal.note(f"No digest was made{whose} yet; `trialwire subscriptions` tells when the next is due.")
        return
    formats.write([_digest_row(one) for one in found], _DIGESTS, form)


@group.command("release")
def release(number: HoldId) -> None:
    """Let held changes into the next digests: they were no reformatting, or readers are to see it.

    A cadence of `immediate` has them within seconds, others when they are next due.

    Example: `trialwire digest release 3`
    """
    from monitor.cli import holds

    if whole := holds.decided(number, "released"):
        terminal.note(
            f"Released: {whole} go into the next digests.",
            "`trialwire digest send NAME` does not wait for the cadence.",
        )


@group.command("dismiss")
def dismiss(number: HoldId) -> None:
    """Settle held changes untold: no digest has them, the history keeps them.

    Example: `trialwire digest dismiss 3`
    """
    from monitor.cli import holds

    if whole := holds.decided(number, "dismissed"):
        terminal.note(f"Dismissed: {whole} stay in the history and are told in no digest.")


def _write(works: App, made: Digest, form: PreviewFormat) -> None:
    # One page, also for readers who are sent a thread for each trial.
    made = replace(made, subscription=replace(made.subscription, layout="digest"))
    match form:
        case PreviewFormat.JSON:
            formats.write_json(_digest_json(made))
        case PreviewFormat.TEXT:
            formats.write_bytes(_ended(works.renderer.digest(made).text))
        case PreviewFormat.HTML:
            formats.write_bytes(_ended(works.renderer.digest(made).html))
        case PreviewFormat.MARKDOWN:
            formats.write_bytes(_ended(works.renderer.digest(made).markdown))


def _ended(text: str) -> bytes:
    return (text if text.endswith("\n") else text + "\n").encode()


def _digest_json(made: Digest) -> JsonObject:
    return {
        "subscription": made.subscription.name,
        "created_at": dates.stamped(made.created_at),
        "since": dates.stamped(made.since),
        "until": dates.stamped(made.until),
        "findings": [
            *(programme.to_dict() for programme in made.programmes),
            *(story.finding.to_dict() for story in made.stories),
        ],
        "changes": [change.to_dict() for story in made.stories for change in story.changes],
        "folded": made.folded,
        "notices": [notice.message for notice in (*made.notices, *made.baselines)],
        "unread": [str(state.trial) for state in made.unread],
        "watched": made.watched,
    }


def _digest_row(one: StoredDigest) -> JsonObject:
    return {
        "id": one.id,
        "subscription": one.subscription,
        "kind": one.kind,
        "period": one.period,
        "sequence": one.sequence,
        "created_at": dates.stamped(one.created_at),
        "since": dates.stamped(one.since),
        "until": dates.stamped(one.until),
        "changes": one.changes,
        "folded": one.folded,
        "notices": one.notices,
        "deliveries": one.deliveries,
    }


_DIGESTS = (
    Shown("#", "sequence", right=True),
    Shown("Subscription", "subscription"),
    Shown("Kind", "kind"),
    Shown("Made, UTC", lambda row: dates.short(cast("str | None", row["created_at"]))),
    Shown("Changes", "changes", right=True),
    Shown("Folded", "folded", right=True, hidden_below=84),
    Shown("Messages", "deliveries", right=True, hidden_below=72),
    Shown("Id", "id", "dim", hidden_below=100),
)
