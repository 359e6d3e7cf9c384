"""Signatures of webhooks: those of Standard Webhooks 1.0, anew at each attempt, by every secret there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from monitor import channels
from monitor.channels.webhook import (
    decode_secret,
    decode_secrets,
    sign,
    signature_headers,
)
from monitor.core.delivery import delivery_id
from monitor.demo.sinks import WebhookSink
from monitor.errors import ConfigError, DeliveryDeferredError
from tests.channels.support import LOOPBACK, OLD_SECRET, SECRET, context, ping_rows, rows, webhook
from tests.support.digests import (
    NOW,
)
from tests.support.sample import sample_digest


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    """An endpoint on loopback that knows our secret."""
    with WebhookSink(SECRET) as endpoint:
        yield endpoint


def test_an_independent_verifier_accepts_the_signature(sink: WebhookSink) -> None:
    """PyPI's standardwebhooks verifies what arrived, and refuses it with one byte changed."""
    now = datetime.now(UTC)
    channel = webhook(sink.url)
    (row,) = rows(channel, sample_digest())
    channel.send(row, now)
    (hook,) = sink.received
    assert hook.body == row.content
    assert hook.headers["webhook-id"] == row.id
    assert hook.headers["content-type"] == "application/json"
    verifier = Webhook(SECRET)
    assert verifier.verify(hook.body, dict(hook.headers))["type"] == "digest.created"
    with pytest.raises(WebhookVerificationError):
        verifier.verify(hook.body + b" ", dict(hook.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify(hook.body, dict(hook.headers))


def test_each_attempt_is_signed_anew(sink: WebhookSink) -> None:
    """Id and bytes stay, timestamp and signature are those of the attempt."""
    channel = webhook(sink.url)
    (row,) = rows(channel, sample_digest())
    channel.send(row, NOW)
    channel.send(row, NOW + timedelta(minutes=5))
    first, second = sink.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 300
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.verified
    assert second.verified


def test_secrets_can_be_rotated() -> None:
    """With two secrets there are two signatures: a receiver that knows either one accepts."""
    now = datetime.now(UTC)
    with WebhookSink(OLD_SECRET) as sink:
        channel = webhook(sink.url, environ={"HOOK": f"{SECRET}\n{OLD_SECRET}\n"})
        channel.send(ping_rows(channel, now)[0], now)
        (hook,) = sink.received
    assert hook.verified
    assert len(hook.headers["webhook-signature"].split()) == 2
    for secret in (SECRET, OLD_SECRET):
        assert Webhook(secret).verify(hook.body, dict(hook.headers))


def test_signatures_stand_in_the_order_of_the_secrets() -> None:
    """All sign, each once, however the lines are written; a header names no key."""
    spelled = f"  {OLD_SECRET}\r\n\r\n\t{SECRET} \n{OLD_SECRET}\n"
    keys = decode_secrets(spelled, "k")
    assert keys == [decode_secret(OLD_SECRET, "k"), decode_secret(SECRET, "k")]
    headers = signature_headers(keys, "dlv_1", NOW, b"{}")
    timestamp = headers["webhook-timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    assert headers["webhook-signature"].split(" ") == [sign(key, "dlv_1", timestamp, b"{}") for key in keys]


def test_a_rotated_secret_is_used_from_the_next_attempt_on(tmp_path: Path) -> None:
    """The file is read when something is sent, so that nothing need be restarted."""
    table = {"secret_file": "hook", "allow_networks": list(LOOPBACK)}
    (tmp_path / "hook").write_text(OLD_SECRET, "utf-8")
    with WebhookSink(SECRET) as sink:
        settings = channels.settings_model("webhook").model_validate({"url": sink.url, **table})
        channel = channels.build("webhook", "pipeline", settings, context({}, tmp_path))
        (row,) = ping_rows(channel)
        with pytest.raises(DeliveryDeferredError):
            channel.send(row, NOW)
        (tmp_path / "hook").write_text(f"{SECRET}\r\n{OLD_SECRET}\r\n", "utf-8")
        assert channel.send(row, NOW)[0] == 204
        assert [hook.verified for hook in sink.received] == [False, True]


def test_one_bad_secret_of_several_is_named() -> None:
    """By its place and key, not by what it is; the good ones alone are not used quietly."""
    channel = webhook("http://127.0.0.1:1/", environ={"HOOK": f"{SECRET}\nwhsec_tooshort\n"})
    with pytest.raises(ConfigError, match=r"secret_env: secret 2 of 2: is no webhook secret") as caught:
        channel.check()
    assert caught.value.key == "channels.pipeline.secret_env"
    assert "tooshort" not in str(caught.value)
    with pytest.raises(DeliveryDeferredError, match="secret 2 of 2"):
        channel.send(ping_rows(channel)[0], NOW)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.integers(1, 10**6))
def test_an_id_is_the_same_for_ever_and_holds_no_dot(
    digest: str, channel: str, recipient: str, part: int
) -> None:
    """Dots divide what is signed, so whatever a channel is called, its messages' ids have none."""
    identity = delivery_id(digest, channel, recipient, part)
    assert re.fullmatch(r"dlv_[0-9a-z]{26}", identity)
    assert identity == delivery_id(digest, channel, recipient, part)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks' own libraries gives its well-known signature."""
    key = decode_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "k")
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["plain", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "whsec_" + "QUFB" * 30])
def test_a_weak_secret_is_refused(secret: str) -> None:
    """Only `whsec_` and 24 to 64 bytes are a secret; the message does not repeat it."""
    channel = webhook("http://127.0.0.1:1/", environ={"HOOK": secret})
    with pytest.raises(ConfigError, match="is no webhook secret") as caught:
        channel.check()
    assert caught.value.key == "channels.pipeline.secret_env"
    assert secret not in str(caught.value)
