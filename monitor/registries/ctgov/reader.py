"""The pure half of ClinicalTrials.gov: its numbers, its payloads, its pages. It asks nobody anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.core.record import Json, TrialId, TrialRecord
from monitor.registries import Facts, Payload
from monitor.registries.ctgov import belief
from monitor.registries.ctgov.facts import facts

NAME = "ctgov"

# The API's own pattern for `nctId`, upper limit of eight digits included.
_NUMBER = re.compile(r"NCT0*([1-9][0-9]{0,7})", re.IGNORECASE | re.ASCII)
_PAGE = re.compile(
    r"(?:https?://)?(?:[a-z]+\.)?clinicaltrials\.gov/(?:[\w.-]+/)*(NCT0*[1-9][0-9]{0,7})(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)


def canonical_number(text: str) -> str | None:
    """`NCT` and eight digits for a number written as the API accepts it (`nct7263919`); None for others."""
    found = _NUMBER.fullmatch(text)
    return f"NCT{int(found[1]):08d}" if found else None


class CtGovReader:
    """Reads ClinicalTrials.gov's numbers and payloads."""

    name = NAME
    label = "ClinicalTrials.gov"
    number_form = "NCT and 8 digits, e.g. NCT07263919, or the address of its study page"

    def identify(self, text: str) -> TrialId | None:
        """Accepts `NCT07263919`, `nct7263919` and addresses of study pages."""
        wanted = text.strip()
        page = _PAGE.fullmatch(wanted)
        number = canonical_number(page[1] if page else wanted)
        return TrialId(NAME, number) if number else None

    def records(self, content: bytes) -> Iterator[Payload]:
        """See `files.records`."""
        from monitor.registries.ctgov.files import records  # msgspec is needed for nothing else here

        return records(content)

    def normalize(self, payload: Json) -> TrialRecord:
        """See `normalize.normalize`."""
        from monitor.registries.ctgov.normalize import (
            normalize,
        )  # the catalogue is not needed to read a number

        return normalize(payload)

    def digest(self, payload: Json) -> str:
        """See `canonical.digest`."""
        from monitor.core.canonical import digest

        return digest(payload)

    def data_version(self, payload: Json) -> str | None:
        """`versionHolder`: the date of the data version the payload was served in."""
        holder = belief.member(payload, "derivedSection", "miscInfoModule", "versionHolder")
        return holder if isinstance(holder, str) else None

    def facts(self, payload: Json) -> Facts:
        """See `facts.facts`."""
        return facts(payload)

    def disbelief(self, before: Json | None, after: Json) -> str | None:
        """See `belief.disbelief`."""
        return belief.disbelief(before, after)

    def url(self, trial: TrialId) -> str:
        """Its study page."""
        return f"https://clinicaltrials.gov/study/{trial.id}"
