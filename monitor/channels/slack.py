"""Slack: a digest as blocks, posted to an incoming webhook.

Slack takes 50 blocks, 3,000 characters in a section and 150 in a header, and all blocks together to about
13,200 characters, an undocumented limit that counts more than the text. What is more is folded; no sentence
is cut for it. Texts are `verbatim`, so that Slack makes no links and mentions of registry words, and the
three characters it reads as markup are escaped. There is no idempotency key: a repeat is visible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
from pydantic import BaseModel

from monitor.channels import Answer, Channel, ChannelContext, HttpChannel, HttpSettings, judged
from monitor.core.brief import Block, Brief, Item
from monitor.core.delivery import Later, Outcome
from monitor.core.dialects import SLACK, Phrase, written
from monitor.core.digest import Digest
from monitor.core.phrases import clip
from monitor.core.record import JsonObject

TYPE = "slack"
MAX_BLOCKS = 50
MAX_SECTION = 3_000
MAX_HEADER = 150
MAX_TOTAL = 12_000
"""Characters of all blocks as JSON; about 13,200 are refused as `msg_blocks_too_long`."""


class Settings(HttpSettings):
    """The `[[channels]]` table of a Slack channel."""


class SlackChannel(HttpChannel):
    """An incoming webhook of Slack, or of a server that speaks like it."""

    type = TYPE

    def body(self, digest: Digest) -> JsonObject:
        """The digest in blocks, and its subject for notifications."""
        return self.fitted(digest, message, fits)

    def test_body(self, said: str) -> JsonObject:
        """One section."""
        text = SLACK.escape(said)
        return {"text": text, "blocks": [_section(text)]}

    def judge(self, answer: Answer) -> Outcome:
        """Taken is 200 with `ok`; a webhook that is no more (404, 410) disables the channel."""
        if answer.status == 200 and answer.excerpt.strip() != "ok":
            return Later(f"the target answered 200, but not ok: {clip(answer.excerpt, 160)}", 200)
        return judged(answer, rejected=(400, 403, 413), gone=(404, 410))


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return SlackChannel(name, settings, context)


def message(brief: Brief) -> JsonObject:
    """The brief as Slack's blocks."""
    header: JsonObject = {"type": "plain_text", "text": clip(brief.title, MAX_HEADER), "emoji": False}
    blocks: list[JsonObject] = [{"type": "header", "text": header}]
    if brief.lead:
        blocks.append(_context(brief.lead))
    for block in brief.blocks:
        blocks += [{"type": "divider"}, *(_section(text) for text in _sections(block))]
    if brief.foot:
        blocks += [{"type": "divider"}, _context(brief.foot)]
    quiet: JsonObject = {"unfurl_links": False, "unfurl_media": False}
    return {"text": SLACK.escape(brief.title), "blocks": list(blocks), **quiet}


def fits(body: JsonObject) -> bool:
    """Does Slack take it?"""
    blocks = body["blocks"]
    assert isinstance(blocks, list)
    texts = [block["text"] for block in blocks if isinstance(block, dict) and block["type"] == "section"]
    sections = [text["text"] for text in texts if isinstance(text, dict)]
    return (
        len(blocks) <= MAX_BLOCKS
        and all(isinstance(text, str) and len(text) <= MAX_SECTION for text in sections)
        and len(orjson.dumps(blocks).decode()) <= MAX_TOTAL
    )


def _sections(block: Block) -> Iterator[str]:
    """The block's texts: one for each trial, one for a whole list of lines."""
    title = [f"*{block.title}*"] if block.title else []
    lists = [_bullet(item.heading) for item in block.items if not item.lines]
    rest = [written(block.more, SLACK)] if block.more else []
    cards = [_card(item) for item in block.items if item.lines]
    if not cards:
        yield from packed([*title, *lists, *rest])
        return
    yield from packed([*title, *cards[0]])
    for card in cards[1:]:
        yield from packed(card)
    if lists or rest:
        yield from packed([*lists, *rest])


def _card(item: Item) -> list[str]:
    return [written(item.heading, SLACK), *(_bullet(line) for line in item.lines)]


def _bullet(phrase: Phrase) -> str:
    return f"• {written(phrase, SLACK)}"


def packed(lines: Sequence[str], limit: int = MAX_SECTION) -> Iterator[str]:
    """The lines in as few texts as take them; a line that is longer than the limit stays whole."""
    text = ""
    for line in lines:
        if text and len(text) + 1 + len(line) > limit:
            yield text
            text = line
        else:
            text = f"{text}\n{line}" if text else line
    if text:
        yield text


def _section(text: str) -> JsonObject:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(phrases: Sequence[Phrase]) -> JsonObject:
    text = "\n".join(written(phrase, SLACK) for phrase in phrases)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
