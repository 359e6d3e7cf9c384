"""Email: one message for each recipient, text and HTML with the same facts.

A message is built once and frozen, its `Message-ID` derived from the delivery, so that a repeat after a lost
answer is a visible duplicate. Addresses meet in no header, no log line and no word of an error.

    headers · leaving · composing     a message as bytes
    sending · verdict                 a conversation with a server, and what its end means
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from monitor.channels import Channel, ChannelContext, ping_words
from monitor.channels.email.composing import Letter, compose
from monitor.channels.email.headers import parse_address
from monitor.channels.email.leaving import URI_LIMIT, leaving
from monitor.channels.email.sending import Conversation, Envelope, Server, Tls
from monitor.channels.email.verdict import delivery_error, words
from monitor.core.delivery import Delivery, Message, delivery_id, ping_id
from monitor.core.digest import Digest, Rendered
from monitor.errors import ConfigError, DeliveryDeferredError
from monitor.transport.addresses import is_this_machine

TYPE = "email"
_PORTS = {"starttls": 587, "smtps": 465, "none": 25}


def _address(text: str) -> str:
    parse_address(text)
    return text


def _recipients(texts: tuple[str, ...]) -> tuple[str, ...]:
    specs = [parse_address(text).addr_spec.lower() for text in texts]
    if not specs:
        raise ValueError("must name at least one address")
    if len(set(specs)) != len(specs):
        raise ValueError("names somebody twice")
    return texts


def _uri(text: str) -> str:
    if not text.startswith(("mailto:", "https://")):
        raise ValueError("must begin with mailto: or https://")
    if not (text.isascii() and text.isprintable()) or any(c in text for c in "<>, "):
        raise ValueError("must be one URI without spaces, commas or angle brackets; percent-encode them")
    if len(text) > URI_LIMIT:
        raise ValueError(f"must have at most {URI_LIMIT} characters")
    return text


class Settings(BaseModel):
    """The `[[channels]]` table of an email channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[tuple[str, ...], AfterValidator(_recipients)]
    sender: Annotated[str, AfterValidator(_address)] = Field(alias="from")
    bounce: Annotated[str, AfterValidator(_address)] | None = None
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    username: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    tls: Tls = "starttls"
    ca_file: str | None = None
    unsubscribe: Annotated[str, AfterValidator(_uri)] | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=600)

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.tls == "none" and not is_this_machine(self.host):
            raise ValueError(
                'tls = "none" is allowed to this machine only (localhost); use "starttls" or "smtps"'
            )
        if self.tls == "none" and self.ca_file:
            raise ValueError('ca_file is of no use with tls = "none"')
        if self.password_file and self.password_env:
            raise ValueError("give password_file or password_env, not both")
        has_password = bool(self.password_file or self.password_env)
        if has_password != bool(self.username):
            raise ValueError("username and password_file (or password_env) go together")
        return self


class EmailChannel:
    """An SMTP server and the people it is asked to reach."""

    type = TYPE

    def __init__(self, name: str, settings: Settings, context: ChannelContext) -> None:
        self.name = name
        self._settings = settings
        self._context = context
        self._sender = parse_address(settings.sender)
        self._bounce = parse_address(settings.bounce or settings.sender).addr_spec
        self._recipients = tuple(map(parse_address, settings.to))
        self._port = settings.port or _PORTS[settings.tls]

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        """Messages for each recipient alone, so that no address is shown to another reader."""
        return self._for_each(digest.id, "digest.created", list(self._letters(digest, rendered)))

    def test_message(self, now: datetime) -> Sequence[Message]:
        """A message that says it is a test, for each recipient."""
        said = ping_words(self.name)
        page = (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Test</title></head>'
            f"<body><p>{escape(said)}</p></body></html>"
        )
        test = Letter(self._sender, "test", now, f"Trialwire: test of {self.name}", said, page)
        return self._for_each(ping_id(now), "test.ping", [test])

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:  # noqa: ARG002
        """Hand one message to the server; its date is the digest's, so `now` plays no part."""
        try:
            talk = Conversation(self._server())
        except ConfigError as error:
            raise DeliveryDeferredError(error.message, channel=self.name, delivery=delivery.id) from error
        recipient = parse_address(delivery.recipient).addr_spec
        envelope = Envelope(delivery.id, self._bounce, recipient, delivery.content)
        try:
            status, answer = talk.hand_over(envelope)
        except (OSError, UnicodeError) as error:
            raise delivery_error(error, talk, delivery.id, recipient, self.name) from error
        return status, words(answer)

    def check(self) -> None:
        """Raise ConfigError where the password or the certificate of the authority cannot be read."""
        self._server()

    def describe(self) -> str:
        """Server and recipients."""
        settings = self._settings
        return f"{settings.host}:{self._port} ({settings.tls}) to {', '.join(settings.to)}"

    def _letters(self, digest: Digest, rendered: Rendered) -> Iterator[Letter]:
        """What each recipient is sent of a digest: its threads, then what belongs to none, or all in one.

        The attachment goes with those that refer to it, else with the last.
        """
        about = Letter(self._sender, digest.subscription.name, digest.created_at)
        letters = [
            replace(about, subject=one.subject, text=one.text, html=one.html, thread=one.trial.id)
            for one in rendered.threads
        ]
        if rendered.text or not letters:
            letters.append(replace(about, subject=rendered.subject, text=rendered.text, html=rendered.html))
        table, name = rendered.csv, rendered.csv_name
        refer = [name in letter.text for letter in letters]
        refer[-1] = refer[-1] or not any(refer)
        for letter, has_table in zip(letters, refer, strict=True):
            yield replace(letter, attachment=table, attachment_name=name) if has_table else letter

    def _for_each(self, digest: str, event: str, letters: Sequence[Letter]) -> Sequence[Message]:
        made: list[Message] = []
        for recipient in self._recipients:
            address = recipient.addr_spec
            way_out = leaving(
                self.name,
                address,
                operator=self._sender.addr_spec,
                unsubscribe=self._settings.unsubscribe,
                links=self._context.links,
            )
            for part, letter in enumerate(letters, 1):
                identity = delivery_id(digest, self.name, address, part)
                content = compose(letter, identity, recipient, way_out)
                made.append(Message(recipient=address, part=part, content=content, event=event))
        return made

    def _server(self) -> Server:
        """Whom to call; secrets are read at the moment they are needed."""
        settings = self._settings
        return Server(
            host=settings.host,
            port=self._port,
            tls=settings.tls,
            timeout_s=settings.timeout_s,
            context=self._tls_context() if settings.tls != "none" else None,
            username=settings.username or "",
            password=self._password(),
        )

    def _password(self) -> str:
        settings = self._settings
        if not settings.username:
            return ""
        key = f"channels.{self.name}.password"
        return self._context.secrets.read(key=key, file=settings.password_file, env=settings.password_env)

    def _tls_context(self) -> ssl.SSLContext:
        """Verifies certificate and host name: against the authority of `ca_file` alone where one is named."""
        if self._settings.ca_file is None:
            return ssl.create_default_context()
        key = f"channels.{self.name}.ca"
        authority = self._context.secrets.read(key=key, file=self._settings.ca_file)
        try:
            return ssl.create_default_context(cadata=authority)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(
                f"{key}_file: {self._settings.ca_file} holds no certificate: {error}",
                key=f"{key}_file",
                remedy="name a PEM file with the certificate of the authority that signed the server's",
            ) from error


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return EmailChannel(name, settings, context)
