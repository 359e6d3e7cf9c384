"""Which of a trial's versions is meant: `@4`, `@s21`, `@2026-03-01`, `@original`, `@latest`.

`@4` is the registry's own version number, `@s21` our 21st snapshot, a date the version that stood on that
day. Nothing here reads a store; it chooses among snapshots it is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from monitor.core.partial_date import PartialDate
from monitor.core.watching import Snapshot
from monitor.errors import StoreError

_OURS = re.compile(r"^s(\d{1,9})$", re.ASCII)
_THEIRS = re.compile(r"^v?(\d{1,3})$", re.ASCII)
FORMS = "@4 (the registry's version), @s21 (our snapshot), @2026-03-01, @original or @latest"


def is_readable(at: str) -> bool:
    """Can `at`, without its `@`, name a version?"""
    if at in ("original", "latest") or _OURS.match(at) or _THEIRS.match(at):
        return True
    try:
        PartialDate.parse(at)
    except ValueError:
        return False
    return True


def choose(snapshots: Sequence[Snapshot], at: str) -> Snapshot:
    """The snapshot a version names, of `snapshots` in the trial's own order, oldest first.

    Raises StoreError where there is no such version.
    """
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
        remedy=f"`trialwire versions {snapshots[0].trial}` lists them; a version is named by {FORMS}.",
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
