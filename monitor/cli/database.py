"""`db upgrade|stats|check|compact|backup|restore|rederive`: the database itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from monitor.cli import dates, formats, references, session, terminal
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.listing import counted
from monitor.cli.progress import Progress
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.pipeline.rederiving import RederiveReport

group = typer.Typer(no_args_is_help=True, help="The database: upgrade, check, back up, make room.")
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


@group.command("compact")
def compact() -> None:
    """Make room: pack payloads better, drop those that `[retention] payload_days` does not keep.

    Changes are never dropped, nor are a trial's first and latest versions. A daemon may run meanwhile; the
    file itself gets smaller only where none does.

    Example: `trialwire db compact`
    """
    found = session.settings()
    days, now = found.retention.payload_days, dates.now()
    keep_since = now - timedelta(days=days) if days else None
    with session.writing(found) as store:
        before = store.stats()
        with Progress("trials") as progress:
            done = store.compact(now=now, keep_since=keep_since, progress=progress.of)
        shrunk = store.shrink_file()
        after = store.stats()
    terminal.note(
        f"{counted(done.packed, 'payload')} packed anew, {done.dropped:,} dropped: "
        f"{before.body_bytes:,} → {after.body_bytes:,} bytes."
    )
    if shrunk and before.file_bytes and after.file_bytes:
        terminal.note(f"The file: {before.file_bytes:,} → {after.file_bytes:,} bytes.")
    if done.damaged:
        terminal.note(f"{counted(done.damaged, 'trial')} left as they are: run `trialwire db check`.")
        raise typer.Exit(3)


@group.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where there is one.")] = False,
) -> None:
    """Write a compact copy of the database, proven like `db check` does it; a daemon may run meanwhile.

    Example: `trialwire db backup /var/backups/trialwire.db`
    """
    from monitor.store import backups

    found = session.settings()
    with Progress("versions") as progress:
        size = backups.back_up(
            found.store_url, file, state_dir=found.state_dir, force=force, progress=progress.of
        )
    terminal.note(f"Wrote {file}: {size:,} bytes, proven.")


@group.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `db backup` made.")],
) -> None:
    """Put a copy in the database's place, once it is proven; the database before is kept beside it.

    Stop the daemon and other commands first: refused with 75 while a daemon runs.

    Example: `trialwire db restore /var/backups/trialwire.db`
    """
    from monitor.store import backups

    found = session.settings()
    with Progress("versions") as progress:
        kept = backups.restore(
            found.store_url, file, state_dir=found.state_dir, now=dates.now(), progress=progress.of
        )
    terminal.note(f"Restored {session.place(found)} from {file}.")
    if kept is not None:
        terminal.note(f"The database before is kept at {kept}.")


@group.command("rederive")
def rederive(
    trials: Annotated[
        list[str] | None, typer.Argument(metavar="TRIAL", help="Which.", show_default=False)
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every trial held.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would differ.")] = False,
) -> None:
    """Make changes and findings anew from the versions held, by today's code, rules and settings.

    Versions are never touched, the same change keeps its id, and nothing found by this is news.

    Example: `trialwire db rederive --all --dry-run`
    """
    from monitor import registries
    from monitor.pipeline import lookups, rederiving

    if bool(trials) == all_:
        raise typer.BadParameter("name trials, or say --all")
    found = session.settings()
    named = references.trial_ids(trials or ())
    with session.writing(found) as store, Progress("trials") as progress:
        for trial in named:
            lookups.known_trial(store, trial)
        report = rederiving.run(
            store,
            store.trials_with_history() if all_ else named,
            readers={name: registries.reader(name) for name in registries.available()},
            rules=found.rules,
            dry_run=dry_run,
            progress=lambda done: progress.at(done, 0 if all_ else done / len(named)),
        )
    _rederived(report, dry_run=dry_run)


def _rederived(report: RederiveReport, *, dry_run: bool) -> None:
    counts = report.counts
    for trial, what, summary in report.examples:
        terminal.say(f"{trial}: {what}: {summary}")
    done = ", ".join(f"{counts[what]:,} {what}" for what in ("added", "altered", "removed") if counts[what])
    would = "Would differ" if dry_run else "Written anew"
    terminal.note(
        f"{would}: {counts['differing']:,} of {counted(counts['trials'], 'trial')}"
        + (f"; changes: {done}" if done else "")
        + (f"; {counted(counts['findings'], 'finding')}" if counts["findings"] else "")
        + "."
    )
    for what, words in (
        ("kept", "no longer derived, but kept as they were told"),
        ("dropped", "pairs of versions left alone: a payload is no longer kept"),
        ("unreadable", "trials left alone: they cannot be read; run `trialwire db check`"),
    ):
        if counts[what]:
            terminal.note(f"{counts[what]:,} {words}.")
    if counts["unreadable"]:
        raise typer.Exit(3)


def _content_digest(registry: str, body: bytes) -> str:
    """As the registry's reader has it."""
    from monitor import registries

    return registries.reader(registry).digest(orjson.loads(body))


def _spoken(row: JsonObject) -> str:
    value = row["value"]
    return f"{value:,}" if isinstance(value, int) else formats.flat(value)
