"""Assignment: the pairs that are worth most together."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.pairing import assignment
from monitor.core.pairing.assignment import assign, best_first

Edges = dict[tuple[int, int], int]
edges = st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(1, 9), max_size=18)


def triples(graph: Edges) -> list[tuple[int, int, int]]:
    """The edges as `assign` takes them."""
    return [(weight, i, j) for (i, j), weight in graph.items()]


def greatest(graph: Edges) -> int:
    """The greatest total weight, by trying every assignment."""

    def rest(rows: tuple[int, ...], taken: frozenset[int]) -> int:
        if not rows:
            return 0
        first, *others = rows
        totals = [rest(tuple(others), taken)]
        totals += [
            weight + rest(tuple(others), taken | {j})
            for (i, j), weight in graph.items()
            if i == first and j not in taken
        ]
        return max(totals)

    return rest(tuple(sorted({i for i, _ in graph})), frozenset())


@settings(max_examples=150)
@given(edges, st.randoms(use_true_random=False))
def test_the_total_is_the_greatest_there_is(graph: Edges, chance: object) -> None:
    """Every pair was offered, no item pairs twice, no other assignment is worth more, order never matters."""
    pairs = assign(triples(graph))
    assert set(pairs) <= set(graph)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert sum(graph[pair] for pair in pairs) == greatest(graph)
    shuffled = triples(graph)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assign(shuffled) == pairs


@given(edges)
def test_best_first_is_one_to_one_and_never_leaves_a_better_pair(graph: Edges) -> None:
    """The bounded way: a pair that was not made had one at least as good in its way."""
    pairs = best_first(graph)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    for (i, j), weight in graph.items():
        assert any(graph[made] >= weight for made in pairs if made[0] == i or made[1] == j)
    assert 2 * sum(graph[pair] for pair in pairs) >= greatest(graph)


def test_the_best_pair_gives_way_to_two_that_are_worth_more() -> None:
    """What sets an assignment apart from taking the best pair first."""
    graph = {(0, 0): 9, (0, 1): 8, (1, 0): 8}
    assert assign(triples(graph)) == [(0, 1), (1, 0)]
    assert best_first(graph) == [(0, 0)]


def test_a_pair_offered_twice_counts_once() -> None:
    """With the greater of its weights."""
    assert assign([(1, 0, 0), (7, 0, 0), (5, 0, 1)]) == [(0, 0)]
    assert assign([]) == []


def test_a_component_too_large_is_paired_best_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the answer is the greedy one; smaller components are still exact."""
    graph = {(0, 0): 9, (0, 1): 8, (1, 0): 8, (2, 1): 1} | {(7, 7): 9, (7, 8): 8, (8, 7): 8}
    assert assign(triples(graph)) == [(0, 1), (1, 0), (7, 8), (8, 7)]
    monkeypatch.setattr(assignment, "EXACT", 7)
    assert assign(triples(graph)) == [(0, 0), (2, 1), (7, 8), (8, 7)]


@pytest.mark.parametrize("worth", [lambda i, j: 1, lambda i, j: 1 + (i * 37 + j * 61) % 1000])
def test_the_largest_exact_component_is_solved_in_bounded_time(worth: object) -> None:
    """A hundred by a hundred, all alike or all different, takes a fraction of a second."""
    assert callable(worth)
    graph = [(worth(i, j), i, j) for i in range(100) for j in range(100)]
    started = time.process_time()
    assert len(assign(graph)) == 100
    assert time.process_time() - started < 2
