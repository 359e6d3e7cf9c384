"""Email: one message for each recipient, text and HTML with the same facts; the one door to smtplib.

The message is built once and frozen: pure ASCII on the wire (quoted-printable), its `Message-ID` derived from
the delivery, so that a repeat after a lost answer is a visible duplicate. The server's word on the message
decides: 4xx is "later", 5xx is "never". Everything that goes wrong before it was asked (network, TLS, log-in)
is the operator's to mend and is tried again. Nothing is ever sent unencrypted except to this machine itself.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from monitor.channels import Channel, ChannelContext
from monitor.core.delivery import Delivery, Message, delivery_id, ping_id
from monitor.core.digest import Digest, Rendered
from monitor.core.phrases import clip
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryError, DeliveryRejectedError

TYPE = "email"
SUBJECT_LIMIT = 120
_PORTS = {"starttls": 587, "smtps": 465, "none": 25}


class _UriListHeader(UnstructuredHeader, BaseHeader):
    """A header of URIs in angle brackets: folded between them only, never encoded (CPython issue 85725)."""

    def fold(self, *, policy: policy.Policy[Any]) -> str:
        """The header as written to the wire."""
        parts = [part.strip() for part in str(self).split(", ")]
        return f"{self.name}: " + ("," + policy.linesep + " ").join(parts) + policy.linesep


def _policy() -> policy.EmailPolicy[EmailMessage]:
    registry = HeaderRegistry()
    for name in ("list-unsubscribe", "list-id"):
        registry.map_to_type(name, _UriListHeader)
    return policy.SMTP.clone(header_factory=registry, cte_type="7bit")


POLICY = _policy()


def parse_address(text: str) -> Address:
    """Read `name@example.com` or `Name <name@example.com>`; raise ValueError on anything else."""
    if any(ord(character) < 32 for character in text):
        raise ValueError("an address has no line breaks or control characters")
    header = POLICY.header_factory("to", text)
    addresses: Sequence[Address] = getattr(header, "addresses", ())
    if len(addresses) != 1 or header.defects or not addresses[0].domain or not addresses[0].username:
        raise ValueError(f"{text!r} is no address; write name@example.com or Name <name@example.com>")
    address = addresses[0]
    if not address.addr_spec.isascii():
        raise ValueError(f"{address.addr_spec!r} is not ASCII; write the domain in its xn-- form")
    return address


def _address(text: str) -> str:
    parse_address(text)
    return text


def _recipients(texts: tuple[str, ...]) -> tuple[str, ...]:
    specs = [parse_address(text).addr_spec for text in texts]
    if not specs:
        raise ValueError("must name at least one address")
    if len(set(specs)) != len(specs):
        raise ValueError("names somebody twice")
    return texts


def _uri(text: str) -> str:
    if not text.startswith(("mailto:", "https://")):
        raise ValueError("must begin with mailto: or https://")
    if not text.isascii() or any(c in text for c in "<>, \t\r\n"):
        raise ValueError("must be one URI without spaces, commas or angle brackets; percent-encode them")
    return text


class Settings(BaseModel):
    """The `[[channels]]` table of an email channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[tuple[str, ...], AfterValidator(_recipients)]
    sender: Annotated[str, AfterValidator(_address)] = Field(alias="from")
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    username: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    tls: Literal["starttls", "smtps", "none"] = "starttls"
    unsubscribe: Annotated[str, AfterValidator(_uri)] | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=600)

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ValueError(
                'tls = "none" is allowed to this machine only (localhost); use "starttls" or "smtps"'
            )
        if self.password_file and self.password_env:
            raise ValueError("give password_file or password_env, not both")
        has_password = bool(self.password_file or self.password_env)
        if has_password != bool(self.username):
            raise ValueError("username and password_file (or password_env) go together")
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class EmailChannel:
    """An SMTP server and the people it is asked to reach."""

    type = TYPE

    def __init__(self, name: str, settings: Settings, context: ChannelContext) -> None:
        self.name = name
        self._settings = settings
        self._secrets = context.secrets
        self._sender = parse_address(settings.sender)
        self._port = settings.port or _PORTS[settings.tls]

    def messages(self, digest: Digest, rendered: Rendered) -> Sequence[Message]:
        """One message for each recipient: no address is shown to another reader."""
        return [
            Message(
                recipient=recipient,
                part=1,
                content=self._compose(
                    recipient,
                    delivery_id(digest.id, self.name, recipient, 1),
                    rendered.subject,
                    text=rendered.text,
                    html=rendered.html,
                    date=digest.created_at,
                    subscription=digest.subscription.name,
                ),
                event="digest.created",
            )
            for recipient in self._settings.to
        ]

    def test_message(self, now: datetime) -> Sequence[Message]:
        """A message that says it is a test, for each recipient."""
        said = f"This is a test of the Trialwire channel {self.name}. Nothing has changed in any trial."
        page = f'<!DOCTYPE html><html lang="en"><title>Test</title><p>{escape(said)}</p></html>'
        return [
            Message(
                recipient=recipient,
                part=1,
                content=self._compose(
                    recipient,
                    delivery_id(ping_id(now), self.name, recipient, 1),
                    f"Trialwire: test of {self.name}",
                    text=said + "\n",
                    html=page,
                    date=now,
                    subscription="test",
                ),
                event="test.ping",
            )
            for recipient in self._settings.to
        ]

    def send(self, delivery: Delivery, now: datetime) -> tuple[int | None, str]:  # noqa: ARG002
        """Hand one message to the server; its date is the digest's, so `now` plays no part."""
        try:
            with mapped(self.name, delivery.id), self._session() as server:
                return self._hand_over(server, delivery)
        except ConfigError as error:
            raise DeliveryDeferredError(error.message, channel=self.name, delivery=delivery.id) from error

    def check(self) -> None:
        """Raise ConfigError where the password cannot be read."""
        self._password()

    def describe(self) -> str:
        """Server and recipients."""
        settings = self._settings
        return f"{settings.host}:{self._port} ({settings.tls}) to {', '.join(settings.to)}"

    def _compose(
        self,
        recipient: str,
        identity: str,
        subject: str,
        *,
        text: str,
        html: str,
        date: datetime,
        subscription: str,
    ) -> bytes:
        domain = self._sender.domain
        unsubscribe = self._settings.unsubscribe or f"mailto:{self._sender.addr_spec}?subject=unsubscribe"
        message = EmailMessage(policy=POLICY)
        message["From"] = self._settings.sender
        message["To"] = recipient
        message["Subject"] = clip(subject, SUBJECT_LIMIT)
        message["Date"] = format_datetime(date)
        message["Message-ID"] = f"<{identity}@{domain}>"
        message["List-Id"] = f"Trialwire {subscription} <{subscription}.trialwire.{domain}>"
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        if unsubscribe.startswith("https:"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Auto-Submitted"] = "auto-generated"
        message["Precedence"] = "bulk"
        message["X-Auto-Response-Suppress"] = "All"
        # Always quoted-printable: left alone, the library picks 8bit, which not every hop takes.
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{identity}")
        return message.as_bytes()

    def _password(self) -> str | None:
        settings = self._settings
        if not settings.username:
            return None
        key = f"channels.{self.name}.password"
        return self._secrets.read(key=key, file=settings.password_file, env=settings.password_env)

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A connection, encrypted and logged in; the password is read before anybody is called."""
        settings, password = self._settings, self._password()
        server = self._connect()
        try:
            if settings.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.username and password is not None:
                server.login(settings.username, password)
            server.ehlo_or_helo_if_needed()
            yield server
        finally:
            # What was accepted stays accepted, however the goodbye goes.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.tls == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(settings.host, self._port, timeout=settings.timeout_s, context=context)
        return smtplib.SMTP(settings.host, self._port, timeout=settings.timeout_s)

    def _hand_over(self, server: smtplib.SMTP, delivery: Delivery) -> tuple[int, str]:
        recipient = parse_address(delivery.recipient).addr_spec
        _accepted(*server.mail(self._sender.addr_spec))
        _accepted(*server.rcpt(recipient))
        return _accepted(*server.data(delivery.content))


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return EmailChannel(name, settings, context)


def _accepted(status: int, answer: bytes) -> tuple[int, str]:
    if not 200 <= status < 300:
        raise _RefusedError(status, answer)
    return status, _words(answer)


class _RefusedError(smtplib.SMTPResponseException):
    """The server's word on this very message: sender, recipient or content."""


def _words(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return clip(text, 500)


@contextmanager
def mapped(channel: str, delivery: str) -> Iterator[None]:
    """Every error of the mail library, the network and TLS as a DeliveryError."""
    try:
        yield
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise delivery_error(error, channel, delivery) from error


def delivery_error(error: Exception, channel: str, delivery: str) -> DeliveryError:
    """What an error means for the message: only a 5xx about the message itself is "never"."""
    status, words = None, str(error) or type(error).__name__
    match error:
        case smtplib.SMTPResponseException():
            status, words = error.smtp_code, _words(error.smtp_error)
        case smtplib.SMTPRecipientsRefused(recipients={**refused}) if refused:
            status, answer = next(iter(refused.values()))
            words = _words(answer)
    about_message = isinstance(
        error,
        (_RefusedError, smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError),
    )
    said = f"the mail server said {status} {words}" if status is not None else f"mail server: {words}"
    if about_message and status is not None and 500 <= status < 600:
        return DeliveryRejectedError(said, channel=channel, delivery=delivery, status=status, excerpt=words)
    return DeliveryDeferredError(said, channel=channel, delivery=delivery, status=status, excerpt=words)
