"""The declared flowsheet and tag map, read here once more and without the product's own loader."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import ferrolan
from ferrolan.virtualplant import Truth, simulate

EXAMPLE = Path(ferrolan.__file__).parent / "examples" / "ore_to_both"
SEED = 20260301
FACTORS = {"%": 0.01, "t/d": 1.0 / 24.0, "kW": 0.001, "t/m3": 1000.0}  # to canonical
ZERO_CELSIUS = 273.15


@dataclass(frozen=True)
class Record:
    tag: str
    source: str
    address: str
    kind: str
    object: str
    component: str | None
    unit: str
    basis: str
    method: str
    sigma_relative: float
    sigma_absolute: float
    lo: float | None
    hi: float | None


@dataclass(frozen=True)
class Flowsheet:
    units: Mapping[str, Mapping[str, object]]
    streams: Mapping[str, Mapping[str, object]]
    commodities: Mapping[str, Mapping[str, object]]
    components: tuple[str, ...]

    def carried(self, stream: str) -> tuple[str, ...]:
        return tuple(self.streams[stream].get("carries", self.components))

    def inlets(self, unit: str) -> list[str]:
        return [name for name, stream in self.streams.items() if stream.get("to") == unit]

    def outlets(self, unit: str) -> list[str]:
        return [name for name, stream in self.streams.items() if stream.get("from") == unit]


@pytest.fixture(scope="session")
def flowsheet() -> Flowsheet:
    document = yaml.safe_load((EXAMPLE / "ore_to_both.yaml").read_text(encoding="utf-8"))
    components = tuple(document["account"]["components"])
    return Flowsheet(document["units"], document["streams"], document["commodities"], components)


@pytest.fixture(scope="session")
def tags() -> tuple[Record, ...]:
    with (EXAMPLE / "tags.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_record(row) for row in csv.DictReader(file))


@pytest.fixture(scope="session")
def truth() -> Truth:
    return simulate(SEED)


def _record(row: dict[str, str]) -> Record:
    def limit(text: str) -> float:
        return float(text) * FACTORS.get(row["unit"], 1.0) + (ZERO_CELSIUS if row["unit"] == "degC" else 0.0)

    number, _, unit = row["sigma_absolute"].partition(" ")
    return Record(
        row["tag"], row["source"], row["address"], row["kind"], row["object"], row["component"] or None, row["unit"],
        row["basis"], row["method"],
        float(row["sigma_relative"].removesuffix("%") or 0.0) / 100.0,
        float(number or 0.0) * FACTORS.get(unit, 1.0),
        limit(row["lo"]), limit(row["hi"]),
    )  # fmt: skip
