"""The examples of OPC 10000-13, Annex A, as the folder of the case has them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ferrolan.historian.part13 import Configuration
from ferrolan.historian.part13.view import Codes, Floats
from ferrolan.historian.split import Instants

CASE = Path(__file__).parents[2] / "cases" / "historian" / "opcua_part13"
ABOUT = tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"))
CODES: dict[str, int] = ABOUT["codes"]
BITS = {"Calculated": 1, "Interpolated": 2, "Partial": 4, "ExtraData": 8, "MultipleValues": 16}
NAMES = sorted(path.stem for path in CASE.glob("*.yaml") if path.stem != "raw")
Told = dict[str, Any]  # Any: a YAML document


@cache
def table(name: str) -> Told:
    """A file of the case."""
    told: Told = yaml.safe_load((CASE / f"{name}.yaml").read_text(encoding="utf-8"))
    return told


def micros(clock: str) -> int:
    """A time of the day [us]."""
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000_000 + round(float(seconds) * 1e6)


def samples(historian: str) -> tuple[Instants, Floats, Codes]:
    """Times [us of the day], values (NaN: none) and status codes of a historian of the case."""
    told = next(one for one in table("raw")["historians"] if one["name"] == historian)["samples"]
    value = [np.nan if row["value"] is None else float(row["value"]) for row in told]
    return (
        np.array([micros(row["t"]) for row in told]),
        np.array(value),
        np.array([CODES[row["status"]] for row in told]),
    )


def edges(told: Told, interval_ms: int) -> Instants:
    """Edges of the intervals of a request, the last one at its end."""
    start, end = micros(told["start"]), micros(told["end"])
    return np.append(np.arange(start, end, interval_ms * 1000), end)


def configuration(told: Told) -> Configuration:
    """Configuration of a table."""
    return Configuration(**{key: value for key, value in told.items() if key != "processing_interval_ms"})


def code(row: Told) -> int:
    """Status code of an expected row, its bits included."""
    bits = sum(BITS[bit] for bit in row["bits"])
    return CODES[row["status"]] | (0x400 | bits if bits else 0)
