"""Microsoft Teams: a digest as an adaptive card, posted to a Power Automate workflow.

The workflow answers 202 for "accepted" and may still drop a card that is too large, which nobody is told:
28 KB of the message as Teams counts it, where a card travels inside a string and its quotes are escaped once
more. So the size is counted like that, with a margin, and what is more is folded. The address carries its
signature as a parameter; the host varies (`*.logic.azure.com`, `*.environment.api.powerplatform.com`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from monitor.channels import Answer, Channel, ChannelContext, HttpChannel, HttpSettings, judged
from monitor.core.brief import Block, Brief
from monitor.core.delivery import Outcome, Rejected
from monitor.core.dialects import TEAMS, Phrase, written
from monitor.core.digest import Digest
from monitor.core.record import JsonObject

TYPE = "teams"
MAX_SIZE = 24_000
"""Bytes of the card inside a string, all but ASCII escaped; Teams takes 28,672 with a wrapping of its own."""
_COLORS = {"critical": "Attention", "major": "Warning", "minor": "Accent", "noise": "Default"}


class Settings(HttpSettings):
    """The `[[channels]]` table of a Teams channel."""


class TeamsChannel(HttpChannel):
    """A workflow "when a Teams webhook request is received"."""

    type = TYPE

    def body(self, digest: Digest) -> JsonObject:
        """The digest as a card."""
        return self.fitted(digest, message, fits)

    def test_body(self, said: str) -> JsonObject:
        """A card of one line."""
        return _carried([_text(TEAMS.escape(said))])

    def judge(self, answer: Answer) -> Outcome:
        """A workflow that is no more (404, 410) disables the channel; one that is off may come back."""
        if answer.status == 413:
            return Rejected("the target answered 413: the card is too large for this workflow", 413)
        return judged(answer, gone=(404, 410))


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return TeamsChannel(name, settings, context)


def message(brief: Brief) -> JsonObject:
    """The brief as a message with one adaptive card."""
    body = [_text(TEAMS.escape(brief.title), size="Large", weight="Bolder")]
    body += [_text(written(phrase, TEAMS), isSubtle=True, spacing="Small") for phrase in brief.lead]
    for block in brief.blocks:
        body += _block(block)
    foot = [_text(written(phrase, TEAMS), isSubtle=True, spacing="Small") for phrase in brief.foot]
    if foot:
        foot[0] |= {"separator": True, "spacing": "Medium"}
    return _carried([*body, *foot])


def fits(body: JsonObject) -> bool:
    """Does Teams take it?"""
    return len(json.dumps(json.dumps(body))) <= MAX_SIZE


def _block(block: Block) -> Iterator[JsonObject]:
    if block.title:
        color = {"color": _COLORS[block.level]} if block.level else {}
        title = TEAMS.escape(block.title)
        yield _text(title, size="Medium", weight="Bolder", separator=True, spacing="Medium", **color)
    lists = [item.heading for item in block.items if not item.lines]
    for item in block.items:
        if item.lines:
            yield _text(written(item.heading, TEAMS))
            yield _list(item.lines)
    if lists:
        yield _list(lists)
    if block.more:
        yield _text(written(block.more, TEAMS), isSubtle=True)


def _list(phrases: Sequence[Phrase]) -> JsonObject:
    return _text("\r".join(f"- {written(phrase, TEAMS)}" for phrase in phrases), spacing="Small")


def _text(text: str, **looks: str | bool) -> JsonObject:
    return {"type": "TextBlock", "text": text, "wrap": True, **looks}


def _carried(body: Sequence[JsonObject]) -> JsonObject:
    card: JsonObject = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": list(body),
        "msteams": {"width": "Full"},
    }
    attachment: JsonObject = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}
