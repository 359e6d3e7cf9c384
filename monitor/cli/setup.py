"""`init` and `demo`: from nothing to a config and a database, and the tour that shows what for."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import session, terminal
from monitor.cli.application import app

NAME = "trialwire"
DEFAULT_FILE = Path("trialwire.toml")

TEMPLATE = """\
# Trialwire's configuration. Every setting has a default: a commented line shows it, or an example.
# Environment variables override it: TRIALWIRE_STORE__URL, TRIALWIRE_REGISTRIES__CTGOV__BASE_URL, ...
# `trialwire doctor` checks it.

# [store]
# Default: $STATE_DIRECTORY, ./state in a checkout, else ~/.local/state/trialwire; SQLite in there.
# state_dir = "/var/lib/trialwire"
# url = "postgresql+psycopg://trialwire@db.example.com/trialwire"

[registries.ctgov]
# base_url = "https://clinicaltrials.gov"
requests_per_second = 1.0             # please keep it low: the registry is a public good
# contact = "ops@example.com"         # so that the registry's people can reach you: please give one

[poll]
every = "1h"                          # one cheap request decides whether there is anything to fetch

# Who is told, over what. Secrets are never written here: name a file or an environment variable.
#
# [[channels]]
# name = "team"
# type = "email"
# to = ["team@example.com"]
# from = "Trialwire <trialwire@example.com>"
# host = "smtp.example.com"
# port = 587
# username = "trialwire"
# password_file = "smtp-password"     # looked up in $CREDENTIALS_DIRECTORY, or beside this file
#
# [[channels]]
# name = "pipeline"
# type = "webhook"
# url = "https://hooks.example.com/trials"
# secret_file = "webhook-secret"      # whsec_..., Standard Webhooks
#
# [[channels]]
# name = "room"
# type = "slack"                      # also "teams" and "discord"; "atom" for feeds, "apprise" for the rest
# url_file = "slack-url"              # whoever has a webhook's address can post: it is a secret

# What they are told, and when: "immediate", "hourly", "daily HH:MM ZONE", "weekly mon HH:MM ZONE",
# "cron 0 7 * * 1-5 ZONE".
#
# [[subscriptions]]
# name = "morning"
# channels = ["team"]
# cadence = "daily 07:30 Europe/London"
# tags = ["oncology"]                 # only trials watched with such a --tag; all where absent
# min_significance = "minor"          # critical, major, minor or noise
# immediate_at = "critical"           # findings this bad do not wait for the cadence
# quiet_hours = "22:00-07:00"         # nothing is told then; what waited is told when they end
#
# [alerts]
# channels = ["room"]                 # told at once of trouble: what could not be read or delivered
# quiet_hours = "22:00-07:00"         # nothing is told then; what waited is told when they end

# Who is told at once where a message is given up or a source fails: best another channel.
#
# [alerts]
# channels = ["room"]

# Where `trialwire serve` shows pages, and where their readers find them.
#
# [pages]
# listen = "127.0.0.1:8320"
# url = "https://trialwire.example.com"

# What a change is worth is yours to decide; `trialwire rules` lists ids and thresholds.
#
# [rules.C6]
# threshold_days = 120
# [rules.m7]
# level = "noise"
"""


@app.command("init", rich_help_panel="Start")
def init() -> None:
    """Write a commented config and create the database; what is there already is left as it is.

    The config goes to `--config FILE`, else to ./trialwire.toml.

    Example: `trialwire init`
    """
    target = session.chosen_file() or DEFAULT_FILE
    if target.exists():
        terminal.note(f"{target} is there already; left as it is.")
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
        terminal.note(f"Wrote {target}: read through it, then `trialwire doctor`.")
    session.use_file(target)
    found = session.settings()
    if not session.ensure_database(found):
        terminal.note(f"The database is there already: {session.place(found)}")
    terminal.note(
        "Next: `trialwire watch add NCT07263919`, then `trialwire poll`, or `trialwire run` for good."
    )


@app.command("demo", rich_help_panel="Start")
def demo(
    *,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep", metavar="DIR", help="Keep the digests, the webhook bodies and the database there."
        ),
    ] = None,
) -> None:
    """A tour without a network: six invented trials, five data versions, a digest by mail and webhook.

    A registry stand-in, a mail server and a webhook receiver run on 127.0.0.1 while it lasts; nothing is
    left behind unless `--keep` says where.

    Example: `trialwire demo --keep demo-output`
    """
    from monitor import log
    from monitor.cli.stage import Stage
    from monitor.demo import tour

    log.set_up(level="error", style="console", stream=sys.stderr)
    raise typer.Exit(0 if tour.run(Stage(), keep=keep, program=_program()) else 1)


def _program() -> str:
    """How this program is called from here: by its name where the shell finds that, else as it was called."""
    called = Path(sys.argv[0])
    if shutil.which(NAME):
        return NAME
    return str(called) if called.name == NAME else f"{sys.executable} -m monitor"
