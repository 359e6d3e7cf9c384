"""Reads the documents: the blocks, commands and options they show, and what is wrong with them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import typer.main

from monitor.cli import commands as _registered
from monitor.cli.application import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CHANNELS = (ROOT / "monitor/channels/README.md").read_text("utf-8")
GUIDE = f"{README}\n{CHANNELS}"
"""What users read: the README, and what stands beside the channels."""
DOCUMENTS = (
    "README.md",
    "monitor/channels/README.md",
    "CHANGELOG.md",
    "state/README.md",
    "systemd/README.md",
)
assert _registered.GROUPS, "importing it is what registers the commands"
WRAPPERS = ("sudo", "env", "systemd-run")
WRAPPER_VALUES = ("-u", "-C", "-p")
"""Options of those that take a value."""
ROOT_COMMAND: Any = typer.main.get_command(app)
"""Of whatever class typer builds commands from: they are told apart by what they have."""


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """The part of the guide under a heading, with the headings below it."""
    found = re.search(rf"^(#+) {re.escape(title)}\n", GUIDE, re.MULTILINE)
    assert found, f"no document has a section {title!r}"
    rest = GUIDE[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def invocations() -> Iterator[tuple[str, list[str]]]:
    """(document, words after `trialwire`) for every command the documents show, in blocks and in prose."""
    for document in DOCUMENTS:
        text = (ROOT / document).read_text("utf-8")
        lines = [line for block in blocks(text, "console") for line in block.splitlines()]
        shown = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        shown += re.findall(r"`([^`\n]*trialwire [^`\n]+)`", prose(text))
        yield from ((document, words) for line in shown for words in calls(line))


def calls(line: str) -> Iterator[list[str]]:
    """The words after `trialwire` of every call of it in a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    for is_operator, words in groupby(lexer, lambda word: set(word) <= set("&|;<>")):
        program, *arguments = [""] if is_operator else unwrapped(list(words))
        if program == "trialwire" or program.endswith("/bin/trialwire"):
            yield arguments


def unwrapped(words: list[str]) -> list[str]:
    """The words from the program on: without variables, `sudo`, `env`, `systemd-run` and their options."""
    while words and (words[0] in WRAPPERS or words[0].startswith("-") or "=" in words[0]):
        words = words[2 if words[0] in WRAPPER_VALUES else 1 :]
    return words or [""]


def commands(
    command: Any = ROOT_COMMAND, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its path; groups lead to their commands."""
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            yield from commands(child, (*path, name))
        else:
            yield (*path, name), child


def mistake(words: list[str]) -> str | None:
    """What is wrong with a command line as shown: a command or an option that does not exist."""
    command, options = ROOT_COMMAND, option_names(ROOT_COMMAND)
    rest = iter(words)
    for word in rest:
        below = getattr(command, "commands", {})
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                return f"no option {word}"
            if word == "--config":
                next(rest, None)
        elif word in below:
            command = below[word]
            options |= option_names(command)
        elif below:
            return f"no command {word}"
    return None


def option_names(command: Any) -> set[str]:
    """The options a command takes, help among them."""
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
