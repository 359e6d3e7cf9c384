"""Microsoft Teams: one adaptive card, its size as Teams counts it, and a signature that nobody sees."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.channels import Channel
from monitor.channels.teams import MAX_SIZE
from monitor.core.digest import Digest
from monitor.demo.sinks import Reaction
from monitor.errors import DeliveryDeferredError, DeliveryError, DeliveryRejectedError
from tests.channels.support import chat, renderer, rows
from tests.channels.targets import TOKEN, TeamsTarget
from tests.support.digests import NOW
from tests.support.hostile import NASTY, hostile_digest
from tests.support.sample import sample_digest

RENDERED = renderer().digest(sample_digest())


@pytest.fixture
def flow() -> Iterator[TeamsTarget]:
    """A workflow on loopback."""
    with TeamsTarget() as target:
        yield target


def teams(url: str) -> Channel:
    """A Teams channel."""
    return chat("teams", url)


def card(digest: Digest) -> list[dict[str, Any]]:
    """The blocks of the card that is posted of a digest."""
    (message,) = teams("https://prod-1.westeurope.logic.azure.com/x").messages(digest, RENDERED)
    body = json.loads(message.content)
    assert len(json.dumps(json.dumps(body))) <= MAX_SIZE
    (attachment,) = body["attachments"]
    blocks: list[dict[str, Any]] = attachment["content"]["body"]
    return blocks


def test_a_digest_is_a_card() -> None:
    """A title, the counts, and each level by its word and a color; every text may wrap."""
    blocks = card(sample_digest())
    assert blocks[0]["text"] == "Trialwire: 2 critical, 2 major · akeso · 20 Nov"
    levels = {block["text"]: block["color"] for block in blocks if "color" in block}
    assert levels == {"Critical": "Attention", "Major": "Warning", "Minor": "Accent"}
    assert all(block["type"] == "TextBlock" and block["wrap"] is True for block in blocks)
    said = "\n".join(block["text"] for block in blocks)
    assert "[**NCT" not in said
    assert "**[NCT09000001](https://clinicaltrials.gov/study/NCT09000001)** Veltomab" in said
    assert r"\[-0–1-\] {+0–2+}" in said


@settings(max_examples=15, deadline=None)
@given(words=st.text(max_size=300), count=st.integers(1, 45))
def test_every_digest_is_within_the_limit(words: str, count: int) -> None:
    """Whatever the registry's words and however many, the card is small enough inside a string."""
    assert all(block["text"] for block in card(hostile_digest(count, words + NASTY)))


@settings(max_examples=15, deadline=None)
@given(words=st.text(alphabet="[]()<>!@#\\*`~& ahttps:/.-", max_size=120))
@example(words="http://")
@example(words="trialwire ` | ")
def test_registry_words_link_nowhere(words: str) -> None:
    """A closing bracket is followed by an address only where the link is ours."""
    for block in card(hostile_digest(3, words + NASTY)):
        plain = re.sub(r"\\.", "", block["text"])
        assert re.findall(r"\]\((?!https://clinicaltrials\.gov/study/NCT09)", plain) == []
        assert "<at>" not in plain


def test_accepted_is_as_much_as_teams_says(flow: TeamsTarget) -> None:
    """202 is taken for sent: what becomes of the card is not told."""
    channel = teams(flow.address)
    assert channel.send(rows(channel, sample_digest())[0], NOW) == (202, "")


@pytest.mark.parametrize(("status", "disables"), [(404, True), (410, True), (413, False)])
def test_what_will_never_be_taken(flow: TeamsTarget, status: int, *, disables: bool) -> None:
    """A workflow that is gone switches the channel off; a card that is too large is said to be."""
    flow.reactions.append(Reaction(status, body=b'{"error":{"code":"WorkflowNotFound"}}'))
    channel = teams(flow.address)
    with pytest.raises(DeliveryRejectedError) as caught:
        channel.send(rows(channel, sample_digest())[0], NOW)
    assert caught.value.disable is disables
    assert ("too large" in caught.value.message) == (status == 413)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 502, 504])
def test_what_is_tried_again(flow: TeamsTarget, status: int) -> None:
    """A workflow that is switched off or signed anew may come back."""
    flow.reactions.append(Reaction(status, body=b'{"error":{"code":"WorkflowTriggerIsNotEnabled"}}'))
    channel = teams(flow.address)
    with pytest.raises(DeliveryDeferredError, match="WorkflowTriggerIsNotEnabled"):
        channel.send(rows(channel, sample_digest())[0], NOW)


@pytest.mark.parametrize("status", [200, 400, 404, 413, 500])
def test_the_signature_is_nowhere_to_be_seen(
    flow: TeamsTarget, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Not in what is shown, raised, kept of the answer or logged, even where the answer repeats it."""
    caplog.set_level(logging.DEBUG)
    flow.reactions.append(Reaction(status, body=f"you asked {flow.address} with sig={TOKEN}".encode()))
    channel = teams(flow.address)
    try:
        said = channel.send(rows(channel, sample_digest())[0], NOW)[1]
    except DeliveryError as error:
        said = f"{error.message} {error} {error.excerpt} {error!r}"
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("monitor"))
    assert TOKEN not in said + channel.describe() + ours
    assert "127.0.0.1" in channel.describe()
