"""`diff`: what differs between two stored versions of a trial, or between two files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from monitor.cli import edge, session
from monitor.cli.application import app
from monitor.cli.formats import Format, FormatOption


@app.command(rich_help_panel="Look up")
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="TRIAL@VERSION, or a file; `-` for stdin.")],
    after: Annotated[
        str | None, typer.Argument(metavar="AFTER", help="The same; the trial's latest version if left out.")
    ] = None,
    *,
    noise: Annotated[bool, typer.Option("--noise", help="Show administrative differences too.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 where they differ, 0 where they are equal.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """What differs between two versions of a trial, worst first.

    A version is named by `@4` (the registry's number), `@s21` (our snapshot), `@2026-03-01`, `@original` or
    `@latest`.

    Examples: `trialwire diff NCT07263919@original NCT07263919@latest` ·
    `trialwire diff old.json new.json --exit-code`
    """
    if not exit_code:
        _compare(before, after, form, noise=noise)
        return
    with _failing_above_one():
        differ = _compare(before, after, form, noise=noise)
    raise typer.Exit(1 if differ else 0)


def _compare(before: str, after: str | None, form: Format, *, noise: bool) -> bool:
    """Write what differs; True where something does."""
    from monitor.cli import comparison
    from monitor.compare import compare

    old, new = comparison.sides(before, after)
    found = compare(old.payload, new.payload, registry=old.registry, rules=session.settings().rules)
    recorded = comparison.recorded(found, old, new)
    if form is Format.TABLE:
        comparison.table(recorded, old, new, with_noise=noise)
    else:
        comparison.machine(recorded, old, new, form)
    return bool(len(found))


@contextmanager
def _failing_above_one() -> Iterator[None]:
    """A failure ends above 1 here: 1 says that the two differ (contract section 1)."""
    try:
        yield
    except (typer.TyperException, BrokenPipeError):
        raise
    except Exception as error:
        raise typer.Exit(max(edge.failure(error), 2)) from error
