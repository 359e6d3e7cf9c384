"""Two versions of a trial beside each other: only what differs, the worst first, long text word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from starlette.requests import Request

from monitor import registries
from monitor.compare import compare
from monitor.core import versions
from monitor.core.catalogue import field as catalogue_field
from monitor.core.change import LEVELS, Significance
from monitor.core.partial_date import PartialDate
from monitor.core.phrases import SOURCES, Span, clip, clip_span, day_words, diff_spans
from monitor.core.record import Json, TrialId
from monitor.core.recorded import RecordedChange, leading, stamp_changes
from monitor.core.sentences.words import word
from monitor.core.watching import Snapshot
from monitor.errors import StoreError
from monitor.pipeline import lookups
from monitor.web import asking, trial
from monitor.web.answering import RefusedError
from monitor.web.site import Site

DIFFERENCES = 400
"""Shown; the rest is counted."""
_CELL = 1200
_SPANS = 60
_CHOICES = 300
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: what the older version says, and the newer one."""

    level: Significance
    label: str
    summary: str
    before: tuple[Span, ...]
    after: tuple[Span, ...]


def values(site: Site, request: Request, number: TrialId) -> dict[str, object]:
    """What the page shows; RefusedError where a version is not held."""
    state = lookups.known_trial(site.store, number)
    held = lookups.versions(site.store, number)
    if not held:
        raise RefusedError(404, f"No version of {number} is stored.", "`trialwire poll` reads it.")
    old = _chosen(held, asking.one(request, "from"), held[-2:][0])
    new = _chosen(held, asking.one(request, "to"), held[-1])
    found = _differences(site, old, new)
    shown = leading([one for one in found if one.significance != "noise"])
    quiet = [one for one in found if one.significance == "noise"]
    return {
        **trial.about(state),
        "old": old,
        "new": new,
        "old_label": versions.label(old),
        "new_label": versions.label(new),
        "choices": [(f"@s{one.seq}", versions.label(one)) for one in reversed(held[-_CHOICES:])],
        "differences": [_difference(one) for one in shown[:DIFFERENCES]],
        "quiet": [_difference(one) for one in quiet[:DIFFERENCES]],
        "more": max(len(shown) - DIFFERENCES, 0) + max(len(quiet) - DIFFERENCES, 0),
        "compare_url": _at_registry(old, new),
    }


def _chosen(held: Sequence[Snapshot], asked: str | None, default: Snapshot) -> Snapshot:
    """The version that was asked for, as `@4`, `@s21` or a day."""
    if asked is None:
        return default
    at = asked.removeprefix("@")
    if not versions.is_readable(at):
        raise RefusedError(400, f"“{asked[:40]}” names no version.", f"Use {versions.FORMS}.")
    try:
        return versions.choose(held, at)
    except StoreError as error:
        raise RefusedError(404, error.message, "Choose two of those that are held.") from error


def _differences(site: Site, old: Snapshot, new: Snapshot) -> list[RecordedChange]:
    if old.seq == new.seq:
        return []
    before, after = (orjson.loads(site.store.body(one.trial, one.seq)) for one in (old, new))
    stamp = lookups.stamp(old, new)
    changes, _ = stamp_changes(compare(before, after, registry=old.trial.registry), stamp)
    return sorted(changes, key=lambda one: LEVELS.index(one.significance))


def _difference(change: RecordedChange) -> Difference:
    spans = [clip_span(span, _CELL) for span in diff_spans(change.facts.get("text_diff"))[:_SPANS]]
    if len(spans) > 1:
        before = tuple(span for span in spans if span[0] != "+")
        after = tuple(span for span in spans if span[0] != "-")
    else:
        before, after = _said(change.body.get("old"), "-"), _said(change.body.get("new"), "+")
    return Difference(
        level=change.significance,
        label=_label(change),
        summary=clip(change.summary, 400),
        before=before,
        after=after,
    )


def _label(change: RecordedChange) -> str:
    """What differs, in words: the field, and which part of an item; the sentence names the item."""
    return clip(" · ".join(filter(None, [catalogue_field(change.field).label, change.part])), 200)


def _said(value: Json, sign: str) -> tuple[Span, ...]:
    text = clip(_flat(value), _CELL)
    return ((("-", text) if sign == "-" else ("+", text)),) if text else ()


def _flat(value: Json) -> str:
    """A value on one line: enum words readable, members with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return word(value)
        case {"date": str(when), **rest}:
            return _day(when) + (f" ({str(rest['type']).lower()})" if rest.get("type") else "")
        case {"section": str(), "text": str(text)}:
            return text
        case dict():
            return ", ".join(part for one in value.values() if (part := _flat(one)))
        case list():
            return ", ".join(part for one in value if (part := _flat(one)))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _day(text: str) -> str:
    try:
        return day_words(PartialDate.parse(text))
    except ValueError:
        return text


def _at_registry(old: Snapshot, new: Snapshot) -> str:
    """Where the registry itself shows the two beside each other, where it can."""
    names = SOURCES.get(new.trial.registry)
    if not (names and names.compare and old.version and new.version and old.version != new.version):
        return ""
    url = registries.reader(new.trial.registry).url(new.trial)
    return names.compare.format(url=url, a=old.version, b=new.version)
