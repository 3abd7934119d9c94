"""Every row of the examples of OPC 10000-13, Annex A (opcua_part13): time, value, status code and bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferrolan.historian.part13 import aggregates, of_samples
from tests.historian.part13_case import ABOUT, CODES, NAMES, code, configuration, edges, micros, samples, table

CASES = [(name, one["historian"]) for name in NAMES for one in table(name)["cases"]]
ROWS = 944


def told(name: str, historian: str) -> dict[str, Any]:  # Any: a YAML document
    found: dict[str, Any] = next(one for one in table(name)["cases"] if one["historian"] == historian)
    return found


@pytest.mark.parametrize(("name", "historian"), CASES)
def test_every_row_of_a_published_table_is_met(name: str, historian: str) -> None:
    one = told(name, historian)
    whole = table(name)
    found = of_samples(
        *samples(historian),
        name,
        edges(whole, one["config"]["processing_interval_ms"]),
        configuration(one["config"]),
    )
    rows = one["expected"]
    assert found.time.tolist() == [micros(row["t"]) for row in rows]
    assert [hex(status) for status in found.status] == [hex(code(row)) for row in rows]
    expected = [CODES.get(row["value"], row["value"]) for row in rows]
    values = np.array([np.nan if value is None else float(value) for value in expected])
    np.testing.assert_allclose(found.value, values, rtol=0.0, atol=ABOUT["tolerance_abs"])


def test_the_tables_are_all_there() -> None:
    assert sum(len(told(name, historian)["expected"]) for name, historian in CASES) == ROWS
    assert len(NAMES) == 27
    assert set(NAMES) < set(aggregates())


def test_the_list_is_that_of_the_standard() -> None:
    assert len(aggregates()) == 37
    assert all(name == kind.name and kind.meaning.startswith(name) for name, kind in aggregates().items())


PRINTED = {  # OPC 10000-13, edition 1.04, Annex A.5 and A.15; its statuses differ from the later tables and are left out
    ("TimeAverage2", "Historian1", 5): [
        *(None, None, 12.5, 17.5, 22.5, 27.5, 30.0, 30.0, None, None),
        *(52.5, 57.5, 62.5, 67.5, 72.5, 77.5, 82.5, 87.5, 90.0, None),
    ],
    ("MinimumActualTime2", "Historian1", 16): [10.0, 16.0, 30.0, 50.0, 64.0, 80.0, None],
    ("MinimumActualTime2", "Historian2", 16): [10.0, 16.087, 26.818, 40.0, 56.0, 70.0, None],
    ("MinimumActualTime2", "Historian3", 16): [10.0, 10.0, 25.0, 40.0, 50.0, 70.0, None],
}


@pytest.mark.parametrize(("name", "historian", "seconds"), PRINTED)
def test_values_that_only_the_printed_edition_shows_are_met(name: str, historian: str, seconds: int) -> None:
    configured = configuration(told("Minimum", historian)["config"])
    found = of_samples(*samples(historian), name, edges(table("Minimum"), seconds * 1000), configured)
    expected = [np.nan if value is None else value for value in PRINTED[name, historian, seconds]]
    np.testing.assert_allclose(found.value, expected, rtol=0.0, atol=ABOUT["tolerance_abs"])
