"""Room for those who answer, a lane of their own for those who hang."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.delivery import MAX_RETRY_AFTER_S, Later, Outcome, Rejected, Sent
from monitor.core.lanes import RESTS_S, Lane, Standing, after, room
from tests.support.digests import NOW

PROVEN = Standing(proven=True)
HANGS = Later("silence", error_class="timeout")


def lane(name: str, standing: Standing = PROVEN, under_way: int = 0, slow: int = 0) -> Lane:
    """A channel with more to send."""
    return Lane(name, standing, under_way, slow)


def rooms(*lanes: Lane, parallel: int = 8, per_channel: int = 4) -> dict[str, int]:
    """What they may begin."""
    return room(lanes, now=NOW, parallel=parallel, per_channel=per_channel)


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [
        ([lane("new", Standing())], {"new": 1}),
        ([lane("well")], {"well": 4}),
        ([lane("well", under_way=3)], {"well": 1}),
        ([lane("a"), lane("b"), lane("c")], {"a": 3, "b": 3, "c": 2}),
        ([lane("failed", Standing(failures=2))], {"failed": 1}),
        ([lane("failed", Standing(failures=2), under_way=1)], {}),
        ([lane("rests", Standing(failures=1, rest_until=NOW + timedelta(seconds=1)))], {}),
        ([lane("rested", Standing(failures=1, rest_until=NOW))], {"rested": 1}),
        ([lane("busy", under_way=4), lane("slow", under_way=4, slow=4), lane("c")], {"c": 4}),
        ([Lane("done", PROVEN, under_way=1, is_due=False), lane("b")], {"b": 4}),
    ],
)
def test_room_is_given(lanes: list[Lane], expected: dict[str, int]) -> None:
    """One to those not known yet or that failed, several to those that answer, none to those that rest."""
    assert rooms(*lanes) == expected


standings = st.builds(
    Standing,
    proven=st.booleans(),
    failures=st.integers(0, 5),
    rest_until=st.one_of(st.none(), st.integers(-60, 60).map(lambda s: NOW + timedelta(seconds=s))),
).map(lambda found: replace(found, proven=found.proven and not found.failures))


@st.composite
def lanes_(draw: st.DrawFn, prefix: str = "c") -> list[Lane]:
    """Channels in every state that `after` and the deliverer bring about."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        under_way = draw(st.integers(0, 4))
        slow = draw(st.integers(0, under_way))
        name = f"{prefix}{number}"
        found.append(Lane(name, draw(standings), under_way, slow, is_due=draw(st.booleans())))
    return found


@given(lanes_(), st.integers(1, 16), st.integers(1, 6))
def test_no_bound_is_passed(lanes: list[Lane], parallel: int, per_channel: int) -> None:
    """Not that of all, not that of one channel; who rests or has nothing due gets none."""
    given_ = room(lanes, now=NOW, parallel=parallel, per_channel=per_channel)
    by_name = {one.channel: one for one in lanes}
    quick = sum(one.under_way - one.slow for one in lanes if not one.standing.failures)
    more = sum(number for name, number in given_.items() if not by_name[name].standing.failures)
    assert more == 0 or quick + more <= parallel
    for name, number in given_.items():
        one = by_name[name]
        assert number > 0
        assert one.is_due
        assert not one.standing.rests(NOW)
        assert one.under_way + number <= (per_channel if one.standing.proven else 1)


@given(lanes_(), lanes_("x"), st.integers(1, 16), st.integers(1, 6))
def test_who_hangs_takes_nobodys_room(
    lanes: list[Lane], others: list[Lane], parallel: int, per_channel: int
) -> None:
    """However many targets hang or fail beside them, the others may begin exactly as much."""
    hanging = [
        replace(one, slow=one.under_way, is_due=one.standing.failures > 0 and one.is_due) for one in others
    ]
    alone = room(lanes, now=NOW, parallel=parallel, per_channel=per_channel)
    among = room([*hanging, *lanes], now=NOW, parallel=parallel, per_channel=per_channel)
    assert {name: number for name, number in among.items() if name[0] == "c"} == alone


@given(lanes_(), st.integers(1, 16), st.integers(1, 6))
def test_room_is_shared_evenly(lanes: list[Lane], parallel: int, per_channel: int) -> None:
    """Nobody gets two more than another who could take more."""
    given_ = room(lanes, now=NOW, parallel=parallel, per_channel=per_channel)
    for one in lanes:
        width = per_channel if one.standing.proven else 1
        mine = given_.get(one.channel, 0)
        wants_more = one.is_due and not one.standing.rests(NOW) and one.under_way + mine < width
        if wants_more and not one.standing.failures:
            assert all(number <= mine + 1 for number in given_.values())


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Sent(200), PROVEN),
        (Sent(), PROVEN),
        (Rejected("550 no such user", 550), PROVEN),
        (Later("the endpoint answered 500", 500), Standing()),
        (Later("secret missing", error_class="settings"), Standing()),
        (Rejected("forbidden address", error_class="guard"), Standing()),
        (HANGS, Standing(failures=1, rest_from=NOW, rest_until=NOW + timedelta(seconds=5))),
        (Later("busy", 503), Standing(failures=1, rest_from=NOW, rest_until=NOW + timedelta(seconds=5))),
        (
            Later("busy", 429, 90.0),
            Standing(failures=1, rest_from=NOW, rest_until=NOW + timedelta(seconds=90)),
        ),
        (
            Later("busy", 429, 1e9),
            Standing(failures=1, rest_from=NOW, rest_until=NOW + timedelta(seconds=MAX_RETRY_AFTER_S)),
        ),
    ],
)
def test_what_an_attempt_says_of_the_target(outcome: Outcome, expected: Standing) -> None:
    """An answer says that somebody is there; silence, and no room, that nobody should ask for a while."""
    assert after(PROVEN, outcome, now=NOW) == expected


def test_silence_rests_longer_each_time_and_one_answer_ends_it() -> None:
    """5, 15, 30, 60 and 60 seconds; then one message is taken and the rest may follow."""
    standing, now, rests = PROVEN, NOW, []
    for _ in range(5):
        standing = after(standing, HANGS, now=now)
        assert standing.rest_until is not None
        rests.append((standing.rest_until - now).total_seconds())
        now = standing.rest_until
    assert rests == [*RESTS_S, RESTS_S[-1]]
    assert after(standing, Sent(200), now=now) == PROVEN


def test_one_silence_heard_by_several_messages_is_one() -> None:
    """Four messages that were under way together and time out are one failure of the target."""
    standing = PROVEN
    for second in range(4):
        standing = after(standing, HANGS, now=NOW + timedelta(milliseconds=second))
    assert (standing.failures, standing.rest_until) == (1, NOW + timedelta(seconds=5))


def probes(down_s: float) -> int:
    """How many messages, each to time out after 20 s, are tried while a target is down."""
    standing, now, tried = PROVEN, NOW, 0
    while now < NOW + timedelta(seconds=down_s):
        given_ = room([Lane("c", standing)], now=now, parallel=8, per_channel=4).get("c", 0)
        tried += given_
        now += timedelta(seconds=20 if given_ else 1)
        if given_:
            standing = after(standing, HANGS, now=now)
    return tried


def test_two_hundred_messages_do_not_wait_one_after_another() -> None:
    """Of 200 messages to a target that is down for five minutes nine are tried, and the others wait."""
    assert probes(300) == 9


def test_a_clock_set_back_ends_a_rest() -> None:
    """Five seconds of rest do not become a day because the clock was a day ahead when they began."""
    standing = after(PROVEN, HANGS, now=NOW)
    assert standing.rests(NOW)
    assert not standing.rests(NOW - timedelta(days=1))
