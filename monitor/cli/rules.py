"""`rules`: the significance table with the levels and thresholds in force."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from monitor.cli import formats, session, terminal
from monitor.cli.application import app
from monitor.cli.filters import Level
from monitor.cli.formats import Format, FormatOption, Shown
from monitor.cli.terminal import LEVEL_STYLES
from monitor.core.record import JsonObject


@app.command("rules", rich_help_panel="Look up")
def rules(
    level: Annotated[Level | None, typer.Option("--level", help="Only rules of this level.")] = None,
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """What a change is worth, and why: the rule table, first match decides.

    Levels and thresholds are yours to change, in `[rules.ID]` tables of the config; those that differ from
    the reviewed table are marked `*`.

    Example: `trialwire rules --level critical`
    """
    from monitor.core.rules import default_rules

    reviewed = {rule.id: rule for rule in default_rules()}
    rows = [
        cast(
            "JsonObject",
            {
                "id": rule.id,
                "name": rule.name,
                "level": rule.level,
                "condition": rule.text,
                "thresholds": dict(rule.thresholds),
                "fields": list(rule.fields),
                "decides": rule.on,
                "source": rule.source,
                "overridden": rule != reviewed[rule.id],
            },
        )
        for rule in session.settings().rules
        if level is None or rule.level == level.value
    ]
    formats.write(rows, _SHOWN, form)
    if form is Format.TABLE:
        terminal.say(
            "\nThe first rule that fits decides; `[rules.ID]` in the config changes levels and thresholds.",
            "dim",
        )


_SHOWN = (
    Shown("Rule", lambda row: f"{row['id']}{'*' if row['overridden'] else ''}"),
    Shown("Level", "level", lambda row: LEVEL_STYLES[str(row["level"])]),
    Shown("Name", "name", hidden_below=72),
    Shown("Fits when", "condition", wrap=True),
    Shown("Why", "source", "dim", wrap=True, hidden_below=120),
)
