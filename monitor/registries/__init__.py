"""The `Registry` port: what every registry offers, and where registries are found.

A registry is one file (or one folder) here. It translates; it does not decide: what it returns of a fetch is
one outcome for each trial asked for, and failures to reach the registry at all are exceptions.

A registry's module exports `Settings` (a pydantic model), `reader()` (its pure half, which needs no network),
`politeness(settings)` and `build(settings, http)` (the whole). Nothing here loads an HTTP library: `identify`
and `reader` serve look-ups, which must be quick.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast, runtime_checkable

from monitor.core.record import Json, TrialId, TrialRecord
from monitor.errors import ConfigError, UnknownTrialError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from monitor.core.drift import Schema
    from monitor.core.past import Past, PastRecord
    from monitor.core.search import Matching, Search, SearchPage
    from monitor.transport import PoliteClient, Politeness


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


@dataclass(frozen=True, slots=True)
class Facts:
    """The few things read off a payload without normalizing it."""

    title: str
    sponsor: str | None
    overall_status: str | None
    phases: tuple[str, ...]
    submitted_on: str | None
    """When the sponsor last submitted it, as precise as the registry says."""
    posted_on: str | None
    """When the registry last posted it."""
    numbers: tuple[str, ...] = ()
    """Other numbers that the record says the study has, as written."""
    study_type: str | None = None
    """`INTERVENTIONAL`, `OBSERVATIONAL` …"""
    primary_completion: str | None = None
    """As precise as the record says."""
    primary_completion_type: str | None = None
    """`ACTUAL` or `ESTIMATED`; None where the record does not say."""
    results_posted_on: str | None = None
    results_submitted_on: str | None = None
    """When results were handed in that are not posted yet."""
    results_returned_on: str | None = None
    """When the registry's reviewers last sent them back; None where they have them."""
    results_waived: bool = False
    delay_certified_on: str | None = None
    """When the sponsor certified that results come later."""
    conditions: tuple[str, ...] = ()
    """Conditions and keywords, as written."""


class Reader(Protocol):
    """The pure half of a registry: it reads numbers and payloads, and needs no network."""

    name: str
    label: str
    number_form: str
    """What its trial numbers look like, for people."""

    def identify(self, text: str) -> TrialId | None:
        """The trial a number or page address names, in canonical form; None where it is not one of ours."""

    def records(self, content: bytes) -> Iterator[Payload]:
        """The records in a file's bytes: one payload or a list response, each with its own slice of them.

        Raises RecordFormatError where there are none of this registry's.
        """

    def normalize(self, payload: Json) -> TrialRecord:
        """Translate a payload; pure. Raises RecordFormatError on what is not a record."""

    def digest(self, payload: Json) -> str:
        """sha256, hex, of the canonical payload: equal for payloads between which nothing changed."""

    def data_version(self, payload: Json) -> str | None:
        """The data version a payload carries in itself (a date), where it does."""

    def facts(self, payload: Json) -> Facts:
        """What lists show of it; total: what is missing or of another shape is None, the title the number."""

    def disbelief(self, before: Json | None, after: Json) -> str | None:
        """Why `after` is not believed to follow `before`; None where it is (rules, "Quarantine")."""

    def level(self, before: Json, after: Json) -> tuple[Json, Json]:
        """Two payloads of a trial without what only one's source tells; those of one source as they are.

        A version of the registry's history holds what was submitted, a record of today also what the registry
        adds to it: that difference is no change.
        """

    def url(self, trial: TrialId) -> str:
        """The registry's page of a trial."""


class Registry(Reader, Protocol):
    """A registry as the pipeline sees it: a reader that can also ask."""

    batch_size: int
    """How many trials one request may ask for."""

    def probe(self, known: Probe | None) -> Probe:
        """Ask for the data version, conditionally; return `known` itself where nothing moved.

        Raises RegistryUnavailableError and RegistryBlockedError.
        """

    def fetch(self, trials: Sequence[TrialId]) -> Iterator[Fetched]:
        """One outcome for each trial asked for, in any order; at most `batch_size` trials.

        Raises RegistryUnavailableError and RegistryBlockedError where the batch could not be read; a single
        trial that could not be is `Unknown`.
        """


@runtime_checkable
class KeepsHistory(Protocol):
    """What a registry can do that tells the past of its trials; ask `isinstance(registry, KeepsHistory)`.

    Both raise RegistryUnavailableError (`broken` where the answers have another shape than known) and
    RegistryBlockedError. Nothing but the past depends on it: without it the rest works on.
    """

    def history(self, trial: TrialId) -> Past | None:
        """The index of a trial's versions; None where the registry has no such trial."""

    def version(self, trial: TrialId, number: int) -> PastRecord | None:
        """A version by its number, from 1, readable by `normalize`; None where there is no such version."""


@runtime_checkable
class Searchable(Protocol):
    """What a registry can do that finds trials; ask `isinstance(registry, Searchable)`.

    All raise SearchRefusedError for a search that cannot be asked, RegistryUnavailableError and
    RegistryBlockedError.
    """

    def search(
        self, search: Search, token: str | None = None, *, size: int = 1000, count: bool = False
    ) -> SearchPage:
        """One page; `token` is the last page's and of this search, `count` asks for the total."""

    def matching(self, search: Search, *, first: int = 5) -> Matching:
        """How many trials fit, and the first of them: the dry run before a search is saved."""

    def found(self, search: Search) -> tuple[TrialId, ...]:
        """Every trial that fits, once each, all as of one data version."""


@runtime_checkable
class DescribesRecords(Protocol):
    """What a registry can do that describes its own fields; ask `isinstance(registry, DescribesRecords)`."""

    def schema(self) -> Schema:
        """The description as of now, to be compared with the one before (`core.drift`).

        Raises RegistryUnavailableError (`broken` where it is of another shape) and RegistryBlockedError.
        """


class _Module(Protocol):
    """What a registry's module exports."""

    Settings: type[BaseModel]

    def reader(self) -> Reader: ...

    def politeness(self, settings: BaseModel) -> Politeness: ...

    def build(self, settings: BaseModel, http: PoliteClient) -> Registry: ...


def available() -> tuple[str, ...]:
    """The names of all registries, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def settings_model(name: str) -> type[BaseModel]:
    """The settings a registry takes under `[registries.<name>]`; raise ConfigError for one we do not have."""
    return _module(name).Settings


def reader(name: str) -> Reader:
    """The pure half of a registry; raise ConfigError for one we do not have."""
    return _module(name).reader()


def politeness(name: str, settings: BaseModel) -> Politeness:
    """How gently the settings say a registry is asked: what its `PoliteClient` is made with."""
    return _module(name).politeness(settings)


def load(name: str, settings: BaseModel, http: PoliteClient) -> Registry:
    """The whole registry, asking through `http`; raise ConfigError for one we do not have."""
    return _module(name).build(settings, http)


def identify(text: str) -> TrialId:
    """The trial that `text` names in any registry: its number, however written, or its page's address.

    Raises UnknownTrialError, naming the text and the forms that are known.
    """
    readers = [reader(name) for name in available()]
    for each in readers:
        if trial := each.identify(text):
            return trial
    forms = "; ".join(f"{each.label}: {each.number_form}" for each in readers)
    raise UnknownTrialError(f"{text!r} is not a trial number", trial=text, remedy=f"Known forms: {forms}.")


@lru_cache
def _module(name: str) -> _Module:
    if name not in available():
        raise ConfigError(
            f"there is no registry {name!r}",
            key=f"registries.{name}",
            remedy=f"Known registries: {', '.join(available())}.",
        )
    return cast("_Module", importlib.import_module(f"{__name__}.{name}"))
