"""A record as the registry wrote it before August 2025: the same words, written otherwise in every text.

What a change of the registry's converter looks like to whoever compares: every record differs, nothing has
happened. It changes no word.
"""

from __future__ import annotations

import re

from monitor.core.record import Json, JsonObject
from monitor.registries.ctgov.past import is_markup

_NEW_ESCAPE = re.compile(r"\\([._\-)|+])")
_BULLET = re.compile(r"^( *)\* ", re.M)


def reformatted(study: JsonObject) -> JsonObject:
    """A copy with fewer escapes and other bullets in its markup fields."""
    copy = _old(study, "", "")
    assert isinstance(copy, dict)
    return copy


def _old(value: Json, name: str, under: str) -> Json:
    match value:
        case str() if is_markup(name, under):
            return _BULLET.sub(r"\1- ", _NEW_ESCAPE.sub(r"\1", value))
        case list():
            return [_old(item, name, under) for item in value]
        case dict():
            return {inner: _old(member, inner, name) for inner, member in value.items()}
        case _:
            return value
