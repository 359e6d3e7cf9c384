"""The overview: a strip of days, what the latest digests told, and whether all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.change import Significance, at_least
from monitor.core.entries import Limits
from monitor.core.phrases import day_words, freshness
from monitor.store import StoredDigest
from monitor.store.pages import Told as Place
from monitor.store.values import ChangeQuery
from monitor.web import days, stories
from monitor.web.site import Site

DAYS = 30
STORIES = 10
"""Told of one digest; its own page has all."""
LATEST = 60
"""Changes shown where nobody subscribes to any."""
_ATTENTION = 12


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest digest of a subscription."""

    name: str
    digest: StoredDigest | None
    when: str
    stories: tuple[stories.Told, ...]
    more: str


def values(site: Site) -> dict[str, object]:
    """What the overview shows."""
    store, now = site.store, site.now
    subscriptions = site.works.subscriptions
    since = now.date() - timedelta(days=DAYS - 1)
    latest = [_latest(site, one.name, one.min_significance) for one in subscriptions]
    attention = site.status().get("attention")
    said = [str(line) for line in attention] if isinstance(attention, list) else []
    return {
        "strip": days.strip(store.daily(since), now.date(), DAYS),
        "sources": [freshness(source, now.year) for source in store.sources()],
        "attention": said[:_ATTENTION],
        "more_attention": max(len(said) - _ATTENTION, 0),
        "watched": site.status().get("watched") or 0,
        "latest": latest,
        "changes": [] if subscriptions else _changes(site),
    }


def when(at: datetime) -> str:
    """`20 Nov 2026, 07:30 UTC`."""
    return f"{day_words(at.date())}, {at:%H:%M} UTC"


def in_groups(places: Sequence[Place]) -> list[list[Place]]:
    """Places of changes by the story they belong to, in the same order."""
    groups: dict[tuple[str, str], list[Place]] = {}
    for place in places:
        groups.setdefault((str(place.trial), place.finding or ""), []).append(place)
    return list(groups.values())


def told(
    site: Site, groups: Sequence[Sequence[Place]], limits: Limits = stories.LIMITS
) -> tuple[stories.Told, ...]:
    """The stories of some places, read now."""
    places = [place for group in groups for place in group]
    found = site.store.changes_by_id(place.change for place in places)
    findings = site.store.findings_by_id(sorted({place.finding for place in places if place.finding}))
    states = [held.state for held in site.store.latest(place.trial for place in places).values()]
    changes = [found[place.change] for place in places if place.change in found]
    return stories.told(states, changes, tuple(findings.values()), limits)


def _latest(site: Site, name: str, minimum: Significance) -> Latest:
    digest = site.store.last_digest(name)
    if digest is None:
        return Latest(name, None, "", (), "")
    # As in the message: what is administrative in a story is only counted.
    floor = minimum if minimum == "noise" else "minor"
    loud = [
        place
        for place in site.store.told(digest.id)
        if at_least(place.loudness, minimum) and at_least(place.significance, floor)
    ]
    groups = in_groups(loud)
    rest = len(groups) - STORIES
    more = f"and {rest:,} more {'story' if rest == 1 else 'stories'}" if rest > 0 else ""
    return Latest(name, digest, when(digest.created_at), told(site, groups[:STORIES]), more)


def _changes(site: Site) -> tuple[stories.Told, ...]:
    changes = site.store.changes(ChangeQuery(min_significance="minor", origins=("poll",), limit=LATEST))
    findings = site.store.findings_over(change.id for change in changes)
    states = [held.state for held in site.store.latest(change.trial for change in changes).values()]
    return stories.told(states, changes, findings)
