"""What the tour looks at to believe what it shows: messages as received, parsed with the standard library.

Nothing here uses the code that wrote them.
"""

from __future__ import annotations

import email
import email.policy
import re
import shutil
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import orjson

from monitor.core.change import Significance
from monitor.core.recorded import RecordedChange
from monitor.demo.sinks import Hook, Mail
from monitor.errors import ConfigError

MARK = "# Written by `trialwire demo`."
"""How the config of a tour begins."""

_NUMBER = re.compile(r"NCT\d{8}")


class Audience(Protocol):
    """Whoever the tour is shown to."""

    def heading(self, words: str) -> None:
        """A new part begins."""

    def line(self, words: str, *, good: bool | None = None) -> None:
        """One thing that happened; `good` says whether it was checked and held."""

    def finding(self, level: Significance, trial: str, headline: str) -> None:
        """What was found, in one line."""

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and what they stand for."""

    def verbatim(self, text: str) -> None:
        """A document as it was sent."""

    def changes(self, changes: Sequence[RecordedChange]) -> None:
        """A history."""


def event(hook: Hook) -> str:
    """A webhook's type and id in a few words."""
    body = orjson.loads(hook.body)
    return f"{body['type']} {hook.headers.get('webhook-id', '(no id)')[:16]}…"


def genuine(hook: Hook) -> bool:
    """Is it signed with our secret, of a known type, and about changes?"""
    body = orjson.loads(hook.body)
    return hook.verified and body["type"] == "digest.created" and bool(body["data"]["changes"])


def parsed(mail: Mail) -> EmailMessage:
    """A mail as a mail program reads it."""
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def text_part(message: EmailMessage) -> str:
    """The text of a mail."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def html_part(message: EmailMessage) -> str:
    """The HTML of a mail."""
    part = message.get_body(("html",))
    return str(part.get_content()) if part is not None else ""


def agrees(message: EmailMessage) -> bool:
    """Has it both parts, do they name the same trials, and is it addressed as a list's message should be?"""
    text, html = (set(_NUMBER.findall(part)) for part in (text_part(message), html_part(message)))
    headers = all(message[name] for name in ("List-Id", "List-Unsubscribe", "Auto-Submitted", "Message-ID"))
    return bool(text) and text == html and headers


def refuse_foreign(target: Path) -> None:
    """Raise ConfigError where `target` holds anything that no tour has written: it would be replaced."""
    if target.is_dir() and not any(target.iterdir()):
        return
    config = target / "trialwire.toml"
    if target.exists() and not (config.is_file() and config.read_text("utf-8").startswith(MARK)):
        raise ConfigError(
            f"{target} is not empty, and no earlier demo's.",
            key="--keep",
            remedy="Name a new folder, or an empty one.",
        )


def keep(folder: Path, target: Path, mails: Sequence[Mail], hooks: Sequence[Hook]) -> None:
    """Copy the tour's folder and every message received to `target`, in place of an earlier tour's."""
    refuse_foreign(target)
    for name in ("state", "digests", "webhooks"):
        shutil.rmtree(target / name, ignore_errors=True)
    shutil.copytree(folder, target, dirs_exist_ok=True)
    digests, webhooks = target / "digests", target / "webhooks"
    digests.mkdir()
    webhooks.mkdir()
    for number, mail in enumerate(mails, start=1):
        message = parsed(mail)
        (digests / f"{number}.eml").write_bytes(mail.content)
        (digests / f"{number}.txt").write_text(text_part(message), "utf-8")
        (digests / f"{number}.html").write_text(html_part(message), "utf-8")
    for number, hook in enumerate(hooks, start=1):
        (webhooks / f"{number}.json").write_bytes(hook.body)
