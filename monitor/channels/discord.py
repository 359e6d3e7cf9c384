"""Discord: a digest as embeds, posted to a channel's webhook.

Discord takes 2,000 characters of content and ten embeds with titles of 256, descriptions of 4,096 and 6,000
characters in all; what is more is folded. `wait=true` makes it answer for the message and not for the
request. Nobody is ever pinged (`allowed_mentions`), and Markdown in registry text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from pydantic import BaseModel

from monitor.channels import Answer, Channel, ChannelContext, HttpChannel, HttpSettings, judged
from monitor.core.brief import Block, Brief, Item
from monitor.core.delivery import Outcome
from monitor.core.dialects import DISCORD, Phrase, written
from monitor.core.digest import Digest
from monitor.core.phrases import clip
from monitor.core.record import JsonObject

TYPE = "discord"
MAX_CONTENT = 2_000
MAX_EMBEDS = 10
MAX_TITLE = 256
MAX_DESCRIPTION = 4_096
MAX_TOTAL = 6_000
"""Characters of all embeds together."""
_COLORS = {"critical": 0xC0392B, "major": 0xD68910, "minor": 0x2E86C1, "noise": 0x7F8C8D}


class Settings(HttpSettings):
    """The `[[channels]]` table of a Discord channel."""


class DiscordChannel(HttpChannel):
    """A webhook of a Discord channel, or of a thread by `?thread_id=`."""

    type = TYPE

    def body(self, digest: Digest) -> JsonObject:
        """The digest as content and embeds."""
        return self.fitted(digest, message, fits)

    def test_body(self, said: str) -> JsonObject:
        """One line of content."""
        return _quietly({"content": clip(DISCORD.escape(said), MAX_CONTENT)})

    def address(self) -> str:
        """The webhook, asked to answer for the message itself."""
        parts = urlsplit(super().address())
        query = [(key, value) for key, value in parse_qsl(parts.query) if key != "wait"]
        return urlunsplit(parts._replace(query=urlencode([*query, ("wait", "true")])))

    def judge(self, answer: Answer) -> Outcome:
        """A webhook that is unknown (404) or whose token is wrong (401) disables the channel."""
        return judged(
            answer, rejected=(400, 413), gone=(401, 404, 410), retry_after_s=_wait_s(answer.excerpt)
        )


def build(name: str, settings: BaseModel, context: ChannelContext) -> Channel:
    """The channel of a `[[channels]]` table."""
    assert isinstance(settings, Settings)
    return DiscordChannel(name, settings, context)


def message(brief: Brief) -> JsonObject:
    """The brief as Discord's content and embeds."""
    lead = [f"**{DISCORD.escape(brief.title)}**", *(written(phrase, DISCORD) for phrase in brief.lead)]
    embeds = [embed for block in brief.blocks for embed in _embeds(block)]
    foot = "\n".join(written(phrase, DISCORD) for phrase in brief.foot)
    return _quietly({"content": "\n".join(lead), "embeds": [*embeds, {"description": foot}]})


def fits(body: JsonObject) -> bool:
    """Does Discord take it?"""
    content, embeds = body["content"], body["embeds"]
    assert isinstance(content, str)
    assert isinstance(embeds, list)
    texts = [
        (str(embed.get("title", "")), str(embed["description"]))
        for embed in embeds
        if isinstance(embed, dict)
    ]
    return (
        len(content) <= MAX_CONTENT
        and len(embeds) <= MAX_EMBEDS
        and all(len(title) <= MAX_TITLE and len(text) <= MAX_DESCRIPTION for title, text in texts)
        and sum(len(title) + len(text) for title, text in texts) <= MAX_TOTAL
    )


def _embeds(block: Block) -> Iterator[JsonObject]:
    """The block as one embed; as several where its trials fill more than one."""
    color = {"color": _COLORS[block.level]} if block.level else {}
    title = {"title": block.title} if block.title else {}
    text = ""
    for part in _parts(block):
        if text and len(text) + 2 + len(part) > MAX_DESCRIPTION:
            yield {**title, "description": text, **color}
            title, text = {}, part
        else:
            text = f"{text}\n\n{part}" if text else part
    if text:
        yield {**title, "description": text, **color}


def _parts(block: Block) -> Iterator[str]:
    lists = [_bullet(item.heading) for item in block.items if not item.lines]
    yield from (_card(item) for item in block.items if item.lines)
    if lists:
        yield "\n".join(lists)
    if block.more:
        yield written(block.more, DISCORD)


def _card(item: Item) -> str:
    return "\n".join([written(item.heading, DISCORD), *(_bullet(line) for line in item.lines)])


def _bullet(phrase: Phrase) -> str:
    return f"- {written(phrase, DISCORD)}"


def _quietly(body: JsonObject) -> JsonObject:
    nobody: JsonObject = {"parse": []}
    return {**body, "allowed_mentions": nobody}


def _wait_s(excerpt: str) -> float | None:
    """The wait in the body of a 429, in seconds."""
    try:
        body = orjson.loads(excerpt)
    except orjson.JSONDecodeError:
        return None
    wait = body.get("retry_after") if isinstance(body, dict) else None
    return float(wait) if isinstance(wait, (int, float)) and wait >= 0 else None
