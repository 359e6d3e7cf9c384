"""One attempt: what a channel's send came to, as a value, with what kind of failure it was.

It claims and writes nothing; whatever a channel raises that it should not is an attempt that failed.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import cast, get_args

from monitor.channels import Channel
from monitor.core.delivery import Delivery, ErrorClass, Later, Outcome, Rejected, Sent
from monitor.errors import ConfigError, DeliveryDeferredError, DeliveryError, DeliveryRejectedError

log = logging.getLogger(__name__)

_CAUSES: tuple[tuple[type[BaseException], ErrorClass], ...] = (
    (ConfigError, "settings"),
    (ssl.SSLError, "tls"),
    (socket.gaierror, "name"),
    (TimeoutError, "timeout"),
    (OSError, "connection"),
)
_KNOWN = get_args(ErrorClass)


def attempt(channel: Channel, delivery: Delivery, now: datetime) -> Outcome:
    """Send a message once."""
    try:
        status, excerpt = channel.send(delivery, now)
    except DeliveryDeferredError as error:
        return Later(
            plain(error.message), error.status, error.retry_after_s, plain(error.excerpt), error_class(error)
        )
    except DeliveryRejectedError as error:
        return Rejected(
            plain(error.message),
            error.status,
            disable=error.disable,
            excerpt=plain(error.excerpt),
            error_class=error_class(error),
        )
    except Exception as error:
        log.exception("channel failed", extra={"channel": channel.name, "delivery": delivery.id})
        return Later(plain(f"{type(error).__name__}: {error}"), error_class="bug")
    return Sent(status, plain(excerpt))


def error_class(error: DeliveryError) -> ErrorClass:
    """What kind of failure it was: as the transport says, else an answer, else by what lies beneath."""
    if error.error_class and error.error_class in _KNOWN:
        return cast("ErrorClass", error.error_class)
    if error.status is not None:
        return "answer"
    return next(
        (found for cause in _causes(error) for kind, found in _CAUSES if isinstance(cause, kind)),
        "connection",
    )


def plain(text: str) -> str:
    """Words from outside that every database can write."""
    return text.encode("utf-8", "replace").decode()


def _causes(error: BaseException) -> Iterator[BaseException]:
    inner = error.__cause__ or error.__context__
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__
