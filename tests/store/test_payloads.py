"""Packing: exact byte for byte, small, in short chains, with a dictionary of the installation's own."""

from __future__ import annotations

import itertools
import statistics

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import StoreError
from monitor.store import Store
from monitor.store.blobs import DELTA, LONGEST, Base, Dictionary, Packed, Packer, trained, unpack
from monitor.store.tables import TABLES
from tests.store.conftest import Place
from tests.store.making import DAY, NOW, amended, body_of, first, history, trial
from tests.support.real import STUDIES, needs_real_records

BODY = TABLES["body"]


def stored(store: Store) -> list[tuple[str, int, int | None]]:
    """Codec, depth and dictionary of every payload, in order of versions."""
    snapshot = TABLES["snapshot"]
    query = sa.select(BODY.c.codec, BODY.c.depth, BODY.c.dictionary_id).join(
        snapshot, snapshot.c.digest == BODY.c.digest
    )
    with store._db.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(snapshot.c.trial_id, snapshot.c.seq))]


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=6))
def test_every_chain_gives_back_what_went_in(bodies: list[bytes]) -> None:
    """Whatever the bytes, each version unpacks to itself through those before it."""
    packer, base = Packer(), None
    chain: list[Packed] = []
    for number, body in enumerate(bodies):
        packed = packer.pack(body, base)
        base = Base(str(number), body, packed.depth)
        chain.append(packed)
    whole: dict[str, bytes] = {}
    for number, packed in enumerate(chain):
        whole[str(number)] = unpack(packed, whole.get(packed.base or ""))
    assert list(whole.values()) == bodies


def test_a_chain_of_differences_ends_in_a_key_frame() -> None:
    """After so many differences the whole is stored again, and the chain begins anew."""
    packer, base, depths = Packer(), None, []
    for number in range(2 * LONGEST + 3):
        body = body_of(f"{number}", trial())
        packed = packer.pack(body, base)
        base = Base(str(number), body, packed.depth)
        depths.append(packed.depth)
    assert depths == [*range(LONGEST + 1), *range(LONGEST + 1), 0]


def test_long_histories_are_read_back(store: Store) -> None:
    """A trial with more versions than a chain is long gives back each of them."""
    letters = [chr(ord("A") + n) for n in range(LONGEST + 5)]
    history(store, "".join(letters))
    for seq, letter in enumerate(letters, start=1):
        assert store.body(trial(), seq) == body_of(letter, trial())
    assert max(depth for _, depth, _ in stored(store)) == LONGEST


def test_a_dictionary_is_trained_once_and_used_from_then_on(store: Store) -> None:
    """Payloads stored before stay as they are; later ones name the dictionary and are read through it."""
    store.record([first(trial(number)) for number in range(1, 60)])
    assert not store.train_dictionary(NOW, least=60)
    assert store.train_dictionary(NOW, least=50)
    assert not store.train_dictionary(NOW, least=50)
    store.record([first(trial(60))])
    made = first(trial(60))
    assert made.snapshot
    store.record([amended(made.snapshot, "B", seq=2, at=NOW + DAY)])
    assert store.stats().rows["dictionary"] == 1
    assert stored(store)[-3:] == [("zstd", 0, None), ("zstd-dictionary", 0, 1), ("zstd-delta", 1, None)]
    assert store.body(trial(60), 2) == body_of("B", trial(60))


def test_another_process_reads_what_a_new_dictionary_packed(sqlite_place: Place) -> None:
    """A store opened before the training reads what was packed after it."""
    with sqlite_place.open() as early, sqlite_place.open() as late:
        late.record([first(trial(number)) for number in range(1, 60)])
        assert late.train_dictionary(NOW, least=50)
        late.record([first(trial(60))])
        assert early.body(trial(60), 1) == body_of("A", trial(60))
        assert not early.train_dictionary(NOW, least=50)


def test_the_first_thousand_payloads_train_it(sqlite_store: Store) -> None:
    """It happens by itself once a thousand payloads are held."""
    sqlite_store.record([first(trial(number)) for number in range(1, 1_000)])
    assert sqlite_store.stats().rows["dictionary"] == 0
    sqlite_store.record([first(trial(1_000))])
    assert sqlite_store.stats().rows["dictionary"] == 1


def test_payloads_without_anything_in_common_train_nothing() -> None:
    """Where there is nothing to learn, payloads are packed as before."""
    assert trained([b"", b"x"]) is None


def test_a_payload_that_is_not_what_was_served_is_an_error() -> None:
    """A frame that unpacks, but to other bytes than were served, is damage."""
    packed = Packer().pack(b"one" * 40)
    other = Packer().pack(b"two" * 40)
    with pytest.raises(StoreError, match="not what was served"):
        unpack(Packed(packed.codec, packed.size, other.data, packed.sha256))


@needs_real_records
def test_real_records_take_the_room_they_may() -> None:
    """A first version takes at most 4.5 KB, a next one at most 0.5 KB on average, and each is exact."""
    folders = [sorted(folder.glob("*.json")) for folder in sorted(STUDIES.iterdir())]
    versions = [[orjson.dumps(orjson.loads(file.read_bytes())) for file in folder] for folder in folders]
    content = trained([bodies[0] for bodies in versions[::2]])
    assert content is not None
    dictionary = Dictionary(1, content)
    packer = Packer(dictionary)
    firsts, nexts = [], []
    for bodies in versions[1::2]:
        packed = packer.pack(bodies[0])
        assert unpack(packed, dictionary=dictionary) == bodies[0]
        firsts.append(len(packed.data))
    for bodies in versions:
        for before, after in itertools.pairwise(bodies):
            packed = packer.pack(after, Base("before", before, 0))
            assert unpack(packed, before if packed.codec == DELTA else None, dictionary) == after
            nexts.append(len(packed.data))
    assert statistics.fmean(firsts) <= 4_500
    assert statistics.fmean(nexts) <= 500
