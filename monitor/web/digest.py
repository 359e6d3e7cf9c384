"""The page of a digest: everything it told, folded or only counted, the worst first, page by page."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request

from monitor.core.change import LEVELS, at_least
from monitor.core.phrases import clip
from monitor.web import asking, overview, stories
from monitor.web.answering import RefusedError
from monitor.web.site import Site

STORIES = 50
"""On one page."""
NOTICES = 100
_PAGES = 10_000


def values(site: Site, request: Request, digest_id: str) -> dict[str, object]:
    """What the page shows; RefusedError where there is no such digest."""
    digest = site.store.digest(digest_id) if len(digest_id) <= asking.LONGEST else None
    if digest is None:
        raise RefusedError(
            404, "There is no such digest.", "The overview leads to the latest of each subscription."
        )
    level = asking.level(request)
    page = asking.number(request, "page", 1, _PAGES)
    places = site.store.told(digest.id)
    groups = overview.in_groups([one for one in places if level is None or at_least(one.loudness, level)])
    first = (page - 1) * STORIES
    if first and first >= len(groups):
        raise RefusedError(404, f"This digest has no page {page}.", "Its first page says how many there are.")
    notices = site.store.digest_notices(digest.id)
    counts = Counter(one.significance for one in places)
    return {
        "digest": digest,
        "when": overview.when(digest.created_at),
        "level": level or "",
        "levels": [(one, counts[one]) for one in LEVELS if counts[one]],
        "stories": overview.told(site, groups[first : first + STORIES], stories.WHOLE),
        "page": page,
        "pages": max(-(-len(groups) // STORIES), 1),
        "first_sights": [clip(one.message, 400) for one in notices if one.kind == "baseline"][:NOTICES],
        "notices": [clip(one.message, 400) for one in notices if one.kind != "baseline"][:NOTICES],
        "more_notices": max(len(notices) - NOTICES, 0),
    }
