"""The same pass by Trialwire and by the monitors of web pages: 1,000 watched trials, 30 of them changed.

A peer runs where it is installed (`pip install urlwatch`, `pip install webchanges`, each best in an
environment of its own): `TRIALWIRE_BENCH_URLWATCH` names its command, else the PATH is looked at. They are
general tools that ask for one address at a time: what is compared is what watching trials costs with them.
Beside each as it comes stands one with a filter as a careful user would write it for this registry: what is
derived and administrative is dropped, keys and lists are sorted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import orjson

from monitor import bootstrap
from monitor.core.record import Json, JsonObject, TrialId
from monitor.demo.standin import DataVersion, StandIn
from monitor.demo.standin.faults import Fault
from monitor.demo.standin.reply import Reply
from monitor.pipeline import compose, poll
from tests.bench import material
from tests.bench.measure import seconds
from tests.bench.polling import warm

TRIALS, CHANGED, SILENT, HOUSEKEEPING = 1_000, 30, 4, 300
"""Silent: of the changed, those whose dates stand still. Housekeeping: trials in which nothing changed but
verification dates, update dates, or the order of lists; `versionHolder` moves in all of them."""
STAMPS = ("2026-11-02T09:00:05", "2026-11-03T09:00:05")
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
TIMEOUT_S = 600
_NUMBER = re.compile(r"NCT\d{8}")


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass took, and whom it told of."""

    seconds: float
    requests: int
    sent_bytes: int
    told: frozenset[str]


class Registry(StandIn):
    """The stand-in, counting the bytes that it answers with."""

    sent_bytes = 0

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[Reply, Fault | None]:
        """The answer, counted."""
        right, fault = super().answer(target, headers)
        self.sent_bytes += len(right.body)
        return right, fault

    def during(self, run: Callable[[], frozenset[str]]) -> Pass:
        """What a pass asked of it."""
        requests, sent = len(self.requests), self.sent_bytes
        told: list[frozenset[str]] = []
        took = seconds(lambda: told.append(run()))
        return Pass(took, len(self.requests) - requests, self.sent_bytes - sent, told[0])


@dataclass(frozen=True, slots=True)
class Peer:
    """A monitor of web pages, and how it is run."""

    command: str
    database: str
    """Its option for the file it keeps."""
    hook: str | None = None
    """Its module with a filter of our own."""


FILTER = '''
import json
{imports}
DATES = ("lastUpdateSubmitDate", "lastUpdatePostDateStruct", "statusVerifiedDate")

def tidy(value):
    if isinstance(value, dict):
        return {{name: tidy(part) for name, part in value.items() if name not in DATES}}
    if isinstance(value, list):
        return sorted((tidy(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
    return value

class Tidy({base}):
    """The record without what moves by itself."""
    __kind__ = "tidy-record"
    __supported_subfilters__ = {{"keep": "ignored"}}
    __default_subfilter__ = "keep"
    def filter(self, data, {rest}):
        record = json.loads(data)
        record.pop("derivedSection", None)
        return json.dumps(tidy(record), sort_keys=True, indent=1){mime}
'''
HOOKS = {
    "urlwatch": FILTER.format(
        imports="from urlwatch import filters", base="filters.FilterBase", rest="subfilter", mime=""
    ),
    "webchanges": FILTER.format(
        imports="from webchanges.filters import FilterBase",
        base="FilterBase",
        rest="mime_type, subfilter",
        mime=', "application/json"',
    ),
}
PEERS: Mapping[str, Peer] = {
    "urlwatch": Peer("urlwatch", "--cache"),
    "urlwatch, own filter": Peer("urlwatch", "--cache", HOOKS["urlwatch"]),
    "webchanges": Peer("webchanges", "--database"),
    "webchanges, own filter": Peer("webchanges", "--database", HOOKS["webchanges"]),
}
CONFIG = """report:
  stdout: {enabled: true, color: false}
  text: {details: true, footer: false, minimal: false, line_length: 75}
"""


OUR_CONFIG = """[poll]
backfill = "off"

[[channels]]
name = "team"
type = "email"
to = ["team@example.com"]
from = "trialwire@example.com"
host = "127.0.0.1"
tls = "none"

[[subscriptions]]
name = "all"
channels = ["team"]
cadence = "daily 07:30 UTC"
"""


def report(_: int) -> Iterator[str]:
    """Seconds, requests and bytes of each pass by each, and what the last one told, rightly and wrongly."""
    versions = [warm(version) for version in data_versions()]
    changed = frozenset(_changed())
    yield (
        f"rivals: {TRIALS:,} watched trials, {material.origin()}, on loopback, one turn; then "
        f"{CHANGED} change, {SILENT} of them without a date, and {HOUSEKEEPING} only in dates or lists' order"
    )
    yield f"  {'':24}  {'pass':22}  {'seconds':>8}  {'requests':>8}  {'MB sent':>8}  told"
    runs: dict[str, Callable[[Registry, Path], Iterator[tuple[str, Pass]]]] = {"Trialwire": ours}
    for name, peer in PEERS.items():
        if (command := installed(peer.command)) is None:
            yield f"  {name}: not installed here (`pip install {peer.command}`), left out"
            continue
        runs[name] = theirs(peer, command)
    for name, run in runs.items():
        with Registry(versions) as registry, tempfile.TemporaryDirectory() as folder:
            for which, done in run(registry, Path(folder)):
                said = _judged(done.told, changed) if which == LAST else ""
                yield (
                    f"  {name:24}  {which:22}  {done.seconds:8.2f}  {done.requests:8,}  "
                    f"{done.sent_bytes / 1e6:8.2f}  {said}"
                )
    yield (
        "  Trialwire's pause between two requests is left out: it is politeness, and adds a second for each; "
        "the others keep none. Earlier versions are not read: the others have none"
    )


FIRST, SAME, LAST = "first sight", "nothing new", f"new version, {CHANGED} changed"


def ours(registry: Registry, folder: Path) -> Iterator[tuple[str, Pass]]:
    """Trialwire: the passes of the daemon, and the digest that would be sent."""
    config = folder / "trialwire.toml"
    config.write_text(OUR_CONFIG)
    env = {
        "TRIALWIRE_REGISTRIES__CTGOV__BASE_URL": registry.base_url,
        "TRIALWIRE_STORE__STATE_DIR": str(folder / "state"),
        "HOME": str(folder),
    }
    ticks = count()
    settings = bootstrap.load_settings(config, env)
    with bootstrap.App(settings, env=env, monotonic=lambda: float(next(ticks)), clock=lambda: NOW) as app:
        source = app.registries["ctgov"]
        app.store.add_watches((TrialId("ctgov", number) for number in registry.version.studies), now=NOW)

        def one_pass() -> frozenset[str]:
            assert poll.cycle(app, source).ok
            made = compose.preview(app, "all")
            if made is None:
                return frozenset()
            across = {member.trial.id for programme in made.programmes for member in programme.members}
            return frozenset({story.trial.trial.id for story in made.stories} | across)

        yield FIRST, registry.during(one_pass)
        yield SAME, registry.during(one_pass)
        registry.advance()
        yield LAST, registry.during(one_pass)


def theirs(peer: Peer, command: str) -> Callable[[Registry, Path], Iterator[tuple[str, Pass]]]:
    """A peer: its jobs, one address a record, and what it prints."""

    def run(registry: Registry, folder: Path) -> Iterator[tuple[str, Pass]]:
        jobs, config, hooks = folder / "jobs.yaml", folder / "config.yaml", folder / "hooks.py"
        config.write_text(CONFIG)
        hooks.write_text(peer.hook or "")
        hooks.chmod(0o600)
        jobs.write_text("---\n".join(_job(peer, registry.base_url, n) for n in registry.version.studies))
        jobs.chmod(0o600)
        words = [command, "--config", str(config), "--hooks", str(hooks)]
        words += [peer.database, str(folder / "kept.db")]
        words += ["--urls" if peer.command == "urlwatch" else "--jobs", str(jobs)]
        env = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "NO_PROXY": "127.0.0.1"}

        def one_pass() -> frozenset[str]:
            done = subprocess.run(
                words, capture_output=True, text=True, env=env, cwd=folder, timeout=TIMEOUT_S, check=False
            )
            assert done.returncode == 0, done.stderr[-2000:]
            assert "ERROR:" not in done.stdout, done.stdout[:2000]
            changed = (line for line in done.stdout.splitlines() if line.startswith("CHANGED: "))
            return frozenset(number for line in changed for number in _NUMBER.findall(line))

        yield FIRST, registry.during(one_pass)
        yield SAME, registry.during(one_pass)
        registry.advance()
        yield LAST, registry.during(one_pass)

    return run


def installed(name: str) -> str | None:
    """The command of a peer; None where it is not installed."""
    return shutil.which(os.environ.get(f"TRIALWIRE_BENCH_{name.upper()}", name))


def data_versions() -> Iterator[DataVersion]:
    """All trials, and all trials a day later."""
    before = {
        material.nct_number(n): with_dates(record, "2026-10-01")
        for n, record in enumerate(material.payloads(TRIALS))
    }
    yield DataVersion(STAMPS[0], before)
    after = dict(before)
    for place, number in enumerate(_changed()):
        amended = material.amended(after[number])
        after[number] = amended if place < SILENT else with_dates(amended, "2026-11-03")
    for place, number in enumerate(list(before)[CHANGED : CHANGED + HOUSEKEEPING]):
        if place % 3 != 0:
            after[number] = with_dates(after[number], "2026-11-03")
        if place % 3 != 1:
            after[number] = reordered(after[number])
    yield DataVersion(STAMPS[1], after)


def with_dates(record: JsonObject, day: str) -> JsonObject:
    """The record as updated and verified on a day."""
    protocol = _object(record["protocolSection"])
    status = _object(protocol["statusModule"]) | {
        "statusVerifiedDate": day[:7],
        "lastUpdateSubmitDate": day,
        "lastUpdatePostDateStruct": {"date": day, "type": "ACTUAL"},
    }
    return record | {"protocolSection": protocol | {"statusModule": status}}


def reordered(record: JsonObject) -> JsonObject:
    """The record with the lists that have no order of their own turned around."""
    protocol = dict(_object(record["protocolSection"]))
    for module, name in (
        ("conditionsModule", "conditions"),
        ("conditionsModule", "keywords"),
        ("contactsLocationsModule", "locations"),
        ("outcomesModule", "secondaryOutcomes"),
        ("sponsorCollaboratorsModule", "collaborators"),
    ):
        held = protocol.get(module)
        if isinstance(held, dict) and isinstance(items := held.get(name), list):
            protocol[module] = held | {name: items[::-1]}
    return record | {"protocolSection": protocol}


def _changed() -> list[str]:
    return [material.nct_number(n) for n in range(CHANGED)]


def _judged(told: frozenset[str], changed: frozenset[str]) -> str:
    return (
        f"{len(told & changed)} of {CHANGED} changes, {len(changed - told)} missed, "
        f"{len(told - changed)} false alerts"
    )


def _job(peer: Peer, base_url: str, number: str) -> str:
    job: JsonObject = {"name": number, "url": f"{base_url}/api/v2/studies/{number}"}
    if peer.hook is not None:
        job["filter"] = [{"tidy-record": "x"}]
    return "".join(f"{name}: {orjson.dumps(value).decode()}\n" for name, value in job.items())


def _object(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value
