"""A trial drawn over its versions: right at every width, in ASCII where it must be."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.course import Stage, chart, stage
from monitor.core.partial_date import PartialDate
from monitor.core.record import Dated
from monitor.core.scene import COMPLETION, PRIMARY_COMPLETION, START, Enrollment
from monitor.core.steps import draw
from monitor.registries import reader
from tests.support.records import study

NEVER: dict[str, Dated | None] = {START: None, PRIMARY_COMPLETION: None, COMPLETION: None}


def dated(text: str, kind: str = "ESTIMATED") -> Dated:
    """A date with its type."""
    return Dated(PartialDate.parse(text), kind)


def course(*dates: Dated | None, status: Sequence[str] = (), counts: Sequence[int] = ()) -> list[Stage]:
    """Versions v1, v2 … with these primary completions."""
    return [
        Stage(
            f"v{place + 1}",
            f"{place + 1:02d}/26",
            status[place] if status else "RECRUITING",
            {**NEVER, PRIMARY_COMPLETION: given_},
            Enrollment(counts[place], "ESTIMATED") if counts else None,
        )
        for place, given_ in enumerate(dates)
    ]


def drawn(stages: Sequence[Stage], width: int = 60, *, ascii_only: bool = False) -> list[str]:
    """The chart as text."""
    return ["".join(text for text, _ in line) for line in draw(chart(stages), width, ascii_only=ascii_only)]


SLIPS = course(
    dated("2027-03"),
    dated("2027-06"),
    dated("2027-06"),
    dated("2027-02-11", "ACTUAL"),
    status=("NOT_YET_RECRUITING", "RECRUITING", "RECRUITING", "COMPLETED"),
    counts=(120, 90, 90, 90),
)


def test_a_staircase_is_drawn() -> None:
    """Each level under its own name, the latest on top; facts heavier than plans."""
    assert drawn(SLIPS) == [
        "Version      v1       v2       v3       v4",
        "From         01/26    02/26    03/26    04/26",
        "",
        "Status       N ━━━━━━━│Recruiting ━━━━━━│C ━━━━━━",
        "             N Not yet recruiting · C Completed",
        "",
        "Primary completion  2 moves, 30 days earlier",
        "   Jun 2027           ┌─────────────────┐",
        "   Mar 2027  ─────────┘                 │",
        "11 Feb 2027                             └━━━━━━━━",
        "",
        "Enrollment  1 move, −25 %",
        "        120  ─────────┐",
        "         90           └──────────────────────────",
    ]


def test_in_ascii_it_says_the_same() -> None:
    """Corners are crosses, facts are doubled."""
    plain = drawn(SLIPS, ascii_only=True)
    assert plain[7:10] == [
        "   Jun 2027           +-----------------+",
        "   Mar 2027  ---------+                 |",
        "11 Feb 2027                             +========",
    ]


def test_what_is_only_given_more_precisely_has_not_moved() -> None:
    """One level, called as it is given now; an absent date leaves a gap."""
    lines = drawn(course(dated("2027-03"), dated("2027-03-15"), None, dated("2027-03-15")))
    assert lines[5:7] == [
        "Primary completion  not moved",
        "15 Mar 2027  ──────────────────         ─────────",
    ]


def test_there_and_back() -> None:
    """Two moves that come to nothing."""
    lines = drawn(course(dated("2027-03"), dated("2027-09"), dated("2027-03")))
    assert lines[5] == "Primary completion  2 moves, back where it began"
    assert lines[6:] == ["  Sep 2027           ┌────────┐", "  Mar 2027  ─────────┘        └────────"] or [
        line.split(maxsplit=2)[-1] for line in lines[6:]
    ] == ["┌────────┐", "─────────┘        └────────"]


def test_more_levels_than_lines_name_the_ends() -> None:
    """The highest and the lowest; the line between is drawn to scale."""
    lines = drawn(course(*(dated(f"{2027 + place}-03") for place in range(10))), 80)
    named = [line for line in lines[6:] if not line.startswith("  " * 5)]
    assert len(lines[6:]) == 7
    assert [line.split("  ")[0].strip() for line in named if line.strip()[:3] == "Mar"] == [
        "Mar 2036",
        "Mar 2027",
    ]


def test_letters_stand_for_one_status_each() -> None:
    """Two statuses with the same initial get different letters."""
    words = ("WITHHELD", "WITHDRAWN") * 6
    lines = drawn(course(*[dated("2027-03")] * 12, status=words), 40)
    assert lines[3] == "Status    W │I│W│I│W│I│W│I│W│I│W│I"
    assert lines[4:6] == [" " * 10 + "W Withheld · I Withdrawn", ""]


def test_more_versions_than_columns_share_them() -> None:
    """The newest of each group is drawn, and the chart says so."""
    lines = drawn(course(*(dated(f"2027-{1 + place % 12:02d}") for place in range(120))), 60)
    assert lines[2] == "Each column is the last of 3 versions."
    assert max(map(len, lines)) <= 60


def test_a_record_gives_its_part() -> None:
    """Dates, status and enrollment of a real record's shape, as members for programs."""
    one = stage(reader("ctgov").normalize(study()), name="v1", day="Aug 2026")
    assert one.to_dict() == {
        "status": "RECRUITING",
        "start": {"date": "2025-11-03", "type": "ACTUAL"},
        "primary_completion": {"date": "2027-03", "type": "ESTIMATED"},
        "completion": {"date": "2028-12", "type": "ESTIMATED"},
        "enrollment": {"count": 120, "type": "ESTIMATED"},
    }


_DATES = st.dates().map(lambda day: dated(f"{day:%Y}".zfill(4) + f"-{day:%m-%d}")) | st.none()
_STATUS = st.sampled_from(
    ("RECRUITING", "NOT_YET_RECRUITING", "ACTIVE_NOT_RECRUITING", "WITHDRAWN", "WITHHELD")
)


@settings(max_examples=40)
@given(st.sampled_from((40, 60, 80, 140)), st.lists(st.tuples(_DATES, _STATUS), min_size=1, max_size=60))
def test_no_line_is_wider_than_asked(width: int, said: list[tuple[Dated | None, str]]) -> None:
    """Whatever the versions say, at every width; in ASCII nothing but ASCII is drawn."""
    dates, words = zip(*said, strict=True)
    stages = course(*dates, status=words)
    lines = drawn(stages, width)
    assert max(map(len, lines)) <= width
    assert lines[0].endswith(f"v{len(dates)}")
    plain = drawn(stages, width, ascii_only=True)
    assert "".join(plain).replace("·", "").isascii()
    assert len(plain) == len(lines)
