"""What the end of a conversation with a mail server means for the message, and how people are told.

The server's word on the message decides: 4xx is "later", 5xx is "never" (RFC 5321, section 4.2.1). What goes
wrong before it was asked (network, TLS, log-in) is the operator's to mend and is tried again. Where the line
breaks after the whole message was said nobody knows, and it goes out again with the same Message-ID. What is
said names no reader: other readers are told of messages that were given up.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from typing import assert_never

from monitor.channels.email.sending import Conversation, RefusedError, TooLargeError
from monitor.core.phrases import clip
from monitor.errors import DeliveryDeferredError, DeliveryError, DeliveryRejectedError

EXCERPT_LIMIT = 500

_ABOUT_LOG_IN = re.compile(r"5\.7\.(?:8|9|1[013])\b")
"""Enhanced codes (RFC 4954, RFC 5248): credentials, way of log-in, encryption missing, account closed."""
_LOG_IN_CODES = frozenset({530, 534, 535, 538})
_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})
"""OpenSSL's codes for a certificate that signs itself, or whose signer is not known here."""


def delivery_error(
    error: Exception, talk: Conversation, delivery: str, recipient: str, channel: str
) -> DeliveryError:
    """What an error means for the message: only a 5xx about the message itself is "never"."""
    status = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
    answer = words(error.smtp_error) if isinstance(error, smtplib.SMTPResponseException) else ""
    said = _without(recipient, _said(error, talk, f"{status} {answer}" if status is not None else ""))
    kind = DeliveryRejectedError if _is_final(error) else DeliveryDeferredError
    excerpt = answer or clip(str(error) or type(error).__name__, EXCERPT_LIMIT)
    return kind(said, channel=channel, delivery=delivery, status=status, excerpt=excerpt)


def words(answer: bytes | str) -> str:
    """A server's answer on one line."""
    return clip(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer, EXCERPT_LIMIT)


def _is_final(error: Exception) -> bool:
    if isinstance(error, TooLargeError):
        return True
    return isinstance(error, RefusedError) and 500 <= error.smtp_code < 600 and not _is_about_log_in(error)


def _is_about_log_in(error: RefusedError) -> bool:
    return error.smtp_code in _LOG_IN_CODES or bool(_ABOUT_LOG_IN.match(words(error.smtp_error)))


def _said(error: Exception, talk: Conversation, answer: str) -> str:
    server = talk.server
    place = f"{server.host}:{server.port}"
    match error:
        case TooLargeError():
            return f"the message has {error.size:,} bytes, and the mail server takes {error.limit:,}"
        case RefusedError() if _is_about_log_in(error):
            return f"the mail server wants a log-in it accepts: {answer}"
        case RefusedError():
            return f"the mail server {'refused' if _is_final(error) else 'put off'} {error.about}: {answer}"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {place} is not in order: {_flaw(error)}"
        case ssl.SSLError() if talk.step in ("reach", "encrypt"):
            return f"no encrypted connection to {place}: {getattr(error, 'reason', '') or error}"
        case UnicodeError() if talk.step == "log in":
            return "user name and password have to be ASCII to log in to a mail server"
    if talk.cut_off:
        why = f"it took longer than {server.conversation_s:g} s in all"
    elif _is_timeout(error):
        why = f"no answer within {server.timeout_s:g} s"
    elif answer:
        why = f"it said {answer}"
    else:
        why = words(getattr(error, "strerror", None) or str(error)).rstrip(".") or type(error).__name__
    return f"{_how_far(talk, place)}: {why}"


def _how_far(talk: Conversation, place: str) -> str:
    match talk.step:
        case "reach":
            return f"{place} cannot be spoken to"
        case "encrypt":
            return f"{place} does not encrypt (STARTTLS), so nothing was said to it"
        case "log in":
            return f"{place} does not let {talk.server.username} log in"
        case "hand over":
            return f"{place} broke off before it had the message"
        case "answer":
            return (
                f"{place} had the whole message and did not say whether it keeps it; "
                "it goes out again with the same Message-ID"
            )
    assert_never(talk.step)


def _flaw(error: ssl.SSLCertVerificationError) -> str:
    flaw = str(getattr(error, "verify_message", "") or error)
    unknown = getattr(error, "verify_code", 0) in _UNKNOWN_AUTHORITY
    return f"{flaw}; where its authority is your own, name it with ca_file" if unknown else flaw


def _is_timeout(error: BaseException | None) -> bool:
    """A time-out, or one that the library has wrapped."""
    return error is not None and (isinstance(error, TimeoutError) or _is_timeout(error.__context__))


def _without(recipient: str, text: str) -> str:
    return re.sub(re.escape(recipient), "…", text, flags=re.IGNORECASE)
