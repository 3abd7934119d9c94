"""Components and tear sets: laws over random graphs, and small ones worked by hand."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.process.tearing import Edge, components, straight_order, tear_set


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    size = draw(st.integers(2, 7))
    ends = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), min_size=1, max_size=14))
    return [Edge(f"s{number:02d}", f"u{a}", f"u{b}") for number, (a, b) in enumerate(ends)]


def is_acyclic(edges: list[Edge]) -> bool:
    nodes = {end for edge in edges for end in (edge.source, edge.target)}
    return len(straight_order(nodes, edges)) == len(nodes)


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_no_cycle_is_left_and_no_smaller_set_would_do(edges: list[Edge]) -> None:
    torn = tear_set(edges)
    assert torn is not None
    assert is_acyclic([edge for edge in edges if edge.stream not in torn])
    if len(torn) > 1:
        for fewer in combinations([edge.stream for edge in edges], len(torn) - 1):
            assert not is_acyclic([edge for edge in edges if edge.stream not in fewer])


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_the_order_of_streams_changes_neither_tears_nor_components(edges: list[Edge], random: object) -> None:
    mixed = list(edges)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    nodes = {end for edge in edges for end in (edge.source, edge.target)}
    assert tear_set(edges) == tear_set(mixed)
    assert components(nodes, edges) == components(sorted(nodes, reverse=True), mixed)


@given(graphs())
@settings(max_examples=80, deadline=None)
def test_every_stream_between_components_goes_forward(edges: list[Edge]) -> None:
    nodes = {end for edge in edges for end in (edge.source, edge.target)}
    place = {node: number for number, group in enumerate(components(nodes, edges)) for node in group}
    assert sorted(place) == sorted(nodes)
    assert all(place[edge.source] <= place[edge.target] for edge in edges)


def test_a_stream_that_a_unit_cannot_do_without_is_not_the_one_that_is_guessed() -> None:
    needed, other = Edge("blast", "stoves", "furnace", penalty=1.0), Edge("gas", "furnace", "stoves")
    assert tear_set([needed, other]) == ("gas",)


def test_streams_that_are_kept_are_not_torn_and_none_is_found_where_they_close_a_cycle() -> None:
    edges = [Edge("a", "x", "y"), Edge("b", "y", "x")]
    assert tear_set(edges, ["a"]) == ("b",)
    assert tear_set(edges, ["a", "b"]) is None


@pytest.mark.parametrize("size", [30])
def test_a_ladder_of_recycles_is_torn_once_a_rung(size: int) -> None:
    edges = [Edge(f"f{k:02d}", f"u{k:02d}", f"u{k + 1:02d}") for k in range(size)]
    edges += [Edge(f"r{k:02d}", f"u{k + 1:02d}", f"u{k:02d}") for k in range(size)]
    torn = tear_set(edges)
    assert torn is not None and len(torn) == size
