"""The page of the shipped enterprises says of each what its document says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferrolan import verbs
from ferrolan.enterprise.origins import declared_values, synthetic_values

from .works import EXAMPLES, path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "examples.md"
SHIPPED = sorted(folder.name for folder in EXAMPLES.iterdir() if (folder / f"{folder.name}.yaml").is_file())


def rows() -> dict[str, list[str]]:
    """Cells of the page's table by document."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name.strip("`"): rest for name, *rest in cells}


def test_every_shipped_enterprise_has_a_row() -> None:
    assert sorted(rows()) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_row_holds_the_numbers_of_its_document(name: str) -> None:
    document = verbs.load(path(name))
    made_up, declared = synthetic_values(document)
    sources = {value.source for _, value in declared_values(document) if value.source}
    counts = [len(document.units), len(document.streams), len(document.tags), declared]
    assert rows()[name][1:7] == [*map(str, counts), f"{made_up / declared:.0%}".replace("%", " %"), str(len(sources))]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_row_names_the_stations_that_have_nothing_to_work_on(name: str) -> None:
    document = verbs.load(path(name))
    missing = [station for station in ("account", "concentrate", "market") if getattr(document, station) is None]
    assert rows()[name][7] == (", ".join(missing) or "none")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_page_names_the_faults_that_are_planted(name: str) -> None:
    plant = verbs.load(path(name)).virtual_plant
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    planted_here = () if plant is None else plant.faults
    for fault in planted_here:
        (sentence,) = [part for part in text.split("**Planted fault**") if fault.tag in part]
        assert f"{fault.bias.value * 100:g} % too much" in sentence
