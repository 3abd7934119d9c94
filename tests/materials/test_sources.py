"""No number without a source: the data files of the room are whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import ferrolan.materials
from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.materials import sources

DATA = Path(ferrolan.materials.__file__).parent / "data"


def read(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["elements", "species", "separation_factors"])
def test_every_row_has_a_source_and_a_status(name: str) -> None:
    for row in read(name):
        assert None not in row and None not in row.values(), row
        found = {key: value for key, value in row.items() if key.endswith(("source", "status"))}
        assert found and all(found.values())


def test_every_source_is_used_and_says_how_far_it_was_read() -> None:
    used = {
        value
        for name in ("elements", "species", "separation_factors")
        for row in read(name)
        for column, value in row.items()
        if column.endswith("source")
    }
    assert used == set(materials.SOURCES)
    assert {one.read for one in materials.SOURCES.values()} <= {"in_part", "abstract", "second_hand", "none"}


def test_a_number_called_verified_stands_in_a_source_that_was_read() -> None:
    for row in (row for name in ("elements", "species", "separation_factors") for row in read(name)):
        for column, value in row.items():
            if column.endswith("status") and value == "verified":
                source = row[column.replace("status", "source")]
                assert materials.SOURCES[source].read != "none", row


def test_a_row_with_an_unknown_source_stops_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.csv").write_text("name,source,status\na,ciaaw2021,verified\nb,hearsay,verified\n")
    monkeypatch.setattr(sources, "_DATA", tmp_path)
    with pytest.raises(ProblemError, match=r"made_up.csv:3  source: .*'hearsay'"):
        sources.rows("made_up")


def test_the_weakest_status_wins() -> None:
    assert sources.weaker("verified", "recalled") == "recalled"
    assert sources.weaker("verified", "interpolated", "estimated") == "estimated"
