"""Look-ups over a database with a story in it: contract objects for programs, tables for people."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
from collections import Counter
from typing import cast

import orjson
import pytest

from monitor.core.record import JsonObject
from monitor.demo import tour
from monitor.demo.trials import GASTRIC, LIVER, PERIOPERATIVE
from tests.cli.command import Command
from tests.demo.test_tour import Listener
from tests.support.records import put
from tests.support.rule_examples import many, trial

MEMBERS = {
    "id", "trial", "field", "key", "part", "path", "op", "baseline", "old", "new", "category", "significance",
    "rule", "reason", "facts", "summary", "version", "snapshot", "submitted_on", "posted_on", "data_version",
    "observed_at", "origin",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command over the database that the demonstration leaves."""
    folder = tmp_path_factory.mktemp("told")
    assert tour.run(Listener(), keep=folder / "kept")
    return Command(folder, {"TRIALWIRE_CONFIG": str(folder / "kept" / "trialwire.toml")})


def objects(told: Command, *words: str) -> list[JsonObject]:
    """What a look-up gives as JSON."""
    ran = told(*words, "--format", "json")
    assert ran.code == 0, ran.err
    return cast("list[JsonObject]", ran.json())


def test_history_is_whole(told: Command) -> None:
    """JSON holds all of section 2 with noise and baseline marked, newest first by the registry's clock."""
    rows = objects(told, "history", PERIOPERATIVE)
    assert all(row.keys() >= MEMBERS for row in rows)
    assert len({cast("str", row["id"]) for row in rows}) == len(rows)
    recorded = [row for row in rows if not row["baseline"]]
    assert {row["significance"] for row in recorded} >= {"critical", "major", "minor", "noise"}
    baseline = [row for row in rows if row["baseline"]]
    assert {row["op"] for row in baseline} == {"added"}
    assert {"status.overallStatus", "locations", "outcomes.primary"} <= {row["field"] for row in baseline}
    assert rows[-len(baseline) :] == baseline
    days = [cast("str", row["posted_on"]) for row in rows]
    assert days == sorted(days, reverse=True)


def test_same_in_every_format(told: Command) -> None:
    """JSON, JSON lines and CSV hold the same changes."""
    ids = [row["id"] for row in objects(told, "changes")]
    lines = told("changes", "--format", "jsonl").out.splitlines()
    assert [orjson.loads(line)["id"] for line in lines] == ids
    table = list(csv.DictReader(io.StringIO(told("changes", "--format", "csv").out)))
    assert [row["id"] for row in table] == ids
    assert told("changes", "--format", "markdown").out.count("\n") == len(ids) + 2


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--field", "status.*"), lambda row: cast("str", row["field"]).startswith("status.")),
        (("--category", "dates", "--category", "sites"), lambda row: row["category"] in ("dates", "sites")),
        (("--rule", "C1"), lambda row: row["rule"] == "C1"),
        (("--min-significance", "major"), lambda row: row["significance"] in ("critical", "major")),
        (("--since", "2026-10"), lambda row: _day(row) >= "2026-10-01"),
        (("--until", "2026-09"), lambda row: _day(row) <= "2026-09-30"),
        (("--observed-since", "2026-11-01"), lambda row: cast("str", row["observed_at"]) >= "2026-11-01"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_filters(told: Command, words: tuple[str, ...], wanted: object) -> None:
    """Every filter keeps exactly what fits it, of recorded changes and of the baseline alike."""
    assert callable(wanted)
    everything = objects(told, "changes")
    kept = [row["id"] for row in everything if wanted(row)]
    assert kept
    assert len(kept) < len(everything)
    assert [row["id"] for row in objects(told, "changes", *words)] == kept


def test_table_folds(told: Command) -> None:
    """A table hides noise and baseline and counts the noise; `--min-significance noise` shows it."""
    ran = told("history", PERIOPERATIVE, columns=140)
    rows = [row for row in objects(told, "history", PERIOPERATIVE) if not row["baseline"]]
    levels = Counter(row["significance"] for row in rows)
    assert f"{levels['noise']} administrative ones hidden" in ran.out
    # The reason for a stop is told in the row of the status it explains, and the count says so.
    assert len(re.findall(r"  (?:critical|major|minor)  ", ran.out)) == len(rows) - levels["noise"] - 1
    assert f"{len(rows) - levels['noise']} changes in 3 versions, 1 of them told with another" in ran.out
    assert not re.search(r"  noise  ", ran.out)
    shown = told("history", PERIOPERATIVE, "--min-significance", "noise", columns=140)
    assert len(re.findall(r"  noise  ", shown.out)) == levels["noise"]
    assert "baseline" in told("history", PERIOPERATIVE, "--baseline").out


@pytest.mark.parametrize("words", [("history", PERIOPERATIVE), ("changes",)], ids=lambda words: words[0])
def test_a_limit_counts_the_rows_of_a_table(told: Command, words: tuple[str, ...]) -> None:
    """It shows the first rows of the whole table: noise and what is told with another use up none of it."""
    seen = r"  (critical|major|minor) +(\w+) +(\w+) +(\S+ \S+)"
    whole = re.findall(seen, told(*words, "--field", "*", columns=140).out)
    for most in (1, 3, len(whole)):
        ran = told(*words, "--field", "*", "--limit", str(most), columns=140)
        assert re.findall(seen, ran.out) == whole[:most]
    quiet = told(*words, "--field", "status.lastUpdate*", "--limit", "2", columns=140)
    assert "No changes; 2 administrative ones hidden" in quiet.out


def test_many_sites_fold(trialwire: Command) -> None:
    """Of many sites of one version a few stand for the rest, unless sites are asked for."""
    folder = trialwire.folder
    for month, number in ((8, 5), (9, 14)):
        payload = trial(sites=many(number))
        put(payload, "derivedSection.miscInfoModule.versionHolder", f"2026-{month:02d}-20")
        (folder / f"{month}.json").write_bytes(orjson.dumps(payload))
    trialwire("db", "upgrade")
    assert trialwire("import", "8.json", "9.json").code == 0
    ran = trialwire("history", "NCT09000001", columns=140)
    assert ran.out.count("Site added") == 3
    assert "and 6 more changes of sites (--category sites shows them)" in ran.out
    assert "9 changes in 1 version" in ran.out
    whole = trialwire("history", "NCT09000001", "--category", "sites", columns=140)
    assert whole.out.count("Site added") == 9
    assert "more changes of sites" not in whole.out


def test_narrow_and_wide(told: Command) -> None:
    """No line is wider than the terminal; at 80 columns the rule is gone, at 60 the version too."""
    seen = {width: told("history", PERIOPERATIVE, columns=width).out for width in (60, 80, 160)}
    for width, out in seen.items():
        assert max(len(line) for line in out.splitlines()) <= width
    assert " C6 " in seen[160]
    assert " C6 " not in seen[80]
    assert " v2 " in seen[80]
    assert " v2 " not in seen[60]
    for out in seen.values():
        assert "Dec 2029" in " ".join(out.split())


def test_quiet_trial(told: Command) -> None:
    """A trial without a change worth telling says what there is and how to see it."""
    ran = told("history", LIVER)
    assert ran.code == 0
    assert "No changes; " in ran.out
    widened = told("history", GASTRIC, "--category", "sites")
    assert "Without --category there may be more." in widened.err


def test_silent_change_has_no_registry_date(told: Command) -> None:
    """The registry's own flip to UNKNOWN is found, and dated by the data version it first shows in."""
    (flip,) = [
        row
        for row in objects(told, "history", GASTRIC, "--field", "status.overallStatus")
        if not row["baseline"]
    ]
    assert (flip["posted_on"], flip["data_version"]) == (None, "2026-10-14")
    assert "2026-10-14" in told("history", GASTRIC).out


def test_diff_of_versions(told: Command) -> None:
    """Two stored versions differ by exactly what was recorded between them; equal ones do not differ."""
    recorded = [
        row for row in objects(told, "history", PERIOPERATIVE) if row["snapshot"] == {"from": 1, "to": 2}
    ]
    found = objects(told, "diff", f"{PERIOPERATIVE}@s1", f"{PERIOPERATIVE}@s2")
    assert {row["id"] for row in found} == {row["id"] for row in recorded}
    assert told("diff", f"{PERIOPERATIVE}@s1", PERIOPERATIVE, "--exit-code").code == 1
    same = told("diff", f"{PERIOPERATIVE}@2026-11-18", f"{PERIOPERATIVE}@latest", "--exit-code")
    assert (same.code, "No difference." in same.out) == (0, True)


def test_show_gives_back_what_was_served(told: Command) -> None:
    """`show --format raw` is the payload as served; JSON has the catalogue's fields; Markdown is the page."""
    (served,) = told("export", "--all-versions", PERIOPERATIVE).out.splitlines()[:1]
    written = told("show", f"{PERIOPERATIVE}@original", "--format", "raw").out
    assert written == served, "byte for byte: not even a line end is added"
    raw = orjson.loads(written)
    assert raw["derivedSection"]["miscInfoModule"]["versionHolder"] == "2026-09-01"
    shown = cast("JsonObject", told("show", PERIOPERATIVE, "--format", "json").json())
    assert cast("JsonObject", shown["fields"])["status.overallStatus"] == "SUSPENDED"
    page = told("show", PERIOPERATIVE, "--as-of", "2026-09-20", "--format", "markdown").out
    assert page.startswith("---\n")
    table = told("show", PERIOPERATIVE).out
    assert "Suspended" in table
    assert "Jul 2030 (estimated)" in table


def test_versions(told: Command) -> None:
    """`versions` lists what is held, newest first, with the number of changes each one brought."""
    rows = objects(told, "versions", PERIOPERATIVE)
    assert [row["snapshot"] for row in rows] == [4, 3, 2, 1]
    assert [row["posted_on"] for row in rows] == ["2026-11-18", "2026-10-14", "2026-09-16", "2026-08-19"]
    assert rows[-1]["changes"] == 0


def test_outbox(told: Command) -> None:
    """Digests and deliveries are listed, and a delivery shows each attempt and its bytes."""
    assert len(objects(told, "digest", "list", "morning")) == 3
    unknown = told("digest", "list", "mornin")
    assert (unknown.code, "there is no subscription 'mornin'" in unknown.err) == (78, True)
    rows = objects(told, "deliveries", "list", "--channel", "pipeline")
    assert [row["attempts"] for row in rows] == [1, 2, 1]
    (shown,) = objects(told, "deliveries", "show", cast("str", rows[1]["id"])[:14])
    assert [cast("JsonObject", row)["status"] for row in cast("list[object]", shown["tries"])] == [503, 204]
    content = told("deliveries", "show", cast("str", rows[1]["id"]), "--content").out
    assert orjson.loads(content)["type"] == "digest.created"
    assert told("deliveries", "show", "dlv_no").code == 1
    assert told("deliveries", "list", "--state", "dead").err.startswith("No deliveries")


def test_preview(told: Command) -> None:
    """A preview looks back over a window, in every form, and writes nothing."""
    text = told("digest", "preview", "morning", "--since", "2026-11-01").out
    assert text.startswith("Trialwire · morning")
    assert told("digest", "preview", "morning", "--since", "2026-11-01", "--format", "html").out.startswith(
        "<!"
    )
    nothing = told("digest", "preview", "morning")
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing to tell morning" in nothing.err
    assert told("digest", "preview", "mornign").code == 78
    assert len(objects(told, "digest", "list", "morning")) == 3


def test_status(told: Command) -> None:
    """`status` ends with 3 where something needs attention, and says what and what to do."""
    ran = told("status", "--format", "json")
    health = cast("JsonObject", ran.json())
    assert ran.code == 3
    assert health["watched"] == 6
    assert health["unread"] == []
    (attention,) = cast("list[str]", health["attention"])
    assert "is the daemon running?" in attention
    assert told("status", TRIALWIRE_POLL__EVERY="9999d").code == 0


def test_doctor(told: Command) -> None:
    """`doctor` finds a missing secret, ends with 3 and names the remedy."""
    assert told("doctor").code == 0
    secret = told.folder / "kept" / "webhook-secret"
    kept = secret.read_text()
    secret.unlink()
    try:
        ran = told("doctor", "--format", "json")
    finally:
        secret.write_text(kept)
    (wrong,) = [row for row in cast("list[JsonObject]", ran.json()) if row["verdict"] == "wrong"]
    assert ran.code == 3
    assert wrong["what"] == "channel pipeline"
    assert "secret" in cast("str", wrong["said"])
    assert wrong["remedy"]


def test_doctor_of_a_reader(told: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may only read the database is told so, and that is nothing to mend."""
    monkeypatch.setattr("monitor.cli.doctor.os.access", lambda _place, mode: mode == os.R_OK)
    ran = told("doctor", "--format", "json")
    (state,) = [row for row in cast("list[JsonObject]", ran.json()) if row["what"] == "state"]
    assert (ran.code, state["verdict"]) == (0, "note")
    assert "look-ups only" in cast("str", state["said"])


def test_round_trip(told: Command, trialwire: Command) -> None:
    """What `export` writes, `import` reads: the same versions with the same changes between them."""
    exported = told("export", "--all-versions").out
    (trialwire.folder / "trials.jsonl").write_text(exported, "utf-8")
    ran = trialwire("import", "trials.jsonl")
    assert ran.code == 0, ran.err
    for nct in (PERIOPERATIVE, GASTRIC):
        there, here = (
            [(row["field"], row["key"], row["op"], row["new"]) for row in objects(one, "history", nct)]
            for one in (told, trialwire)
        )
        assert sorted(map(repr, here)) == sorted(map(repr, there))
    origins = {row["origin"] for row in objects(trialwire, "history", PERIOPERATIVE)}
    assert origins == {"import"}


def test_channels(told: Command) -> None:
    """Channels are listed without their secrets; one that nobody listens at any more fails its test."""
    rows = objects(told, "channels", "list")
    assert [row["name"] for row in rows] == ["team", "pipeline"]
    assert "whsec_" not in told("channels", "list").out
    ran = told("channels", "test", "pipeline")
    assert ran.code in (1, 75)
    assert "pipeline" in ran.err
    assert told("channels", "test", "pigeon").code == 78
    assert "was not disabled" in told("channels", "enable", "team").err


def test_files_differ(untouched: Command, told: Command) -> None:
    """Two files are compared without a config or a database: 0 equal, 1 different, above 1 failed."""
    lines = told("export", "--all-versions", PERIOPERATIVE).out.splitlines()
    for number, line in enumerate(lines):
        (untouched.folder / f"{number}.json").write_text(line, "utf-8")
    assert untouched("diff", "0.json", "0.json", "--exit-code").code == 0
    ran = untouched("diff", "0.json", "1.json", "--exit-code")
    assert ran.code == 1
    assert "Dec 2029 → Jul 2030" in ran.out.replace("\n", " ")
    assert untouched("diff", "0.json", "1.json").code == 0
    rows = cast(
        "list[JsonObject]",
        untouched("diff", "0.json", "-", "--format", "json", stdin=lines[1].encode()).json(),
    )
    assert all(row.keys() >= MEMBERS for row in rows)
    assert {row["observed_at"] for row in rows} == {None}
    (untouched.folder / "bad.json").write_text('{"a": 1}')
    for absent in ("bad.json", "none.json", "NCT00000001@s1"):
        broken = untouched("diff", "0.json", absent, "--exit-code")
        assert (broken.code > 1, broken.out) == (True, "")
        assert absent.partition("@")[0] in broken.err or "no database" in broken.err
    assert untouched("diff", "0.json", "bad.json").code == 1
    assert not untouched.database.exists()


def test_pairs_are_symmetric(told: Command) -> None:
    """Every two neighbors among the versions differ, forward and backward."""
    for before, after in itertools.pairwise(("s1", "s2", "s3", "s4")):
        assert objects(told, "diff", f"{PERIOPERATIVE}@{before}", f"{PERIOPERATIVE}@{after}")
        assert objects(told, "diff", f"{PERIOPERATIVE}@{after}", f"{PERIOPERATIVE}@{before}")


def _day(row: JsonObject) -> str:
    return cast("str", row["posted_on"] or row["submitted_on"] or row["observed_at"])[:10]
