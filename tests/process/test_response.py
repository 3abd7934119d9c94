"""The response table: declared rows, replaced one by one by what an account saw."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.tables import RESPONSES
from ferrolan.process.response import Response, response_table

names = st.sampled_from(["ore", "ground_ore", "power", "acid"])
rows = st.lists(
    st.builds(
        Response,
        unit=st.sampled_from(["mill", "bof"]),
        mode=st.just("run"),
        commodity=names,
        coefficient=st.floats(min_value=-10, max_value=10),
        coefficient_unit=st.just("t/t"),
        sd=st.none() | st.floats(min_value=0, max_value=1),
        synthetic=st.booleans(),
    ),
    unique_by=lambda row: row.key,
)


@given(declared=rows, data=st.data())
def test_an_override_replaces_exactly_its_own_row(declared: list[Response], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(declared), unique_by=lambda row: row.key)) if declared else []
    seen = [replace(row, coefficient=row.coefficient + 1.0, origin="reconciled") for row in chosen]
    table = response_table(declared, seen)
    assert table.schema == RESPONSES.schema and table.height == len(declared)
    after = {(row["unit"], row["mode"], row["commodity"]): row for row in table.iter_rows(named=True)}
    for row in declared:
        changed = row.key in {other.key for other in seen}
        assert after[row.key]["coefficient"] == row.coefficient + (1.0 if changed else 0.0)
        assert after[row.key]["origin"] == ("reconciled" if changed else "declared")


@given(declared=rows)
def test_the_table_keeps_the_order_of_what_was_declared(declared: list[Response]) -> None:
    table = response_table(declared)
    assert list(table.select("unit", "mode", "commodity").iter_rows()) == [row.key for row in declared]


def test_a_row_twice_and_an_override_of_nothing_are_refused() -> None:
    row = Response("mill", "run", "ground_ore", 1.0, "t/t")
    with pytest.raises(ProblemError, match="two responses"):
        response_table([row, row])
    with pytest.raises(ProblemError, match="replace no declared one"):
        response_table([row], [replace(row, commodity="power")])


@pytest.mark.parametrize(("coefficient", "sd"), [(math.nan, None), (math.inf, None), (1.0, -0.1), (1.0, math.nan)])
def test_a_number_that_means_nothing_is_refused(coefficient: float, sd: float | None) -> None:
    with pytest.raises(ProblemError, match="ground_ore"):
        Response("mill", "run", "ground_ore", coefficient, "t/t", sd=sd)
