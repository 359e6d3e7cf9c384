"""HTML of the registry's history, read as the Markdown the registry serves of the same text."""

from __future__ import annotations

import html
import random
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.canonical import markdown, markup
from monitor.core.criteria import split_criteria
from monitor.core.hypertext import from_html, without_entities

NINE = "".join(f"{n}. x\n" for n in range(1, 10))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("<p>Both:</p><ul><li>one</li><li>two</li></ul>", "Both:\n\n* one\n* two"),
        ("<ol><li>one</li>\n<li>two</li></ol><p>End.</p>", "1. one\n2. two\n\nEnd."),
        ("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>", "* a\n\n  1. b\n  2. c\n* d"),
        ("<ol>" + "<li>x</li>" * 9 + "<li>y<ul><li>z</li></ul></li></ol>", NINE + "10. y\n\n    * z"),
        ("<p>a</p><!-- --><ol><li>b</li></ol>", "a\n\n1. b"),
        ("<ul><li><p>a</p><p>more</p></li></ul>", "* a\n\n  more"),
        ("<p>One.</p><p>Two\nlines.</p>", "One.\n\nTwo lines."),
        ("<p>one<br>two<br/>three</p>", "one\ntwo\nthree"),
        ("H<sub>2</sub>O and m<sup>2</sup>", "H2O and m2"),
        ('<p>See <a href="https://example.org/a>b" target=x>the page</a>.</p>', "See the page."),
        ('the <mark class="hl-term">veltomab</mark> arm', "the veltomab arm"),
        ("5 mg&#x2F;kg, patient&#x27;s, &quot;x&quot;&nbsp;y", '5 mg/kg, patient\'s, "x" y'),
        ("<p>5 * 3 &lt; 20 &amp; a_b [c]</p>", "5 \\* 3 \\< 20 \\& a\\_b \\[c\\]"),
        ("<p>- typed</p><p>2. typed</p><p>3) typed</p>", "\\- typed\n\n2\\. typed\n\n3\\) typed"),
        ("if <5 or a <c and d>", "if \\<5 or a \\<c and d\\>"),
        ("a&copy=1&lang=en", "a\\&copy=1\\&lang=en"),
        ("&amp;lt; stays a word", "\\&lt; stays a word"),
        ("<li>an item outside any list</li>", "* an item outside any list"),
        ("</ul></li></p>closed what was never open", "closed what was never open"),
        ("<p></p><ul><li></li></ul>", ""),
    ],
)
def test_html_becomes_the_registrys_markdown(source: str, wanted: str) -> None:
    """Lists keep their items and depth, inline tags leave the words, literal signs are escaped."""
    assert from_html(source) == wanted


def test_an_entity_is_resolved_once() -> None:
    """What was an entity of an entity is the inner one's text; without a semicolon it is none."""
    assert without_entities("&amp;lt; &#60;p&#62; &lt &LT; &nosuch;") == "&lt; <p> &lt < &nosuch;"


@dataclass(frozen=True)
class Item:
    """Words, and the lists under them."""

    words: tuple[str, ...]
    ordered: bool = False
    inner: tuple[Item, ...] = ()


_SAID = "Age ≥18 <5 a*b x_y [kg] 3^2 p|q C~1 R&D it's mg/kg back\\slash #1 5.0 (ECOG) - + 1. 2) &lt; 60%"
_WORD = st.sampled_from(_SAID.split())
_WORDS = st.lists(_WORD, min_size=1, max_size=5).map(tuple)
_ITEMS = st.recursive(
    st.builds(Item, _WORDS),
    lambda inner: st.builds(Item, _WORDS, st.booleans(), st.lists(inner, max_size=2).map(tuple)),
    max_leaves=6,
)
_HEADINGS = ("Inclusion Criteria:", "Exclusion Criteria:")
Blocks = tuple[Item, ...]


def as_markdown(items: Blocks) -> str:
    """Paragraphs and their lists as the registry writes them today."""
    blocks: list[str] = []
    for item in items:
        blocks.append(escaped(" ".join(item.words)))
        blocks += ["\n".join(_lines(item))] if item.inner else []
    return "\n\n".join(blocks)


def _lines(item: Item, depth: int = 0) -> list[str]:
    lines: list[str] = []
    for number, inner in enumerate(item.inner, 1):
        mark = f"{number}. " if item.ordered else "* "
        lines.append(" " * depth + mark + escaped(" ".join(inner.words)))
        lines += _lines(inner, depth + len(mark))
    return lines


def escaped(text: str) -> str:
    """With the backslashes the registry puts before signs, and before what would be a list mark."""
    text = re.sub(r"([\\*_\[\]<>^~&|])", r"\\\1", text)
    return re.sub(r"^(\d*)([-+.)])(?=\s|$)", r"\1\\\2", text)


def as_html(items: Blocks, chance: random.Random) -> str:
    """The same as its history writes it, with stray newlines and inline tags where chance puts them."""
    found = ""
    for item in items:
        found += f"<p>{_inline(item.words, chance)}</p>" + _list(item, chance)
    return found


def _list(item: Item, chance: random.Random) -> str:
    if not item.inner:
        return ""
    name, gap = ("ol" if item.ordered else "ul"), chance.choice(["", "\n", " "])
    rows = "".join(
        gap
        + (
            f"<li><p>{said}</p>{_list(inner, chance)}</li>"
            if chance.random() < 0.3
            else f"<li>{said}{_list(inner, chance)}</li>"
        )
        for inner in item.inner
        for said in [_inline(inner.words, chance)]
    )
    return f"<{name}>{rows}{gap}</{name}>"


def _inline(words: tuple[str, ...], chance: random.Random) -> str:
    said = ""
    for index, word in enumerate(words):
        encoded = html.escape(word).replace("/", "&#x2F;")
        if chance.random() < 0.2:
            encoded = chance.choice(["<sub>{}</sub>", '<a href="x">{}</a>', "<b>{}</b>"]).format(encoded)
        said += (chance.choice([" ", "\n", "  "]) if index else "") + encoded
    return said


@given(st.lists(_ITEMS, min_size=1, max_size=4).map(tuple), st.integers())
def test_both_renderings_of_a_text_have_one_form(items: Blocks, seed: int) -> None:
    """Whatever the words, lists and stray white space, HTML and Markdown compare equal."""
    then, now = as_html(items, random.Random(seed)), as_markdown(items)
    assert markup(from_html(then)) == markup(now)
    assert markup(then) == markup(now)


@given(st.lists(_ITEMS, min_size=1, max_size=2).map(tuple), st.integers())
def test_both_renderings_of_criteria_have_the_same_items(items: Blocks, seed: int) -> None:
    """Item by item, each in its section."""
    told = tuple(
        Item((heading,), inner=item.inner or (Item(item.words),))
        for heading, item in zip(_HEADINGS, items, strict=False)
    )
    then, now = as_html(told, random.Random(seed)), as_markdown(told)
    assert split_criteria(markdown(then)) == split_criteria(markdown(now))


@given(st.text(alphabet="<>/pulioabr &;lt#x27\n\\*-1.", max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Broken tags and entities raise nothing, and what is read has no HTML of its own left to read."""
    read = from_html(text)
    assert markdown(read) == read
