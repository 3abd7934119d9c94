"""Everything about gross errors of one account: published cases of several kinds, and the tables that come of it."""

from __future__ import annotations

import csv
import tomllib

import numpy as np
import polars as pl
import pytest

from ferrolan.base.tables import TABLES
from ferrolan.reconciliation import (
    MASS,
    Correlation,
    Network,
    Node,
    Quantity,
    Reading,
    Relation,
    SharedError,
    Stream,
    reconcile,
)
from ferrolan.reconciliation.culprits import detectable
from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.inquiry import Inquiry, freed
from ferrolan.testing.plants import plant
from tests.reconciliation.dense import CASES, Account, flows, inquiry, published

BYPASS = "narasimhan_jordache_2000_hx_bypass_bias2"


def of_quantities(names, matrix, measured, sigmas, **more) -> Network:
    """Linear balances between quantities that are no flows."""
    relations = tuple(
        Relation(f"balance {i}", tuple((f, (("quantity", n, None),)) for f, n in zip(row, names, strict=True) if f))
        for i, row in enumerate(matrix)
    )
    readings = tuple(
        Reading("quantity", name, None, 0, value, sigma, name)
        for name, value, sigma in zip(names, measured, sigmas, strict=True)
    )
    quantities = tuple(Quantity(name) for name in names)
    return Network((), (), (), (1.0,), readings, quantities=quantities, relations=relations, **more)


def about(name: str) -> dict:
    return tomllib.loads((CASES / name / "case.toml").read_text())


def ripps() -> Inquiry:
    case = about("ripps_1965_reactor")
    names = [f"x{i}" for i in range(1, 5)]
    return inquiry(Account(of_quantities(names, case["matrix"], case["measured"], np.sqrt(case["variance"]))))


def test_ripps_reactor_has_a_class_of_two_where_the_literature_has_one_name() -> None:
    told, found = about("ripps_1965_reactor")["expected"], ripps()
    assert found.objective == pytest.approx(told["objective"], abs=1e-5)
    assert found.hypotheses.statistics == pytest.approx(told["bias_T"], abs=1e-5)
    assert found.hypotheses.cosines(1)[2] == pytest.approx(abs(told["cosine_2_3"]), abs=1e-4)
    first = found.gross_errors.filter(rank=1, echo=False)
    assert first["tag"].to_list() == told["top_class"]
    assert first["parallel"].to_list() == [True, False]
    assert first["decides"][0].startswith("a second meter on the quantity")


def test_both_of_the_passing_deletions_are_families_of_one() -> None:
    families = ripps().families
    assert families["tag"].to_list() == ["x2", "x3"]
    assert families["objective"].to_list() == pytest.approx([0.96364, 1.57016], abs=1e-5)


@pytest.mark.parametrize("run", ["first_run", "widened", "widened_correlated"])
def test_the_local_test_of_vdi_2048_is_reported_for_every_reading(run: str) -> None:
    """Correlated readings too: whitening is undone before the standard's test is applied."""
    case = about("vdi2048_annexA_steam_cycle")
    told = case["run"][run]
    names = ["mFDKEL", "mFDKELL", "mSPL", "mSPLL", "mV", "mHK", "mA7", "mA6", "mA5", "mHDNK"]
    matrix = [
        [1, 1, -1, -1, 0.4, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, -1, -1, -1, -1, -1, 0],
        [0, 0, 0, 0, 0, 0, 1, 1, 1, -1],
    ]
    with (CASES / "vdi2048_annexA_steam_cycle" / "streams.csv").open(newline="") as file:
        rows = {row["stream"]: row for row in csv.DictReader(file)}
    widths = told.get("half_widths", run)
    measured = [float(rows[name]["measured"]) for name in names]
    sigmas = [float(rows[name][widths]) / case["coverage_factor"] for name in names]
    pairs = tuple(Correlation(*pair) for pair in told.get("correlations", []))
    found = inquiry(Account(of_quantities(names, matrix, measured, sigmas, correlations=pairs)))
    assert found.objective == pytest.approx(told["objective"], abs=1e-5)
    quality = dict(found.reading_tests.select("tag", "vdi").iter_rows())
    assert {name: quality[name] for name in told["local_quality"]} == pytest.approx(told["local_quality"], abs=1e-7)


def test_a_bias_stands_in_its_own_unit_in_sigmas_and_as_a_share() -> None:
    row = inquiry(Account(published(BYPASS))).gross_errors.filter(tag="s2").row(0, named=True)
    assert row["size"] == pytest.approx(3.925, abs=5e-4)
    assert row["in_sigmas"] == pytest.approx(3.925, abs=5e-4)  # sigma is 1
    assert row["share"] == pytest.approx(3.925 / (68.45 - 3.925), abs=1e-6)
    assert row["size_low"] == pytest.approx(3.925 - 1.96 * np.sqrt(1.5), abs=5e-4)
    assert (row["decides"], row["decides_object"]) == ("a second meter on the flow of `s2`", "s2")


def test_a_leak_has_a_size_per_hour_and_no_meter() -> None:
    row = inquiry(Account(published(BYPASS))).gross_errors.filter(kind="leak").row(0, named=True)
    assert (row["object"], row["tag"], row["in_sigmas"]) == ("n2", None, None)
    assert row["size"] == pytest.approx(3.64, abs=5e-4)


def wet(*, bias: float) -> Network:
    """A wet scale with a moisture meter behind it, checked by two dry scales; 100 t/h wet at 8 % moisture."""
    streams = (Stream("a", None, "n"), Stream("b", "n", "m"), Stream("c", "m", None))
    readings = (
        Reading("flow", "a", None, 0, 92.0 * (1.0 + bias), 0.5, "WT-1", also=("MT-1",), shares=(("MT-1", -100.0),)),
        Reading("flow", "b", None, 0, 92.0, 0.5, "WT-2"),
        Reading("flow", "c", None, 0, 92.1, 0.5, "WT-3"),
    )
    moisture = (SharedError("MT-1", 0.001),)
    return Network(streams, (Node("n", (MASS,)), Node("m", (MASS,))), (), (1.0,), readings, shared=moisture)


def test_a_moisture_meter_behind_a_wet_scale_gets_the_error_of_its_own_that_would_be_needed() -> None:
    found = inquiry(Account(wet(bias=0.05))).gross_errors.filter(rank=1)
    scale = found.filter(tag="WT-1", kind="bias").row(0, named=True)
    behind = found.filter(kind="auxiliary").row(0, named=True)
    assert behind["tag"] == "MT-1"
    assert behind["size"] == pytest.approx(scale["size"] / -100.0)
    assert behind["in_sigmas"] == pytest.approx(behind["size"] / 0.001)
    assert abs(behind["in_sigmas"]) > 40.0
    assert scale["plausible"]
    assert not behind["plausible"]


def test_an_error_left_free_by_a_wide_prior_explains_its_likelihood_ratio() -> None:
    account = Account(published(BYPASS))
    hypotheses = inquiry(account).hypotheses
    for number in range(6):
        network = freed(account.network, [hypotheses.labels[number]], hypotheses.sizes([number])[1])
        assert network is not None
        fall = account.objective - Account(network).objective
        assert fall == pytest.approx(hypotheses.statistics[number], rel=2e-4, abs=1e-9)
    leak = next(label for label in hypotheses.labels if label.kind == "leak")
    assert freed(account.network, [leak], np.ones(1)) is None


def test_what_is_found_in_a_bilinear_account_is_confirmed_by_solving_with_it_free() -> None:
    made = plant(8, 16, 3, 3, np.random.default_rng(4))
    tag = next(f"flow.{s.name}" for s in made.network.streams if s.source is not None and s.target is not None)
    result = reconcile(made.read(np.random.default_rng(2), bias={tag: 0.06}))
    first = result.inquiry.gross_errors.filter(rank=1, kind="bias").row(0, named=True)
    assert first["tag"] == tag
    assert first["confirmed"] == pytest.approx(first["z"], rel=0.02)


def test_a_linear_account_needs_no_confirmation() -> None:
    account = Account(published("alhajdibo_2008_mineral_plant"))
    found = inquiry(account, solve=lambda other: Account(other).objective).gross_errors.filter(echo=False)
    assert found["tag"].to_list() == ["s16", "s7", "s3"]
    assert found["confirmed"].null_count() == 3


def line(generator: np.random.Generator, bias: float = 0.0) -> Network:
    pipes = {"a": (None, "n1"), "b": ("n1", "n2"), "c": ("n2", "n3"), "d": ("n3", None), "e": ("n3", "n1")}
    truth = {"a": 80.0, "b": 100.0, "c": 100.0, "d": 80.0, "e": 20.0}
    read = {name: true * (1.0 + 0.01 * generator.standard_normal(4)) for name, true in truth.items()}
    read["c"] = read["c"] * (1.0 + bias)
    return flows(pipes, read, {name: 0.01 * true for name, true in truth.items()}, periods=4)


def test_the_whole_list_raises_false_alarms_no_more_often_than_stated() -> None:
    """Biases, offsets, leaks and outliers together, 200 draws at 5 %: more than 21 have a probability below 0.1 %."""
    generator = np.random.default_rng(5)
    assert sum(not inquiry(Account(line(generator))).gross_errors.is_empty() for _ in range(200)) <= 21


def test_a_bias_of_1_3_times_the_detectable_size_is_found_among_all_its_rivals() -> None:
    generator = np.random.default_rng(6)
    one = inquiry(Account(line(generator)))
    place = next(i for i, label in enumerate(one.hypotheses.labels) if (label.kind, label.tag) == ("bias", "c"))
    size = 1.3 * float(detectable(one.hypotheses, one.critical)[place])
    found = 0
    for _ in range(200):
        named = inquiry(Account(line(generator, size))).gross_errors.filter(echo=False)
        found += "c" in named["tag"].to_list()
    assert found >= 190


@pytest.fixture(scope="module")
def biased_plant() -> Inquiry:
    """A bilinear plant with recycles, splitters and stocks over three periods; one inner scale reads 6 % high."""
    made = plant(12, 26, 4, 3, np.random.default_rng(21))
    exact = made.read(np.random.default_rng(0), noise=0.0)
    inner = next(s.name for s in exact.streams if s.source is not None and s.target is not None)
    noisy = made.read(np.random.default_rng(2), bias={f"flow.{inner}": 0.06})
    truth = np.array([made.truth[tuple(key)] for key in equations(exact).keys])
    account = Account(noisy, truth)
    for _ in range(6):
        step = account.response.solve(
            (account.evidence.matrix.T @ account.vicinity.adjustment)[:, None],
            (-account.system.residual(account.z * account.scale) / account.row_scale)[:, None],
        )[0][:, 0]
        account = Account(noisy, (account.z + step) * account.scale)
    return inquiry(account)


def test_a_planted_scale_of_a_bilinear_plant_is_in_the_first_class_with_its_size(biased_plant: Inquiry) -> None:
    first = biased_plant.gross_errors.filter(rank=1, kind="bias")
    assert first.height >= 1
    row = first.row(0, named=True)
    assert row["object"] in {s.name for s in biased_plant.network.streams if s.source and s.target}
    assert row["share_low"] < 0.06 < row["share_high"]
    assert row["z"] > row["critical"]


def test_every_table_has_its_schema_and_its_level(biased_plant: Inquiry) -> None:
    frames = {
        "gross_errors": biased_plant.gross_errors,
        "elimination": biased_plant.elimination,
        "families": biased_plant.families,
        "nodal_tests": biased_plant.nodal_tests,
        "reading_tests": biased_plant.reading_tests,
        "missing_streams": biased_plant.missing_streams,
        "robust": biased_plant.robust(),
    }
    for name, frame in frames.items():
        TABLES[name].check(frame)
        if "level" in frame.columns:
            assert set(frame["level"]) <= {0.05}
    assert frames["reading_tests"].height == len(biased_plant.network.readings)
    assert frames["elimination"].filter(pl.col("stopped").is_not_null())["method"].to_list() == [
        "elimination",
        "compensation",
    ]


def test_the_measurement_test_is_the_adjustment_over_its_deviation(biased_plant: Inquiry) -> None:
    z = biased_plant.reading_statistics
    usable = np.isfinite(z)
    plain = np.abs(biased_plant.vicinity.adjustment) / np.sqrt(np.maximum(1.0 - biased_plant.reading_variances, 1e-12))
    np.testing.assert_allclose(z[usable], plain[usable], rtol=1e-5)


def test_a_meter_that_reads_nothing_in_a_network_with_assays_is_asked_about_like_any_other() -> None:
    streams = (Stream("a", None, "m"), Stream("b", "m", None), Stream("c", "m", None))
    flows = tuple(
        Reading("flow", name, None, 0, value, 1.0, name) for name, value in zip("abc", (100.0, 0.0, 100.0), strict=True)
    )
    assays = tuple(
        Reading("assay", name, "Fe", 0, value, 0.01, f"{name}.Fe") for name, value in (("a", 0.3), ("c", 0.31))
    )
    found = reconcile(Network(streams, (Node("m", (MASS, "Fe")),), ("Fe",), (1.0,), (*flows, *assays)))
    assert found.inquiry.gross_errors.is_empty()
    assert found.account.filter(pl.col("object") == "b", pl.col("kind") == "flow")["value"][0] == pytest.approx(
        0.0, abs=0.5
    )
