"""Assignment: of weighted pairs, those that are worth most together, each item at most once.

The pairs are the edges of a sparse graph; its components are solved one by one. A component of one item with
all its candidates is settled by looking; any other by shortest augmenting paths (Jonker and Volgenant), which
find the greatest total weight exactly. Weights are whole numbers, so that no rounding and no order of
addition can decide; of assignments of one worth, the numbers of the items decide.

Work is bounded: a component of more than `EXACT` steps at worst is paired best pair first instead, which
is at least half as good and as deterministic. What a pair is worth is for the caller to say; one that is
worth nothing must not be offered.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Edges: TypeAlias = "dict[tuple[int, int], int]"
_Neighbors: TypeAlias = "dict[int, dict[int, int]]"

EXACT = 1_000_000
"""The worst case of a component is its edges times its smaller side; beyond so much, best first."""


def assign(weighted: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """One-to-one pairs of the greatest total weight, in order, from triples of weight, one side, other side.

    Weights are positive. A pair offered twice counts with its greater weight.
    """
    edges: Edges = {}
    for weight, i, j in weighted:
        if weight > edges.get((i, j), 0):
            edges[i, j] = weight
    if len(edges) < 2:
        return list(edges)
    rows: _Neighbors = {}
    columns: dict[int, list[int]] = {}
    for i, j in sorted(edges):
        rows.setdefault(i, {})[j] = edges[i, j]
        columns.setdefault(j, []).append(i)
    pairs: list[tuple[int, int]] = []
    seen: set[int] = set()
    for i in rows:
        if i not in seen:
            inside = _component(i, rows, columns)
            seen.update(inside)
            pairs += _solved({row: rows[row] for row in inside})
    return sorted(pairs)


def best_first(edges: Mapping[tuple[int, int], int]) -> list[tuple[int, int]]:
    """One-to-one pairs, the best over all first; equal ones in the order of their numbers."""
    taken_i: set[int] = set()
    taken_j: set[int] = set()
    pairs = []
    for i, j in sorted(edges, key=lambda edge: (-edges[edge], edge)):
        if i not in taken_i and j not in taken_j:
            taken_i.add(i)
            taken_j.add(j)
            pairs.append((i, j))
    return pairs


def _component(start: int, rows: _Neighbors, columns: Mapping[int, list[int]]) -> list[int]:
    """The rows that hang together with this one, in order."""
    found, waiting, crossed = {start}, [start], set[int]()
    while waiting:
        for j in rows[waiting.pop()]:
            if j not in crossed:
                crossed.add(j)
                fresh = [i for i in columns[j] if i not in found]
                found.update(fresh)
                waiting += fresh
    return sorted(found)


def _solved(rows: _Neighbors) -> list[tuple[int, int]]:
    if len(rows) == 1:
        ((i, weights),) = rows.items()
        return [(i, max(weights, key=lambda j: (weights[j], -j)))]
    columns: _Neighbors = {}
    for i, weights in rows.items():
        for j, weight in weights.items():
            columns.setdefault(j, {})[i] = weight
    if len(columns) == 1:
        ((j, weights),) = columns.items()
        return [(max(weights, key=lambda i: (weights[i], -i)), j)]
    size = sum(map(len, rows.values()))
    if size * min(len(rows), len(columns)) > EXACT:
        return best_first({(i, j): weight for i, weights in rows.items() for j, weight in weights.items()})
    if len(columns) < len(rows):
        return [(i, j) for j, i in _augmented(columns)]
    return _augmented(rows)


def _augmented(rows: _Neighbors) -> list[tuple[int, int]]:
    """Row after row finds its column by the cheapest path of exchanges; one of its own stands for none."""
    top = max(max(weights.values()) for weights in rows.values())
    costs = {i: {j: top - weight for j, weight in weights.items()} for i, weights in rows.items()}
    for number, i in enumerate(costs):
        costs[i][-1 - number] = top
    owners: dict[int, int] = {}
    prices: dict[int, int] = {}
    for i in costs:
        _augment(i, costs, owners, prices)
    return sorted((i, j) for j, i in owners.items() if j >= 0)


def _augment(row: int, costs: _Neighbors, owners: dict[int, int], prices: dict[int, int]) -> None:
    """Dijkstra over columns at costs less prices, then the exchange along the way back."""
    distances: dict[int, int] = {}
    through: dict[int, int] = {}
    scanned: dict[int, int] = {}
    heap: list[tuple[int, int]] = []
    at, base = row, 0
    while True:
        for j, cost in costs[at].items():
            distance = base + cost - prices.get(j, 0)
            if j not in distances or distance < distances[j]:
                distances[j] = distance
                through[j] = at
                heapq.heappush(heap, (distance, j))
        distance, nearest = heapq.heappop(heap)
        while nearest in scanned:
            distance, nearest = heapq.heappop(heap)
        if nearest not in owners:
            break
        scanned[nearest] = distance
        at = owners[nearest]
        base = distance - costs[at][nearest] + prices.get(nearest, 0)
    for j, before in scanned.items():
        prices[j] = prices.get(j, 0) - (distance - before)
    column_of = {owners[j]: j for j in scanned}
    at = through[nearest]
    while True:
        freed = column_of.get(at)
        owners[nearest] = at
        if at == row or freed is None:
            break
        nearest, at = freed, through[freed]
