"""Addresses of our own pages, where they are served, and the one-click address by which a reader leaves.

An address to leave by is made for one reader of one channel and carries a proof of that, so that nobody
leaves for somebody else. Nothing here is asked for over a network or looked up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

import orjson

from monitor.core.record import TrialId

_PROOF = 16
"""Bytes of an address's proof: as good as a random UUID against guessing."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where our pages are served."""

    base: str
    """Such as `https://trialwire.example.com`, without a slash at its end."""
    key: bytes = field(repr=False)
    """Proves addresses to leave by; who has it can make them."""

    def digest(self, digest_id: str) -> str:
        """The page of a digest, with everything that it only counts."""
        return f"{self.base}/digests/{digest_id}"

    def trial(self, trial: TrialId) -> str:
        """The page of a trial."""
        return self.base + trial_path(trial)

    def unsubscribe(self, channel: str, recipient: str) -> str:
        """Where this reader leaves this channel (RFC 8058: a GET shows, only a POST acts)."""
        who = orjson.dumps([channel, recipient.lower()])
        return f"{self.base}/unsubscribe/{_text(who)}.{_text(self._proof(who))}"

    def leaving(self, token: str) -> tuple[str, str] | None:
        """Channel and recipient, in lower case, of an address to leave by; None where it proves nothing."""
        said, _, proof = token.partition(".")
        try:
            who, given = _bytes(said), _bytes(proof)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(given, self._proof(who)):
            return None
        channel, recipient = orjson.loads(who)
        return channel, recipient

    def _proof(self, who: bytes) -> bytes:
        return hmac.new(self.key, b"unsubscribe " + who, hashlib.sha256).digest()[:_PROOF]


def trial_path(trial: TrialId) -> str:
    """Where a trial's page is below the address of all pages."""
    return f"/trials/{trial.registry}/{trial.id}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
