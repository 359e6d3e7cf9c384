"""The JSON API: changes as the contract has them (section 2), page by page; the status; the schemas.

Recorded changes only: the first sight of a record is derived, not recorded, and the command line gives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from monitor import schemas as shipped
from monitor.core.record import JsonObject, TrialId
from monitor.core.recorded import RecordedChange
from monitor.pipeline import lookups
from monitor.store.values import ChangeQuery
from monitor.web import asking
from monitor.web.answering import SCHEMA, RefusedError, answer, as_json
from monitor.web.site import Site

_ORDERS = ("newest", "recorded")
_LARGEST = 2**63 - 1


def changes(site: Site, request: Request) -> Response:
    """Changes across all trials held, newest first by the registry's clock, or in the order recorded."""
    asking.only(request, asking.ACROSS | asking.PAGING | {"after"})
    return _page(site, request, asking.changes(request, site.now))


def of_trial(site: Site, request: Request, trial: TrialId) -> Response:
    """Changes of one trial, under its former numbers too."""
    asking.only(request, asking.FILTERS | asking.PAGING | {"after"})
    lookups.known_trial(site.store, trial)
    numbers = (trial, *site.store.former_numbers(trial))
    return _page(site, request, asking.changes(request, site.now, numbers))


def status(site: Site, request: Request) -> Response:
    """What `trialwire status --format json` says."""
    asking.only(request, ())
    return as_json(request, site.status())


def schemas(request: Request) -> Response:
    """What schemas there are, by address."""
    asking.only(request, ())
    return as_json(request, {name: f"/api/schemas/{name}" for name in shipped.names()})


def schema(request: Request, name: str) -> Response:
    """One of them."""
    asking.only(request, ())
    if name not in shipped.names():
        raise RefusedError(404, "There is no such schema.", f"Known: {', '.join(shipped.names())}.")
    return answer(request, orjson.dumps(shipped.bundled(name), option=orjson.OPT_INDENT_2), SCHEMA)


def _page(site: Site, request: Request, query: ChangeQuery) -> Response:
    limit = query.limit or asking.LIMIT
    order = asking.one(request, "order") or _ORDERS[0]
    if order not in _ORDERS:
        raise RefusedError(400, "There is no such order.", f"Known: {', '.join(_ORDERS)}.")
    if order == "recorded":
        return _recorded(site, request, query)
    if asking.one(request, "after") is not None:
        raise RefusedError(400, "after counts in the order recorded.", "Add order=recorded.")
    found = site.store.changes(replace(query, before=asking.cursor(request), limit=limit + 1))
    following = asking.cursor_of(found[limit - 1]) if len(found) > limit else None
    return _answer(request, found[:limit], following, {"cursor": following})


def _recorded(site: Site, request: Request, query: ChangeQuery) -> Response:
    """For a program that must miss none: what was recorded after a number, oldest first; `next` always is."""
    if asking.one(request, "cursor") is not None:
        raise RefusedError(400, "cursor counts from the newest.", "In the order recorded, give after.")
    after = 0 if asking.one(request, "after") == "0" else asking.number(request, "after", 0, _LARGEST)
    found = site.store.recorded_after(query, after)
    last = found[-1].number if found else after
    return _answer(request, found, str(last), {"after": str(last)} if len(found) == query.limit else {})


def _answer(
    request: Request, found: Sequence[RecordedChange], following: str | None, link: Mapping[str, str | None]
) -> Response:
    body: JsonObject = {"changes": [change.to_dict() for change in found], "next": following}
    headers = {}
    if any(link.values()):
        kept = [(k, v) for k, v in request.query_params.multi_items() if k not in link]
        query = urlencode([*kept, *((k, v) for k, v in link.items() if v)])
        headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return as_json(request, body, headers=headers)
