"""What the stand-in serves: studies as they stood in one data version. It knows no HTTP."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

import orjson

from monitor.core.record import Json, JsonObject
from monitor.demo.standin.schema import PIECES, Piece

API_VERSION = "2.0.5"
NUMBER = re.compile(r"[Nn][Cc][Tt]0*([1-9][0-9]{0,7})", re.ASCII)
_BUILD = "883b003/0.34.1"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Submission:
    """One version in a study's history, as its sponsor submitted it."""

    date: str
    """When it was submitted, which is not when it was posted."""
    study: JsonObject
    """In the form of API v2; the history serves it in its own."""
    labels: tuple[str, ...] = ()
    remarks: Mapping[str, Json] = field(default_factory=dict)
    """`reviewNotPassed`, `unpostedEvents` and the like."""

    def at(self, module: str, name: str) -> Json:
        """A member of a protocol module; None where there is none."""
        return _object(_object(self.study.get("protocolSection")).get(module)).get(name)


@dataclass(frozen=True)
class DataVersion:
    """All studies as the registry served them after one of its refreshes."""

    stamp: str
    """`dataTimestamp`: UTC without a zone, e.g. `2026-11-20T09:00:05`."""
    studies: Mapping[str, JsonObject]
    """By NCT number. A study's `nctIdAliases` answer for it too; a number that is not here is unknown."""

    submissions: Mapping[str, Sequence[Submission]] = field(default_factory=dict)
    """By NCT number, the first first; a study that has none here was submitted once, as it stands."""
    pieces: Sequence[Piece] = PIECES
    """The fields it knows by name."""
    enum_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """More values of some enums."""
    api_version: str = API_VERSION

    def past(self, number: str) -> Sequence[Submission]:
        """The versions in a study's history, oldest first."""
        if number in self.submissions:
            return self.submissions[number]
        once = Submission("", self.studies[number])
        date = once.at("statusModule", "studyFirstSubmitQcDate")
        return (replace(once, date=date if isinstance(date, str) else self.stamp[:10]),)

    @property
    def etag(self) -> str:
        """One tag for the whole data set: build, application, and the stamp in base-36 milliseconds."""
        moment = datetime.fromisoformat(self.stamp).replace(tzinfo=UTC)
        return f"{_BUILD}/{_base36(int(moment.timestamp() * 1000))}"

    @property
    def token_prefix(self) -> str:
        """What all page tokens of this data version begin with."""
        return hashlib.sha256(self.stamp.encode()).hexdigest()[:16]

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Obsolete numbers and the studies they were merged into."""
        return {alias: number for number, study in self.studies.items() for alias in _aliases(study)}

    def selected(self, numbers: Iterable[str] | None) -> list[str]:
        """What `filter.ids` finds, by number or alias, unknown ones omitted; everything for None."""
        if numbers is None:
            return list(self.studies)
        found = (number if number in self.studies else self.aliases.get(number) for number in numbers)
        return list(dict.fromkeys(number for number in found if number is not None))

    def served(self, number: str) -> bytes:
        """A study as it goes over the wire: `versionHolder` is the data version's date on every record."""
        if number not in self._wire:
            study = dict(self.studies[number])
            derived = _object(study.get("derivedSection"))
            misc = _object(derived.get("miscInfoModule")) | {"versionHolder": self.stamp[:10]}
            study["derivedSection"] = derived | {"miscInfoModule": misc}
            self._wire[number] = orjson.dumps(study)
        return self._wire[number]

    @cached_property
    def _wire(self) -> dict[str, bytes]:
        return {}


def canonical(text: str) -> str | None:
    """The number in its full form; None where `text` does not match the API's pattern."""
    found = NUMBER.fullmatch(text)
    return f"NCT{int(found[1]):08d}" if found else None


def _object(value: Json) -> JsonObject:
    return dict(value) if isinstance(value, dict) else {}


def _aliases(study: JsonObject) -> list[str]:
    identification = _object(_object(study.get("protocolSection")).get("identificationModule"))
    listed = identification.get("nctIdAliases")
    return [alias for alias in listed if isinstance(alias, str)] if isinstance(listed, list) else []


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
