"""Beside node-opcua's aggregates, on random good data: the same values and severities, and the bits of Interpolative.

Where they differ, node-opcua 2.182 differs from the standard's tables or its words: it gives BadNoData for a Count or a
duration of an interval without samples inside the data, never sets MultipleValues, calls an extreme raw if any sample
stands on the start, and stops with an error where no usable sample follows.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferrolan.historian.part13 import Answer, Configuration, of_samples
from tests.servers import absent, needed

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "servers" / "peers" / "aggregates.cjs"
START, END, STEP, MICROS = -5, 67, 12, 1_000_000
SEVERITY, BITS = 0xC0000000, 0x1F
NAMES = ("Interpolative", "Average", "Minimum", "Maximum", "Count", "DurationBad", "PercentBad")
Question = dict[str, Any]  # Any: JSON


def questions(count: int) -> list[Question]:
    rng = np.random.default_rng(1)
    asked = []
    for _ in range(count):
        times = np.sort(rng.choice(60, int(rng.integers(3, 12)), replace=False))
        samples = [[int(time), int(rng.integers(-5, 6)), 0] for time in times]
        way = {"stepped": bool(rng.integers(2)), "treat_uncertain_as_bad": bool(rng.integers(2))}
        frame = {"samples": samples, "way": way, "start": START, "end": END, "step": STEP}
        asked += [{"name": name, **frame} for name in NAMES]
    return asked


def theirs(asked: list[Question]) -> list[Any]:  # Any: JSON
    modules = Path(os.environ.get("FERROLAN_PEERS", ROOT / ".ci" / "peers")) / "node_modules"
    if not (modules / "node-opcua-aggregates").is_dir():
        absent("node-opcua-aggregates is not installed; set FERROLAN_PEERS")
    done = subprocess.run(
        [str(needed("node")), str(SCRIPT)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NODE_PATH": str(modules)},
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def ours(one: Question) -> Answer:
    time, value, _ = np.array(one["samples"]).T
    edges = np.array([*range(START, END, STEP), END]) * MICROS
    status = np.zeros(len(time), np.int64)
    return of_samples(time * MICROS, value.astype(float), status, one["name"], edges, Configuration(**one["way"]))


def differences(one: Question, answers: list[Any]) -> list[tuple[int, Any]]:
    found, differing = ours(one), []
    for place, answer in enumerate(answers):
        value = None if np.isnan(found.value[place]) else found.value[place]
        same = (value is None) == (answer["value"] is None) and (value is None or abs(value - answer["value"]) < 1e-9)
        compared = SEVERITY if one["name"] in ("Minimum", "Maximum") else SEVERITY | BITS
        if not same or (int(found.status[place]) ^ answer["status"]) & compared:
            differing.append((place, answer))
    return differing


@pytest.fixture(scope="module")
def answered() -> list[tuple[Question, Any]]:
    asked = questions(60)
    return list(zip(asked, theirs(asked), strict=True))


def test_values_of_samples_and_bounds_are_those_of_node_opcua(answered: list[tuple[Question, Any]]) -> None:
    plain = [(one, told) for one, told in answered if one["name"] in NAMES[:4]]
    assert [(one, differences(one, told)) for one, told in plain if differences(one, told)] == []


def test_counts_and_durations_differ_only_where_it_gives_none_for_an_interval_without_samples(
    answered: list[tuple[Question, Any]],
) -> None:
    for one, told in answered:
        if one["name"] in NAMES[4:]:
            for place, answer in differences(one, told):
                start = START + place * STEP
                assert answer["value"] is None
                assert not [time for time, _, _ in one["samples"] if start <= time < start + STEP]
