"""`db upgrade|stats|check`: the database itself."""

from __future__ import annotations

import orjson
import typer

from monitor.cli import dates, formats, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.cli.progress import Progress
from monitor.core.record import JsonObject

group = typer.Typer(no_args_is_help=True, help="The database: upgrade it, count what it holds, check it.")
app.add_typer(group, name="db", rich_help_panel="Operate")


@group.command("upgrade")
def upgrade() -> None:
    """Create the database, or bring it to this version's schema; a backup is made first.

    Example: `trialwire db upgrade`
    """
    from monitor.store import upgrade as migrate

    found = session.settings()
    report = migrate(found.store_url, state_dir=found.state_dir, now=dates.now())
    if report.created:
        terminal.note(f"Created {session.place(found)} (schema {report.to_revision}).")
    elif report.migrated:
        terminal.note(f"Schema {report.from_revision} → {report.to_revision}.")
    else:
        terminal.note(f"Nothing to do: the schema is {report.to_revision} already.")
    if report.backup is not None:
        terminal.note(f"The database before is kept at {report.backup}.")


@group.command("stats")
def stats(*, form: FormatOption = Format.TABLE) -> None:
    """How much the database holds.

    Example: `trialwire db stats --format json`
    """
    found = session.settings()
    with session.reading(found) as store:
        held = store.stats()
    counts: list[JsonObject] = [
        {"what": f"rows.{name}", "value": number} for name, number in held.rows.items()
    ]
    rows: list[JsonObject] = [
        {"what": "database", "value": session.place(found)},
        {"what": "engine", "value": held.engine},
        {"what": "schema", "value": held.revision},
        *counts,
        {"what": "payload bytes, compressed", "value": held.body_bytes},
        {"what": "file bytes", "value": held.file_bytes},
    ]
    shown = (Shown("What", "what"), Shown("Value", _spoken))
    formats.write(rows, shown, form)


@group.command("check")
def check() -> None:
    """Look for damage: the engine's own check, what refers to what, and every payload, unpacked and proven.

    Each thing found is a line, with what to do about it; exit 3 where there is one.

    Example: `trialwire db check`
    """
    found = 0
    with session.reading() as store, Progress("versions") as progress:
        for damage in store.damage(content_digest=_content_digest, progress=progress.of):
            found += 1
            about = "" if damage.trial is None else f"{damage.trial}@s{damage.snapshot}: "
            progress.aside()
            terminal.say(f"{about}{damage.what}. To do: {damage.remedy}.")
    if found:
        terminal.note(
            f"{counted(found, 'thing')} wrong. Stop the daemon and keep a copy before mending anything."
        )
        raise typer.Exit(3)
    terminal.note("No damage found.")


def _content_digest(registry: str, body: bytes) -> str:
    """As the registry's reader has it."""
    from monitor import registries

    return registries.reader(registry).digest(orjson.loads(body))


def _spoken(row: JsonObject) -> str:
    value = row["value"]
    return f"{value:,}" if isinstance(value, int) else formats.flat(value)
