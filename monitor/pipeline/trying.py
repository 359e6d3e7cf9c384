"""Try a search before it is saved: how many trials fit, and the first of them as the registry has them now.

A few requests, nothing written. What cannot be asked is a SearchRefusedError, said before anything is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.record import TrialId
from monitor.core.searches import Matched, SavedSearch, matched, questions
from monitor.errors import ConfigError, RecordFormatError
from monitor.pipeline.works import Works
from monitor.registries import Payload, Registry, Searchable


@dataclass(frozen=True, slots=True)
class Sight:
    """One trial that fits."""

    trial: TrialId
    title: str
    status: str | None
    matched: Matched | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search would find."""

    total: int
    exact: bool
    """False where it was asked in parts, which may share trials."""
    first: tuple[Sight, ...]


def searchable(works: Works, name: str | None = None) -> str:
    """The registry to search: the one named, else the only one that can be searched.

    Raises ConfigError where there is none, or no one to choose.
    """
    known = [key for key, registry in works.registries.items() if isinstance(registry, Searchable)]
    if name in known:
        return str(name)
    if name is None and len(known) == 1:
        return known[0]
    raise ConfigError(
        f"registry {name!r} cannot be searched" if name else "several registries can be searched",
        remedy=f"Name one of: {', '.join(known) or 'none'}.",
    )


def attempt(works: Works, saved: SavedSearch, *, first: int = 5) -> Outcome:
    """Ask how many trials fit and look at the first of them."""
    registry = works.registries[saved.registry]
    if not isinstance(registry, Searchable):
        raise ConfigError(f"registry {saved.registry!r} cannot be searched")
    parts = questions(saved)
    found = [registry.matching(part, first=first) for part in parts]
    numbers = list(dict.fromkeys(trial for one in found for trial in one.first))[:first]
    return Outcome(sum(one.total for one in found), len(parts) == 1, tuple(_seen(registry, saved, numbers)))


def _seen(registry: Registry, saved: SavedSearch, numbers: Sequence[TrialId]) -> list[Sight]:
    payloads = {one.trial: one for one in registry.fetch(numbers) if isinstance(one, Payload)}
    sights = []
    for number in numbers:
        payload = payloads.get(number)
        if payload is None:
            sights.append(Sight(number, "", None, None))
            continue
        facts, why = registry.facts(payload.record), None
        if saved.kind == "asset":
            try:
                why = matched(registry.normalize(payload.record), saved.names)
            except RecordFormatError:
                why = None
        sights.append(Sight(number, facts.title, facts.overall_status, why))
    return sights
