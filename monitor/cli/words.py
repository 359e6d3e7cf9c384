"""A trial in a line, and registry words as people say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.phrases import phase_words

if TYPE_CHECKING:
    from monitor.core.watching import TrialState


def status(word: str | None) -> str:
    """`Active, not recruiting` of `ACTIVE_NOT_RECRUITING`."""
    if not word:
        return ""
    if word == "ACTIVE_NOT_RECRUITING":
        return "Active, not recruiting"
    return word.replace("_", " ").capitalize()


def headline(state: TrialState) -> str:
    """Title, phase, sponsor and status of a trial in one line."""
    parts = (state.title, phase_words(state.phases), state.sponsor or "", status(state.overall_status))
    return " · ".join(part for part in parts if part)


def presence(state: TrialState) -> str:
    """What became of a trial, where it is not simply there."""
    match state.presence:
        case "present":
            return ""
        case "unseen":
            return "not read yet"
        case "absent":
            return f"missing since data version {state.absent_since}"
        case "gone":
            return f"gone from the registry since {state.absent_since}"
        case "renamed":
            return f"renamed to {state.renamed_to}"
        case "unknown":
            return "the registry has no such trial"
