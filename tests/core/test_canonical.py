"""Canonical forms of payloads and of registry text."""

from __future__ import annotations

import copy
import hashlib
import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.canonical import CANONICAL_VERSION, canonical_bytes, digest, markdown, markup, plain
from monitor.core.criteria import split_criteria
from monitor.core.record import Json
from tests.support.payloads import rich_study
from tests.support.real import SHARED, load, needs_real_records
from tests.support.records import ABSENT, put, study


def test_the_digest_ignores_the_version_holder_and_the_order_of_keys() -> None:
    """What moves with every publication, and what JSON does not mean, does not change the digest."""
    payload = rich_study()
    later = dict(reversed(copy.deepcopy(payload).items()))
    put(later, "derivedSection.miscInfoModule.versionHolder", "2026-11-20")
    assert digest(later) == digest(payload)
    kept = copy.deepcopy(payload)
    canonical_bytes(payload)
    assert payload == kept


def test_a_record_without_the_version_holder_has_the_same_digest() -> None:
    """Objects that held nothing else are gone with it."""
    bare = study(derivedSection=ABSENT)
    assert digest(study(derivedSection={"miscInfoModule": {"versionHolder": "2026-08-19"}})) == digest(bare)
    assert digest(study(derivedSection={"miscInfoModule": {}})) != digest(bare)


def test_the_digest_carries_the_canonical_form_s_version() -> None:
    """A digest of another canonical form cannot equal this one's."""
    prefix = b"trialwire canonical %d\n" % CANONICAL_VERSION
    assert digest(study()) == hashlib.sha256(prefix + canonical_bytes(study())).hexdigest()
    assert digest(study()) != hashlib.sha256(canonical_bytes(study())).hexdigest()


@pytest.mark.parametrize(
    "payload", [None, [], "text", 7, {"derivedSection": "text"}, {"derivedSection": None}]
)
def test_any_json_has_canonical_bytes(payload: Json) -> None:
    """What is no record still has a digest, so that a rejected answer can be told from the next."""
    assert orjson.loads(canonical_bytes(payload)) == payload


@given(st.integers())
def test_any_other_edit_changes_the_digest(seed: int) -> None:
    """A leaf that differs anywhere else differs in the digest."""
    payload = rich_study()
    chance = random.Random(seed)
    node: Json = payload
    while isinstance(node, dict | list) and node:
        parent = node
        step = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        node = node[step]  # type: ignore[index]
        if isinstance(parent, dict) and step == "versionHolder":
            return
    before = digest(payload)
    parent[step] = "something else"  # type: ignore[index]
    assert digest(payload) != before


SAME_TEXT = [
    ("* Age \\>= 18\n* ECOG 0\\-1", "- Age >= 18\n- ECOG 0-1"),
    ("1. First\n2. Second", "1\\) First\n2\\) Second"),
    ("1. First\n2. Second", "1) First\n2) Second"),
    ("Home\\_Based  care", "Home_Based\n\ncare"),
    ("a \\< b \\[c\\] \\& d", "a < b [c] & d"),
    ("* Age \\>= 18\n* ECOG", "<ul><li>Age &gt;= 18</li><li><p>ECOG</p></li></ul>"),
    ("One.\n\nTwo \\<3.", "<p>One.</p><p>Two &lt;3.</p>"),
    ("patient's 5 mg/mL", "patient&#x27;s 5 mg&#x2F;mL"),
    ("H2O", "H<sub>2</sub>O<br>"),
    ("* a\n\n<!-- -->\n\n1. b", "* a\n\n1. b"),
    ("1. a\n2. b", "<ol> <li>a</li>\n<li>b</li> </ol>"),
]


@pytest.mark.parametrize(("one", "other"), SAME_TEXT)
def test_another_way_to_write_a_text_is_the_same_text(one: str, other: str) -> None:
    """Escapes old and new, list marks, white space and HTML are form (rules, "Not a change at all")."""
    assert markup(one) == markup(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("5 mg", "5\\.0 mg"), ("a < b", "a > b"), ("ECOG 0-1", "ECOG 0-2"), ("10 mg", "1 0 mg"), ("Foo", "foo")],
)
def test_other_words_are_another_text(one: str, other: str) -> None:
    """A number, a sign or a letter that differs is never form."""
    assert markup(one) != markup(other)


def test_text_is_shown_for_reading() -> None:
    """Escapes are resolved, list marks and paragraphs stay."""
    assert markup("* Age \\>= 18\n* Weight \\[kg\\]").shown == "* Age >= 18\n* Weight [kg]"
    assert markup("<p>Both:</p><ul><li>one</li><li>two</li></ul>").shown == "Both:\n\n* one\n* two"
    assert markup(markdown("<p>5 * 3 &lt; 20</p>")).shown == "5 * 3 < 20"


def test_an_entity_makes_no_html_of_markdown() -> None:
    """A list stays a list where its sponsor typed an entity."""
    for text in ("* R&amp;D\n* two", "one &lt;5\n\ntwo"):
        assert markdown(text) == text


def test_plain_text_keeps_its_backslashes() -> None:
    """Only markup fields are escaped; a backslash in a plain one is a backslash."""
    assert plain("SMPH\\PEDIATRICS ").shown == "SMPH\\PEDIATRICS"
    assert plain("Saint Luke&#x27;s  Clinic") == plain("Saint Luke's Clinic")
    assert plain("a&copy=1&parameter=2").form == "a&copy=1&parameter=2"


@given(st.text(alphabet="ab *-_\\<>&;lt.1)\n", max_size=60))
def test_forms_are_forms(text: str) -> None:
    """The form has single blanks, and white space more or less does not change it."""
    form = markup(text).form
    assert form == " ".join(form.split())
    assert markup(f" {text} ").form == form


@needs_real_records
def test_real_markdown_equals_its_html() -> None:
    """The registry's two renderings of one record compare equal, string by string and item by item."""
    sample = load(SHARED / "registry" / "samples" / "markdown-vs-html-NCT04435626.json")
    told = sample["pairs"]
    assert isinstance(told, list)
    assert len(told) > 30
    for entry in told:
        assert isinstance(entry, dict)
        now, then = str(entry["v2"]), str(entry["int"])
        read = markup if entry["markup"] else plain
        assert read(now) == read(then)
        if str(entry["path"]).endswith("eligibilityCriteria"):
            assert split_criteria(markdown(now)) == split_criteria(markdown(then))
