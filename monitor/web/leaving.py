"""A reader leaves a channel: a GET shows what a POST would do, and only the POST acts (RFC 8058).

Scanners and previews fetch addresses; so a GET changes nothing. The POST needs no cookie and no page before
it: the address proves itself. A wrong address says nothing about anybody. Nothing else here writes.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from monitor.store import open_store
from monitor.web.answering import RefusedError
from monitor.web.site import Site

LONGEST = 2048
"""Characters of an address's token."""
_BODY, _PATIENCE_S = 8192, 10.0
_MEMBER, _SAID = "List-Unsubscribe", "One-Click"
_IN_PARTS = re.compile(rb'name="?List-Unsubscribe"?\s*\r?\n(?:[^\r\n]+\r?\n)*\r?\nOne-Click\s', re.IGNORECASE)
"""The same as a part of multipart/form-data, the other form RFC 8058 (3.2) allows."""


def show(site: Site, token: str) -> Response:
    """The page with the button."""
    channel, recipient = _proven(site, token)
    return _page(site, {"channel": channel, "recipient": recipient, "left": False, "again": False})


async def act(site: Site, request: Request, token: str) -> Response:
    """Leave; saying it twice is saying it once."""
    body = await _bounded(request)
    return await run_in_threadpool(_leave, site, token, body)


def _leave(site: Site, token: str, body: bytes) -> Response:
    channel, recipient = _proven(site, token)
    if not _is_meant(body):
        remedy = f"Press the button on this page, or send {_MEMBER}={_SAID}."
        raise RefusedError(400, "Nothing was changed: the request does not say what to do.", remedy)
    settings = site.works.settings
    with closing(open_store(settings.store_url, state_dir=settings.state_dir)) as store:
        is_new = store.opt_out(channel, recipient, site.now)
    return _page(site, {"channel": channel, "recipient": recipient, "left": True, "again": not is_new})


def _proven(site: Site, token: str) -> tuple[str, str]:
    links = site.links
    found = links.leaving(token) if links is not None and len(token) <= LONGEST else None
    if found is None:
        remedy = "Open the link at the foot of the message once more, or write to whoever sends it."
        raise RefusedError(404, "This address to leave by is none of ours, or not whole.", remedy)
    return found


def _is_meant(body: bytes) -> bool:
    said = parse_qs(body.decode("latin-1"), max_num_fields=20)
    return said.get(_MEMBER) == [_SAID] or _IN_PARTS.search(body) is not None


def _page(site: Site, values: dict[str, object]) -> Response:
    return HTMLResponse(site.page("unsubscribe", values), headers={"Cache-Control": "no-store"})


async def _bounded(request: Request) -> bytes:
    """The body, which is short and comes at once, or is not waited for."""
    body = b""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for part in request.stream():
                body += part
                if len(body) > _BODY:
                    raise RefusedError(
                        413, "That is more than leaving takes.", f"Send {_MEMBER}={_SAID} alone."
                    )
    except TimeoutError as error:
        raise RefusedError(408, "The request did not come whole in time.", "Send it again.") from error
    return body
