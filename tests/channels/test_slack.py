"""Slack: its blocks and limits, what its short answers mean, and that registry words stay words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.channels import Channel
from monitor.channels.slack import MAX_BLOCKS, MAX_HEADER, MAX_SECTION, MAX_TOTAL, packed
from monitor.core.digest import Digest
from monitor.demo.sinks import Reaction
from monitor.errors import DeliveryDeferredError, DeliveryRejectedError
from tests.channels.support import chat, renderer, rows
from tests.channels.targets import SlackTarget
from tests.support.digests import NOW
from tests.support.hostile import NASTY, hostile_digest
from tests.support.sample import sample_digest


@pytest.fixture
def room() -> Iterator[SlackTarget]:
    """A webhook of Slack on loopback."""
    with SlackTarget() as target:
        yield target


def slack(url: str) -> Channel:
    """A Slack channel."""
    return chat("slack", url)


def body(digest: Digest) -> dict[str, Any]:
    """What is posted of a digest."""
    (message,) = slack("https://hooks.slack.com/services/T/B/x").messages(digest, RENDERED)
    found: dict[str, Any] = json.loads(message.content)
    return found


RENDERED = renderer().digest(sample_digest())


def texts(said: dict[str, Any]) -> list[str]:
    """The texts that Slack reads as its markup."""
    sections = [block["text"]["text"] for block in said["blocks"] if block["type"] == "section"]
    return sections + [block["elements"][0]["text"] for block in said["blocks"] if block["type"] == "context"]


def test_a_digest_is_blocks() -> None:
    """A header with the subject, the counts, a section for each trial, a divider before each level."""
    said = body(sample_digest())
    kinds = [block["type"] for block in said["blocks"]]
    assert kinds[:4] == ["header", "context", "divider", "section"]
    assert (
        said["text"] == said["blocks"][0]["text"]["text"] == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"
    )
    assert said["blocks"][3]["text"]["text"].startswith(
        "*Critical*\n*<https://clinicaltrials.gov/study/NCT09000001|NCT09000001>* Veltomab"
    )
    assert (said["unfurl_links"], said["unfurl_media"]) == (False, False)
    everything = "\n".join(texts(said))
    assert "~0–1~ *0–2*" in everything
    assert "`trialwire changes --observed-since 2026-11-19" in everything


@settings(max_examples=15, deadline=None)
@given(words=st.text(max_size=300), count=st.integers(1, 45))
def test_every_digest_is_within_the_limits(words: str, count: int) -> None:
    """Whatever the registry's words and however many, Slack would take it."""
    said = body(hostile_digest(count, words + NASTY))
    assert len(said["blocks"]) <= MAX_BLOCKS
    assert len(said["blocks"][0]["text"]["text"]) <= MAX_HEADER
    assert all(1 <= len(text) <= MAX_SECTION for text in texts(said))
    assert len(json.dumps(said["blocks"], ensure_ascii=False)) <= MAX_TOTAL * 1.05


@settings(max_examples=15, deadline=None)
@given(words=st.text(alphabet="<>!@#|&*`~ ahttps:/.U", max_size=120))
@example(words="http://")
@example(words="trialwire ` | ")
def test_registry_words_call_nobody_and_link_nowhere(words: str) -> None:
    """An opening bracket begins a link of ours or nothing; texts are verbatim, so nothing else is parsed."""
    said = body(hostile_digest(3, words + NASTY))
    for text in (*texts(said), said["text"]):
        assert re.findall(r"<(?!https://clinicaltrials\.gov/study/NCT09)", text) == []
        assert re.findall(r"&(?!amp;|lt;|gt;)", text) == []
    marked = [
        block.get("text") or block["elements"][0] for block in said["blocks"] if block["type"] != "divider"
    ]
    assert all(text["verbatim"] is True for text in marked if text["type"] == "mrkdwn")


@pytest.mark.parametrize(
    ("status", "answer", "disables"),
    [
        (400, b"invalid_payload", False),
        (400, b"invalid_blocks", False),
        (403, b"action_prohibited", False),
        (404, b"no_service", True),
        (404, b"channel_not_found", True),
        (410, b"channel_is_archived", True),
    ],
)
def test_what_will_never_be_taken(room: SlackTarget, status: int, answer: bytes, *, disables: bool) -> None:
    """Slack's lasting errors are believed; a webhook that is no more switches the channel off."""
    room.reactions.append(Reaction(status, body=answer))
    channel = slack(room.address)
    with pytest.raises(DeliveryRejectedError, match=f"{status}: {answer.decode()}") as caught:
        channel.send(rows(channel, sample_digest())[0], NOW)
    assert (caught.value.status, caught.value.disable) == (status, disables)


@pytest.mark.parametrize(
    ("reaction", "wait"),
    [
        (Reaction(429, {"Retry-After": "30"}, b"rate_limited"), 30),
        (Reaction(500, body=b"rollup_error"), None),
        (Reaction(302, {"Location": "https://slack.com/signin"}), None),
        (Reaction(200, body=b"<html>Please log in"), None),
    ],
)
def test_what_is_tried_again(room: SlackTarget, reaction: Reaction, wait: float | None) -> None:
    """Too many, out of order, led elsewhere, or answered by something that is not Slack."""
    room.reactions.append(reaction)
    channel = slack(room.address)
    with pytest.raises(DeliveryDeferredError) as caught:
        channel.send(rows(channel, sample_digest())[0], NOW)
    assert caught.value.retry_after_s == wait
    assert channel.send(rows(channel, sample_digest())[0], NOW) == (200, "ok")


def test_lines_are_packed_and_never_cut() -> None:
    """Lines go together while they fit; one that is too long stays whole, and the form is refused."""
    assert list(packed(["aa", "bb", "c" * 7, "d"], limit=5)) == ["aa\nbb", "c" * 7, "d"]
    assert list(packed([])) == []
