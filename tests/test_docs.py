"""The documents tell the truth: what the README names exists, what it shows works, what exists is named."""

from __future__ import annotations

import base64
import inspect
import re
import shlex
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import monitor
from monitor import bootstrap, channels, errors, registries
from monitor.channels import webhook
from monitor.cli import edge
from monitor.config import tables
from tests.support.documents import (
    DOCUMENTS,
    GUIDE,
    README,
    ROOT,
    blocks,
    calls,
    commands,
    invocations,
    mistake,
    prose,
    section,
)


def settings_tables() -> dict[str, set[str]]:
    """The keys of every table of the configuration, by the heading it has in the README."""
    ours: dict[str, type[BaseModel]] = {
        "`[poll]`": tables.PollSettings,
        "`[store]`": tables.StoreSettings,
        "`[[subscriptions]]`": tables.SubscriptionTable,
        "`[alerts]`": tables.AlertSettings,
    }
    plugged = {f"`[registries.{name}]`": registries.settings_model(name) for name in registries.available()}
    typed = {f'`[[channels]]` with `type = "{t}"`': channels.settings_model(t) for t in channels.available()}
    rest: dict[str, type[BaseModel]] = {
        "brakes": tables.BrakeSettings,
        "retention": tables.RetentionSettings,
        "delivery": tables.DeliverySettings,
        "pages": tables.PagesSettings,
        "log": tables.LogSettings,
    }
    heading = ", ".join(f"`[{name}]`" for name in rest)
    dotted = {f"{name}.{key}" for name, model in rest.items() for key in keys(model)}
    return {title: keys(model) for title, model in (ours | plugged | typed).items()} | {heading: dotted}


def keys(model: type[BaseModel]) -> set[str]:
    """The keys a table takes, as written in the file."""
    return {info.alias or name for name, info in model.model_fields.items()}


def test_every_command_shown_exists() -> None:
    """Commands and options in the documents are the program's own."""
    shown = list(invocations())
    assert shown
    assert [
        f"{document}: {shlex.join(words)}: {m}" for document, words in shown if (m := mistake(words))
    ] == []


@pytest.mark.parametrize("words", [["wach"], ["watch", "ad"], ["history", "NCT07263919", "--feild", "x"]])
def test_a_wrong_command_in_a_document_is_found(words: list[str]) -> None:
    """The check can fail: on a command, a command below it, and an option."""
    assert mistake(words)


def test_every_command_is_in_the_readme() -> None:
    """What the program can do, the README names."""
    table = section("Commands")
    missing = [
        " ".join(path)
        for path, _ in commands()
        if not re.search(rf"`{path[0]}\b[^`]*\b{path[-1]}\b|`{path[-1]}\b", table)
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("path", "command"),
    list(commands()),
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: Any) -> None:
    """Help says what a command does, and shows one call of it that would work."""
    help_text = command.help or ""
    examples = re.findall(rf"trialwire {' '.join(path)}\b[^\n`]*", help_text)
    assert examples, f"trialwire {' '.join(path)} --help has no example"
    for example in examples:
        assert [m for words in calls(example) if (m := mistake(words))] == [], example


def test_the_configuration_shown_is_valid(tmp_path: Path) -> None:
    """Every TOML block of the README can be used as it stands."""
    found = blocks(README, "toml")
    assert found
    for number, block in enumerate(found):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, "utf-8")
        bootstrap.load_settings(path, {})


@pytest.mark.parametrize(("title", "expected"), settings_tables().items())
def test_every_setting_is_in_the_readme_and_nothing_else(title: str, expected: set[str]) -> None:
    """The tables of settings, in the README or beside the channels, and the models name the same keys."""
    shown = re.findall(r"^\| `([a-z_0-9.]+)` \|", section(title), re.MULTILINE)
    assert sorted(shown) == sorted(expected)


def test_the_first_configuration_block_names_every_section() -> None:
    """The example to start from shows each kind of table once."""
    example = tomllib.loads(blocks(section("Configuration"), "toml")[0])
    assert set(example) >= {"registries", "poll", "channels", "subscriptions"}


def test_the_exit_codes_shown_are_those_there_are() -> None:
    """The table of exit codes holds every code a command can end with, and no other."""
    raised = {
        e.exit_code
        for _, e in inspect.getmembers(errors, inspect.isclass)
        if issubclass(e, errors.MonitorError)
    }
    shown = {int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)}
    assert shown == raised | {0, 2, edge.ATTENTION}


def test_the_library_example_runs() -> None:
    """The README's use of the library works on two payloads."""
    from tests.support.records import study

    source = next(block for block in blocks(README, "python") if "monitor.compare" in block)
    before, after = study(), study(protocolSection__statusModule__overallStatus="TERMINATED")
    names: dict[str, object] = {"monitor": monitor, "before": before, "after": after}
    exec(compile(source, "README.md", "exec"), names)


def test_the_webhook_example_verifies_what_is_sent() -> None:
    """The README's receiver accepts our signature, and nothing else."""
    source = next(block for block in blocks(GUIDE, "python") if "webhook-signature" in block)
    names: dict[str, Any] = {}
    exec(compile(source, "README.md", "exec"), names)
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    key = webhook.decode_secret(secret, "secret_file")
    signed = {
        name.lower(): value
        for name, value in webhook.signature_headers([key], "dlv_1", datetime.now(UTC), b"{}").items()
    }
    assert names["verified"](secret, signed, b"{}")
    assert not names["verified"](secret, signed, b"{ }")
    assert not names["verified"](secret, signed | {"webhook-timestamp": "1"}, b"{}")
    rotated = f"v1,{'A' * 43}= v1a,é {signed['webhook-signature']}"
    assert names["verified"](secret, signed | {"webhook-signature": rotated}, b"{}")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_shown_exists(document: str) -> None:
    """Links and paths in a document lead somewhere."""
    text = (ROOT / document).read_text("utf-8")
    here = (ROOT / document).parent
    links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (here / link).exists()] == []
    paths = re.findall(r"`((?:monitor|templates|systemd|tests|state)/[\w./-]*)`", prose(text))
    made_later = ("state/trialwire.db",)
    assert [path for path in paths if path not in made_later and not (ROOT / path).exists()] == []


def anchors(document: Path) -> set[str]:
    """What links can lead to inside a document: its headings, as they are addressed."""
    headings = re.findall(r"^#+ (.*)$", prose(document.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_anchor_leads_to_a_heading(document: str) -> None:
    """Links to a place in a document, this one or another, lead to a heading of it."""
    path = ROOT / document
    links = re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", path.read_text("utf-8"))
    assert [f"{to}#{at}" for to, at in links if at not in anchors(path.parent / to if to else path)] == []


def test_the_changelog_is_about_this_version() -> None:
    """What is unreleased is listed, or the version is."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{monitor.__version__}]" in text
