"""Names of a server in the tag map's file: none is computed by a spreadsheet, each comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest

from ferrolan.enterprise.tags import read_cells, written


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A1", "+1+1", "-T1", "@SUM(A1)", "'=1", "''=1", "'quoted'", "TI-1"])
def test_a_name_that_a_spreadsheet_would_compute_is_none_in_the_map_and_comes_back(name: str) -> None:
    row = {"tag": name, "source": "scada", "address": name, "kind": "other", "unit": "K", "lo": "-40", "hi": "+60"}
    text = written([row])
    (read,) = read_cells(text, "tags.csv")
    assert {key: read[key] for key in row} == row
    _, cells = csv.reader(io.StringIO(text))
    assert {cell for cell in cells if cell[:1] in ("=", "+", "-", "@")} == {"-40", "+60"}
