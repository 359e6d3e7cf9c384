"""The life of a record, end to end over a stand-in: merged, withheld, unveiled, registered twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import orjson

from monitor.bootstrap import App
from monitor.core.record import JsonObject, TrialId
from monitor.pipeline import compose, deliver, poll
from tests.cli.command import Command
from tests.support.records import ABSENT, study
from tests.support.world import World, sample, trial, version

STATUS = "protocolSection__statusModule__overallStatus"
TITLE = "protocolSection__identificationModule__briefTitle"
ALIASES = "protocolSection__identificationModule__nctIdAliases"
SECONDARY = "protocolSection__identificationModule__secondaryIdInfos"
HIDDEN = (
    "armsInterventionsModule", "outcomesModule", "eligibilityModule", "contactsLocationsModule",
    "designModule", "descriptionModule", "conditionsModule", "oversightModule",
)  # fmt: skip


def cycle(app: App) -> poll.CycleReport:
    return poll.cycle(app, app.registries["ctgov"])


def through(world: World, app: App, days: int) -> None:
    """Read the first data version and as many more."""
    compose.run(app)
    cycle(app)
    for _ in range(days):
        world.registry.advance()
        world.clock.forward(days=1)
        cycle(app)


def command(world: World) -> Command:
    """The command line on the same installation."""
    return Command(
        world.folder, {"TRIALWIRE_CONFIG": str(world.config), "HOOK_SECRET": world.env["HOOK_SECRET"]}
    )


def named(*numbers: int) -> list[dict[str, str]]:
    return [{"id": f"NCT{number:08d}", "type": "REGISTRY", "domain": "other"} for number in numbers]


def told(app: App) -> list[str]:
    return [notice.message for notice in app.store.notices() if notice.kind == "duplicate"]


def test_a_merged_trial_keeps_its_history_under_the_new_number(tmp_path: Path) -> None:
    """The history of the new number shows the old one's changes; that of the old one says where it went."""
    moved = sample(1, **{STATUS: "SUSPENDED"})
    merged = sample(2, **{STATUS: "COMPLETED", ALIASES: ["NCT00000001"]})
    with World(tmp_path, [version(2, sample(1)), version(3, moved), version(4, merged)]) as world:
        world.watch(1)
        with world.app() as app:
            through(world, app, 2)
            assert app.store.former_numbers(trial(2)) == (trial(1),)
            assert app.store.former_numbers(trial(1)) == ()
        trialwire = command(world)
        rows = cast("list[JsonObject]", trialwire("history", "NCT00000002", "--format", "json").json())
        changed = [
            row["new"] for row in rows if row["field"] == "status.overallStatus" and not row["baseline"]
        ]
        assert changed == ["COMPLETED", "SUSPENDED"]
        shown = trialwire("history", "NCT00000002").out
        assert "formerly NCT00000001" in shown
        assert "Recruiting → Suspended" in shown
        assert "NCT00000002" in trialwire("history", "NCT00000001").out
        assert "NCT00000001" in trialwire("watch", "show", "NCT00000002").out


def test_a_record_withheld_and_unveiled_is_one_event_each(tmp_path: Path) -> None:
    """What is hidden or shown as a whole is one finding with one line, in the digest and in the history."""
    hidden = {f"protocolSection__{module}": ABSENT for module in HIDDEN}
    veiled = sample(1, **{**hidden, STATUS: "WITHHELD", TITLE: "[Trial of device that is not approved]"})
    with World(tmp_path, [version(2, sample(1)), version(3, veiled), version(4, sample(1))]) as world:
        world.watch(1)
        with world.app() as app:
            through(world, app, 1)
            compose.run(app)
            through(world, app, 1)
            compose.run(app)
            deliver.run(app)
        data = [orjson.loads(hook.body)["data"] for hook in world.hook.received]
        findings = [finding for one in data for finding in one["findings"]]
        assert [(finding["rule"], finding["headline"]) for finding in findings] == [
            ("C10", "Recruiting → Withheld: the registry hides the record."),
            ("M20", "Record unveiled: Withheld → Recruiting."),
        ]
        assert all(len(finding["changes"]) > 20 for finding in findings)
        shown = command(world)("history", "NCT00000001").out
        assert "Site removed" not in shown
        assert "Record unveiled" in shown


def test_a_double_registration_is_linked_and_told_once(tmp_path: Path) -> None:
    """Two trials that name each other: one notice, whichever is read first, and both show the other."""
    both = [sample(1, **{SECONDARY: named(2)}), sample(2, **{SECONDARY: named(1, 99)})]
    later = [sample(1, **{SECONDARY: named(2), STATUS: "COMPLETED"}), both[1]]
    with World(tmp_path, [version(2, *both), version(3, *later)]) as world:
        world.watch(1, 2)
        with world.app() as app:
            through(world, app, 1)
            (said,) = told(app)
            assert said.startswith("NCT00000001 gives NCT00000002 as a number of its own")
            assert links(app, 1, 2, 99) == [(trial(2),), (trial(1),), ()]
        for one, other in (("1", "2"), ("2", "1")):
            shown = command(world)("watch", "show", f"NCT0000000{one}").out
            assert f"NCT0000000{other}" in shown.split("Perhaps the same study")[1]


def test_a_double_is_linked_once_both_are_held(tmp_path: Path) -> None:
    """A number that names nothing we hold is no link; it becomes one when the other names it in turn."""
    one, other = sample(1, **{SECONDARY: named(2)}), sample(2, **{SECONDARY: named(1)})
    with World(tmp_path, [version(2, one, other)]) as world:
        world.watch(1)
        with world.app() as app:
            cycle(app)
            assert told(app) == []
            app.store.add_watches([trial(2)], now=world.clock())
            cycle(app)
            assert len(told(app)) == 1


def links(app: App, *numbers: int) -> list[Sequence[TrialId]]:
    return [app.store.double_registrations(trial(number)) for number in numbers]


def test_numbers_of_other_kinds_are_no_trials() -> None:
    """A sponsor's own number and an EU number name no trial of the registry."""
    from monitor import registries

    reader = registries.reader("ctgov")
    facts = reader.facts(study("NCT00000001"))
    assert facts.numbers
    assert [reader.identify(number) for number in facts.numbers] == [None] * len(facts.numbers)
