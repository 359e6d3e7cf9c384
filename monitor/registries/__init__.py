"""The `Registry` port: what every registry offers, and where registries are found.

A registry is one file (or one folder) here. It translates; it does not decide: what it returns of a fetch is
one outcome for each trial asked for, and failures to reach the registry at all are exceptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from monitor.core.record import Json, TrialId, TrialRecord


@dataclass(frozen=True, slots=True)
class Probe:
    """The registry's answer to "is there anything new?"."""

    data_version: str | None
    """The registry's stamp, e.g. `2026-11-20T09:00:05`; None where it gives none."""
    etag: str | None
    api_version: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A believable record, as served."""

    trial: TrialId
    body: bytes
    """The study's own slice of the response, byte for byte."""
    record: Json
    """The same, parsed."""


@dataclass(frozen=True, slots=True)
class RenamedTo:
    """The number was merged into another one."""

    trial: TrialId
    to: TrialId
    payload: Payload | None = None
    """The record under its new number, where it came along."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The registry says it has no such trial."""

    trial: TrialId
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be found out now; what is stored stays true."""

    trial: TrialId
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An answer came and is not a believable record; it is quarantined, never diffed."""

    trial: TrialId
    reason: str
    body: bytes


Fetched: TypeAlias = Payload | RenamedTo | Absent | Unknown | Rejected


class Registry(Protocol):
    """A registry as the pipeline sees it."""

    name: str
    label: str
    batch_size: int
    """How many trials one request may ask for."""

    def identify(self, text: str) -> TrialId | None:
        """The trial a number names, in canonical form; None where it is not one of this registry's."""

    def probe(self, known: Probe | None) -> Probe:
        """Ask for the data version, conditionally; return `known` itself where nothing moved."""

    def fetch(self, trials: Sequence[TrialId]) -> Iterator[Fetched]:
        """One outcome for each trial asked for, in any order; at most `batch_size` trials."""

    def normalize(self, payload: Json) -> TrialRecord:
        """Translate a payload; pure. Raises RecordFormatError on what is not a record."""

    def digest(self, payload: Json) -> str:
        """sha256, hex, of the canonical payload: equal for payloads between which nothing changed."""

    def data_version(self, payload: Json) -> str | None:
        """The data version a payload carries in itself (a date), where it does."""

    def url(self, trial: TrialId) -> str:
        """The registry's page of a trial."""
