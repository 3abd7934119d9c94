"""Figures: labels never meet, nothing is drawn outside the frame, every figure can be heard as well as seen."""

from __future__ import annotations

from itertools import combinations, pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ferrolan.views.narrative as story
from ferrolan.views import figures
from ferrolan.views.cells import say
from ferrolan.views.figures import Axis
from ferrolan.views.tables import open_book
from tests.views.reading import Element, boxes, read
from tests.views.sample import context, empty, frame, kinds, tables


def _figures(**changes: bool) -> dict[str, Element]:
    book = open_book(tables(**changes), context())
    ends = [row for row in book.rows("view_rare_earths") if book.text("view_rare_earths", row, "role") != "inside"]
    drawn = {
        "concentrate": figures.concentrate(book, say("t")),
        "limits": figures.limits(book, story.earning_limits(book), say("t")),
        "rare_earths": figures.rare_earths(book, ends, say("t")),
        "published": figures.published(book, say("t")),
    }
    return {name: read(str(figure.svg)).all("svg")[0] for name, figure in drawn.items() if figure is not None}


def _meets(svg: Element) -> list[tuple[str, str]]:
    return [
        (a[0], b[0])
        for a, b in combinations(boxes(svg), 2)
        if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]
    ]


@pytest.mark.parametrize("worthless", [True, False])
def test_no_two_labels_of_a_figure_meet_and_none_leaves_its_frame(worthless: bool) -> None:
    drawn = _figures(worthless=worthless)
    assert set(drawn) == {"concentrate", "limits", "rare_earths", "published"}
    for name, svg in drawn.items():
        assert _meets(svg) == [], name
        width, height = float(svg.attributes["width"]), float(svg.attributes["height"])
        for text, left, top, right, bottom in boxes(svg):
            assert left >= -0.5 and right <= width + 0.5 and top >= -0.5 and bottom <= height + 0.5, (name, text)


ANY_VALUES = given(st.lists(st.floats(0, 90_000), min_size=1, max_size=6), st.floats(0, 90_000), st.floats(0, 0.9))


@settings(max_examples=10, deadline=None)
@ANY_VALUES
def test_labels_of_the_value_figure_never_meet_whatever_the_values(
    values: list[float], published: float, width: float
) -> None:
    _value_figure_keeps_its_labels_apart(values, published, width)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=False)
@ANY_VALUES
def test_labels_of_the_value_figure_never_meet_for_minutes(values: list[float], published: float, width: float) -> None:
    _value_figure_keeps_its_labels_apart(values, published, width)


def _value_figure_keeps_its_labels_apart(values: list[float], published: float, width: float) -> None:
    names = ("marginal_right", "marginal_left", "netback", "buyer_maximum", "seller_minimum", "marginal_right")
    rows: list[dict[str, object]] = [
        {
            "measure": name,
            "party": "group",
            "value": value,
            "low": value * (1 - width),
            "high": value * (1 + width),
            "grade": 0.5,
        }
        for name, value in zip(names, values, strict=False)
    ]
    rows.append({"measure": "published", "party": "market", "value": published, "grade": 0.5})
    book = open_book({**tables(), "concentrate_value": frame("concentrate_value", rows)}, context())
    figure = figures.concentrate(book, say("t"))
    assert figure is not None and _meets(read(str(figure.svg))) == []


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_ticks_are_in_order_and_inside_their_axis(low: float, length: float) -> None:
    axis = Axis(low, low + length, 0.0, 100.0)
    ticks = axis.ticks()
    assert len(ticks) <= 12
    assert all(a < b for a, b in pairwise(ticks))
    assert all(-1e-3 <= axis.at(tick) <= 100.001 for tick in ticks)


def test_every_figure_has_a_title_a_description_and_no_style() -> None:
    for svg in _figures().values():
        assert svg.all("title")[0].text and svg.all("desc")[0].text
        assert not any("style" in element.attributes for element in svg.walk())
        assert all(
            "fill" in element.attributes for tag in ("rect", "text", "circle", "path") for element in svg.all(tag)
        )


def test_a_way_that_is_not_observable_is_not_drawn() -> None:
    cut = tables()
    cut["account"] = cut["account"].with_columns(
        value=pl.when((pl.col("object") == "leach_residue") & (pl.col("component") == "CeO2"))
        .then(None)
        .otherwise(pl.col("value"))
    )
    book = open_book(cut, context())
    residue = book.row("view_rare_earths", stream="leach_residue")
    assert residue is not None and book.real("view_rare_earths", residue, "amount") is None
    assert book.real("view_rare_earths", book.row("view_rare_earths", role="stocks"), "amount") is None


@pytest.mark.parametrize("name", [name for name, (_, told) in kinds().items() if told.concentrate is None])
def test_the_figures_of_a_plan_keep_their_labels_apart_and_inside(name: str) -> None:
    book = open_book(*kinds()[name])
    drawn = {
        "sales": figures.sales(book, book.rows("view_trade", side="sell"), say("t")),
        "loads": figures.loads(book, book.rows("view_loads"), say("t")),
        "replies": figures.replies(book, say("t")),
    }
    for what, figure in drawn.items():
        assert figure is not None, what
        svg = read(str(figure.svg)).all("svg")[0]
        assert _meets(svg) == [], what
        for text, left, _top, right, _bottom in boxes(svg):
            assert left >= -0.5 and right <= float(svg.attributes["width"]) + 0.5, (what, text)


@pytest.mark.parametrize("factor", [1e-3, 0.7, 1.3, 1e3])
def test_the_number_of_a_bar_stays_inside_the_frame_whatever_its_size(factor: float) -> None:
    limits = tables()["plan_limits"].with_columns(money=pl.col("money") * factor)
    book = open_book({**tables(), "plan_limits": limits}, context())
    figure = figures.limits(book, story.earning_limits(book), say("t"))
    assert figure is not None
    assert all(right <= figures.HALF for _text, _left, _top, right, _bottom in boxes(read(str(figure.svg))))


def test_nothing_is_drawn_of_nothing() -> None:
    book = open_book(empty(), context(published=(), streams=()))
    assert figures.concentrate(book, say("t")) is None
    assert figures.limits(book, [], say("t")) is None
    assert figures.rare_earths(book, [], say("t")) is None
    assert figures.published(book, say("t")) is None
    assert figures.sales(book, [], say("t")) is None
    assert figures.loads(book, [], say("t")) is None
    assert figures.replies(book, say("t")) is None
