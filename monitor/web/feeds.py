"""Atom feeds: the files that a channel of type `atom` writes, given out as they are.

Which file it is, the configuration says; an address only chooses among the subscriptions there are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response

from monitor.web.answering import ATOM, RefusedError, answer
from monitor.web.site import Site


@runtime_checkable
class KeepsFeeds(Protocol):
    """A channel that writes a feed for each subscription."""

    def feed(self, subscription: str) -> Path:
        """The file of the subscription's feed, whether or not it is there."""


def feed(site: Site, request: Request, name: str) -> Response:
    """The feed of a subscription; RefusedError where it has none, or nothing was told yet."""
    for subscription in site.works.subscriptions:
        if subscription.name != name:
            continue
        for channel in subscription.channels:
            keeper: object = site.works.channels.get(channel)
            if isinstance(keeper, KeepsFeeds):
                return _given(request, keeper.feed(subscription.name))
        raise RefusedError(
            404, f"{name} has no feed.", 'Give it a channel of `type = "atom"`; the README says how.'
        )
    raise RefusedError(404, "There is no such subscription.", "`trialwire subscriptions` lists them.")


def _given(request: Request, path: Path) -> Response:
    try:
        return answer(request, path.read_bytes(), ATOM)
    except FileNotFoundError as error:
        raise RefusedError(
            404, "Nothing was told in this feed yet.", "Ask again after its next digest."
        ) from error
