"""In which order units are solved, and which streams are guessed so that every recycle opens.

A mill feeds a separator whose coarse fraction returns to the mill: the two are one *component*, solved together; the
stockpile before and the flotation behind run once. Inside a component a few *tear* streams are guessed (here the
return) and what is left runs straight. Everything is in the order of names, so the order in which units are listed
changes nothing.

Components are those of Tarjan (Depth-first search and linear graph algorithms, SIAM Journal on Computing 1, 1972). The
tear set is the smallest one by bounded search on shortest cycles; of several the one that leaves the fewest required
inlets empty.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

N = TypeVar("N", str, int)
_SEARCHED = 500  # partial tear sets looked at before the best one found so far is taken


@dataclass(frozen=True, order=True)
class Edge:
    """A stream between two units; ``penalty`` is what it costs to guess it, beside being one more [1]."""

    stream: str
    source: str
    target: str
    penalty: float = 0.0


def components(nodes: Iterable[str], edges: Iterable[Edge]) -> tuple[tuple[str, ...], ...]:
    """Strongly connected components, upstream first, each in the order of names.

    Examples
    --------
    >>> components("abc", [Edge("x", "a", "b"), Edge("y", "b", "c"), Edge("z", "c", "b")])
    (('a',), ('b', 'c'))
    """
    return _components(tuple(sorted(set(nodes))), tuple(sorted(edges)))


@lru_cache(maxsize=256)
def _components(listed: tuple[str, ...], edges: tuple[Edge, ...]) -> tuple[tuple[str, ...], ...]:
    after = _neighbours(listed, edges)
    groups = _tarjan(listed, after)
    place = {node: number for number, group in enumerate(groups) for node in group}
    links = {(place[a], place[b]) for a in listed for b in after[a] if place[a] != place[b]}
    names = [min(group) for group in groups]
    return tuple(groups[number] for number in _straight(range(len(groups)), links, lambda number: names[number]))


def straight_order(nodes: Iterable[str], edges: Iterable[Edge]) -> tuple[str, ...]:
    """The nodes of a graph without cycles, upstream first; of several possible orders the one by name."""
    listed = sorted(set(nodes))
    return tuple(_straight(listed, {(edge.source, edge.target) for edge in edges}, str))


def tear_set(edges: Iterable[Edge], kept: Collection[str] = ()) -> tuple[str, ...] | None:
    """Fewest streams whose removal leaves no cycle, by least penalty and then by name.

    Parameters
    ----------
    edges
        Streams between the units.
    kept
        Streams that may not be torn.

    Returns
    -------
    The streams by name; None where the streams that are kept close a cycle of their own.

    Notes
    -----
    Exact while fewer than 500 partial sets have to be looked at; beyond that the best one found.

    Examples
    --------
    Two cycles that share a stream need one tear:

    >>> tear_set([Edge("p", "a", "b"), Edge("q", "b", "a"), Edge("r", "b", "c"), Edge("s", "c", "a")])
    ('p',)
    """
    return _tear_set(tuple(sorted(edges)), frozenset(kept))


@lru_cache(maxsize=256)
def _tear_set(listed: tuple[Edge, ...], kept: frozenset[str]) -> tuple[str, ...] | None:
    """The same, remembered: a plant with other numbers has the same recycles."""
    if _shortest_cycle([edge for edge in listed if edge.stream in kept]):
        return None
    best = _greedy(listed, kept)
    budget = [_SEARCHED]
    for size in range(_disjoint_cycles(listed), len(best) + 1):
        found = _of_size(listed, size, kept, budget)
        if found is not None:
            best = min(found, best, key=_cost)
            break
        if budget[0] <= 0:
            break
    return tuple(sorted(edge.stream for edge in best))


def _cost(tears: Sequence[Edge]) -> tuple[int, float, tuple[str, ...]]:
    return len(tears), sum(edge.penalty for edge in tears), tuple(sorted(edge.stream for edge in tears))


def _of_size(edges: Sequence[Edge], size: int, kept: Collection[str], budget: list[int]) -> tuple[Edge, ...] | None:
    """The cheapest tear set of this size, or None where there is none (or the budget ran out)."""
    found: list[tuple[Edge, ...]] = []
    seen: set[frozenset[Edge]] = set()
    waiting: list[tuple[Edge, ...]] = [()]
    while waiting and budget[0] > 0:
        torn = waiting.pop()
        if frozenset(torn) in seen:
            continue
        seen.add(frozenset(torn))
        budget[0] -= 1
        rest = [edge for edge in edges if edge not in torn]
        cycle = _shortest_cycle(rest)
        if not cycle:
            found.append(torn)
        elif len(torn) + _disjoint_cycles(rest) <= size:
            waiting += [(*torn, edge) for edge in reversed(cycle) if edge.stream not in kept]
    return min(found, key=_cost) if found else None


def _greedy(edges: Sequence[Edge], kept: Collection[str]) -> tuple[Edge, ...]:
    """A tear set, if not the smallest: of every shortest cycle the cheapest stream."""
    rest, torn = list(edges), []
    while cycle := _shortest_cycle(rest):
        chosen = min((edge for edge in cycle if edge.stream not in kept), key=lambda edge: (edge.penalty, edge.stream))
        torn.append(chosen)
        rest.remove(chosen)
    return tuple(torn)


def _disjoint_cycles(edges: Sequence[Edge]) -> int:
    """How many cycles without a common stream are easily found: no tear set is smaller."""
    rest, count = list(edges), 0
    while cycle := _shortest_cycle(rest):
        rest = [edge for edge in rest if edge not in cycle]
        count += 1
    return count


def _shortest_cycle(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """The shortest cycle, the first by name among equals; empty where there is none."""
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.source, []).append(edge)
    best: tuple[Edge, ...] = ()
    for start in sorted(leaving):
        found = _cycle_from(start, leaving, len(best) or len(edges) + 1)
        if found and (not best or len(found) < len(best)):
            best = found
    return best


def _cycle_from(start: str, leaving: Mapping[str, Sequence[Edge]], below: int) -> tuple[Edge, ...]:
    """The shortest way from a node back to itself, if shorter than ``below`` streams."""
    came: dict[str, Edge] = {}
    depth = {start: 0}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if depth[node] + 1 >= below:
            return ()
        for edge in leaving.get(node, ()):
            if edge.target == start:
                return _walked(edge, came, start)
            if edge.target not in depth:
                depth[edge.target], came[edge.target] = depth[node] + 1, edge
                queue.append(edge.target)
    return ()


def _walked(last: Edge, came: Mapping[str, Edge], start: str) -> tuple[Edge, ...]:
    path = [last]
    while path[-1].source != start:
        path.append(came[path[-1].source])
    return tuple(reversed(path))


def _neighbours(nodes: Sequence[str], edges: Iterable[Edge]) -> dict[str, list[str]]:
    after: dict[str, set[str]] = {node: set() for node in nodes}
    for edge in edges:
        after[edge.source].add(edge.target)
    return {node: sorted(targets) for node, targets in after.items()}


def _tarjan(nodes: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Strongly connected components, downstream first; without recursion."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    open_: set[str] = set()
    groups: list[tuple[str, ...]] = []
    for root in nodes:
        work = [(root, 0)] if root not in number else []
        while work:
            node, next_ = work.pop()
            if next_ == 0:
                number[node] = low[node] = len(number)
                stack.append(node)
                open_.add(node)
            if next_ > 0:
                low[node] = min(low[node], low[after[node][next_ - 1]])
            while next_ < len(after[node]) and after[node][next_] in number:
                target = after[node][next_]
                low[node] = min(low[node], number[target]) if target in open_ else low[node]
                next_ += 1
            if next_ < len(after[node]):
                work += [(node, next_ + 1), (after[node][next_], 0)]
            elif low[node] == number[node]:
                groups.append(_popped(stack, open_, node))
    return groups


def _popped(stack: list[str], open_: set[str], root: str) -> tuple[str, ...]:
    group = []
    while True:
        group.append(stack.pop())
        open_.discard(group[-1])
        if group[-1] == root:
            return tuple(sorted(group))


def _straight(nodes: Iterable[N], links: Iterable[tuple[N, N]], name: Callable[[N], str]) -> list[N]:
    """Nodes with every link forward; of those that may come next the first by name."""
    waiting = dict.fromkeys(nodes, 0)
    after: dict[N, list[N]] = {node: [] for node in waiting}
    for source, target in links:
        waiting[target] += 1
        after[source].append(target)
    ready = [(name(node), node) for node, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        node = heapq.heappop(ready)[1]
        order.append(node)
        for target in after[node]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, (name(target), target))
    return order
