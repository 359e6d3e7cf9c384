"""The command line as a whole: its global options, its commands in the order people need them, its entry.

Each group of commands is one file beside this one; this one knows their names only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from monitor import __version__
from monitor.cli import edge, session

app = typer.Typer(
    name="trialwire",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

_command = cache(typer.main.get_command)  # the tree of all commands, built once where several lines are run


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line (without the program's name) and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    return edge.guard(_invoke, words)


def _invoke(argv: Sequence[str]) -> int:
    result = _command(app).main(args=list(argv), prog_name="trialwire", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _version(wanted: bool | None) -> None:  # noqa: FBT001 - typer hands it over so
    if wanted:
        sys.stdout.write(f"trialwire {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="The config file; see `trialwire init`.", show_default=False
        ),
    ] = None,
    version: Annotated[
        bool | None,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version and exit."),
    ] = None,
) -> None:
    """Watch clinical-trial registries: snapshots, differences, digests.

    Start with `trialwire demo`, then `trialwire init` and `trialwire watch add NCT07263919`.
    """
    assert not version
    session.choose_config(config, os.environ)
