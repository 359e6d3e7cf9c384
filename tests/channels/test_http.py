"""What channels with a secret address share: what is checked, what is shown, and what is cut from answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor import channels
from monitor.channels import Channel, SettingsModels
from monitor.channels._http import redacted
from monitor.errors import ConfigError, DeliveryRejectedError
from tests.channels.support import context, ping_rows
from tests.support.digests import NOW


def room(url: str, **table: object) -> Channel:
    """A Slack channel; its target is never asked."""
    settings = channels.settings_model("slack").model_validate({"url_env": "ROOM", **table})
    return channels.build("slack", "room", settings, context({"ROOM": url}))


@pytest.mark.parametrize(
    ("url", "networks", "key", "said"),
    [
        ("https://127.0.0.1/s3cr3t-part", [], "url_env", "127.0.0.1 is not a public address"),
        ("http://chat.example.com/s3cr3t-part", [], "url_env", "only https on port 443"),
        ("ftp://chat.example.com/s3cr3t-part", [], "url_env", "not an https address"),
        ("https://me:s3cr3t-part@chat.example.com/", [], "url_env", "no user name or password"),
        ("https://chat.example.com/s3cr3t part", [], "url_env", "characters no address has"),
        ("https://chat.example.com:s3cr3t-part/", [], "url_env", "ort"),
        ("https://chat.example.com/s3cr3t-part", ["10.0.0.0/99"], "allow_networks", "10.0.0.0/99"),
    ],
)
def test_an_address_that_may_not_be_sent_to_is_found_by_check(
    url: str, networks: list[str], key: str, said: str
) -> None:
    """Under the setting that is wrong, and without the secret; a send is refused for good."""
    channel = room(url, allow_networks=networks)
    with pytest.raises(ConfigError) as caught:
        channel.check()
    assert caught.value.key == f"channels.room.{key}"
    assert said in caught.value.message
    with pytest.raises(DeliveryRejectedError) as refused:
        channel.send(ping_rows(channel)[0], NOW)
    shown = caught.value.message + refused.value.message + str(refused.value) + channel.describe()
    assert "s3cr3t-part" not in shown


def test_a_chat_server_of_ones_own_may_be_private() -> None:
    """Plain http, any port, a private address: where its network is listed."""
    room("http://10.20.1.4:8065/hooks/abcdef", allow_networks=["10.20.0.0/16"]).check()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com"),
        ("http://10.20.1.4:8065/hooks/abcdef", "http://10.20.1.4:8065"),
        ("https://chat.example.com:nowhere/", "its address cannot be read (ROOM)"),
        ("", "its address cannot be read (ROOM)"),
    ],
)
def test_a_description_is_the_host(url: str, shown: str) -> None:
    """Or which setting holds what cannot be read."""
    assert room(url).describe() == shown


def test_an_address_is_read_from_a_file_when_it_is_needed(tmp_path: Path) -> None:
    """A new one counts from the next message on."""
    settings = channels.settings_model("slack").model_validate({"url_file": "slack-url"})
    channel = channels.build("slack", "room", settings, context({}, tmp_path))
    (tmp_path / "slack-url").write_text("https://one.example.com/x\n", encoding="utf-8")
    assert channel.describe() == "https://one.example.com"
    (tmp_path / "slack-url").write_text("https://two.example.com/x\n", encoding="utf-8")
    assert channel.describe() == "https://two.example.com"


@pytest.mark.parametrize("table", [{}, {"url_env": "A", "url_file": "b"}, {"url": "https://x.example/"}])
@pytest.mark.parametrize("kind", ["slack", "teams", "discord"])
def test_an_address_is_never_in_the_configuration(kind: str, table: dict[str, str]) -> None:
    """It stands in a file or in the environment, in one of the two."""
    with pytest.raises(ValidationError, match=r"url_file or url_env|Extra inputs"):
        channels.settings_model(kind).model_validate(table)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("no such hook: /services/T01/abcdefgh", "no such hook: …"),
        ("https://h.example/services/T01/abcdefgh?sig=a%2Fb%2Bc12 was asked", "… was asked"),
        ("sig=a%2Fb%2Bc12", "…"),
        ("the signature a/b+c12 is wrong", "the signature … is wrong"),
        ("no_team at h.example", "no_team at h.example"),
    ],
)
def test_every_part_of_an_address_is_cut(text: str, cut: str) -> None:
    """As it was written and as it is read; the host may be named."""
    assert redacted(text, "https://h.example/services/T01/abcdefgh?sig=a%2Fb%2Bc12") == cut


def test_where_an_address_is_no_secret_nothing_is_cut() -> None:
    """Webhooks say what their endpoints said."""
    assert redacted("anything", "") == "anything"


def test_models_are_there_by_type() -> None:
    """Each type's own, and no other name; asking which there are loads none."""
    models = SettingsModels()
    assert set(models) == set(channels.available())
    assert len(models) == len(channels.available())
    assert ("slack" in models, "pigeon" in models) == (True, False)
    assert models["slack"] is channels.settings_model("slack")
    assert models.get("pigeon") is None
