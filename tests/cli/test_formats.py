"""Machine formats, tables at any width, dates and versions as people type them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import cast

import orjson
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import dates, fields, formats, terminal
from monitor.cli.formats import Format, Shown
from monitor.cli.terminal import Cell, Column
from monitor.core.record import Json, JsonObject, TrialId
from monitor.core.recorded import leading
from monitor.core.versions import choose
from monitor.core.watching import Snapshot
from monitor.errors import StoreError
from tests.cli.command import Command
from tests.support import digests
from tests.support.rule_examples import est, many, trial

ROWS: list[JsonObject] = [
    {"id": "a", "trial": {"id": "NCT09000001"}, "summary": "−29 % → “x”", "old": ["p", "q"], "new": None},
    {"id": "b", "trial": {"id": "NCT09000002"}, "summary": "a | b\nc", "old": {"k": 1}, "new": True},
]
SHOWN = (Shown("Id", "id"), Shown("Trial", "trial.id"), Shown("Change", "summary", wrap=True))


def written(capfdbinary: pytest.CaptureFixture[bytes], chosen: Format) -> str:
    """What a listing looks like in a format."""
    formats.write_machine(ROWS, SHOWN, chosen)
    return capfdbinary.readouterr().out.decode()


def test_machine_formats(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """JSON and JSON lines give the objects back; CSV flattens them; Markdown escapes what would break it."""
    assert orjson.loads(written(capfdbinary, Format.JSON)) == ROWS
    lines = written(capfdbinary, Format.JSONL).splitlines()
    assert [orjson.loads(line) for line in lines] == ROWS
    table = list(csv.DictReader(io.StringIO(written(capfdbinary, Format.CSV))))
    assert table[0]["trial_id"] == "NCT09000001"
    assert table[0]["summary"] == '-29 % -> "x"'
    assert table[1]["new"] == "true"
    markdown = written(capfdbinary, Format.MARKDOWN).splitlines()
    assert markdown[0] == "| Id | Trial | Change |"
    assert markdown[3] == "| b | NCT09000002 | a \\| b c |"


def test_listings_are_written_as_they_come(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Rows that come one by one are the same array, table and lines as rows given at once, none or many."""
    many: list[JsonObject] = [{"id": str(number), "in": {"n": number}} for number in range(2_500)]
    for rows in ([], many[:1], many):
        formats.write(iter(rows), SHOWN[:1], Format.JSON)
        assert capfdbinary.readouterr().out == orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n"
        formats.write(iter(rows), SHOWN[:1], Format.CSV, paths=["id", "in.n"])
        lines = [f"{row['id']},{row['id']}" for row in rows]
        assert capfdbinary.readouterr().out.decode().splitlines() == ["id,in_n", *lines]
    formats.write(iter(many), SHOWN[:1], Format.TABLE)
    assert capfdbinary.readouterr().out.decode().split() == ["Id", *(str(row["id"]) for row in many)]


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)


@given(st.lists(st.tuples(words, words), max_size=5), st.integers(40, 200))
def test_lines_fit(rows: list[tuple[str, str]], width: int) -> None:
    """No line of a table is wider than the terminal, and nothing that steers a terminal gets out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        cells = [[Cell(left[:8]), Cell(right)] for left, right in rows]
        for line in terminal.lines((Column(), Column(wrap=True)), cells):
            assert line.cell_len <= width
            assert "\x1b" not in line.plain


@given(st.lists(st.tuples(words, words, words), max_size=5), st.integers(40, 200))
def test_long_names_fit_too(rows: list[tuple[str, str, str]], width: int) -> None:
    """However long the cells of columns that do not wrap by themselves are, no line is too wide."""
    columns = (
        Column("Name"),
        Column("Sponsor", hidden_below=60),
        Column("Where"),
        Column("Title", wrap=True),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        cells = [[Cell(name), Cell(sponsor), Cell(sponsor), Cell(title)] for name, sponsor, title in rows]
        for line in terminal.lines(columns, cells):
            assert line.cell_len <= width


def test_a_column_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a long optional column would squeeze the text, it is left out; a needed one wraps."""
    monkeypatch.setenv("COLUMNS", "120")
    optional = (Column(), Column(hidden_below=100), Column(wrap=True))
    row = [Cell("NCT09000001"), Cell("s" * 90), Cell("a title of more than twenty-four letters")]
    (line,) = terminal.lines(optional, [row])
    assert line.plain == f"NCT09000001  {row[2].words}"
    monkeypatch.setenv("COLUMNS", "60")
    needed = (Column(), Column(), Column(wrap=True))
    found = [line.plain for line in terminal.lines(needed, [[Cell("morning"), Cell("at " * 15), row[2]]])]
    assert len(found) > 1
    assert all(len(line) <= 60 for line in found)
    assert "a title of more than" in found[0]


def test_wraps_under_its_own_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long text wraps under its own column, and columns leave in order as the terminal narrows."""
    columns = (Column(), Column(hidden_below=90), Column(wrap=True))
    row = [Cell("2026-11-20"), Cell("C1"), Cell("word " * 30)]
    monkeypatch.setenv("COLUMNS", "80")
    found = [line.plain for line in terminal.lines(columns, [row])]
    assert "C1" not in found[0]
    assert len(found) > 1
    assert all(line.startswith(" " * 12 + "word") for line in found[1:])
    monkeypatch.setenv("COLUMNS", "100")
    assert "C1" in next(iter(terminal.lines(columns, [row]))).plain


def test_dates() -> None:
    """Dates are as precise as given: a month starts on its first day and ends on its last; spans go back."""
    assert dates.first_day("2026-02") == date(2026, 2, 1)
    assert dates.last_day("2026-02") == date(2026, 2, 28)
    assert dates.last_day("2024") == date(2024, 12, 31)
    assert dates.moment("2026-03-14T07:30:00+01:00", "--since") == datetime(2026, 3, 14, 6, 30, tzinfo=UTC)
    ago = dates.moment("36h", "--since")
    assert ago is not None
    assert abs(dates.now() - ago - timedelta(hours=36)) < timedelta(minutes=1)
    for text in ("14.3.2026", "2026-02-30", "soon"):
        with pytest.raises(typer.BadParameter, match="no date"):
            dates.first_day(text)
    with pytest.raises(typer.BadParameter, match="no time"):
        dates.moment("2026-03-14T25:00", "--since")


def snapshot(seq: int, day: str, *, posted: str | None = None, version: int | None = None) -> Snapshot:
    """A version first seen on a day."""
    return Snapshot(
        trial=TrialId("ctgov", "NCT09000001"),
        seq=seq,
        digest=f"{seq:064x}",
        first_seen=day,
        observed_at=datetime.fromisoformat(f"{day}T10:00:00+00:00"),
        origin="poll",
        data_version=day,
        version=version,
        submitted_on=posted,
        posted_on=posted,
        title="T",
    )


HELD = (
    snapshot(1, "2026-03-02", posted="2025-12-31", version=4),
    snapshot(2, "2026-05-11", posted="2026-05-11", version=5),
    snapshot(3, "2026-06-15", posted="2026-05-11"),
)


@pytest.mark.parametrize(
    ("at", "seq"),
    [
        ("original", 1),
        ("latest", 3),
        ("s2", 2),
        ("4", 1),
        ("v5", 2),
        ("2026-01-01", 1),
        ("2026-05", 2),
        ("2026-05-10", 1),
        ("2026-06-15", 3),
        ("2027", 3),
    ],
)
def test_versions(at: str, seq: int) -> None:
    """A version is named by the registry's number, ours, a day or a word."""
    assert choose(HELD, at).seq == seq


@pytest.mark.parametrize("at", ["9", "s7", "2025-11"])
def test_no_such_version(at: str) -> None:
    """A version that is not held is answered with those that are."""
    with pytest.raises(StoreError, match=r"snapshots s1 to s3 .*registry versions 4, 5"):
        choose(HELD, at)


def test_rules_in_force(trialwire: Command) -> None:
    """`rules` shows levels and thresholds in force, and marks those that the config changed."""
    (trialwire.folder / "trialwire.toml").write_text("[rules.C6]\nthreshold_days = 120\n")
    rules = trialwire("rules", "--format", "json").json()
    assert isinstance(rules, list)
    c6 = next(rule for rule in rules if isinstance(rule, dict) and rule["id"] == "C6")
    assert isinstance(c6, dict)
    assert c6["thresholds"] == {"threshold_days": 120.0}
    assert c6["overridden"] is True
    assert c6["reviewed"] == {"thresholds": {"threshold_days": 180.0}}
    assert c6["circumstances"] == ["observational study", "completed over a year ago"]
    assert [rule["id"] for rule in rules if isinstance(rule, dict) and rule["reviewed"]] == ["C6"]
    shown = trialwire("rules", "--level", "critical").out
    assert "C6*" in shown
    assert "reviewed: threshold_days 180" in " ".join(shown.split())
    header = trialwire("rules", "--format", "csv").out.partition("\n")[0].split(",")
    assert "thresholds_threshold_days" in header
    assert "thresholds" not in header


def test_overrides_of_the_config_judge(trialwire: Command) -> None:
    """A threshold and a level set in the config decide what a change is worth, and the change says so."""
    files = []
    for name, members in (
        ("before", {"pcd": est("2027-01-01"), "sites": many(2)}),
        ("after", {"pcd": est("2027-05-01"), "sites": many(3)}),
    ):
        files.append(trialwire.folder / f"{name}.json")
        files[-1].write_bytes(orjson.dumps(trial(**members)))
    told: dict[bool, list[tuple[Json, Json, Json]]] = {}
    for config in ("", '[rules.C6]\nthreshold_days = 120\n[rules.m7]\nlevel = "noise"\n'):
        (trialwire.folder / "trialwire.toml").write_text(config)
        changes = trialwire("diff", str(files[0]), str(files[1]), "--format", "json").json()
        assert isinstance(changes, list)
        told[bool(config)] = [
            (c["rule"], c["significance"], cast("JsonObject", c["facts"]).get("thresholds"))
            for c in changes
            if isinstance(c, dict)
        ]
    assert told[False] == [("M2", "major", {"threshold_days": 31}), ("m7", "minor", None)]
    assert told[True] == [("C6", "critical", {"threshold_days": 120}), ("m7", "noise", None)]


def test_pipes_and_colors(trialwire: Command) -> None:
    """A pipe gets no colors; the C locale with NO_COLOR gets ASCII."""
    assert "\x1b" not in trialwire("rules").out
    ascii_only = trialwire.process("rules", NO_COLOR="1", LC_ALL="C")
    assert ascii_only.out.isascii()
    assert "->" in ascii_only.out


def test_what_another_row_tells_has_no_row_of_its_own() -> None:
    """The reason for stopping stands in the status's row; alone, or in another version, it has its own."""
    state = digests.trial(1)
    status = digests.change(state, "Suspended.", field_name="status.overallStatus")
    told = {"told_with": "status.overallStatus"}
    reason = digests.change(state, "Reason.", field_name="status.whyStopped", facts=told)
    later = digests.change(state, "Reason.", field_name="status.whyStopped", facts=told, snapshots=(3, 4))
    assert leading([status, reason]) == [status]
    assert leading([reason]) == [reason]
    assert leading([later, status, reason]) == [later, status]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("NOT_YET_RECRUITING", "Not yet recruiting"),
        ("ACTIVE_NOT_RECRUITING", "Active, not recruiting"),
        ("RECRUITING", "Recruiting"),
        ("PHASE2", "Phase 2"),
        ("SAMPLES_WITH_DNA", "Samples with DNA"),
        ("NIH", "NIH"),
        ("NA", "NA"),
        ("Phase II, part B", "Phase II, part B"),
    ],
)
def test_registry_words(word: str, said: str) -> None:
    """The registry's enumerations are said as people say them, in `show` as in every list."""
    assert fields.words(word) == said
