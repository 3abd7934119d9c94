"""The worked example of VDI 2048 through the public engine: two runs of independent readings, one of correlated."""

from __future__ import annotations

import csv
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ferrolan.reconciliation import MASS, Correlation, Network, Node, Reading, Reconciled, Stream, reconcile
from ferrolan.reconciliation.tests import vdi_2048_quality

CASE = Path(__file__).parents[2] / "cases" / "reconciliation" / "vdi2048_annexA_steam_cycle"
ABOUT: dict[str, Any] = tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"))  # Any: a TOML document
FACTOR = ABOUT["coverage_factor"]
CLOSE = {name: {"abs": size} for name, size in ABOUT["tolerance_abs"].items()}
RUNS = list(ABOUT["run"])


def rows() -> list[dict[str, str]]:
    with (CASE / "streams.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def steam_cycle(run: str) -> Network:
    """The standard's ten streams, the flash vessel that returns 0.4 of mV, and mD, which ends in an unread flow."""
    about = ABOUT["run"][run]
    widths = about.get("half_widths", run)
    read = [(row["stream"], float(row["measured"]), float(row[widths]) / FACTOR) for row in rows()]
    flash = (("returned", "flash", "feedwater", 1.0), ("rest", "flash", None, None))
    shares = [("mV", ABOUT["returned_share"]), ("returned", 1.0)]
    streams = [Stream(row["stream"], row["source"] or None, row["target"] or None) for row in rows()]
    return Network(
        streams=(*streams, *(Stream(name, a, b) for name, a, b, _ in flash), Stream("mD_on", "unchecked", None)),
        nodes=(
            *(Node(name, (MASS,)) for name in ("feedwater", "turbine", "preheaters", "unchecked")),
            Node("flash", (MASS, "steam")),
        ),
        components=("steam",),
        hours=(1.0,),
        readings=(
            *(Reading("flow", name, None, 0, value, sigma, name) for name, value, sigma in read),
            *(Reading("assay", name, "steam", 0, share, ABOUT["share_sigma"], f"x_{name}") for name, share in shares),
        ),
        absent=frozenset({("rest", "steam")}),
        correlations=tuple(Correlation(*pair) for pair in about.get("correlations", [])),
    )


@pytest.fixture(scope="module", params=RUNS)
def answer(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Reconciled]:
    return ABOUT["run"][request.param], reconcile(steam_cycle(request.param))


def by_stream(result: Reconciled) -> dict[str, dict[str, Any]]:
    flows = result.account.filter(pl.col("kind") == "flow", pl.col("measured").is_not_null())
    return {row["object"]: row for row in flows.iter_rows(named=True)}


def quality(result: Reconciled) -> dict[str, float]:
    told = by_stream(result)
    value, sd, measured, sigma = (
        np.array([row[column] for row in told.values()]) for column in ("value", "sd", "measured", "sigma")
    )
    return dict(zip(told, vdi_2048_quality((measured - value) / sigma, (sd / sigma) ** 2).tolist(), strict=True))


def test_values_and_their_half_widths_are_met(answer: tuple[dict[str, Any], Reconciled]) -> None:
    told, result = answer
    found = by_stream(result)
    assert result.objective == pytest.approx(told["objective"], **CLOSE["values"])
    assert result.degrees_of_freedom == told["degrees_of_freedom"]
    assert {name: found[name]["value"] for name in told["reconciled"]} == pytest.approx(
        told["reconciled"], **CLOSE["values"]
    )
    widths = {name: FACTOR * found[name]["sd"] for name in told["half_width_95"]}
    assert widths == pytest.approx(told["half_width_95"], **CLOSE["half_widths"])


def test_the_global_test_gives_the_verdict_of_the_standard(answer: tuple[dict[str, Any], Reconciled]) -> None:
    told, result = answer
    row = result.tests.row(by_predicate=pl.col("test") == "global", named=True)
    assert row["critical"] == pytest.approx(told["chi2_95"], abs=1e-4)
    assert row["passed"] is told["passes"]


def test_the_local_test_has_the_floor_of_the_standard(answer: tuple[dict[str, Any], Reconciled]) -> None:
    told, result = answer
    found = quality(result)
    assert {name: found[name] for name in told["local_quality"]} == pytest.approx(
        told["local_quality"], **CLOSE["quality"]
    )


def test_the_two_steam_lines_that_tie_are_the_suspects_of_the_first_run() -> None:
    result = reconcile(steam_cycle("first_run"))
    first = result.suspects.filter(pl.col("rank") == 1)
    assert set(first["tag"]) == {"mFDKEL", "mFDKELL"}
    assert {name for name, value in quality(result).items() if value > 1.0} >= set(first["tag"])


def test_a_stream_that_nothing_checks_stays_as_it_was_read(answer: tuple[dict[str, Any], Reconciled]) -> None:
    _, result = answer
    row = by_stream(result)["mD"]
    assert row["value"] == pytest.approx(row["measured"], abs=1e-9)
    assert (row["status"], row["z"]) == ("nonredundant", None)


def test_the_printed_local_quality_is_met_to_its_last_digit() -> None:
    found = quality(reconcile(steam_cycle("widened")))
    text = tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    for name, printed in text["printed"]["local_quality"].items():
        assert abs(found[name] - float(printed)) <= 10.0 ** printed.as_tuple().exponent, name
