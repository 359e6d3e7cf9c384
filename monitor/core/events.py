"""A digest as events for programs: JSON objects with the changes as recorded (contract sections 2 and 7).

An event that would be too large is told in numbered parts: each holds whole changes, with the findings they
belong to. A single change larger than a part goes without its values, which `omitted` says. Nothing here
signs or sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from monitor.core.change import LEVELS
from monitor.core.digest import Digest, Story, counts
from monitor.core.programmes import Programme
from monitor.core.record import Json, JsonObject
from monitor.core.recorded import RecordedChange, isoformat
from monitor.core.searches import DISCOVERED
from monitor.core.watching import Notice, SourceHealth

MAX_LISTED = 500
"""Entries of each list beside the changes; `counts` has their full number."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something told to a program."""

    type: str
    at: datetime
    subject: str
    """The subscription or channel it comes from."""
    data: JsonObject


def digest_events(digest: Digest, wanted: Sequence[str], *, limit: int) -> Iterator[Event]:
    """The events of a digest of the types in `wanted`, in that order; `limit` bounds their data in bytes."""
    for event_type in wanted:
        if event_type == "digest.created":
            yield from _parts(event_type, digest, digest.stories, limit=limit, with_rest=True)
        elif event_type == "change.detected":
            for story in digest.stories:
                yield from _parts(event_type, digest, (story,), limit=limit, with_rest=False)
        elif event_type == "trial.discovered":
            for story in (story for story in digest.stories if story.finding.rule == DISCOVERED):
                yield from (_event(event_type, digest, _discovered(digest, one)) for one in story.changes)
        elif event_type == "source.unhealthy":
            for notice in (notice for notice in digest.notices if notice.kind == "source"):
                yield _event(event_type, digest, _source_event(digest, notice))


def _event(event_type: str, digest: Digest, data: JsonObject) -> Event:
    return Event(event_type, digest.created_at, digest.subscription.name, data)


@dataclass(slots=True)
class _Part:
    """What goes into one message; `size` is that of its findings and changes in bytes."""

    findings: dict[str, JsonObject] = field(default_factory=dict)
    changes: dict[str, JsonObject] = field(default_factory=dict)
    size: int = 0


def _parts(
    event_type: str, digest: Digest, stories: Sequence[Story], *, limit: int, with_rest: bool
) -> Iterator[Event]:
    rest = _rest(digest) if with_rest else {}
    head = len(orjson.dumps({"digest": _digest(digest, 1, 1), **rest}))
    parts = _packed(digest.programmes if with_rest else (), stories, room=limit - head)
    for number, part in enumerate(parts, start=1):
        yield _event(
            event_type,
            digest,
            {
                "digest": _digest(digest, number, len(parts)),
                "findings": list[Json](part.findings.values()),
                "changes": list[Json](part.changes.values()),
                **(rest if number == 1 else {name: [] for name in rest}),
            },
        )


def _packed(programmes: Sequence[Programme], stories: Sequence[Story], *, room: int) -> list[_Part]:
    """Findings and changes in as many parts as they need; always one. Programmes come first."""
    parts = [_Part()]
    for one in programmes:
        shared = _fitting(one.to_dict(), room // 4, _PROGRAMME_LISTS)
        if parts[-1].size and parts[-1].size + _size(shared) > room:
            parts.append(_Part())
        parts[-1].size += _size(shared)
        parts[-1].findings[one.id] = shared
    for story in stories:
        finding = _fitting(story.finding.to_dict(), room // 4, _FINDING_LISTS)
        finding_size = len(orjson.dumps(finding)) + 1
        for change in story.changes or (None,):
            told = None if change is None else _fitting_change(change, room - finding_size - 1)
            size = (0 if story.finding.id in parts[-1].findings else finding_size) + _size(told)
            if parts[-1].size and parts[-1].size + size > room:
                parts.append(_Part())
                size = finding_size + _size(told)
            part = parts[-1]
            part.size += size
            part.findings[story.finding.id] = finding
            if change is not None and told is not None:
                part.changes[change.id] = told
    return parts


def _size(told: JsonObject | None) -> int:
    return 0 if told is None else len(orjson.dumps(told)) + 1


def _fitting_change(change: RecordedChange, limit: int) -> JsonObject:
    told = change.to_dict()
    if _size(told) <= limit:
        return told
    return {**told, "old": None, "new": None, "facts": {}, "omitted": ["old", "new", "facts"]}


_FINDING_LISTS = ("changes", "details", "facts", "steps")
_PROGRAMME_LISTS = ("trials", "changes", "findings", "details")
_EMPTY: Mapping[str, Json] = {"facts": {}}


def _fitting(finding: JsonObject, limit: int, lists: Sequence[str]) -> JsonObject:
    """The finding; one over thousands of changes goes without naming them all, as `changes` still do."""
    if _size(finding) <= limit:
        return finding
    return {**finding, **{name: _EMPTY.get(name, []) for name in lists}, "omitted": list(lists)}


def _digest(digest: Digest, part: int, parts: int) -> JsonObject:
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
        "counts": {
            "findings": by_level,
            "changes": len({change.id for story in digest.stories for change in story.changes}),
            "folded": digest.folded,
            "trials": len({story.trial.trial for story in digest.stories}),
            "watched": digest.watched,
            "unread": len(digest.unread),
            "baselines": len(digest.baselines),
            "notices": len(digest.notices),
        },
        "part": part,
        "parts": parts,
    }


def _rest(digest: Digest) -> JsonObject:
    return {
        "baselines": [_notice(notice) for notice in digest.baselines[:MAX_LISTED]],
        "notices": [_notice(notice) for notice in digest.notices[:MAX_LISTED]],
        "sources": [_source(source) for source in digest.sources],
        "unread": [
            {"registry": state.trial.registry, "id": state.trial.id, "title": state.title}
            for state in digest.unread[:MAX_LISTED]
        ],
    }


def _notice(notice: Notice) -> JsonObject:
    trial: Json = None if notice.trial is None else {"registry": notice.trial.registry, "id": notice.trial.id}
    return {
        "kind": notice.kind,
        "subject": notice.subject,
        "message": notice.message,
        "at": isoformat(notice.at),
        "trial": trial,
    }


def _source(source: SourceHealth) -> JsonObject:
    read = source.last_success_at
    return {
        "registry": source.registry,
        "state": source.state,
        "since": isoformat(source.since),
        "reason": source.reason,
        "data_version": source.data_version,
        "last_success_at": None if read is None else isoformat(read),
    }


def _discovered(digest: Digest, change: RecordedChange) -> JsonObject:
    """A trial that came into a search, with the change that says so."""
    told, facts = change.to_dict(), change.body.get("facts")
    known = facts if isinstance(facts, dict) else {}
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
