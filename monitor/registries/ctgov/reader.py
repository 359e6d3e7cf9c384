"""The pure half of ClinicalTrials.gov: its numbers, its payloads, its pages. It asks nobody anything."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.record import Json, TrialId, TrialRecord
from monitor.registries import Facts, Payload
from monitor.registries.ctgov import belief
from monitor.registries.ctgov.additions import level
from monitor.registries.ctgov.facts import facts
from monitor.registries.ctgov.numbers import NAME, identify


class CtGovReader:
    """Reads ClinicalTrials.gov's numbers and payloads."""

    name = NAME
    label = "ClinicalTrials.gov"
    number_form = "NCT and 8 digits, e.g. NCT07263919, or the address of its study page"

    def identify(self, text: str) -> TrialId | None:
        """Accepts `NCT07263919`, `nct7263919` and addresses of study pages."""
        return identify(text)

    def records(self, content: bytes) -> Iterator[Payload]:
        """See `files.records`."""
        from monitor.registries.ctgov.files import records  # msgspec is needed for nothing else here

        return records(content)

    def normalize(self, payload: Json) -> TrialRecord:
        """See `normalize.normalize`."""
        # The catalogue is not needed to read a number.
        from monitor.registries.ctgov.normalize import normalize

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

    def level(self, before: Json, after: Json) -> tuple[Json, Json]:
        """See `additions.level`."""
        return level(before, after)

    def url(self, trial: TrialId) -> str:
        """Its study page."""
        return f"https://clinicaltrials.gov/study/{trial.id}"
