"""What mail programs make of the page, as npm's `caniemail` (the data of caniemail.com) knows them.

Everything a reader needs stands in the elements and their own styles: there nothing is unsupported in Gmail
or Outlook. `<style>` holds what a program may drop without loss: the dark form, narrow screens, breaks in
words.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.core.digest import Digest
from monitor.core.links import Links
from monitor.render import Renderer
from tests.interop import npm
from tests.support.digests import change, composed, finding, gathered, trial
from tests.support.sample import programme_digest, rich_digest

pytestmark = pytest.mark.slow

CHECK = """
import {caniemail} from 'caniemail';
import {readFileSync} from 'node:fs';
const html = readFileSync(process.argv[2], 'utf8');
const red = [];
for (const [client, found] of caniemail({clients: ['gmail.*', 'outlook.*'], html}).issues.errors)
  for (const one of found) red.push([one.title, client]);
console.log(JSON.stringify(red));
"""
STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)
IGNORED = {("role attribute", "outlook.windows-mail")}
"""Says to screen readers that a table is layout; Windows' former mail program had no use for it."""
IN_STYLE = {
    "<style> element",
    "@media",
    "Type selector",
    "Class selector",
    "Attribute selector",
    "Descendant combinator",
    "word-break",
}
"""What only stands in `<style>`: where it is dropped, the page is as by day on a wide screen."""


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with npm's package in it and the script that asks it."""
    folder = tmp_path_factory.mktemp("caniemail")
    npm.install(folder, "caniemail@1")
    script = folder / "check.mjs"
    script.write_text(CHECK, encoding="utf-8")
    return script


def red(checker: Path, html: str) -> set[tuple[str, str]]:
    """(feature, mail program) of everything that is not supported."""
    page = checker.with_name("page.html")
    page.write_text(html, encoding="utf-8")
    node = shutil.which("node")
    assert node is not None
    made = subprocess.run(
        [node, str(checker), str(page)], capture_output=True, text=True, timeout=120, check=True
    )
    return {(str(title), str(client)) for title, client in json.loads(made.stdout)}


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Digests of every shape: full, of programmes, in threads, and folded to fit."""
    stories = []
    for n in range(500):
        state = trial(n, f"Study {n}")
        news = change(state, f"Site {n} added.", level="major", number=n)
        stories.append((state, finding(state, news.summary, news), (news,)))
    links = Links("https://trialwire.example.com", b"key")
    rendered: dict[str, Digest] = {
        "rich": rich_digest(),
        "programmes": programme_digest(),
        "crowd": composed(gathered(*stories)),
    }
    made = {name: Renderer(links=links).digest(digest).html for name, digest in rendered.items()}
    made["attached"] = Renderer().digest(rendered["crowd"]).html
    for number, one in enumerate(Renderer().digest(rich_digest("threads")).threads[:4]):
        made[f"thread {number}"] = one.html
    return made


@pytest.mark.parametrize("name", ["rich", "programmes", "crowd", "attached", "thread 0", "thread 3"])
def test_nothing_is_unsupported_in_gmail_or_outlook(checker: Path, pages: dict[str, str], name: str) -> None:
    """Without `<style>` nothing is red; with it, only what stands in it, where it is dropped as a whole."""
    html = pages[name]
    assert red(checker, STYLE.sub("", html)) <= IGNORED
    assert {title for title, _ in red(checker, html) - IGNORED} <= IN_STYLE


def test_what_is_unsupported_is_found(checker: Path) -> None:
    """The check can fail: a page laid out with flex is red in Outlook."""
    html = '<table><tr><td style="display:flex">x</td></tr></table>'
    assert any(client.startswith("outlook.windows") for _, client in red(checker, html))
