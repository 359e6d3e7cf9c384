"""Webhooks after Standard Webhooks 1.0: signed JSON, one endpoint for each channel.

The body is frozen when the digest is composed; timestamp and signature are new at each attempt. Success is
2xx and nothing else; 410 says that nobody listens there any more. The way out is the guarded sender that is
handed in: this module opens no connection and follows no redirect.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from monitor.channels import Answer, Channel, ChannelContext, judged, settled
from monitor.core.delivery import Delivery, Message, Outcome, delivery_id, ping_id
from monitor.core.digest import Digest, Rendered
from monitor.core.events import Event, digest_events, schema_uri
from monitor.core.record import JsonObject
from monitor.core.recorded import isoformat
from monitor.errors import ConfigError, DeliveryDeferredError
from monitor.transport.addresses import check_url

TYPE = "webhook"
EventType: TypeAlias = Literal["digest.created", "change.detected", "trial.discovered", "source.unhealthy"]
MAX_BODY = 256 * 1024
"""Bytes of one message; a larger digest goes out in numbered parts (contract section 7)."""
ENVELOPE = 1024
"""Room for the members around an event's data."""
_PREFIX = "whsec_"


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address like https://hooks.example.com/trials")
    if parts.username or parts.password:
        raise ValueError("must hold no user name or password; the signature says who is speaking")
    return text


def _some(events: tuple[EventType, ...]) -> tuple[EventType, ...]:
    if not events:
        raise ValueError(f"must name at least one of {', '.join(get_args(EventType))}")
    return events


class Settings(BaseModel):
    """The `[[channels]]` table of a webhook channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_url)]
    secret_file: str | None = None
    secret_env: str | None = None
    format: Literal["standard", "cloudevents"] = "standard"
    events: Annotated[tuple[EventType, ...], AfterValidator(_some)] = ("digest.created", "source.unhealthy")
    allow_networks: tuple[str, ...] = ()
    timeout_s: float = Field(default=20.0, gt=0, le=60)

    @model_validator(mode="after")
    def _has_one_secret(self) -> Settings:
        if bool(self.secret_file) == bool(self.secret_env):
            raise ValueError("give secret_file or secret_env, one of the two")
        return self


class WebhookChannel:
    """One endpoint, and the secrets it knows us by."""

    type = TYPE

    def __init__(self, name: str, settings: Settings, context: ChannelContext) -> None:
        self.name = name
        self._settings = settings
        self._secrets = context.secrets
        self._sender = context.sender

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:  # noqa: ARG002
        """The events of the digest that this endpoint asked for, numbered; programs read no prose."""
        wanted = [e for e in get_args(EventType) if e in self._settings.events]
        events = digest_events(digest, wanted, limit=MAX_BODY - ENVELOPE)
        return [self._message(digest.id, part, event) for part, event in enumerate(events, start=1)]

    def test_message(self, now: datetime) -> Sequence[Message]:
        """A `test.ping` event."""
        said = f"A test of the Trialwire channel {self.name}: nothing has changed in any trial."
        data: JsonObject = {"channel": self.name, "message": said}
        return [self._message(ping_id(now), 1, Event("test.ping", now, f"channel:{self.name}", data))]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:
        """Post it once, signed for this attempt."""
        settings = self._settings
        try:
            headers = {
                "Content-Type": self._content_type(),
                **signature_headers(self._keys(), delivery.id, now, delivery.content),
            }
        except ConfigError as error:
            raise DeliveryDeferredError(error.message, channel=self.name, delivery=delivery.id) from error

        def post() -> Answer:
            return self._sender.post(
                settings.url,
                delivery.content,
                headers,
                allow_networks=settings.allow_networks,
                timeout_s=settings.timeout_s,
            )

        return settled(post, _judged, channel=self.name, delivery=delivery.id)

    def check(self) -> None:
        """Raise ConfigError where the secret cannot be read or the address may not be sent to."""
        self._keys()
        try:
            check_url(self._settings.url, self._settings.allow_networks)
        except ConfigError as error:
            key = f"channels.{self.name}.{error.message.partition(':')[0]}"
            raise ConfigError(
                f"channels.{self.name}.{error.message}", key=key, remedy=error.remedy
            ) from error

    def describe(self) -> str:
        """The endpoint's host; its path may hold a secret."""
        parts = urlsplit(self._settings.url)
        return f"{parts.scheme}://{parts.netloc} ({self._settings.format})"

    def _message(self, digest: str, part: int, event: Event) -> Message:
        identity = delivery_id(digest, self.name, self.name, part)
        body = (
            cloud_event(identity, event)
            if self._settings.format == "cloudevents"
            else {"type": event.type, "timestamp": isoformat(event.at), "data": event.data}
        )
        return Message(self.name, part, orjson.dumps(body), event.type)

    def _content_type(self) -> str:
        return (
            "application/cloudevents+json" if self._settings.format == "cloudevents" else "application/json"
        )

    def _keys(self) -> list[bytes]:
        settings, key = self._settings, f"channels.{self.name}.secret"
        text = self._secrets.read(key=key, file=settings.secret_file, env=settings.secret_env)
        where = f"{key}_file" if settings.secret_file else f"{key}_env"
        return decode_secrets(text, where)


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return WebhookChannel(name, settings, context)


def _judged(answer: Answer) -> Outcome:
    return judged(answer, said=f"the endpoint answered {answer.status}")


def signature_headers(keys: Sequence[bytes], identity: str, now: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers of Standard Webhooks; one signature for each key, so that keys can be rotated."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": identity,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(sign(key, identity, timestamp, body) for key in keys),
    }


def sign(key: bytes, identity: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base 64 HMAC-SHA256 of `id.timestamp.body` (Standard Webhooks 1.0)."""
    signed = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def decode_secrets(text: str, key: str) -> list[bytes]:
    """The secrets in a text, one a line, in their order and each once; ConfigError where one is none."""
    words = text.split()
    found: dict[bytes, None] = {}
    for number, word in enumerate(words, start=1):
        name = f"{key}: secret {number} of {len(words)}" if len(words) > 1 else key
        found[decode_secret(word, key, name)] = None
    return list(found)


def decode_secret(text: str, key: str, name: str = "") -> bytes:
    """The bytes of a `whsec_…` secret, 24 to 64 of them; ConfigError under `key` for anything else.

    `name` is what the message calls it. The message never repeats it.
    """
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(_PREFIX) or not 24 <= len(secret) <= 64:
        raise ConfigError(
            f"{name or key}: is no webhook secret",
            key=key,
            remedy="write whsec_ and the base 64 of 24 to 64 random bytes; several, one a line, to rotate",
        )
    return secret


def cloud_event(identity: str, event: Event) -> JsonObject:
    """The event as a structured CloudEvents 1.0.2 message; its id is the `webhook-id`.

    `subject` is the trial's number, and absent where the event is about no one trial.
    """
    subject: JsonObject = {} if event.trial is None else {"subject": event.trial.id}
    return {
        "specversion": "1.0",
        "id": identity,
        "source": f"urn:trialwire:{event.source}",
        "type": f"io.trialwire.{event.type}",
        **subject,
        "time": isoformat(event.at),
        "datacontenttype": "application/json",
        "dataschema": schema_uri(event.type),
        "data": event.data,
    }
