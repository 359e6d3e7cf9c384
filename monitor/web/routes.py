"""Which address is what, and what a refusal looks like. Look-ups run in threads; one POST, all else GET."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from monitor import registries
from monitor.core.links import trial_path
from monitor.core.record import JsonObject, TrialId
from monitor.errors import (
    LockedError,
    MonitorError,
    NotWatchedError,
    StoreUnavailableError,
    UnknownTrialError,
)
from monitor.web import api, asking, comparing, digest, feeds, health, leaving, overview, trial
from monitor.web.answering import HTML, RefusedError, answer, plain_json
from monitor.web.guard import Guard, Hosts, content_policy
from monitor.web.site import Site

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[MonitorError], int], ...] = (
    (UnknownTrialError, 404),
    (NotWatchedError, 404),
    (LockedError, 503),
    (StoreUnavailableError, 503),
)
_OURS = (
    "This page could not be made.",
    "That is our mistake; whoever runs this finds the reason in the log.",
)
_REMEDIES = {404: "Begin at the overview.", 405: "Pages are read with GET."}
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz")


def build(site: Site) -> ASGIApp:
    """The whole site as an ASGI application."""
    settings = site.works.settings
    hosts = Hosts(settings.pages.place[0], [urlsplit(settings.pages.url).hostname or ""])
    app = Starlette(
        routes=_routes(site),
        exception_handlers={
            RefusedError: _handler(site, _refused),
            MonitorError: _handler(site, _failed),
            HTTPException: _handler(site, _not_here),
            Exception: _handler(site, _broken),
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, hosts, content_policy(site.style), site.works.monotonic)


def _routes(site: Site) -> list[Route]:
    def shown(address: str, name: str, values: Callable[[Request], dict[str, object]]) -> Route:
        def look(request: Request) -> Response:
            return answer(request, site.page(name, values(request)).encode(), HTML)

        return Route(address, look, methods=["GET"])

    def given(address: str, look: Callable[[Request], Response]) -> Route:
        return Route(address, look, methods=["GET"])

    def named(request: Request) -> dict[str, str]:
        return {name: str(value) for name, value in request.path_params.items()}

    def asked(request: Request) -> TrialId:
        return site.trial(*(named(request)[part] for part in ("registry", "number")))

    async def leave(request: Request) -> Response:
        token = named(request)["token"]
        if request.method == "POST":
            return await leaving.act(site, request, token)
        return await run_in_threadpool(leaving.show, site, token)

    return [
        shown("/", "overview", lambda _: overview.values(site)),
        given("/trials", _found),
        shown("/digests/{id}", "digest", lambda r: digest.values(site, r, named(r)["id"])),
        shown("/trials/{registry}/{number}", "trial", lambda r: trial.values(site, r, asked(r))),
        shown(
            "/trials/{registry}/{number}/compare", "compare", lambda r: comparing.values(site, r, asked(r))
        ),
        given("/feeds/{name}.atom", lambda r: feeds.feed(site, r, named(r)["name"])),
        Route("/unsubscribe/{token}", leave, methods=["GET", "POST"]),
        given("/api/changes", lambda r: api.changes(site, r)),
        given("/api/trials/{registry}/{number}/changes", lambda r: api.of_trial(site, r, asked(r))),
        given("/api/status", lambda r: api.status(site, r)),
        given("/api/schemas", api.schemas),
        given("/api/schemas/{name}", lambda r: api.schema(r, named(r)["name"])),
        given("/healthz", health.alive),
        given("/readyz", lambda r: health.ready(site, r)),
        given("/favicon.ico", lambda _: Response(status_code=204)),
    ]


def _found(request: Request) -> Response:
    """The page of the trial that was typed into the field."""
    text = asking.one(request, "number")
    if text is None:
        raise RefusedError(400, "No trial is named.", "Type a trial's number, e.g. NCT07263919.")
    number = registries.identify(text.strip())
    return RedirectResponse(trial_path(number), 303)


def _handler(
    site: Site, told: Callable[[Exception], tuple[int, str, str]]
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The answer to a request that could not be answered, in the form that was asked for."""

    async def handle(request: Request, error: Exception) -> Response:
        status, what, remedy = told(error)
        headers = {"Cache-Control": "no-store"}
        if isinstance(error, HTTPException) and error.headers:
            headers.update(error.headers)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = "5"
        if request.url.path.startswith(_FOR_PROGRAMS):
            said: JsonObject = {"status": status, "what": what, "remedy": remedy or None}
            return plain_json(status, {"error": said}, headers=headers)
        values: dict[str, object] = {"status": status, "what": what, "remedy": remedy}
        return HTMLResponse(site.page("refusal", values), status, headers)

    return handle


def _refused(error: Exception) -> tuple[int, str, str]:
    assert isinstance(error, RefusedError)
    return error.status, error.what, error.remedy


def _failed(error: Exception) -> tuple[int, str, str]:
    assert isinstance(error, MonitorError)
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status, error.message, error.remedy or ""
    log.error("could not answer", extra={"why": str(error)})
    return 500, *_OURS


def _not_here(error: Exception) -> tuple[int, str, str]:
    assert isinstance(error, HTTPException)
    words = {404: "There is no such page.", 405: "This address is not asked so."}
    status = error.status_code
    return status, words.get(status, HTTPStatus(status).phrase), _REMEDIES.get(status, "")


def _broken(_: Exception) -> tuple[int, str, str]:
    return 500, *_OURS
