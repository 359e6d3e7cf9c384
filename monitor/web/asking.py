"""What was asked: query parameters, each known, bounded and read; everything else is refused with a remedy.

The filters are those of `history` and `changes` on the command line, under the same names.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TypeVar

import orjson
from starlette.requests import Request

from monitor.core import moments
from monitor.core.catalogue import CATEGORIES
from monitor.core.change import LEVELS, Significance
from monitor.core.record import TrialId
from monitor.core.recorded import RecordedChange
from monitor.core.rules import default_rules
from monitor.pipeline.lookups import registry_day
from monitor.store.values import ChangeQuery
from monitor.web.answering import RefusedError

LONGEST = 200
"""Characters of one value."""
MOST = 20
"""Values of one parameter."""
LIMIT, MOST_CHANGES = 100, 1000
FILTERS = frozenset(
    ("field", "category", "rule", "min_significance", "since", "until", "observed_since")
)  # fmt: skip
ACROSS = FILTERS | {"tag", "search", "sponsor"}
PAGING = frozenset(("limit", "cursor", "order"))

T = TypeVar("T")


def only(request: Request, known: Iterable[str]) -> None:
    """Refuse parameters that mean nothing here: a misspelled filter would pass everything in silence."""
    names = sorted(known)
    for name in request.query_params:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(names)}."
            raise RefusedError(400, f"There is no parameter {_quoted(name)} here.", hint)


def one(request: Request, name: str) -> str | None:
    """A parameter given once, or not at all; empty is not given."""
    values = many(request, name)
    if len(values) > 1:
        raise RefusedError(400, f"{name} is given {len(values)} times.", "Give it once.")
    return values[0] if values else None


def many(request: Request, name: str) -> tuple[str, ...]:
    """A parameter as often as it is given."""
    values = [value for value in request.query_params.getlist(name) if value]
    if len(values) > MOST or any(len(value) > LONGEST for value in values):
        limits = f"Give at most {MOST} values of at most {LONGEST} characters."
        raise RefusedError(400, f"{name} asks for too much.", limits)
    return tuple(values)


def level(request: Request, name: str = "min_significance") -> Significance | None:
    """A level by its name."""
    value = one(request, name)
    if value is None:
        return None
    for known in LEVELS:
        if known == value:
            return known
    raise _unknown(name, value, LEVELS)


def number(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    value = one(request, name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 12 and 1 <= int(value) <= most):
        raise RefusedError(400, f"{name} is {_quoted(value)}.", f"Give a whole number from 1 to {most:,}.")
    return int(value)


def changes(request: Request, now: datetime, trials: Sequence[TrialId] = ()) -> ChangeQuery:
    """The store's form of the filters."""
    return ChangeQuery(
        trials=tuple(trials),
        field=one(request, "field"),
        categories=tuple(
            _known("category", value.lower(), CATEGORIES) for value in many(request, "category")
        ),
        rules=tuple(
            _known("rule", value, [rule.id for rule in default_rules()]) for value in many(request, "rule")
        ),
        min_significance=level(request),
        since=_read(request, "since", now, moments.first_day),
        until=_read(request, "until", now, moments.last_day),
        observed_since=_read(request, "observed_since", now, moments.moment),
        tags=many(request, "tag"),
        searches=many(request, "search"),
        sponsor=one(request, "sponsor"),
        limit=number(request, "limit", LIMIT, MOST_CHANGES),
    )


def cursor_of(change: RecordedChange) -> str:
    """Where the next page of an answer begins, opaque to who asks."""
    place = [registry_day(change).isoformat(), change.stamp.observed_at.isoformat(), change.number]
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def cursor(request: Request) -> tuple[date, datetime, int] | None:
    """Where this page begins."""
    given = one(request, "cursor")
    if given is None:
        return None
    try:
        day, seen, place = orjson.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        found = date.fromisoformat(day), datetime.fromisoformat(seen), int(place)
    except (binascii.Error, ValueError, TypeError):
        found = None
    if found is None or found[1].tzinfo is None or not 0 <= found[2] < 2**63:
        raise RefusedError(400, "cursor is none that was given here.", "Take it from `next` of an answer.")
    return found


def _read(request: Request, name: str, now: datetime, reader: Callable[[str, datetime], T]) -> T | None:
    value = one(request, name)
    if value is None:
        return None
    try:
        return reader(value, now)
    except ValueError as error:
        raise RefusedError(400, f"{name}: {error}") from error


def _known(name: str, value: str, known: Iterable[str]) -> str:
    names = list(known)
    if value not in names:
        raise _unknown(name, value, names)
    return value


def _unknown(name: str, value: str, known: Sequence[str]) -> RefusedError:
    same = [one for one in known if one.casefold() == value.casefold()]
    close = same or difflib.get_close_matches(value, known, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
    return RefusedError(400, f"There is no {name} {_quoted(value)}.", hint)


def _quoted(text: str) -> str:
    return f"“{text[:60]}”"
