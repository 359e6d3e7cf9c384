"""The house keeps its rules, and every rule is shown able to fail on a small invented module."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.house import (
    HOUSE_RULES,
    TEST_RULES,
    Module,
    Rule,
    core_is_pure,
    cycles,
    has_a_docstring,
    has_a_floor,
    import_graph,
    imports_go_down,
    is_short,
    modules,
    no_clock,
    one_door,
    says_what_it_shows,
    uses_fakes,
    within,
)


def broken(top: str, rules: tuple[Rule, ...]) -> list[str]:
    """What is wrong under a package, each module read once for all rules."""
    return [f"{m.name}: {rule.__name__}: {said}" for m in modules(top) for rule in rules for said in rule(m)]


def test_the_house_keeps_its_rules() -> None:
    """Every module of the product keeps every house rule."""
    assert broken("monitor", HOUSE_RULES) == []


def test_the_tests_keep_theirs() -> None:
    """Every test module states its behaviors and patches nothing."""
    assert broken("tests", TEST_RULES) == []


def test_no_modules_import_each_other_in_a_ring() -> None:
    """Inside a room, too, imports have a direction."""
    assert list(cycles(import_graph(tuple(modules("monitor"))))) == []


def test_the_map_of_core_names_every_room_of_it() -> None:
    """Who looks for something in core finds every module in its docstring, and none that is gone."""
    core = next(module for module in modules("monitor") if module.name == "monitor.core")
    listed = re.findall(r"^    ([a-z_, ]+):", ast.get_docstring(core.tree) or "", re.M)
    named = [name for line in listed for name in line.split(", ")]
    there = {m.name.split(".")[2] for m in modules("monitor") if within(m.name, "monitor.core") and m != core}
    assert sorted(there.symmetric_difference(named)) == []
    assert len(named) == len(there)


BROKEN: tuple[tuple[Rule, str, str, str], ...] = (
    (has_a_floor, "monitor.attic", "", "stands on no floor"),
    (imports_go_down, "monitor.core.diff", "from monitor.store import Store", "upward"),
    (imports_go_down, "monitor.store", "def f():\n    import monitor.render", "sideways"),
    (
        imports_go_down,
        "monitor.pipeline.poll",
        "import importlib\nimportlib.import_module('monitor.cli')",
        "upward",
    ),
    (imports_go_down, "monitor.store.locks", "from .. import daemon", "upward"),
    (
        imports_go_down,
        "monitor.registries.isrctn",
        "from monitor.registries import ctgov",
        "a plug-in imports",
    ),
    (core_is_pure, "monitor.core.digest", "import logging", "core imports logging"),
    (core_is_pure, "monitor.core.digest", "open('x')", "core uses open"),
    (one_door, "monitor.registries.ctgov.client", "import httpx", "httpx has its door in monitor.transport"),
    (one_door, "monitor.core.text", "from deepdiff import DeepDiff", "deepdiff has its door"),
    (one_door, "monitor.store", "import requests", "requests has no door"),
    (no_clock, "monitor.store", "from datetime import datetime as d\nd.now()", "reads datetime.datetime.now"),
    (
        no_clock,
        "monitor.pipeline.poll",
        "import time\ndef f(clock=time.monotonic): ...",
        "reads time.monotonic",
    ),
    (no_clock, "monitor.core.delivery", "from random import random", "reads random"),
    (has_a_docstring, "monitor.errors", "import re", "has no docstring"),
    (is_short, "monitor.errors", "x = 1\n" * 401, "has 401 lines"),
    (is_short, "monitor.errors", "def f():\n" + "    x = 1\n" * 60, "f has 61 lines"),
    (says_what_it_shows, "tests.test_x", "def test_it():\n    pass", "test_it has no docstring"),
    (says_what_it_shows, "tests.test_x", "class TestIt:\n    pass", "tests are functions"),
    (uses_fakes, "tests.test_x", "from unittest import mock", "imports unittest.mock"),
)


@pytest.mark.parametrize(("rule", "name", "source", "complaint"), BROKEN)
def test_a_rule_can_fail(rule: Rule, name: str, source: str, complaint: str) -> None:
    """Each rule finds its fault in a small module that has it."""
    assert any(complaint in broken for broken in rule(Module(name, source)))


def test_every_rule_is_shown_able_to_fail() -> None:
    """No rule goes without an example of its fault."""
    assert {rule for rule, *_ in BROKEN} == {*HOUSE_RULES, *TEST_RULES}


def test_a_ring_is_found() -> None:
    """Two modules that import each other are named; those that use them, or are used by them, are not."""
    ring = (
        Module("monitor.store", "import monitor.errors"),
        Module("monitor.store.a", "from monitor.store import b"),
        Module("monitor.store.b", "from monitor.store.a import x\nimport monitor.errors"),
        Module("monitor.cli", "from monitor.store.a import x"),
        Module("monitor.errors", ""),
    )
    assert list(cycles(import_graph(ring))) == ["monitor.store.a", "monitor.store.b"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("monitor.channels.email", "import smtplib\nfrom monitor.channels import Rendered"),
        ("monitor.channels._http", "from monitor.channels._port import Channel"),
        (
            "monitor.cli.app",
            "import typer\nfrom monitor.bootstrap import App\nfrom monitor import __version__",
        ),
        ("monitor.core.cadence", "from datetime import datetime\nimport cronsim\nx = datetime.fromisoformat"),
        ("monitor.transport", "import httpx\nfrom monitor import __version__"),
    ],
)
def test_ordinary_modules_break_nothing(name: str, source: str) -> None:
    """What the plan allows is not complained about."""
    module = Module(name, f'"""A room."""\n{source}')
    assert [broken for rule in HOUSE_RULES for broken in rule(module)] == []
