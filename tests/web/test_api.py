"""The JSON API: contract objects, the filters of the command line, paging that loses and repeats nothing."""

from __future__ import annotations

from urllib.parse import quote

import orjson
import pytest

from monitor import schemas
from monitor.store.values import ChangeQuery
from tests.web.site import ONE, TWO, Served

OF_ONE = f"/api/trials/ctgov/{ONE.id}/changes"


def test_changes_are_the_contracts_objects(site: Served) -> None:
    """Every member of section 2, the same bytes as on the command line, newest first."""
    given = site("/api/changes?limit=1000").json()
    recorded = site.app.lookup.changes(ChangeQuery())
    assert given == {"changes": [change.to_dict() for change in recorded], "next": None}
    assert {"id", "trial", "field", "op", "significance", "version", "observed_at"} <= given["changes"][
        0
    ].keys()


@pytest.mark.parametrize("path", ["/api/changes", OF_ONE])
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_hold_everything_once(site: Served, path: str, limit: int) -> None:
    """Following `next` to its end gives what one long page gives, and the link header says the same."""
    whole = [change["id"] for change in site(f"{path}?limit=1000").json()["changes"]]
    found, following = [], f"{path}?limit={limit}"
    for _ in range(len(whole) + 1):
        answer = site(following)
        found += [change["id"] for change in answer.json()["changes"]]
        if (cursor := answer.json()["next"]) is None:
            assert "link" not in answer.headers
            break
        following = f"{path}?limit={limit}&cursor={cursor}"
        assert answer.headers["link"] == f'<{following}>; rel="next"'
    assert found == whole
    assert len(set(found)) == len(found)


def test_what_was_recorded_is_read_in_its_order(site: Served) -> None:
    """Oldest first; `next` is a number to go on after, also where there is nothing more."""
    numbers = sorted(change.number or 0 for change in site.app.lookup.changes(ChangeQuery()))
    first = site("/api/changes?order=recorded&limit=2").json()
    assert first["next"] == str(numbers[1])
    rest = site(f"/api/changes?order=recorded&after={first['next']}&limit=1000").json()
    assert len(first["changes"]) + len(rest["changes"]) == len(numbers)
    assert rest["next"] == str(numbers[-1])
    end = site(f"/api/changes?order=recorded&after={rest['next']}").json()
    assert end == {"changes": [], "next": rest["next"]}


@pytest.mark.parametrize(
    ("asked", "of"),
    [
        ("field=status.*", lambda change: change["field"].startswith("status.")),
        ("category=enrollment", lambda change: change["category"] == "enrollment"),
        ("category=dates&category=status", lambda change: change["category"] in ("dates", "status")),
        ("rule=C1", lambda change: change["rule"] == "C1"),
        ("min_significance=major", lambda change: change["significance"] in ("critical", "major")),
        ("since=2024-04", lambda change: change["posted_on"] >= "2024-04"),
        ("until=2024-02", lambda change: change["posted_on"] <= "2024-02-29"),
        ("sponsor=alpha", lambda change: True),
        ("sponsor=nobody", lambda change: False),
        ("tag=none", lambda change: False),
        ("observed_since=2030-01-01T00:00:00Z", lambda change: False),
    ],
)
def test_filters_are_those_of_the_command_line(site: Served, asked: str, of: object) -> None:
    """Each narrows the answer to what fits it, and to nothing else."""
    assert callable(of)
    whole = site("/api/changes?limit=1000").json()["changes"]
    found = site(f"/api/changes?limit=1000&{asked}").json()["changes"]
    assert found == [change for change in whole if of(change)]


def test_one_trial_has_its_own_changes(site: Served) -> None:
    """And no other's; a number that nothing is stored of is not found."""
    assert {change["trial"]["id"] for change in site(OF_ONE).json()["changes"]} == {ONE.id}
    assert {change["trial"]["id"] for change in site("/api/changes").json()["changes"]} == {ONE.id, TWO.id}
    missing = site("/api/trials/ctgov/NCT00000099/changes")
    assert missing.status == 404
    assert missing.json()["error"]["remedy"].startswith("`trialwire watch add NCT00000099`")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("limt=3", "Did you mean limit?"),
        ("tag=x&nothing=1", "Known: "),
        ("limit=0", "Give a whole number from 1 to 1,000."),
        ("limit=1001", "Give a whole number from 1 to 1,000."),
        ("limit=9" + "9" * 180, "Give a whole number from 1 to 1,000."),
        ("limit=%D9%A3", "Give a whole number from 1 to 1,000."),
        ("limit=1&limit=2", "Give it once."),
        ("cursor=" + quote("WyIyMDI0LTAxLTAxIiwgIngiLCAxXQ"), "Take it from `next`"),
        ("order=oldest", "Known: newest, recorded."),
        ("after=3", "Add order=recorded."),
        ("order=recorded&after=-1", "Give a whole number"),
        ("order=recorded&after=" + "9" * 19, "Give a whole number"),
        ("min_significance=Major", "Did you mean major?"),
        ("rule=c1", "Did you mean C1?"),
        ("since=99999y", "Give a date"),
        ("observed_since=2024-13-01T00:00", "Give one like"),
        ("field=" + "*a" * 200, "at most 20 values of at most 200 characters"),
        ("&".join(["tag=a"] * 30), "at most 20 values of at most 200 characters"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(site: Served, asked: str, words: str) -> None:
    """As JSON, with what is wrong and what to do; nothing is passed over in silence."""
    answer = site(f"/api/changes?{asked}")
    assert answer.status == 400
    error = answer.json()["error"]
    assert words in f"{error['what']} {error['remedy']}"


def test_what_is_held_already_is_not_sent_again(site: Served) -> None:
    """An ETag that is sent back gives 304 without a body; another question has another one."""
    first = site("/api/changes?limit=2")
    again = site("/api/changes?limit=2", If_None_Match=f'"other", W/{first.headers["etag"]}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert site("/api/changes?limit=3", If_None_Match=first.headers["etag"]).status == 200


def test_the_status_is_that_of_the_command_line(site: Served) -> None:
    """The same object as `trialwire status --format json`, fresh again after some seconds."""
    said = site("/api/status").json()
    assert {"healthy", "attention", "sources", "watched"} <= said.keys()


def test_every_schema_that_ships_can_be_had(site: Served) -> None:
    """By the name of what it describes, and no other file."""
    names = site("/api/schemas").json()
    assert set(names) == set(schemas.names())
    for address in names.values():
        answer = site(address)
        assert answer.headers["content-type"] == "application/schema+json"
        assert "$schema" in orjson.loads(answer.body)
    # As the command line prints them: each stands alone.
    assert orjson.loads(site(names["digest.created"]).body) == schemas.bundled("digest.created")
    assert [site(f"/api/schemas/{name}").status for name in ("..", "%2e%2e%2fpy.typed", "none")] == [404] * 3
