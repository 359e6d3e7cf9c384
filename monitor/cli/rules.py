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
from monitor.core.rule import Rule, Shift


@app.command("rules", rich_help_panel="Look up")
def rules(
    level: Annotated[Level | None, typer.Option("--level", help="Only rules of this level.")] = None,
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """What a change is worth, and why: the rule table, first match decides.

    Levels and thresholds are yours to change, in `[rules.ID]` tables of the config; those that differ from
    the reviewed table are marked `*`, with what it says. Below stand the circumstances that move a level.

    Example: `trialwire rules --level critical`
    """
    from monitor.core.rules import SHIFTS, default_rules

    reviewed = default_rules()
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
                "circumstances": [shift.name for shift in SHIFTS if _moves(rule, shift)],
                "overridden": rule != reviewed[rule.id],
                "reviewed": _reviewed(rule, reviewed[rule.id]),
            },
        )
        for rule in session.settings().rules
        if level is None or rule.level == level.value
    ]
    formats.write(rows, _SHOWN, form)
    if form is Format.TABLE:
        told = "\nThe first rule that fits decides; `[rules.ID]` in the config changes levels and thresholds."
        terminal.say(told, "dim")
        for shift in SHIFTS:
            way = "up" if shift.steps > 0 else "down"
            terminal.say(f"One level {way}: {shift.condition}.", "dim")


def _moves(rule: Rule, shift: Shift) -> bool:
    """May the circumstance make this rule's changes weigh more or less?"""
    return rule.level != "noise" and shift.touches(rule.id) and shift.at in (None, rule.level)


def _reviewed(rule: Rule, reviewed: Rule) -> JsonObject | None:
    """What the reviewed table says where the config says otherwise; None where it does not."""
    told: JsonObject = {} if rule.level == reviewed.level else {"level": reviewed.level}
    was = {name: value for name, value in reviewed.thresholds.items() if value != rule.thresholds[name]}
    return {**told, **({"thresholds": dict(was)} if was else {})} or None


def _level(row: JsonObject) -> str:
    reviewed = row["reviewed"]
    was = reviewed.get("level") if isinstance(reviewed, dict) else None
    return f"{row['level']} (was {was})" if was else str(row["level"])


def _condition(row: JsonObject) -> str:
    reviewed = row["reviewed"]
    was = reviewed.get("thresholds") if isinstance(reviewed, dict) else None
    if not isinstance(was, dict):
        return str(row["condition"])
    return f"{row['condition']} (reviewed: {', '.join(f'{name} {value:g}' for name, value in was.items())})"


_SHOWN = (
    Shown("Rule", lambda row: f"{row['id']}{'*' if row['overridden'] else ''}"),
    Shown("Level", _level, lambda row: LEVEL_STYLES[str(row["level"])]),
    Shown("Name", "name", hidden_below=72),
    Shown("Fits when", _condition, wrap=True),
    Shown("Why", "source", "dim", wrap=True, hidden_below=120),
)
