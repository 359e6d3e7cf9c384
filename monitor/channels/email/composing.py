"""One message for one reader, as bytes: the headers of contract section 8 and a MIME body of pure ASCII.

Everything that identifies it is derived (Message-ID and boundaries from the delivery, Date from the digest),
so that the same digest gives the same bytes for ever. Nothing here reads a clock, draws a number or sends.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from monitor.channels.email import headers
from monitor.channels.email.leaving import ONE_CLICK, Leaving, in_html, in_text
from monitor.core.phrases import clip

SUBJECT_LIMIT = 120
ATTACHMENT_LIMIT = 4_000_000
"""Bytes attached as they are, some 5.5 MB on the wire; most servers take 10. What is larger is compressed."""
_NAME_LIMIT = 48
"""Characters of an attachment's name, so that its header is one line."""
_POLICY = policy.SMTP.clone(cte_type="7bit", max_line_length=headers.LINE)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is told, addressed to nobody yet."""

    sender: Address
    subscription: str
    date: datetime
    subject: str = ""
    text: str = ""
    html: str = ""
    thread: str = ""
    """What its thread is about, a trial's number; empty where it stands alone."""
    attachment: bytes = b""
    """UTF-8 CSV."""
    attachment_name: str = ""


def compose(letter: Letter, identity: str, recipient: Address, way_out: Leaving) -> bytes:
    """The message for one reader as sent: CRLF line ends, no byte above 127, no line longer than 998.

    `identity` is the delivery's id.
    """
    head = _headers(letter, identity, recipient, way_out)
    body = _body(letter, identity, way_out)
    return b"".join(headers.line(name, value) for name, value in head) + body


def _headers(
    letter: Letter, identity: str, recipient: Address, way_out: Leaving
) -> tuple[tuple[str, str], ...]:
    domain, subscription = letter.sender.domain, headers.label(letter.subscription)
    list_name = headers.phrase(f"Trialwire {letter.subscription}")
    root = f"<trial.{headers.label(letter.thread)}.{subscription}@{domain}>"
    one_click = (("List-Unsubscribe-Post", ONE_CLICK),) if way_out.one_click else ()
    # A root that nobody sent is enough: programs file messages that name the same one together.
    thread = (("In-Reply-To", root), ("References", root)) if letter.thread else ()
    return (
        ("From", headers.mailbox(letter.sender)),
        ("To", headers.mailbox(recipient)),
        ("Subject", headers.unstructured(clip(letter.subject, SUBJECT_LIMIT))),
        ("Date", format_datetime(letter.date)),
        ("Message-ID", f"<{identity}@{domain}>"),
        *thread,
        ("List-Id", f"{list_name} <{subscription}.trialwire.{domain}>"),
        ("List-Unsubscribe", way_out.header),
        *one_click,
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
    )


def _body(letter: Letter, identity: str, way_out: Leaving) -> bytes:
    """The MIME headers and parts; always encoded: left alone, the library picks 8bit for short text."""
    message = EmailMessage(policy=_POLICY)
    message.set_content(in_text(letter.text, way_out), cte="quoted-printable")
    message.add_alternative(in_html(letter.html, way_out), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_alt_{identity}")
    if letter.attachment:
        _attach(message, letter.attachment, re.sub(r"[^A-Za-z0-9._-]+", "-", letter.attachment_name))
        message.set_boundary(f"=_mix_{identity}")
    return message.as_bytes()


def _attach(message: EmailMessage, content: bytes, name: str) -> None:
    name = name[-_NAME_LIMIT:] or "changes.csv"
    if len(content) > ATTACHMENT_LIMIT:
        packed = gzip.compress(content, mtime=0)
        message.add_attachment(packed, "application", "gzip", filename=f"{name}.gz", cte="base64")
        return
    message.add_attachment(
        content, "text", "csv", filename=name, cte="base64", params={"charset": "utf-8", "header": "present"}
    )
