"""Digests that make events of every type: news while a source is down, and a trial that was discovered."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.digest import Digest
from monitor.core.record import JsonObject
from tests.support.digests import change, composed, finding, gathered, notice, source, trial


def troubled() -> Digest:
    """News, a first sight, and a source that is down."""
    state = trial(1)
    news = change(state, "2 sites added.")
    return composed(
        gathered(
            (state, finding(state, "Sites", news), (news,)),
            baselines=(notice("baseline", "Now watching", number=7, about=state),),
            notices=(notice("source", "ClinicalTrials.gov cannot be reached", number=8),),
            unread=(trial(2),),
        ),
        health=source("DOWN", "connection refused"),
    )


def discovered() -> Digest:
    """A trial that came into an asset's watch."""
    matched: JsonObject = {"name": "AK104", "place": "title"}
    facts: JsonObject = {"search": "AK104", "event": "entered", "matched": matched}
    state = trial(1)
    news = change(
        state, "New in the search AK104.", level="major", rule="M22", category="registry",
        field_name="registry.search", key="AK104", op="added", new="entered", facts=facts,
    )  # fmt: skip
    told = replace(finding(state, "New in the search AK104", news), kind="search")
    return composed(gathered((state, told, (news,))))
