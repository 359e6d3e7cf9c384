"""Damage: whatever is hurt is found, with the trial, the version and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.store import Damage, Store
from tests.store.conftest import Place
from tests.store.making import NOW, first, history, trial


def hurt(place: Place, *statements: str) -> None:
    """Do something to the file that no verb does."""
    connection = sqlite3.connect(place.state_dir / "trialwire.db")
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()


def found(place: Place) -> Sequence[Damage]:
    with place.open(read_only=True) as store:
        return tuple(store.damage())


def trained_store(store: Store, count: int = 60) -> None:
    """Versions packed with a dictionary, and two further ones of the last trial."""
    store.record([first(trial(number)) for number in range(1, count)])
    assert store.train_dictionary(NOW, least=50)
    history(store, "ABC", trial(count))


def test_a_sound_database_has_nothing_to_tell(store: Store) -> None:
    """Chains, dictionaries and quarantine written by the verbs are proven without a word."""
    trained_store(store)
    told: list[tuple[int, int]] = []
    assert list(store.damage(progress=lambda done, total: told.append((done, total)))) == []
    assert told == [(62, 62)]


def test_one_flipped_byte_is_found_with_its_trial(sqlite_place: Place) -> None:
    """A payload that lost a bit is named with trial and version, and so are the versions built on it."""
    with sqlite_place.open() as store:
        history(store, "ABC", trial(1))
        history(store, "A", trial(2))
    connection = sqlite3.connect(sqlite_place.state_dir / "trialwire.db")
    digest, data = connection.execute(
        "SELECT digest, data FROM body JOIN snapshot USING (digest) WHERE trial_id = 1 AND seq = 2"
    ).fetchone()
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    connection.execute("UPDATE body SET data = ? WHERE digest = ?", (bytes(damaged), digest))
    connection.commit()
    connection.close()
    assert [(str(one.trial), one.snapshot) for one in found(sqlite_place)] == [
        ("NCT09000001", 2),
        ("NCT09000001", 3),
    ]
    assert all("db restore" in one.remedy for one in found(sqlite_place))


def test_a_missing_key_frame_is_found(sqlite_place: Place) -> None:
    """Without the whole payload none of the versions that are differences to it can be read."""
    with sqlite_place.open() as store:
        history(store, "ABC", trial(1))
    hurt(sqlite_place, "DELETE FROM body WHERE base IS NULL")
    hit = [one.snapshot for one in found(sqlite_place) if one.trial]
    assert hit == [1, 2, 3]


def test_a_missing_dictionary_is_found(sqlite_place: Place) -> None:
    """Without its dictionary a payload cannot be read; those packed before it still can."""
    with sqlite_place.open() as store:
        trained_store(store)
    hurt(sqlite_place, "DELETE FROM dictionary")
    hit = [one for one in found(sqlite_place) if one.trial]
    assert [(str(one.trial), one.snapshot) for one in hit] == [("NCT09000060", n) for n in (1, 2, 3)]
    assert all("dictionary 1" in one.what for one in hit)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM snapshot WHERE seq = 3", "is at version s3, which is missing"),
        ("DELETE FROM finding_change", "is about no change"),
        ("UPDATE trial SET renamed_to = 'NCT09999999'", "which is not known"),
        ("DELETE FROM watch_trial", "holds no trial"),
        ("UPDATE snapshot SET digest = (SELECT digest FROM body WHERE depth = 0)", "belongs to no version"),
        ("UPDATE body SET size = size + 1 WHERE base IS NULL", "bytes, not"),
        ("UPDATE body SET codec = 'lzma' WHERE base IS NULL", "does not know, 'lzma'"),
        ("UPDATE body SET base = digest", "refers to itself"),
        ("UPDATE snapshot SET digest = 'none' WHERE seq = 1", "refers to a missing row of body"),
    ],
)
def test_what_does_not_fit_together_is_told(sqlite_place: Place, statement: str, said: str) -> None:
    """Rows that refer to what is not there are told, be there a constraint about it or not."""
    with sqlite_place.open() as store:
        store.add_watches([trial(1)], now=NOW)
        history(store, "ABC", trial(1))
    hurt(sqlite_place, statement)
    assert any(said in one.what for one in found(sqlite_place)), found(sqlite_place)


def test_content_is_held_against_its_digest(sqlite_place: Place) -> None:
    """With the registry's digest at hand, a payload that is another record than it is kept as is told."""
    with sqlite_place.open() as store:
        store.record([first(trial(1)), first(trial(2))])
        digests = {store.body(trial(n), 1): store.snapshots(trial(n))[0].digest for n in (1, 2)}
        assert list(store.damage(content_digest=lambda _, body: digests[body])) == []
        wrong = list(store.damage(content_digest=lambda _, body: "0" * 64))
    assert [str(one.trial) for one in wrong] == ["NCT09000001", "NCT09000002"]


def test_a_file_that_is_no_database_any_more_is_told(sqlite_place: Place) -> None:
    """Pages overwritten with noise are damage, not a traceback."""
    with sqlite_place.open() as store:
        store.record([first(trial(number)) for number in range(1, 40)])
    path = Path(sqlite_place.state_dir / "trialwire.db")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 9_000] = b"\xa5" * 9_000
    path.write_bytes(bytes(content))
    assert found(sqlite_place)
