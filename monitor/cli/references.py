"""Trials and their versions as people name them: `NCT07263919@4`, `@s21`, `@2026-03-01`, `@original`.

Which version such a name means, `monitor.core.versions` says. Nothing here reads a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from monitor.core import versions
from monitor.core.partial_date import PartialDate
from monitor.core.record import TrialId


@dataclass(frozen=True, slots=True)
class Reference:
    """A trial and, perhaps, which version of it."""

    trial: TrialId
    at: str = "latest"
    explicit: bool = False
    """Was a version named?"""


def trial_id(text: str) -> TrialId:
    """The trial a number or a study page's address names; UnknownTrialError (exit 2) where none does."""
    from monitor import registries

    return registries.identify(text.strip())


def numbers(texts: Sequence[str]) -> list[str]:
    """Several trials as they were named, one by one where they came with commas between."""
    parts = [part for text in texts for part in ([text] if "/" in text else text.split(","))]
    return [part.strip() for part in parts if part.strip()] or list(texts)


def is_number(text: str) -> bool:
    """Does it name a trial of any registry by its form?"""
    from monitor.errors import UnknownTrialError

    try:
        trial_id(text)
    except UnknownTrialError:
        return False
    return True


def trial_ids(texts: Sequence[str]) -> tuple[TrialId, ...]:
    """Several trials, each once, in the order given."""
    return tuple(dict.fromkeys(trial_id(text) for text in numbers(texts)))


def reference(text: str) -> Reference:
    """Read `TRIAL` or `TRIAL@VERSION`."""
    name, mark, at = text.partition("@")
    if mark and not versions.is_readable(at):
        raise typer.BadParameter(f"{text!r}: {at or 'nothing'!r} names no version. Use {versions.FORMS}.")
    return Reference(trial_id(name), at or "latest", bool(mark))


def as_of(text: str) -> str:
    """A date given as an option, in the form `choose` reads."""
    try:
        return str(PartialDate.parse(text))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no date. Give 2026-03-14, 2026-03 or 2026.", param_hint="--as-of"
        ) from error
