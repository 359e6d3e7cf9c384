"""A digest as events for programs: JSON objects with the changes as recorded (contract sections 2 and 7).

An event that would be too large is told in numbered parts (`core.parts`). Every type has a schema, by whose
address it can be told (`schema_uri`); the schemas themselves are files of `monitor.schemas`. Nothing here
signs or sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from monitor.core.change import LEVELS
from monitor.core.digest import Digest, Story, counts
from monitor.core.parts import fitting_change, listed, packed
from monitor.core.phrases import clip
from monitor.core.record import Json, JsonObject, TrialId
from monitor.core.recorded import RecordedChange, isoformat
from monitor.core.searches import DISCOVERED
from monitor.core.watching import Notice, SourceHealth

SCHEMA_VERSIONS: Mapping[str, int] = {
    "digest.created": 1,
    "change.detected": 1,
    "trial.discovered": 1,
    "source.unhealthy": 1,
    "test.ping": 1,
}
"""The types there are. A version grows only where a member goes or comes to mean something else."""
MAX_LISTED = 500
"""Entries of each list beside the changes; `counts` has their full number."""
_MAX_MESSAGE = 2_000
"""Characters of a notice."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something told to a program."""

    type: str
    at: datetime
    source: str
    """Where it comes from: `subscription:NAME` or `channel:NAME`."""
    data: JsonObject
    trial: TrialId | None = None
    """The one trial it is about; None where it is about several or none."""


def schema_uri(event_type: str) -> str:
    """The address of the schema that an event's `data` obeys."""
    return f"urn:trialwire:schema:{event_type}:{SCHEMA_VERSIONS[event_type]}#/$defs/data"


def digest_events(digest: Digest, wanted: Sequence[str], *, limit: int) -> Iterator[Event]:
    """The events of a digest of the types in `wanted`, in that order; `limit` bounds their data in bytes."""
    about = _digest(digest)  # once: it counts all stories, and each of them is an event that says it
    for event_type in wanted:
        if event_type == "digest.created":
            yield from _parts(event_type, digest, about, digest.stories, limit=limit)
        elif event_type == "change.detected":
            for story in digest.stories:
                yield from _parts(event_type, digest, about, (story,), limit=limit, trial=story.trial.trial)
        elif event_type == "trial.discovered":
            for story in (story for story in digest.stories if story.finding.rule == DISCOVERED):
                for one in story.changes:
                    yield _event(event_type, digest, _discovered(digest, one, limit), one.trial)
        elif event_type == "source.unhealthy":
            for notice in (notice for notice in digest.notices if notice.kind == "source"):
                yield _event(event_type, digest, _source_event(digest, notice))


def _event(event_type: str, digest: Digest, data: JsonObject, trial: TrialId | None = None) -> Event:
    return Event(event_type, digest.created_at, f"subscription:{digest.subscription.name}", data, trial)


def _parts(
    event_type: str,
    digest: Digest,
    about: JsonObject,
    stories: Sequence[Story],
    *,
    limit: int,
    trial: TrialId | None = None,
) -> Iterator[Event]:
    """One event in its parts; without a trial it is the whole digest's, with all that is not a story."""
    rest = _rest(digest, limit // 2) if trial is None else {}
    longest: JsonObject = {**about, "part": 9999, "parts": 9999}
    head = len(orjson.dumps({"digest": longest, "findings": [], "changes": [], **rest}))
    parts = packed(digest.programmes if trial is None else (), stories, room=limit - head)
    for number, part in enumerate(parts, start=1):
        data: JsonObject = {
            "digest": {**about, "part": number, "parts": len(parts)},
            "findings": list[Json](part.findings.values()),
            "changes": list[Json](part.changes.values()),
            **(rest if number == 1 else {name: [] for name in rest}),
        }
        yield _event(event_type, digest, data, trial)


def _digest(digest: Digest) -> JsonObject:
    """What every event says of its digest, save which part of how many it is."""
    levels = counts(digest)
    by_level: JsonObject = {level: levels.get(level, 0) for level in LEVELS}
    return {
        "id": digest.id,
        "subscription": digest.subscription.name,
        "kind": digest.kind,
        "period": digest.period,
        "sequence": digest.sequence,
        "window": {
            "since": None if digest.since is None else isoformat(digest.since),
            "until": isoformat(digest.until),
        },
        "covers": None if digest.covers is None else {"first": digest.covers[0], "last": digest.covers[1]},
        "counts": {
            "findings": by_level,
            "changes": len({change.id for story in digest.stories for change in story.changes}),
            "folded": digest.folded,
            "trials": len({story.trial.trial for story in digest.stories}),
            "watched": digest.watched,
            "unread": len(digest.unread),
            "baselines": len(digest.baselines),
            "notices": len(digest.notices),
            "held": digest.held,
        },
    }


def _rest(digest: Digest, room: int) -> JsonObject:
    """What is no story, in at most `room` bytes."""
    share = room // 4
    unread: Iterator[JsonObject] = (
        {"registry": state.trial.registry, "id": state.trial.id, "title": _bounded(state.title)}
        for state in digest.unread
    )
    return {
        "baselines": listed(map(_notice, digest.baselines), most=MAX_LISTED, room=share),
        "notices": listed(map(_notice, digest.notices), most=MAX_LISTED, room=share),
        "sources": listed(map(_source, digest.sources), most=MAX_LISTED, room=share),
        "unread": listed(unread, most=MAX_LISTED, room=share),
    }


def _notice(notice: Notice) -> JsonObject:
    trial: Json = None if notice.trial is None else {"registry": notice.trial.registry, "id": notice.trial.id}
    return {
        "kind": notice.kind,
        "subject": notice.subject,
        "message": _bounded(notice.message),
        "at": isoformat(notice.at),
        "trial": trial,
    }


def _source(source: SourceHealth) -> JsonObject:
    read = source.last_success_at
    return {
        "registry": source.registry,
        "state": source.state,
        "since": isoformat(source.since),
        "reason": _bounded(source.reason),
        "data_version": source.data_version,
        "last_success_at": None if read is None else isoformat(read),
    }


def _bounded(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else clip(text, _MAX_MESSAGE)


def _discovered(digest: Digest, change: RecordedChange, limit: int) -> JsonObject:
    """A trial that came into a search, with the change that says so."""
    told, known = fitting_change(change, limit // 2), change.facts
    return {
        "digest": {"id": digest.id, "subscription": digest.subscription.name},
        "search": change.key,
        "event": known.get("event"),
        "matched": known.get("matched"),
        "trial": told["trial"],
        "change": told,
    }


def _source_event(digest: Digest, notice: Notice) -> JsonObject:
    health = next((source for source in digest.sources if source.registry == notice.subject), None)
    return {"notice": _notice(notice), "source": None if health is None else _source(health)}
