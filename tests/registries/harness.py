"""What the contract suite needs to know of each registry: a stand-in, and which of its trials are which."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from monitor import registries
from monitor.core.record import Json, TrialId
from monitor.core.search import Search
from monitor.demo.standin import DataVersion, Fault, StandIn
from monitor.registries import Reader, Registry
from monitor.transport import PoliteClient
from tests.support.clockwork import Clockwork
from tests.support.records import study


@dataclass(frozen=True, slots=True)
class Harness:
    """A registry under test and the switches of the stand-in behind it."""

    registry: Registry
    clockwork: Clockwork
    present: tuple[TrialId, ...]
    unknown: TrialId
    renamed: Mapping[TrialId, TrialId]
    """Old numbers and the present trials they became."""
    foreign: tuple[str, ...]
    """Texts that are no number of this registry."""
    spellings: Mapping[str, TrialId]
    """Numbers as people write them."""
    search: Search
    """Finds exactly the present trials and those that others became."""
    refresh: Callable[[], object]
    """Make the registry serve its next data version."""
    refuse: Callable[[], object]
    """Make the registry refuse us from now on."""
    fail: Callable[[], object]
    """Make the registry fail from now on."""
    asked: Callable[[], int]
    """How many requests it has seen."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the pure half is tested with."""

    trial: TrialId
    payload: Json
    another: Json
    """A later version of the same trial."""
    someone_else: Json
    """A record of another trial."""


def ctgov_studies() -> dict[str, dict[str, Json]]:
    """Three invented trials; the third took over an older number."""
    studies = {f"NCT0900000{n}": study(f"NCT0900000{n}") for n in (1, 2)}
    aliases = {"protocolSection__identificationModule__nctIdAliases": ["NCT09000099"]}
    studies["NCT09000003"] = study("NCT09000003", **aliases)
    return studies


@contextmanager
def ctgov_at(base_url: str, clockwork: Clockwork | None = None, **settings: object) -> Iterator[Registry]:
    """ClinicalTrials.gov at some server, with time that passes only when waited for."""
    time = clockwork or Clockwork()
    chosen = registries.settings_model("ctgov").model_validate({"base_url": base_url, **settings})
    with PoliteClient(
        "ctgov",
        registries.politeness("ctgov", chosen),
        monotonic=time.monotonic,
        now=time.now,
        wait=time.wait,
        random=time.random,
    ) as http:
        yield registries.load("ctgov", chosen, http)


@contextmanager
def _ctgov() -> Iterator[Harness]:
    studies = ctgov_studies()
    versions = [DataVersion(f"2026-11-{day}T09:00:05", studies) for day in (19, 20)]
    clockwork = Clockwork()
    first, third = TrialId("ctgov", "NCT09000001"), TrialId("ctgov", "NCT09000003")
    with StandIn(versions) as stand_in, ctgov_at(stand_in.base_url, clockwork) as registry:
        yield Harness(
            registry=registry,
            clockwork=clockwork,
            present=(first, TrialId("ctgov", "NCT09000002")),
            unknown=TrialId("ctgov", "NCT09555555"),
            renamed={TrialId("ctgov", "NCT09000099"): third},
            foreign=("", "NCT", "NCT123456789", "NCT00000000", "ISRCTN12345678", "2024-512345-12-00", "NCT٣"),
            spellings={
                " nct9000001 ": first,
                "https://clinicaltrials.gov/study/NCT09000001?tab=history": first,
            },
            search=Search(intervention="veltomab"),
            refresh=stand_in.advance,
            refuse=lambda: stand_in.inject(Fault.forbidden()),
            fail=lambda: stand_in.inject(Fault.failing(503, times=None)),
            asked=lambda: len(stand_in.requests),
        )


HARNESSES: Mapping[str, Callable[[], AbstractContextManager[Harness]]] = {"ctgov": _ctgov}
SAMPLES: Mapping[str, Sample] = {
    "ctgov": Sample(
        trial=TrialId("ctgov", "NCT09000001"),
        payload=study(derivedSection__miscInfoModule__versionHolder="2026-11-19"),
        another=study(protocolSection__statusModule__overallStatus="COMPLETED"),
        someone_else=study("NCT09000002"),
    )
}


def reader(name: str) -> Reader:
    """The pure half of a registry."""
    return registries.reader(name)
