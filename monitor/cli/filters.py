"""The options that choose changes, the same for `history` and `changes`, and the query they become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from monitor.cli import dates

if TYPE_CHECKING:
    from monitor.core.record import TrialId
    from monitor.store import Store
    from monitor.store.values import ChangeQuery


class Level(StrEnum):
    """The significance levels, worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    NOISE = "noise"


FieldOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--field", metavar="GLOB", help="Catalogue fields: status.overallStatus, 'status.*', '*Date'."
    ),
]
CategoryOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--category", metavar="C", help="status, dates, eligibility, sites, …")
]
RuleOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="R", help="By deciding rule: C1, M2, … (`trialwire rules`)."),
]
LevelOption: TypeAlias = Annotated[
    Level | None, typer.Option("--min-significance", help="This level and worse; noise shows everything.")
]
SinceOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--since", metavar="D", help="From this day on, by the registry's clock: 2026-03, 30d."),
]
UntilOption: TypeAlias = Annotated[
    str | None, typer.Option("--until", metavar="D", help="Up to this day, by the registry's clock.")
]
ObservedOption: TypeAlias = Annotated[
    str | None, typer.Option("--observed-since", metavar="D", help="Seen by us from this day or time on.")
]
LimitOption: TypeAlias = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="At most this many of the newest changes.")
]
BaselineOption: TypeAlias = Annotated[
    bool,
    typer.Option("--baseline", help="Show the fields of the first sight too (machine formats always do)."),
]


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for."""

    field: str | None = None
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    level: Level | None = None
    since: str | None = None
    until: str | None = None
    observed_since: str | None = None
    tags: tuple[str, ...] = ()
    sponsor: str | None = None
    limit: int | None = None
    searches: tuple[str, ...] = ()

    def query(self, trials: Sequence[TrialId] = ()) -> ChangeQuery:
        """The store's form of it; BadParameter where a value cannot be meant."""
        from monitor.store.values import ChangeQuery

        return ChangeQuery(
            trials=tuple(trials),
            field=self.field,
            categories=_known_categories(self.categories),
            rules=_known_rules(self.rules),
            min_significance=None if self.level is None else self.level.value,
            since=dates.first_day(self.since),
            until=dates.last_day(self.until),
            observed_since=dates.moment(self.observed_since, "--observed-since"),
            tags=self.tags,
            searches=self.searches,
            sponsor=self.sponsor,
            limit=self.limit,
        )

    def picks(self) -> bool:
        """Does it ask for changes of some kind, to be shown whole?"""
        return bool(self.field or self.categories or self.rules or self.level is Level.NOISE)

    def told(self) -> str:
        """The filters in the words they were given in; empty where there are none."""
        pairs = (
            ("--field", self.field),
            ("--category", ", ".join(self.categories)),
            ("--rule", ", ".join(self.rules)),
            ("--min-significance", self.level.value if self.level else None),
            ("--since", self.since),
            ("--until", self.until),
            ("--observed-since", self.observed_since),
            ("--tag", ", ".join(self.tags)),
            ("--search", ", ".join(self.searches)),
            ("--sponsor", self.sponsor),
        )
        return " ".join(f"{name} {value}" for name, value in pairs if value)

    def narrowest(self) -> str:
        """The filter to lift first, to see more."""
        order = ("--field", "--rule", "--category", "--min-significance", "--since", "--observed-since",
                 "--until", "--sponsor", "--tag", "--search")  # fmt: skip
        told = self.told()
        return next((name for name in order if name in told), "")


def known_names(store: Store, filters: Filters) -> None:
    """Refuse a tag that nothing has, or a search nobody saved and nothing is recorded of (BadParameter)."""
    tags = store.tags() if filters.tags else ()
    for name in filters.tags:
        if name not in tags:
            _known(name, tags, "tag", "--tag")
    saved = [one.name for one in store.searches()] if filters.searches else []
    for name in filters.searches:
        is_saved = name.casefold() in {one.casefold() for one in saved}
        # What is recorded of a search that was removed is still found under its name.
        if not is_saved and not store.changes(replace(filters.query(), searches=(name,), tags=(), limit=1)):
            _known(name, saved, "search or asset", "--search")


def _known_categories(asked: Sequence[str]) -> tuple[str, ...]:
    from monitor.core.catalogue import CATEGORIES

    return tuple(_known(name.lower(), CATEGORIES, "category", "--category") for name in asked)


def _known_rules(asked: Sequence[str]) -> tuple[str, ...]:
    if not asked:
        return ()
    from monitor.core.rules import default_rules

    known = [rule.id for rule in default_rules()]
    return tuple(_known(name, known, "rule", "--rule") for name in asked)


def _known(name: str, known: Iterable[str], what: str, option: str) -> str:
    names = list(known)
    if name in names:
        return name
    import difflib

    same = [one for one in names if one.casefold() == name.casefold()]
    close = same or difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listed = f"Known: {', '.join(names)}" if names else f"No {what} is known"
    rest = "`trialwire rules` lists all" if what == "rule" else listed
    hint = f"Did you mean {' or '.join(close)}?" if close else f"{rest}."
    raise typer.BadParameter(f"there is no {what} {name!r}. {hint}", param_hint=option)
