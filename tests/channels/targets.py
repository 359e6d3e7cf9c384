"""Stand-ins of chat services on loopback: they answer as the real ones are documented to, and hold limits.

A message beyond a limit is refused here as there, so that a channel that does not fold fails its tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from monitor.demo.sinks import Hook, Reaction, WebhookSink

TOKEN = "Sx4cr3tT0k3nOfTheRoom"
"""The part of every address that nobody may see."""


class Obliging(WebhookSink):
    """Takes everything."""

    path = f"/services/T01/{TOKEN}"

    @property
    def address(self) -> str:
        """Where to post to it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{self.path}"

    def usual(self, hook: Hook) -> Reaction:
        """Yes."""
        return Reaction(200, body=b"ok")


class SlackTarget(Obliging):
    """An incoming webhook: `ok`, or one of Slack's short errors."""

    def usual(self, hook: Hook) -> Reaction:
        """Take valid blocks."""
        if TOKEN not in hook.path:
            return Reaction(404, body=b"no_service")
        try:
            body = json.loads(hook.body)
            blocks = body["blocks"]
            fine = body["text"] and 1 <= len(blocks) <= 50 and all(map(_is_block, blocks))
        except (ValueError, KeyError, TypeError):
            return Reaction(400, body=b"invalid_payload")
        if not fine:
            return Reaction(400, body=b"invalid_blocks")
        if len(json.dumps(blocks, ensure_ascii=False)) > 13_200:
            return Reaction(400, body=b"msg_blocks_too_long")
        return Reaction(200, body=b"ok")


def _is_block(block: dict[str, Any]) -> bool:
    match block:
        case {"type": "divider"}:
            return True
        case {"type": "header", "text": {"type": "plain_text", "text": str(text)}}:
            return 1 <= len(text) <= 150
        case {"type": "section", "text": {"type": "mrkdwn", "text": str(text)}}:
            return 1 <= len(text) <= 3000
        case {"type": "context", "elements": [{"type": "mrkdwn", "text": str(text)}]}:
            return 1 <= len(text) <= 3000
    return False


class TeamsTarget(Obliging):
    """A Power Automate workflow: 202 for accepted; the secret is a signature in the query."""

    path = f"/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sig={TOKEN}"

    def usual(self, hook: Hook) -> Reaction:
        """Accept a message with one adaptive card."""
        if parse_qs(urlsplit(hook.path).query).get("sig") != [TOKEN]:
            return Reaction(401, body=b'{"error":{"code":"DirectApiAuthorizationRequired"}}')
        # Teams counts the card inside a string: quotes cost twice there (msteams-docs issue 11274).
        if len(json.dumps(json.dumps(json.loads(hook.body)))) > 28_672:
            return Reaction(413, body=b'{"error":{"code":"RequestEntityTooLarge"}}')
        match json.loads(hook.body):
            case {"type": "message", "attachments": [{"contentType": str(kind), "content": dict(card)}]}:
                fine = kind == "application/vnd.microsoft.card.adaptive" and _is_card(card)
                return Reaction(202 if fine else 400)
        return Reaction(400, body=b'{"error":{"code":"InvalidRequestContent"}}')


def _is_card(card: dict[str, Any]) -> bool:
    texts = [
        block["text"] for block in card["body"] if block["type"] == "TextBlock" and block["wrap"] is True
    ]
    known = card["type"] == "AdaptiveCard" and card["version"] in ("1.4", "1.5")
    return known and len(texts) == len(card["body"]) and all(texts)


class DiscordTarget(Obliging):
    """A webhook of Discord: 204, or with `wait=true` the message it made."""

    path = f"/api/webhooks/1234567890/{TOKEN}"

    def usual(self, hook: Hook) -> Reaction:
        """Make a message of what is within the limits."""
        parts = urlsplit(hook.path)
        if not parts.path.endswith(TOKEN):
            return _json(401, {"message": "Invalid Webhook Token", "code": 50027})
        body = json.loads(hook.body)
        if wrong := list(_beyond(body)):
            return _json(400, {"message": "Invalid Form Body", "code": 50035, "errors": wrong})
        if body["allowed_mentions"] != {"parse": []}:
            return _json(400, {"message": "This would ping somebody", "code": 0})
        if parse_qs(parts.query).get("wait") != ["true"]:
            return Reaction(204)
        return _json(200, {"id": "42", "webhook_id": "1234567890", "content": body.get("content", "")})


def _beyond(body: dict[str, Any]) -> Iterator[str]:
    embeds = body.get("embeds", [])
    if len(body.get("content", "")) > 2000 or not (body.get("content") or embeds):
        yield "content"
    if len(embeds) > 10:
        yield "embeds"
    if sum(len(embed.get("title", "")) + len(embed["description"]) for embed in embeds) > 6000:
        yield "embeds in all"
    for embed in embeds:
        if len(embed.get("title", "")) > 256 or not 1 <= len(embed["description"]) <= 4096:
            yield "embed"


def _json(status: int, body: dict[str, Any]) -> Reaction:
    return Reaction(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
