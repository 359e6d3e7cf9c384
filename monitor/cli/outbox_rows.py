"""Deliveries and attempts as rows: for programs whole, for people as columns that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from monitor.cli import dates
from monitor.cli.formats import Shown
from monitor.core.record import JsonObject

if TYPE_CHECKING:
    from monitor.core.delivery import Attempt, Delivery


def delivery_row(delivery: Delivery) -> JsonObject:
    """One delivery."""
    return {
        "id": delivery.id,
        "digest": delivery.digest,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "part": delivery.part,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": dates.stamped(delivery.next_at),
        "created_at": dates.stamped(delivery.created_at),
        "bytes": len(delivery.content),
        "last_error": delivery.last_error,
    }


def attempt_row(attempt: Attempt) -> JsonObject:
    """One attempt."""
    return {
        "number": attempt.number,
        "started_at": dates.stamped(attempt.started_at),
        "duration_s": attempt.duration_s,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "error_class": attempt.error_class,
        "error": attempt.error,
        "excerpt": attempt.excerpt,
    }


def _took(row: JsonObject) -> str:
    """`0.12 s`; nothing where it is not known."""
    seconds = row["duration_s"]
    return f"{seconds:.2f} s" if isinstance(seconds, float | int) else ""


def _said(row: JsonObject) -> str:
    """Why it failed, and what was answered, where that says more."""
    error, excerpt = str(row["error"]), str(row["excerpt"])
    return " · ".join(part for part in (error, excerpt if excerpt not in error else "") if part)


_STYLES = {"dead": "bold red", "pending": "yellow", "sent": "green"}

DELIVERIES = (
    Shown("Id", lambda row: str(row["id"])[:12]),
    Shown("State", "state", lambda row: _STYLES.get(str(row["state"]), "")),
    Shown("Channel", "channel"),
    Shown("Recipient", "recipient", hidden_below=100),
    Shown("Event", "event", hidden_below=84),
    Shown("Tries", "attempts", right=True, hidden_below=72),
    Shown("Next", lambda row: dates.short(cast("str | None", row["next_at"])), hidden_below=64),
    Shown("Created", lambda row: dates.short(cast("str | None", row["created_at"])), hidden_below=120),
    Shown("Last error", "last_error", wrap=True),
)
ATTEMPTS = (
    Shown("Try", "number", right=True),
    Shown("Started", lambda row: str(row["started_at"])[:19].replace("T", " ")),
    Shown("Took", _took, right=True, hidden_below=72),
    Shown("Outcome", "outcome"),
    Shown("Status", "status", right=True),
    Shown("Kind", "error_class", hidden_below=84),
    Shown("Answer", _said, wrap=True),
)
