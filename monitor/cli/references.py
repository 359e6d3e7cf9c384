"""Trials and their versions as people name them: `NCT07263919@4`, `@s21`, `@2026-03-01`, `@original`.

`@4` is the registry's own version number, `@s21` our 21st snapshot, a date the version that stood on that
day. Nothing here reads a database; it chooses among snapshots it is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import typer

from monitor.core.partial_date import PartialDate
from monitor.core.record import TrialId
from monitor.core.watching import Snapshot
from monitor.errors import StoreError

_OURS = re.compile(r"^s(\d+)$")
_THEIRS = re.compile(r"^v?(\d{1,3})$")
_FORMS = "@4 (the registry's version), @s21 (our snapshot), @2026-03-01, @original or @latest"


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
    if mark and not _readable(at):
        raise typer.BadParameter(f"{text!r}: {at or 'nothing'!r} names no version. Use {_FORMS}.")
    return Reference(trial_id(name), at or "latest", bool(mark))


def _readable(at: str) -> bool:
    if at in ("original", "latest") or _OURS.match(at) or _THEIRS.match(at):
        return True
    try:
        PartialDate.parse(at)
    except ValueError:
        return False
    return True


def as_of(text: str) -> str:
    """A date given as an option, in the form `choose` reads."""
    try:
        return str(PartialDate.parse(text))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no date. Give 2026-03-14, 2026-03 or 2026.", param_hint="--as-of"
        ) from error


def choose(snapshots: Sequence[Snapshot], at: str) -> Snapshot:
    """The snapshot a version names, of `snapshots` in the trial's own order, oldest first."""
    if not snapshots:
        raise StoreError("No version of this trial is stored.", remedy="`trialwire poll` reads it.")
    ours, theirs = _OURS.match(at), _THEIRS.match(at)
    if at == "original":
        return snapshots[0]
    if at == "latest":
        return snapshots[-1]
    if ours:
        return _only([s for s in snapshots if s.seq == int(ours[1])], snapshots, f"snapshot s{ours[1]}")
    if theirs:
        found = [s for s in snapshots if s.version == int(theirs[1])]
        return _only(found, snapshots, f"registry version {theirs[1]}")
    day = PartialDate.parse(at).last
    return _only([s for s in snapshots if effective(s) <= day][-1:], snapshots, f"version as of {at}")


def effective(snapshot: Snapshot) -> date:
    """The first day this version is known to have stood, by the registry's clock where it says."""
    if snapshot.origin != "poll" or snapshot.seq == 1:
        said = snapshot.posted_on or snapshot.submitted_on or snapshot.data_version
    else:
        said = snapshot.data_version or snapshot.posted_on
    return PartialDate.parse(said[:10]).first if said else snapshot.observed_at.date()


def _only(found: Sequence[Snapshot], snapshots: Sequence[Snapshot], wanted: str) -> Snapshot:
    if found:
        return found[0]
    raise StoreError(
        f"{snapshots[0].trial}: no {wanted} is stored, only {known(snapshots)}.",
        remedy=f"`trialwire versions {snapshots[0].trial}` lists them; a version is named by {_FORMS}.",
    )


def known(snapshots: Sequence[Snapshot]) -> str:
    """What can be asked for, in a few words."""
    ours = f"snapshots s{snapshots[0].seq} to s{snapshots[-1].seq}" if len(snapshots) > 1 else "snapshot s1"
    numbers = sorted({s.version for s in snapshots if s.version is not None})
    theirs = f", registry versions {', '.join(map(str, numbers))}" if numbers else ""
    return f"{ours} (from {effective(snapshots[0])}){theirs}"


def label(snapshot: Snapshot) -> str:
    """How a version is called in a heading: `v4 · s21 · 2026-03-01`."""
    number = f"v{snapshot.version} · " if snapshot.version is not None else ""
    return f"{number}s{snapshot.seq} · {effective(snapshot)}"
