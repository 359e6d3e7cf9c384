"""Who gets what, when: a subscription as a value, and whether a trial is one of those it is about.

Everything it leaves empty passes. Of what it names, each filter must fit, and one name of a filter is enough.
What is not known of a trial yet passes too: better told for nothing than missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from monitor.core import cadence, quiet
from monitor.core.change import Significance
from monitor.core.watching import TrialState
from monitor.errors import ConfigError

ALERTS = "alerts"
"""The name of the subscription that `[alerts]` makes; nobody else may have it."""

Layout: TypeAlias = Literal["digest", "threads"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One `[[subscriptions]]` table of the config. Empty filters pass everything."""

    name: str
    channels: tuple[str, ...]
    cadence: str
    min_significance: Significance = "minor"
    immediate_at: Significance | None = None
    tags: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    """Names of saved searches and assets: only trials in one of them, or in one of `assets`."""
    assets: tuple[str, ...] = ()
    """Names of assets alone."""
    trials: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    sponsors: tuple[str, ...] = ()
    """Parts of the lead sponsor's name."""
    conditions: tuple[str, ...] = ()
    """Parts of a condition or keyword."""
    baseline: Literal["folded", "full"] = "folded"
    heartbeat: bool = False
    quiet_hours: str = ""
    """As `core.quiet` reads it; empty: none."""
    layout: Layout = "digest"
    """`threads`: beside the digest, each trial's stories by themselves, for channels that can."""
    readout_days: int = 90
    """How far the readout clock looks ahead; 0: it is left out."""
    only_notices: bool = False
    """Is it told of trouble and of nothing else? So is the one that `[alerts]` makes."""

    @property
    def zone(self) -> ZoneInfo:
        """The reader's: days and times are told in it."""
        return cadence.zone_of(cadence.parse(self.cadence))

    def quiet_until(self, at: datetime) -> datetime | None:
        """When the quiet hours end that `at` lies in; None where it lies in none."""
        hours = quiet.parse(self.quiet_hours, cadence.parse(self.cadence))
        return hours.until(at) if hours else None

    def is_about(self, state: TrialState) -> bool:
        """Do sponsor and condition fit? Tags, searches and numbers are the store's to judge."""
        return self.fits(state.sponsor, state.conditions)

    def fits(self, sponsor: str | None, conditions: tuple[str, ...] | None) -> bool:
        """The same of a trial of which no more is at hand; without conditions they are not known."""
        lead = (sponsor or "").casefold()
        if self.sponsors and not any(name.casefold() in lead for name in self.sponsors):
            return False
        if not self.conditions or not conditions:
            return True
        named = [condition.casefold() for condition in conditions]
        return any(part.casefold() in name for part in self.conditions for name in named)


def named(subscriptions: Sequence[Subscription], name: str) -> Subscription:
    """The subscription of this name; ConfigError where there is none."""
    for subscription in subscriptions:
        if subscription.name == name:
            return subscription
    known = ", ".join(subscription.name for subscription in subscriptions)
    raise ConfigError(
        f"there is no subscription {name!r}.",
        key="subscriptions",
        remedy=f"Known: {known}." if known else "None is configured; `trialwire init` shows how.",
    )
