"""Searches and assets from the command line: tried before they are saved, listed, shown, removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from monitor.core.record import JsonObject
from monitor.demo.standin import DataVersion, Fault, StandIn
from tests.cli.command import Command, Ran
from tests.support.records import study
from tests.support.world import version

NAME = "protocolSection__armsInterventionsModule__interventions"
CONFIG = """
[registries.ctgov]
base_url = "{registry}"
requests_per_second = 50.0
retries = 0
"""


def of_drug(number: int, drug: str, **members: object) -> JsonObject:
    """An invented trial of one drug."""
    return study(f"NCT{number:08d}", **{NAME: [{"type": "DRUG", "name": drug}]}, **members)


@pytest.fixture(scope="module")
def registry() -> Iterator[StandIn]:
    """A registry with seven trials of one drug, one of another, and many of a third."""
    few = [of_drug(number, "AK104") for number in range(1, 8)]
    many = [of_drug(number, "Commonin") for number in range(100, 1101)]
    hostile = of_drug(
        9, "Other", protocolSection__identificationModule__briefTitle='A "quoted" (odd) [title]'
    )
    served: DataVersion = version(2, *few, of_drug(8, "Zetomab"), hostile, *many)
    with StandIn([served]) as found:
        yield found


@pytest.fixture
def here(trialwire: Command, registry: StandIn) -> Iterator[Command]:
    """The command in a folder whose config names that registry."""
    (trialwire.folder / "trialwire.toml").write_text(CONFIG.format(registry=registry.base_url))
    yield trialwire
    registry.clear_faults()


def saved(here: Command) -> dict[str, JsonObject]:
    ran = here("watch", "list", "--searches", "--format", "json")
    if ran.code == 78:  # nothing was ever saved
        return {}
    rows = cast("list[JsonObject]", ran.json())
    return {str(row["name"]): row for row in rows}


def test_a_search_is_tried_and_saved(here: Command) -> None:
    """It says how many match and shows five; the next poll runs it, and it can be shown and exported."""
    ran = here(
        "watch", "add", "--search", "akeso", "--intervention", "AK104", "--status", "RECRUITING", "-t", "a"
    )
    assert ran.code == 0, ran.err
    assert "7 trials match now" in ran.err
    assert ran.err.count("Veltomab Plus Chemotherapy in Gastric Cancer · Recruiting") == 5
    assert "and 2 more" in ran.err
    row = saved(here)["akeso"]
    assert row["search"] == {"intervention": "AK104", "statuses": ["RECRUITING"]}
    assert (row["kind"], row["tags"], row["members"], row["begun_at"]) == ("search", ["a"], 0, None)
    assert here("poll").code == 0
    shown = here("watch", "show", "AKESO")
    assert "7 trials; 0 left." in shown.out
    assert "NCT00000007" in shown.out
    assert "intervention AK104; status RECRUITING" in shown.out
    assert "akeso" in here("watch", "list").out
    assert saved(here)["akeso"]["members"] == 7
    exported = cast("list[JsonObject]", here("watch", "export", "--searches").json())
    assert [one["name"] for one in exported] == ["akeso"]
    assert here("changes", "--search", "akeso", "--format", "json").code == 0
    assert "akeso (7)" in here("status").out
    assert here("watch", "remove", "akeso").code == 0
    assert saved(here) == {}


def test_an_asset_gains_a_name(here: Command) -> None:
    """A second `--asset` of the name adds aliases; the names of both are looked for, whatever the case."""
    assert here("watch", "add", "--asset", "cadonilimab", "--alias", "ak-104").code == 0
    again = here("watch", "add", "--asset", "CADONILIMAB", "--alias", "Zetomab", "--alias", "AK-104")
    assert again.code == 0, again.err
    assert "matched" in again.err
    assert saved(here)["cadonilimab"]["names"] == ["cadonilimab", "ak-104", "Zetomab"]
    assert here("poll").code == 0
    rows = cast("list[JsonObject]", here("watch", "show", "cadonilimab", "--format", "json").json())
    found = cast("list[JsonObject]", rows[0]["trials"])
    assert {(str(cast("JsonObject", one["matched"])["name"])) for one in found} == {"ak-104", "Zetomab"}
    assert len(found) == 8


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no name": (("--condition", "cancer"), "--search NAME"),
    "nothing looked for": (("--search", "x"), "what does 'x' search for?"),
    "two things": (("NCT09000001", "--search", "x", "--term", "a"), "one of them"),
    "nothing": ((), "one of them"),
    "an alias of nothing": (("NCT09000001", "--alias", "a"), "--asset NAME"),
    "a number as a name": (("--search", "NCT09000001", "--term", "a"), "no trial number"),
    "a name too short": (("--asset", "A"), "too short"),
    "nothing but signs": (("--search", "x", "--term", "( ) ?"), "no letter and no digit"),
    "an open bracket": (("--search", "x", "--advanced", "AREA[Phase"), "do not close"),
    "an unknown field": (("--search", "x", "--advanced", "AREA[Nonsense]x"), "refuses the search"),
    "a status of nobody's": (("--search", "x", "--status", "bogus words"), "not of the registry's form"),
    "a circle of nobody's": (("--search", "x", "--near", "here"), "not of the registry's form"),
    "numbers as a condition": (("--search", "x", "--condition", "NCT00000001"), "search for them as numbers"),
    "a date of nobody's": (("--search", "x", "--updated-from", "soon"), "not a date"),
    "too broad": (("--search", "x", "--intervention", "Commonin"), "--yes"),
    "no match": (("--search", "x", "--intervention", "Nosuchdrug"), "--yes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused(here: Command, case: str) -> None:
    """A clear word, exit 2, and nothing saved."""
    words, said = REFUSED[case]
    ran = here("watch", "add", *words)
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert saved(here) == {}


RIGHT: dict[str, tuple[tuple[str, ...], int]] = {
    "quotes": (("--title", '"quoted" odd'), 1),
    "brackets": (("--title", "(odd) [title]"), 1),
    "a lone quote": (("--title", 'odd"'), 1),
    "operators": (("--title", "odd AND NOT title"), 0),
    "only numbers": (("--term", "NCT00000001, NCT00000002"), 2),
    "only numbers, and a filter": (("--term", "NCT00000001", "--intervention", "Zetomab"), 0),
    "a field as text": (("--term", "AREA[NCTId]NCT00000001"), 0),
    "too broad, and meant so": (("--intervention", "Commonin"), 1001),
}


@pytest.mark.parametrize("case", RIGHT)
def test_hostile_text_finds_what_it_says(here: Command, case: str) -> None:
    """Whatever the text holds, the answer is right: text is words and never grammar."""
    words, number = RIGHT[case]
    ran = here("watch", "add", "--search", "x", *words, "--yes")
    assert ran.code == 0, ran.err
    counted = "1 trial matches now" if number == 1 else f"{number:,} trials match now"
    assert counted in ran.err, ran.err


def test_a_registry_that_is_away_saves_nothing(here: Command, registry: StandIn) -> None:
    """Nothing is saved unseen: try again later, exit 75."""
    registry.inject(Fault.failing(times=None))
    ran: Ran = here("watch", "add", "--search", "x", "--term", "cancer")
    assert ran.code == 75
    assert "Nothing was saved" in ran.err
    registry.clear_faults()
    assert saved(here) == {}


def test_everything_is_watched_only_where_it_is_meant(trialwire: Command) -> None:
    """`--all` wants `--yes`; then what is held joins at once, and polls take in the rest, told as no news."""
    served = version(2, *(of_drug(number, "AK104") for number in range(1, 6)))
    with StandIn([served]) as registry:
        (trialwire.folder / "trialwire.toml").write_text(CONFIG.format(registry=registry.base_url))
        assert trialwire("watch", "add", "--all").code == 2
        done = trialwire("watch", "add", "--all", "--yes", "--tag", "world")
        assert done.code == 0, done.err
        assert trialwire("poll").code == 0
        row = saved(trialwire)["all of ctgov"]
        assert (row["kind"], row["members"], row["tags"], row["problem"]) == ("all", 5, ["world"], "")
        assert trialwire("changes", "--format", "json").json() != []
        assert not [seen for seen in registry.requests if "/api/int/" in seen.target]
        assert "5 read at that version" in trialwire("status").out


def test_a_search_that_could_not_be_run_needs_attention(here: Command, registry: StandIn) -> None:
    """`status` says which, and why; `watch show` does, too."""
    assert here("watch", "add", "--search", "akeso", "--intervention", "AK104").code == 0
    registry.inject(Fault.html(path="fields=NCTId", times=None))
    assert here("poll").code == 75
    told = here("status")
    assert told.code == 3
    assert "search akeso was not run whole" in told.out
    assert "Not run since" in here("watch", "show", "akeso").out


TOLD = {
    "near": (("--near", "here"), "--near takes this: a circle in the registry's form: distance("),
    "advanced": (
        ("--advanced", "AREA[Phase(2"),
        "--advanced takes this: an expression in the registry's own",
    ),
    "filter": (("--term", "x", "--filter", "odd"), "--filter takes this: a filter in the registry's form"),
    "number": (("--number", "foo"), "--number takes this: among these trials only"),
    "date": (("--term", "x", "--updated-from", "yesterday"), "`trialwire watch add --help` shows"),
    "status": (("--term", "x", "--status", "NOPE"), "`trialwire watch add --help` shows"),
}


@pytest.mark.parametrize("case", TOLD)
def test_a_refusal_says_what_to_do(here: Command, case: str) -> None:
    """What cannot be asked ends with 2, in at most three lines that tell what the option takes."""
    words, remedy = TOLD[case]
    ran = here("watch", "add", "--search", "x", *words)
    assert ran.code == 2
    assert remedy in ran.err
    assert len(ran.err.splitlines()) <= 3


def test_a_subscription_to_a_search(here: Command) -> None:
    """It is listed with its searches, whatever their case; `doctor` tells of one that nobody has saved."""
    config = here.folder / "trialwire.toml"
    channel = (
        '[[channels]]\nname = "c"\ntype = "webhook"\nurl = "https://hooks.example.com"\nsecret_env = "S"\n'
    )
    asked = '[[subscriptions]]\nname = "s"\nchannels = ["c"]\ncadence = "hourly"\n'
    asked += 'searches = ["AKESO", "typo"]\nassets = ["akeso"]\ntags = ["none"]\n'
    config.write_text(config.read_text() + channel + asked)
    assert here("watch", "add", "--search", "akeso", "--intervention", "AK104").code == 0
    assert "searches AKESO, typo" in " ".join(here("subscriptions").out.split())
    listed = here("subscriptions").err
    assert "s: there is no search 'typo'" in listed
    assert "s: there is no asset 'akeso'" in listed
    assert "s: nothing watched has the tag 'none'" in listed
    told = here("doctor")
    assert told.code == 3
    assert "'typo'" in told.out
    assert "'AKESO'" not in told.out
    config.write_text(config.read_text().replace('assets = ["akeso"]\ntags = ["none"]\n', ""))
    assert here("poll").code == 0
    assert "the search akeso: 7 trials" in " ".join(here("digest", "preview", "s").out.split())
