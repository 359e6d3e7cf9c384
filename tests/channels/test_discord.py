"""Discord: content and embeds within their limits, waits told in a body, and nobody pinged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.channels import Channel
from monitor.channels.discord import MAX_CONTENT, MAX_DESCRIPTION, MAX_EMBEDS, MAX_TITLE, MAX_TOTAL, message
from monitor.core.brief import Block, Brief, Item
from monitor.core.dialects import Piece
from monitor.core.digest import Digest
from monitor.demo.sinks import Reaction
from monitor.errors import DeliveryDeferredError, DeliveryRejectedError
from tests.channels.support import chat, ping_rows, renderer, rows
from tests.channels.targets import DiscordTarget
from tests.support.digests import NOW
from tests.support.hostile import NASTY, hostile_digest
from tests.support.sample import sample_digest

RENDERED = renderer().digest(sample_digest())


@pytest.fixture
def room() -> Iterator[DiscordTarget]:
    """A webhook of Discord on loopback."""
    with DiscordTarget() as target:
        yield target


def discord(url: str) -> Channel:
    """A Discord channel."""
    return chat("discord", url)


def body(digest: Digest) -> dict[str, Any]:
    """What is posted of a digest."""
    (one,) = discord("https://discord.com/api/webhooks/1/x").messages(digest, RENDERED)
    found: dict[str, Any] = json.loads(one.content)
    return found


def test_a_digest_is_content_and_embeds() -> None:
    """The subject and counts, then an embed for each level with its word and a color."""
    said = body(sample_digest())
    assert said["content"].startswith("**Trialwire: 2 critical, 2 major · akeso · 20 Nov**\n**2 critical**")
    titles = [embed.get("title") for embed in said["embeds"]]
    assert titles == ["Critical", "Major", "Minor", "First sight", "Could not check", None]
    assert all("color" in embed for embed in said["embeds"][:3])
    assert "~~0–1~~ __0–2__" in said["embeds"][1]["description"]
    assert said["allowed_mentions"] == {"parse": []}


@settings(max_examples=15, deadline=None)
@given(words=st.text(max_size=300), count=st.integers(1, 45))
def test_every_digest_is_within_the_limits(words: str, count: int) -> None:
    """Whatever the registry's words and however many, Discord would take it."""
    said = body(hostile_digest(count, words + NASTY))
    texts = [(embed.get("title", ""), embed["description"]) for embed in said["embeds"]]
    assert 1 <= len(said["content"]) <= MAX_CONTENT
    assert len(said["embeds"]) <= MAX_EMBEDS
    assert all(len(title) <= MAX_TITLE and 1 <= len(text) <= MAX_DESCRIPTION for title, text in texts)
    assert sum(len(title) + len(text) for title, text in texts) <= MAX_TOTAL


@settings(max_examples=15, deadline=None)
@given(words=st.text(alphabet="[]()<>!@#\\*`~&|_ ahttps:/.-1", max_size=120))
@example(words="http://")
@example(words="trialwire ` | ")
def test_registry_words_ping_nobody_and_link_nowhere(words: str) -> None:
    """No mention, no mark and no link but ours is left once escapes are taken out."""
    said = body(hostile_digest(3, words + NASTY))
    for text in (said["content"], *(embed["description"] for embed in said["embeds"])):
        plain = re.sub(r"`[^`]*`", "", re.sub(r"\\.", "", text))
        assert re.findall(r"\]\((?!https://clinicaltrials\.gov/study/NCT09)", plain) == []
        assert re.findall(r"[<>@|]|(?<!\]\()https?://", plain) == []


def test_a_level_too_large_for_an_embed_goes_on_in_the_next() -> None:
    """Trials stay whole; only the first embed has the level's title."""
    items = tuple(Item((Piece(f"T{n}"),), ((Piece("word " * 300),),)) for n in range(4))
    said = message(Brief("Subject", (), (Block("Critical", items, "critical"),), ((Piece("end"),),)))
    embeds = said["embeds"]
    assert isinstance(embeds, list)
    assert [embed.get("title") for embed in embeds if isinstance(embed, dict)] == ["Critical", None, None]


def test_the_message_itself_is_answered_for(room: DiscordTarget) -> None:
    """`wait=true` goes along, whatever else the address says, such as which thread."""
    channel = discord(f"{room.address}?thread_id=77&wait=false")
    (row,) = ping_rows(channel)
    status, said = channel.send(row, NOW)
    assert (status, '"id": "42"' in said) == (200, True)
    (hook,) = room.received
    assert hook.path.endswith("?thread_id=77&wait=true")


@pytest.mark.parametrize(
    ("reaction", "wait"),
    [
        (
            Reaction(429, {"Retry-After": "3"}, b'{"message":"slow","retry_after":64.57,"global":false}'),
            64.57,
        ),
        (Reaction(429, {"Retry-After": "90"}, b'{"retry_after":64.57}'), 90),
        (Reaction(429, {}, b"<html>error 1015"), None),
        (Reaction(429, {}, b'{"retry_after":"soon"}'), None),
        (Reaction(503), None),
    ],
)
def test_what_is_tried_again(room: DiscordTarget, reaction: Reaction, wait: float | None) -> None:
    """The longer of two waits counts, in the header or in the body."""
    room.reactions.append(reaction)
    channel = discord(room.address)
    with pytest.raises(DeliveryDeferredError) as caught:
        channel.send(rows(channel, sample_digest())[0], NOW)
    assert caught.value.retry_after_s == wait


@pytest.mark.parametrize(
    ("status", "disables"), [(400, False), (413, False), (401, True), (404, True), (410, True)]
)
def test_what_will_never_be_taken(room: DiscordTarget, status: int, *, disables: bool) -> None:
    """An unknown webhook and a wrong token switch the channel off."""
    room.reactions.append(Reaction(status, body=b'{"message":"Unknown Webhook","code":10015}'))
    channel = discord(room.address)
    with pytest.raises(DeliveryRejectedError, match="Unknown Webhook") as caught:
        channel.send(rows(channel, sample_digest())[0], NOW)
    assert caught.value.disable is disables
