"""The contract every registry keeps; a new one joins by adding its harness."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import registries
from monitor.core.diff import diff
from monitor.core.drift import drifts, schema_from_json
from monitor.core.record import Json
from monitor.core.search import Search
from monitor.errors import (
    ConfigError,
    RegistryBlockedError,
    RegistryUnavailableError,
    SearchRefusedError,
    UnknownTrialError,
)
from monitor.registries import Absent, DescribesRecords, KeepsHistory, Payload, RenamedTo, Searchable
from tests.registries.harness import HARNESSES, SAMPLES, Harness, reader


@pytest.fixture(params=registries.available())
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A registry with its stand-in."""
    with HARNESSES[request.param]() as found:
        yield found


every_reader = pytest.mark.parametrize("name", registries.available())


def test_every_registry_has_a_harness_and_a_sample() -> None:
    """No registry can be added without being held to this contract."""
    assert registries.available() == tuple(sorted(HARNESSES)) == tuple(sorted(SAMPLES))


def test_a_probe_tells_the_data_version(harness: Harness) -> None:
    """The first probe of a registry that stamps its data gives the stamp."""
    probe = harness.registry.probe(None)
    assert probe.data_version


def test_a_probe_costs_one_request_and_gives_back_what_has_not_moved(harness: Harness) -> None:
    """Nothing new is the very probe that was known."""
    known = harness.registry.probe(None)
    before = harness.asked()
    assert harness.registry.probe(known) is known
    assert harness.asked() == before + 1


def test_a_probe_sees_a_refresh(harness: Harness) -> None:
    """After one, the data version is another."""
    known = harness.registry.probe(None)
    harness.refresh()
    assert harness.registry.probe(known).data_version != known.data_version


def test_every_trial_asked_for_gets_one_outcome(harness: Harness) -> None:
    """Present, renamed and unknown ones, in whatever order they come."""
    asked = [*harness.present, harness.unknown, *harness.renamed]
    outcomes = {outcome.trial: outcome for outcome in harness.registry.fetch(asked)}
    assert len(list(harness.registry.fetch(asked))) == len(asked)
    assert outcomes.keys() == set(asked)
    assert all(isinstance(outcomes[trial], Payload) for trial in harness.present)
    assert isinstance(outcomes[harness.unknown], Absent)
    for old, new in harness.renamed.items():
        found = outcomes[old]
        assert isinstance(found, RenamedTo)
        assert found.to == new
        assert found.payload is None or found.payload.trial == new


def test_a_trial_asked_for_twice_gets_one_outcome(harness: Harness) -> None:
    """Asking is by trial, not by position."""
    trial = harness.present[0]
    assert [outcome.trial for outcome in harness.registry.fetch([trial, trial])] == [trial]


def test_asking_for_nothing_asks_nobody(harness: Harness) -> None:
    """No trials, no request."""
    assert list(harness.registry.fetch([])) == []
    assert harness.asked() == 0


def test_more_than_a_batch_is_a_mistake(harness: Harness) -> None:
    """The caller cuts batches; the registry does not send several requests behind its back."""
    with pytest.raises(ValueError, match="fit in a request"):
        list(harness.registry.fetch(harness.present * harness.registry.batch_size))


def test_a_payload_is_what_was_served(harness: Harness) -> None:
    """Its bytes parse to its record, which is of the trial it is filed under and believable."""
    for outcome in harness.registry.fetch(harness.present):
        assert isinstance(outcome, Payload)
        assert orjson.loads(outcome.body) == outcome.record
        assert harness.registry.normalize(outcome.record).trial == outcome.trial
        assert harness.registry.disbelief(None, outcome.record) is None


def test_a_refresh_alone_changes_no_digest(harness: Harness) -> None:
    """The same content served in another data version has the same digest and says so of itself."""

    def served() -> dict[str, str]:
        found = [
            outcome for outcome in harness.registry.fetch(harness.present) if isinstance(outcome, Payload)
        ]
        return {outcome.trial.id: harness.registry.digest(outcome.record) for outcome in found}

    before = served()
    harness.refresh()
    assert served() == before


def test_being_refused_is_blocked(harness: Harness) -> None:
    """Probe and fetch raise the error that means: do not hammer."""
    harness.refuse()
    with pytest.raises(RegistryBlockedError):
        harness.registry.probe(None)
    with pytest.raises(RegistryBlockedError):
        list(harness.registry.fetch(harness.present))
    assert harness.asked() == 2


def test_failing_is_unavailable_after_patience(harness: Harness) -> None:
    """Transient failures are tried again a bounded number of times, never at once, then raised."""
    harness.fail()
    with pytest.raises(RegistryUnavailableError) as raised:
        list(harness.registry.fetch(harness.present))
    assert raised.value.registry == harness.registry.name
    assert 1 < harness.asked() <= 10
    assert sum(harness.clockwork.waits) > 5


# Abilities that a registry may have.


def test_a_past_is_told_in_order(harness: Harness) -> None:
    """Versions counted upward from 1; each is a record of the trial, and the last is today's."""
    registry, trial = harness.registry, harness.present[0]
    if not isinstance(registry, KeepsHistory):
        pytest.skip("it tells no past")
    past = registry.history(trial)
    assert past is not None
    numbers = [version.number for version in past.versions]
    assert numbers[0] >= 1
    assert numbers == sorted(set(numbers))
    versions = [registry.version(trial, number) for number in numbers]
    for version in versions:
        assert version is not None
        assert orjson.loads(version.body) == version.record
        assert registry.normalize(version.record).trial == version.trial == trial
        assert registry.facts(version.record).overall_status
    (today,) = registry.fetch([trial])
    assert isinstance(today, Payload)
    last = versions[-1]
    assert last is not None
    then, now = registry.level(last.record, today.record)
    assert not diff(registry.normalize(then), registry.normalize(now))
    assert registry.version(trial, numbers[-1] + 1) is None
    assert registry.history(harness.unknown) is None


def test_what_is_searched_is_found(harness: Harness) -> None:
    """Once each, as many as the dry run counts; pages leave nothing out; a search for nothing is refused."""
    registry = harness.registry
    if not isinstance(registry, Searchable):
        pytest.skip("it finds nothing")
    wanted = {*harness.present, *harness.renamed.values()}
    found = registry.found(harness.search)
    assert len(found) == len(wanted)
    assert set(found) == wanted
    told = registry.matching(harness.search, first=1)
    assert (told.total, len(told.first)) == (len(wanted), 1)
    first = registry.search(harness.search, size=1, count=True)
    assert first.total == len(wanted)
    paged, next_token = list(first.trials), first.next_token
    while next_token is not None:
        page = registry.search(harness.search, next_token, size=1)
        paged += page.trials
        next_token = page.next_token
    assert sorted(paged, key=str) == sorted(wanted, key=str)
    with pytest.raises(SearchRefusedError):
        registry.matching(Search())


def test_a_description_stays_as_long_as_the_registry_does(harness: Harness) -> None:
    """Two of one day differ in nothing and can be kept."""
    registry = harness.registry
    if not isinstance(registry, DescribesRecords):
        pytest.skip("it does not describe itself")
    schema = registry.schema()
    assert schema.fields
    assert drifts(schema, registry.schema()) == ()
    assert schema_from_json(schema.to_json()) == schema


@pytest.mark.parametrize("blocked", [True, False])
def test_abilities_fail_as_the_rest_does(harness: Harness, *, blocked: bool) -> None:
    """Refused means blocked, failing means unavailable, whatever was asked for."""
    registry = harness.registry
    (harness.refuse if blocked else harness.fail)()
    asks: list[Callable[[], object]] = []
    if isinstance(registry, KeepsHistory):
        asks += [
            partial(registry.history, harness.present[0]),
            partial(registry.version, harness.present[0], 1),
        ]
    if isinstance(registry, Searchable):
        asks += [partial(registry.found, harness.search), partial(registry.matching, harness.search)]
    if isinstance(registry, DescribesRecords):
        asks.append(registry.schema)
    for ask in asks:
        with pytest.raises(RegistryBlockedError if blocked else RegistryUnavailableError):
            ask()


def test_numbers_are_read_as_people_write_them(harness: Harness) -> None:
    """The registry's own canonical form is a fixed point, and spellings lead to it."""
    for trial in (*harness.present, harness.unknown):
        assert registries.identify(trial.id) == trial
        assert trial.id in harness.registry.url(trial)
    for text, trial in harness.spellings.items():
        assert registries.identify(text) == trial
    for text in harness.foreign:
        assert harness.registry.identify(text) is None


@every_reader
@given(text=st.text())
def test_no_text_makes_identify_fail(name: str, text: str) -> None:
    """Any text is a number of this registry, in a form that reads as itself, or it is not."""
    found = reader(name).identify(text)
    assert found is None or reader(name).identify(found.id) == found


@every_reader
def test_the_pure_half_is_pure(name: str) -> None:
    """Reading a payload twice gives the same and leaves it as it was."""
    sample, kept = SAMPLES[name].payload, copy.deepcopy(SAMPLES[name].payload)
    one = reader(name)
    assert one.digest(sample) == one.digest(sample)
    assert one.normalize(sample) == one.normalize(sample)
    assert one.data_version(sample) == one.data_version(sample)
    assert sample == kept


@every_reader
def test_payloads_of_one_source_are_level(name: str) -> None:
    """Two records of today are compared as they are, and whatever is no record is passed on."""
    sample, one = SAMPLES[name], reader(name)
    assert one.level(sample.payload, sample.another) == (sample.payload, sample.another)
    junks: tuple[Json, ...] = (None, 1, [], {})
    for junk in junks:
        assert one.level(junk, junk) == (junk, junk)


@every_reader
def test_belief_follows_the_trial(name: str) -> None:
    """A record follows itself and its later versions, never another trial's."""
    sample, one = SAMPLES[name], reader(name)
    assert one.disbelief(None, sample.payload) is None
    assert one.disbelief(sample.payload, sample.payload) is None
    assert one.disbelief(sample.payload, sample.another) is None
    assert one.disbelief(sample.payload, sample.someone_else)


@every_reader
def test_what_is_no_record_is_not_believed(name: str) -> None:
    """Whatever JSON comes, there is a reason, not an exception."""
    junks: tuple[Json, ...] = (None, 1, "x", [], {}, [1], {"error": "down"})
    for junk in junks:
        assert reader(name).disbelief(None, junk)
        assert reader(name).disbelief(SAMPLES[name].payload, junk)


@every_reader
@given(junk=st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)))
def test_facts_are_read_off_anything(name: str, junk: Json) -> None:
    """A record shows a title and a status; junk has neither and is no error."""
    facts = reader(name).facts(SAMPLES[name].payload)
    assert facts.title
    assert facts.overall_status
    assert reader(name).facts(junk).overall_status is None


def test_an_unknown_number_names_the_forms_that_are_known() -> None:
    """The message holds the text, the remedy what a right one looks like."""
    with pytest.raises(UnknownTrialError, match="'NCT123456789' is not a trial number") as raised:
        registries.identify("NCT123456789")
    assert "8 digits" in (raised.value.remedy or "")
    assert raised.value.exit_code == 2


def test_an_unknown_registry_is_a_config_error() -> None:
    """The message names it, the remedy those there are."""
    with pytest.raises(ConfigError, match="no registry 'who'") as raised:
        registries.settings_model("who")
    assert "ctgov" in (raised.value.remedy or "")
