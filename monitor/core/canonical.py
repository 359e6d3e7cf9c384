"""Canonical forms: of a whole payload (bytes and their digest) and of a registry text.

Two payloads have one digest where nothing changed between them but what changes with every publication
(`versionHolder`). Two texts have one form where they differ in white space, escapes, list marks, or in being
Markdown or HTML of the same words. Nothing is judged here and nothing is stored in this form: a body is kept
as it was served.
"""

from __future__ import annotations

import hashlib
import re

import orjson

from monitor.core.hypertext import ENTITY, from_html, without_comments, without_entities
from monitor.core.record import Json, Text
from monitor.core.text import markdown_form, unescape_markdown

CANONICAL_VERSION = 1
"""Part of every digest: a later canonical form cannot be taken for this one."""

VOLATILE: tuple[tuple[str, ...], ...] = (("derivedSection", "miscInfoModule", "versionHolder"),)
"""Members that move with every publication of the registry's data and say nothing of the trial."""

# In the registry's Markdown a literal `<` or `&` is always escaped: bare ones are HTML of its history.
_TAG = re.compile(r"(?<!\\)</?(?:p|ul|ol|li|br)\s*/?>", re.I)
# Without a tag a text of the history is one paragraph: with a gap or a list it is Markdown, entity or not.
_PARTED = re.compile(r"\n\s*(?:\n|(?:\*|\d+\.) )")
_TRAILING = re.compile(r"[^\S\n]+\n")


def canonical_bytes(payload: Json) -> bytes:
    """The payload as JSON with sorted keys and without its volatile members; never mutates it."""
    for path in VOLATILE:
        payload = _without(payload, path)
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def digest(payload: Json) -> str:
    """sha256, hex, of the canonical bytes under the canonical form's version."""
    hashed = hashlib.sha256(b"trialwire canonical %d\n" % CANONICAL_VERSION)
    hashed.update(canonical_bytes(payload))
    return hashed.hexdigest()


def plain(text: str) -> Text:
    """A text without markup: white space and HTML entities are form."""
    shown = without_entities(text) if "&" in text else text  # in most there is none
    return Text(shown.strip(), " ".join(shown.split()))


def markup(text: str) -> Text:
    """A text with markup, Markdown or HTML, shown without escapes and tags, compared by its words."""
    source = _TRAILING.sub("\n", markdown(text).strip())
    return Text(unescape_markdown(source), markdown_form(source))


def markdown(text: str) -> str:
    """The text as Markdown: HTML of the registry's history turned into it, Markdown left as it is."""
    if "<" not in text and "&" not in text:
        return text
    is_html = _TAG.search(text) or (ENTITY.search(text) and not _PARTED.search(text))
    return from_html(text) if is_html else without_comments(text)


def _without(payload: Json, path: tuple[str, ...]) -> Json:
    """A copy without the member at `path`, nor the objects it leaves empty; the payload itself if absent."""
    name, *rest = path
    if not isinstance(payload, dict) or name not in payload:
        return payload
    others = {key: value for key, value in payload.items() if key != name}
    if not rest:
        return others
    inner = _without(payload[name], tuple(rest))
    return {**others, name: inner} if inner or inner == payload[name] else others
