"""Assembly turns declared things into engine problems; these tests hold its few rules."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl
import pytest

from ferrolan.assembly import balances, tags
from ferrolan.base.schema import Sourced, Table, read
from ferrolan.base.tables import ACCOUNT, MEASUREMENTS, PROVISIONAL
from ferrolan.enterprise.exactness import Correlation, Enthalpy, KnownValue
from ferrolan.enterprise.exactness import SharedError as DeclaredError
from ferrolan.enterprise.streams import Stream
from ferrolan.reconciliation import ErrorModel, SharedError


@pytest.fixture(scope="module")
def periods(document):
    return tags.periods(document)


def _measured(**changes):
    row = {
        "tag": "WT-221", "kind": "flow", "object": "re_concentrate", "component": None, "period": 0, "value": 5.0,
        "sigma": 0.05, "unit": "t/h", "coverage": 1.0, "quality": "good",
    }  # fmt: skip
    return row | changes


def _table(*rows):
    return pl.DataFrame(list(rows), schema=MEASUREMENTS.schema)


MOISTURE = _measured(tag="LAB-REC-H2O", kind="moisture", value=0.10, sigma=0.01, unit="fraction")


def test_march_has_five_periods_that_cover_its_744_hours(periods):
    assert [period.hours for period in periods] == [168, 168, 168, 168, 72]


def test_a_wet_reading_becomes_dry_and_shares_the_error_of_its_moisture(document, periods):
    found = balances.network(document, _table(_measured(), MOISTURE), periods)
    (reading,) = found.readings
    assert reading.value == pytest.approx(5.0 * 0.9)
    assert reading.sigma == pytest.approx(0.05 * 0.9)
    assert reading.shares == (("LAB-REC-H2O", pytest.approx(-5.0)),)
    assert found.shared == (SharedError("LAB-REC-H2O", 0.01, "period"),)


def test_scale_and_moisture_together_are_as_unsure_as_their_squares_add(document, periods):
    found = balances.network(document, _table(_measured(), MOISTURE), periods)
    (reading,), (shared,) = found.readings, found.shared
    together = math.hypot(reading.sigma, reading.shares[0][1] * shared.sigma)
    assert together == pytest.approx(math.hypot(0.05 * 0.9, 5.0 * 0.01))


def test_moistures_that_are_not_equally_sure_keep_each_its_own_share(document, periods):
    second = _measured(period=1), MOISTURE | {"period": 1, "sigma": 0.02}
    found = balances.network(document, _table(_measured(), MOISTURE, *second), periods)
    (shared,) = found.shared
    sizes = [-reading.shares[0][1] * shared.sigma for reading in found.readings]
    assert sizes == [pytest.approx(5.0 * 0.01), pytest.approx(5.0 * 0.02)]


def test_a_wet_reading_without_moisture_is_left_out_not_taken_as_dry(document):
    assert balances.readings(document, _table(_measured())) == ()


@pytest.mark.parametrize("change", [{"value": None}, {"coverage": 0.4}])
def test_what_is_absent_or_hardly_covered_is_no_reading(document, change):
    assert balances.readings(document, _table(_measured(**change), MOISTURE)) == ()


def test_a_liquor_assay_is_scaled_so_that_flow_times_assay_is_tonnes(document):
    row = _measured(tag="x", kind="assay", object="leach_liquor", component="CeO2", value=22.0, sigma=0.2, unit="kg/m3")
    (reading,) = balances.readings(document, _table(row))
    assert (reading.value, reading.sigma) == (pytest.approx(0.022), pytest.approx(0.0002))


def test_a_reading_without_standard_deviation_is_refused_by_name(document):
    row = _measured(tag="DT-222", object="flotation_tails", sigma=0.0)
    assert balances.readings(document, _table(row)) == ()
    assert [reading.tag for reading in balances.unstated(document, _table(row))] == ["DT-222"]


@pytest.mark.parametrize("tag", ["WT-221", "LAB-REC-H2O"])
def test_a_dry_reading_goes_with_its_scale_and_with_its_moisture(document, tag):
    used = balances.usable(_table(_measured(), MOISTURE), [tag])
    assert balances.readings(document, used) == ()


def test_a_moisture_that_is_hardly_covered_gives_no_dry_reading(document):
    assert balances.readings(document, _table(_measured(), MOISTURE | {"coverage": 0.1})) == ()


def test_a_dry_reading_names_the_moisture_it_hangs_on(document):
    (reading,) = balances.readings(document, _table(_measured(), MOISTURE))
    assert (reading.tag, reading.also) == ("WT-221", ("LAB-REC-H2O",))


def test_what_a_stream_does_not_carry_is_absent(document, periods):
    network = balances.network(document, _table(_measured(), MOISTURE), periods)
    assert ("coke", "Fe") in network.absent
    assert ("coke", "P") not in network.absent
    assert ("re_concentrate", "Fe") not in network.absent


def test_stores_and_splitters_keep_their_kind(document, periods):
    kinds = {node.name: node.kind for node in balances.network(document, _table(_measured(), MOISTURE), periods).nodes}
    assert kinds["re_concentrate_store"] == "stock"
    assert kinds["tails_splitter"] == "splitter"
    assert kinds["flotation"] == "junction"


def _with(document, *tags, streams=None, units=None, **account):
    """The document with tags changed by name, streams and units, and fields of the account."""
    changed = {tag.tag: tag for tag in tags}
    known = {tag.tag for tag in document.tags}
    update = {
        "tags": tuple(changed.get(tag.tag, tag) for tag in document.tags)
        + tuple(tag for tag in tags if tag.tag not in known),
        "account": document.account.model_copy(update=account),
    }
    if streams:
        update["streams"] = Table({**document.streams, **streams})
    if units:
        update["units"] = Table({**document.units, **units})
    return document.model_copy(update=update)


def _tag(document, name, **changes):
    return replace(next(tag for tag in document.tags if tag.tag == name), **changes)


def _value(written):
    found, problems = read(Sourced, {"value": written, "synthetic": True})
    assert found is not None, problems
    return found


# error models


def test_a_relative_sigma_is_a_model_that_grows_with_the_dry_value(document):
    assert _tag(document, "WT-221").sigma_relative == 0.01
    (reading,) = balances.readings(document, _table(_measured(), MOISTURE))
    assert reading.model == ErrorModel(0.0, 0.01, None)
    assert reading.model.sigma(reading.value) == pytest.approx(reading.sigma)


def test_fixed_part_and_maximum_are_in_the_units_of_the_balance(document):
    liquor = _tag(document, "LAB-LLQ-CeO2", sigma_relative=0.01, sigma_absolute=0.1, sigma_maximum=0.5)
    row = _measured(
        tag=liquor.tag, kind="assay", object="leach_liquor", component="CeO2", value=22.0, sigma=0.32, unit="kg/m3"
    )
    (reading,) = balances.readings(_with(document, liquor), _table(row))
    assert reading.model is not None
    parts = (reading.model.fixed, reading.model.relative, reading.model.maximum)
    assert parts == (pytest.approx(1e-4), 0.01, pytest.approx(5e-4))
    assert reading.sigma == pytest.approx(0.32e-3)


def test_a_sigma_that_does_not_grow_is_no_model(document):
    fixed = _tag(document, "WT-221", sigma_relative=0.0, sigma_absolute=0.05)
    (reading,) = balances.readings(_with(document, fixed), _table(_measured(), MOISTURE))
    assert reading.model is None and reading.sigma == pytest.approx(0.045)


# limits


def test_a_value_below_the_detection_limit_is_a_limit_without_shared_errors(document):
    row = _measured(
        tag="LAB-PDU-P", kind="assay", object="pellet_dust", component="P", value=2e-5, sigma=1e-5, quality="below"
    )
    (reading,) = balances.readings(document, _table(row))
    assert (reading.below, reading.value, reading.model, reading.shares) == (True, 2e-5, None, ())


# shared errors, correlations, exact values


def test_a_sigma_that_lasts_in_part_is_one_error_of_the_account_and_one_of_each_period(document, periods):
    scale, water = _tag(document, "WT-221", sigma_lasting=0.6), _tag(document, "LAB-REC-H2O", sigma_lasting=0.8)
    found = balances.network(_with(document, scale, water), _table(_measured(), MOISTURE), periods)
    (plain,) = balances.readings(document, _table(_measured(), MOISTURE))
    (reading,) = found.readings
    errors = {error.name: error for error in found.shared}
    assert {name: error.lasts for name, error in errors.items()} == {
        "WT-221 lasting": "account", "LAB-REC-H2O lasting": "account", "LAB-REC-H2O": "period",
    }  # fmt: skip
    assert reading.sigma == pytest.approx(0.8 * plain.sigma)
    assert reading.model is not None and reading.model.relative == pytest.approx(0.008)
    parts = {name: sensitivity * errors[name].sigma for name, sensitivity in reading.shares}
    assert math.hypot(reading.sigma, parts["WT-221 lasting"]) == pytest.approx(plain.sigma)
    wetness = dict(plain.shares)["LAB-REC-H2O"] * 0.01
    assert parts["LAB-REC-H2O lasting"] == pytest.approx(0.8 * wetness)
    assert math.hypot(parts["LAB-REC-H2O lasting"], parts["LAB-REC-H2O"]) == pytest.approx(abs(wetness))


def test_a_relative_shared_error_moves_a_reading_by_a_share_of_it_and_an_absolute_one_by_itself(document, periods):
    errors = {
        "calibration": DeclaredError(sigma=_value("0.5 %")),
        "zero": DeclaredError(sigma=_value("0.2 t/h"), lasts="period", of="absolute"),
        "idle": DeclaredError(sigma=_value("1 %")),
    }
    tag = _tag(document, "WT-221", shared=("calibration", "zero"))
    found = balances.network(_with(document, tag, shared_errors=Table(errors)), _table(_measured(), MOISTURE), periods)
    (reading,) = found.readings
    assert dict(reading.shares) == {
        "calibration": pytest.approx(4.5), "zero": pytest.approx(0.9), "LAB-REC-H2O": pytest.approx(-5.0),
    }  # fmt: skip
    assert {(error.name, error.sigma, error.lasts) for error in found.shared} == {
        ("calibration", 0.005, "account"), ("zero", 0.2, "period"), ("LAB-REC-H2O", 0.01, "period"),
    }  # fmt: skip


def test_correlations_of_tags_that_were_not_both_read_are_left_out(document, periods):
    pair = Correlation(first="WT-221", second="DT-222", r=_value("0.4"))
    paired = _with(document, correlations=(pair,))
    tails = _measured(tag="DT-222", object="flotation_tails", value=42.0, sigma=1.0)
    (found,) = balances.network(paired, _table(_measured(), MOISTURE, tails), periods).correlations
    assert (found.first, found.second, found.r) == ("WT-221", "DT-222", 0.4)
    assert balances.network(paired, _table(_measured(), MOISTURE), periods).correlations == ()


def test_an_exact_value_is_known_in_the_units_of_the_balance(document, periods):
    data = {"kind": "assay", "object": "leach_liquor", "component": "CeO2", "value": "22 g/L", "own": True}
    declared, _ = read(KnownValue, data)
    (known,) = balances.network(_with(document, known=(declared,)), _table(_measured(), MOISTURE), periods).known
    assert (known.kind, known.object, known.component, known.period) == ("assay", "leach_liquor", "CeO2", None)
    assert known.value == pytest.approx(0.022)


# authority


def test_of_two_authorities_the_higher_counts_and_the_other_is_kept_as_provisional(document):
    guess = _tag(document, "WT-221", tag="SHIFT-221", authority="estimate", basis="dry")
    both = _with(document, guess)
    rows = _table(_measured(), MOISTURE, _measured(tag="SHIFT-221", value=4.2, sigma=0.4))
    (reading,) = balances.readings(both, rows)
    assert reading.tag == "WT-221"
    (row,) = balances.provisional(both, balances.usable(rows)).iter_rows(named=True)
    assert (row["tag"], row["authority"], row["used"], row["restated_by"]) == ("SHIFT-221", "estimate", False, "WT-221")
    assert (row["restated"], row["difference"]) == (5.0, pytest.approx(0.8))


def test_where_the_higher_authority_has_no_value_the_lower_one_counts_and_is_told(document):
    guess = _tag(document, "WT-221", tag="SHIFT-221", authority="provisional", basis="dry")
    both = _with(document, guess)
    rows = _table(_measured(value=None), MOISTURE, _measured(tag="SHIFT-221", value=4.2, sigma=0.4))
    (reading,) = balances.readings(both, rows)
    assert (reading.tag, reading.value) == ("SHIFT-221", 4.2)
    (row,) = balances.provisional(both, balances.usable(rows)).iter_rows(named=True)
    assert (row["used"], row["restated"], row["difference"]) == (True, None, None)


def test_two_meters_of_equal_authority_are_two_readings_and_neither_is_provisional(document):
    second = _tag(document, "WT-221", tag="WT-221B", basis="dry")
    both = _with(document, second)
    rows = _table(_measured(), MOISTURE, _measured(tag="WT-221B", value=4.6, sigma=0.05))
    assert [reading.tag for reading in balances.readings(both, rows)] == ["WT-221", "WT-221B"]
    assert balances.provisional(both, balances.usable(rows)).is_empty()


def test_final_values_alone_give_no_provisional_rows(document):
    assert balances.provisional(document, balances.usable(_table(_measured(), MOISTURE))).equals(PROVISIONAL.empty())


# energy


def test_heat_and_temperatures_enter_where_energy_is_balanced(document, periods):
    mill = document.units["mill"].model_copy(update={"balances": (*document.units["mill"].balances, "energy")})
    warm = Enthalpy(coefficients=(0.0, 0.0008), synthetic=True)
    near = {
        name: stream.model_copy(update={"enthalpy": warm})
        for name, stream in document.streams.items()
        if "mill" in (stream.from_, stream.to)
    }
    heat = Stream(**{"from": "mill", "form": "heat"})
    meters = (
        _tag(document, "WT-111", tag="TI-111", kind="temperature", unit="degC", basis="dry", sigma_absolute=0.5),
        _tag(document, "WT-111", tag="QI-111", object="loss", unit="MW", basis="dry"),
    )
    warm_works = _with(document, *meters, streams=near | {"loss": heat}, units={"mill": mill})
    rows = _table(
        _measured(),
        MOISTURE,
        _measured(tag="TI-111", kind="temperature", object="mill_feed", value=293.0, sigma=0.5, unit="K"),
        _measured(tag="TI-601", kind="temperature", object="mill", value=300.0, sigma=0.5, unit="K"),
        _measured(tag="QI-111", object="loss", value=2.0, sigma=0.02, unit="MW"),
    )
    network = balances.network(warm_works, rows, periods)
    by_tag = {reading.tag: reading for reading in network.readings}
    assert set(by_tag) == {"WT-221", "TI-111", "QI-111"}
    assert (by_tag["QI-111"].value, by_tag["QI-111"].sigma) == (pytest.approx(7.2), pytest.approx(0.072))
    streams = {stream.name: stream for stream in network.streams}
    assert streams["loss"].carries == "heat" and streams["mill_feed"].enthalpy == (0.0, 0.0008)
    assert "energy" in {node.name: node for node in network.nodes}["mill"].balances


def test_the_account_names_the_unit_of_every_kind_of_value(document):
    loss = Stream(**{"from": "mill", "form": "heat"})
    shared = Table({"zero": DeclaredError(sigma=_value("0.2 t/h"), of="absolute")})
    wanted = {
        ("flow", "loss"): "GJ/h", ("flow", "mill_feed"): "t/h", ("temperature", "mill_feed"): "K",
        ("enthalpy", "mill_feed"): "GJ/t", ("enthalpy", "leach_liquor"): "GJ/m3", ("shared", "zero"): "t/h",
        ("shared", "LAB-REC-H2O"): "1", ("flow", "leach_liquor"): "m3/h",
    }  # fmt: skip
    rows = [dict.fromkeys(ACCOUNT.columns) | {"kind": kind, "object": name, "period": 0} for kind, name in wanted]
    shown = balances.account(
        _with(document, streams={"loss": loss}, shared_errors=shared), pl.DataFrame(rows, schema=ACCOUNT.schema)
    )
    assert {(row["kind"], row["object"]): row["unit"] for row in shown.iter_rows(named=True)} == wanted


# zero


def test_a_stream_that_stands_still_has_no_composition_and_the_network_says_so(document, periods):
    still = _measured(tag="DT-222", object="flotation_tails", value=0.0, sigma=0.2)
    assay = _measured(
        tag="LAB-FTL-Fe", kind="assay", object="flotation_tails", component="Fe", value=0.3, sigma=0.01, unit="1"
    )
    found = balances.network(document, _table(still, assay), periods)
    assert {found.readings[place].tag for place in found.set_aside} == {"LAB-FTL-Fe"}
    assert any("flotation_tails" in remark for remark in found.remarks)


def test_a_reading_without_a_standard_deviation_is_left_out_and_named_and_the_others_count(document, periods):
    measured = _table(_measured(tag="WT-214", object="flotation_feed", value=0.0, sigma=0.0), _measured(), MOISTURE)
    assert [reading.tag for reading in balances.network(document, measured, periods).readings] == ["WT-221"]
    (left_out,) = balances.unstated(document, measured)
    assert (left_out.tag, left_out.value, left_out.period) == ("WT-214", 0.0, 0)
