"""Assembly turns declared things into engine problems; these tests hold its few rules."""

from __future__ import annotations

import math

import polars as pl
import pytest

from ferrolan.assembly import balances, tags
from ferrolan.base.errors import ProblemError
from ferrolan.base.tables import MEASUREMENTS


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


def test_a_wet_reading_becomes_dry_and_carries_both_standard_deviations(document):
    (reading,) = balances.readings(document, _table(_measured(), MOISTURE))
    assert reading.value == pytest.approx(5.0 * 0.9)
    assert reading.sigma == pytest.approx(math.hypot(0.05 * 0.9, 5.0 * 0.01))


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
    with pytest.raises(ProblemError, match="DT-222.*sigma_absolute"):
        balances.readings(document, _table(row))


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
