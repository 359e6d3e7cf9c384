"""Channels of every type, wired to sinks on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from monitor import channels
from monitor.channels import Channel, ChannelContext, Secrets
from monitor.core.delivery import Delivery, outbox, ping_id
from monitor.core.digest import Digest
from monitor.errors import DeliveryError
from monitor.render import Renderer
from monitor.transport import GuardedSender
from tests.support.digests import NOW

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
OLD_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
LOOPBACK = ("127.0.0.0/8",)


def context(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> ChannelContext:
    """Secrets from `environ`, and the real guarded sender."""
    secrets = Secrets({"HOOK": SECRET} if environ is None else environ, folder or Path("/nonexistent"))
    return ChannelContext(secrets, GuardedSender(now=lambda: NOW))


def email(port: int, *, environ: Mapping[str, str] | None = None, **options: object) -> Channel:
    """An email channel to a server on loopback."""
    table: dict[str, object] = {
        "to": ["ci@example.com"],
        "from": "Trialwire <trialwire@example.com>",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "timeout_s": 5,
        **options,
    }
    settings = channels.settings_model("email").model_validate(table)
    return channels.build("email", "ci-team", settings, context(environ))


def webhook(url: str, *, environ: Mapping[str, str] | None = None, **options: object) -> Channel:
    """A webhook channel to an endpoint on loopback."""
    table: dict[str, object] = {
        "url": url,
        "secret_env": "HOOK",
        "allow_networks": list(LOOPBACK),
        "timeout_s": 5,
        **options,
    }
    settings = channels.settings_model("webhook").model_validate(table)
    return channels.build("webhook", "pipeline", settings, context(environ))


def chat(kind: str, url: str | None, **options: object) -> Channel:
    """A channel with a secret address on loopback, by its type; without an address its secret is missing."""
    table: dict[str, object] = {
        "url_env": "ROOM",
        "allow_networks": list(LOOPBACK),
        "timeout_s": 5,
        **options,
    }
    settings = channels.settings_model(kind).model_validate(table)
    return channels.build(kind, "room", settings, context({"ROOM": url} if url else {}))


def refusal(channel: Channel, delivery: Delivery) -> DeliveryError:
    """How a send fails."""
    with pytest.raises(DeliveryError) as caught:
        channel.send(delivery, NOW)
    return caught.value


def rows(channel: Channel, digest: Digest) -> tuple[Delivery, ...]:
    """The outbox of a digest for a channel."""
    return outbox(digest.id, channel.name, channel.messages(digest, renderer().digest(digest)), now=NOW)


@cache
def renderer() -> Renderer:
    """One for all: its templates are compiled once."""
    return Renderer()


def ping_rows(channel: Channel, now: datetime = NOW) -> tuple[Delivery, ...]:
    """The outbox of a test message."""
    return outbox(ping_id(now), channel.name, channel.test_message(now), now=now)
