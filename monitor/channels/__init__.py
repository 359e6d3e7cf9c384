"""The `Channel` port: what every way of telling somebody offers.

A channel is one file here. It exports `TYPE`, a pydantic `Settings` model, and `build(settings, context)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.core.delivery import Delivery, Message
from monitor.core.digest import Digest


@dataclass(frozen=True, slots=True)
class Rendered:
    """A digest in every form a channel may want."""

    subject: str
    text: str
    html: str
    markdown: str


class Channel(Protocol):
    """A channel as the pipeline sees it."""

    name: str
    type: str

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        """The messages a digest becomes here: one for each recipient and part, bytes frozen."""

    def test_message(self, now: datetime) -> Sequence[Message]:
        """A message marked as a test, for each recipient."""

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:
        """Send it once; return the target's status and the first bytes of its answer.

        Raises DeliveryDeferredError (try again) or DeliveryRejectedError (never again).
        """

    def describe(self) -> str:
        """Where it leads, without secrets, for `channels list`."""
