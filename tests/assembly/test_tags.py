"""Numbers by name, conversions by time, signals by period: what the historian is told of the tag map."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.assembly import balances, tags
from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import UnitError
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import SAMPLES, TIME
from ferrolan.enterprise.load import load
from ferrolan.enterprise.tags import read_cells, written
from ferrolan.historian.aggregate import measure
from ferrolan.historian.ingest import Conversion, convert
from ferrolan.historian.store import anew
from ferrolan.verbs import shipped
from ferrolan.virtualplant import simulate, write

START = datetime(2026, 3, 1, tzinfo=UTC)
CHANGE = datetime(2026, 3, 14, 4, tzinfo=UTC)  # noon of the site


@pytest.fixture
def plant(tmp_path):
    """The example with rows put into its tag map."""
    document = shipped("ore_to_both")
    rows = read_cells((document.with_name("tags.csv")).read_text(encoding="utf-8"), "tags.csv")

    def loaded(change=lambda row: [row], *more):
        changed = [new for row in rows for new in change(row)]
        (tmp_path / "tags.csv").write_text(written([*changed, *more]), encoding="utf-8")
        (tmp_path / "plant.yaml").write_text(document.read_text(encoding="utf-8"), encoding="utf-8")
        return load(tmp_path / "plant.yaml", kinds())

    return loaded


def re_ranged(row):
    """The feed scale was re-ranged on 14 March, from t/h to raw counts of a tenth, and errs twice as much."""
    if row["tag"] != "WT-214":
        return [row]
    new = {"valid_from": "2026-03-14 12:00", "scale": "0.1", "hi": "240", "sigma_relative": "2 %"}
    return [{**row, "valid_to": "2026-03-14 12:00"}, {**row, **new}]


def samples(rows, tag=0):
    frame = pl.DataFrame(
        [(tag, time, value, None, 0, n, 0) for n, (time, value) in enumerate(rows)],
        schema={"tag": pl.Int32, "time": TIME, "value": pl.Float64, "raw": pl.Float64, "status": pl.Int64,
                "seq": pl.Int64, "source": pl.Int16},
        orient="row",
    )  # fmt: skip
    return SAMPLES.check(frame.select(list(SAMPLES.columns)))


def test_without_a_historian_a_number_is_the_place_in_the_map(plant):
    document = plant()
    assert tags.numbers(document) == {tag.tag: place for place, tag in enumerate(document.tags)}
    assert [signal.tag for signal in tags.signals(document)] == list(range(len(document.tags)))


def test_with_a_historian_every_part_speaks_of_its_numbers(plant):
    document = plant()
    given_numbers = {tag.tag: 1000 - place for place, tag in enumerate(document.tags)}
    by_number = {number: name for name, number in given_numbers.items()}
    assert {by_number[at.tag] == at.name for at in tags.addresses(document, "plant_historian", given_numbers)} == {True}
    assert set(tags.conversions(document, given_numbers)) == set(by_number)
    assert {by_number[one.tag] == one.name for one in tags.signals(document, given_numbers)} == {True}


def test_what_is_registered_is_one_tag_a_name_in_its_canonical_unit(plant):
    document = plant(re_ranged, {"tag": "GR-1", "source": "plant_historian", "address": "G", "kind": "text"})
    new = {tag.name: tag for tag in tags.new_tags(document)}
    assert len(new) == len(tags.new_tags(document)) == len(document.tags) - 1
    assert (new["WT-214"].unit, new["WT-214"].stepped) == ("t/h", False)
    assert (new["GR-1"].unit, new["GR-1"].stepped) == ("", True)
    assert {tag.name for tag in tags.new_tags(document, "laboratory")} < set(new)


def test_a_re_ranged_tag_has_one_number_and_address_and_two_conversions(plant):
    before, document = plant(), plant(re_ranged)
    assert tags.numbers(document) == tags.numbers(before)
    number = tags.numbers(document)["WT-214"]
    (address,) = [one for one in tags.addresses(document, "plant_historian") if one.name == "WT-214"]
    assert (address.tag, address.unit) == (number, "")  # counts have no unit that a file could state
    old, new = tags.conversions(document)[number]
    assert (old.factor, old.until, new.factor, new.since) == (1.0, CHANGE, 0.1, CHANGE)


def test_a_sample_is_converted_as_its_time_says(plant):
    document = plant(re_ranged)
    number = tags.numbers(document)["WT-214"]
    at = [CHANGE - timedelta(hours=1), CHANGE, CHANGE + timedelta(hours=1), CHANGE - timedelta(days=300)]
    taken = convert(samples([(time, 110.0) for time in at], number), tags.conversions(document))
    assert taken["value"].to_list() == pytest.approx([110.0, 11.0, 11.0, 110.0])
    assert taken["raw"].to_list() == [None, 110.0, 110.0, None]
    assert taken["status"].to_list() == [0, 0, 0, 0]


def test_the_range_holds_after_scaling(plant):
    document = plant(re_ranged)
    number = tags.numbers(document)["WT-214"]
    rows = [(CHANGE - timedelta(hours=1), 200.0), (CHANGE, 200.0), (CHANGE, 2401.0)]
    taken = convert(samples(rows, number), tags.conversions(document))
    exceeded = int(StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED)
    assert taken["status"].to_list() == [exceeded, 0, exceeded]


def test_scaling_and_unit_are_one_step_without_a_second_rounding(plant):
    scaled = {"tag": "TI-9", "source": "plant_historian", "address": "T9", "kind": "other", "unit": "CEL",
              "scale": "0.1", "offset": "-40"}  # fmt: skip
    document = plant(lambda row: [row], scaled)
    conversion = tags.conversions(document)[tags.numbers(document)["TI-9"]]
    assert (conversion.factor, conversion.offset) == (0.1, 233.15)


def test_a_sample_of_a_time_without_a_row_keeps_its_raw_value_alone():
    gap = (Conversion(until=START), Conversion(since=START + timedelta(days=1)))
    at = [(START - timedelta(days=1), 1.0), (START, 2.0), (START + timedelta(days=1), 3.0)]
    taken = convert(samples(at), {0: gap})
    assert taken["value"].to_list() == [1.0, None, 3.0]
    assert taken["raw"].to_list() == [None, 2.0, None]
    assert taken["status"].to_list() == [0, int(StatusCode.BAD_CONFIGURATION_ERROR), 0]


def test_two_conversions_at_a_time_are_refused():
    both = (Conversion(), Conversion(since=START))
    with pytest.raises(UnitError, match="two conversions at a time"):
        convert(samples([(START, 1.0)]), {0: both})


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 99), st.floats(-1e6, 1e6)), max_size=30),
    st.sets(st.integers(1, 98), max_size=4),
)
def test_rows_keep_their_order_and_each_has_the_factor_of_its_time(rows, changes):
    edges = [None, *(START + timedelta(hours=hour) for hour in sorted(changes)), None]
    parts = tuple(Conversion(factor=2.0 + n, since=a, until=b) for n, (a, b) in enumerate(pairwise(edges)))
    frame = pl.concat([samples([(START + timedelta(hours=hour), value)], tag) for tag, hour, value in rows] or
                      [SAMPLES.empty()])  # fmt: skip
    taken = convert(frame, {0: parts, 1: Conversion()})
    expected = [value * (2.0 + sum(hour >= change for change in changes)) if tag == 0 else value
                for tag, hour, value in rows]  # fmt: skip
    assert taken["value"].to_list() == expected
    assert taken["time"].to_list() == frame["time"].to_list()


def test_what_is_collected_only_is_no_signal_of_an_account(plant):
    document = plant(lambda row: [row], {"tag": "VI-1", "source": "plant_historian", "address": "V", "kind": "other"})
    assert "VI-1" not in {signal.name for signal in tags.signals(document)}
    assert "VI-1" in {one.name for one in tags.addresses(document, "plant_historian")}
    assert tags.numbers(document)["VI-1"] in tags.conversions(document)


def test_an_age_is_told_by_number(plant):
    document = plant(lambda row: [{**row, "max_age": "1 h"} if row["tag"] == "WT-214" else row])
    assert tags.max_ages(document) == {tags.numbers(document)["WT-214"]: timedelta(hours=1)}
    (signal,) = [one for one in tags.signals(document) if one.name == "WT-214"]
    assert signal.max_age == timedelta(hours=1)


def test_a_period_counts_with_the_row_that_holds_at_its_start(plant):
    document = plant(re_ranged)
    spans = tags.periods(document)
    old, new = [one for one in tags.signals(document) if one.name == "WT-214"]
    counted = [[one.number for one in spans if signal.holds(one.start)] for signal in (old, new)]
    assert counted[0] + counted[1] == [one.number for one in spans]
    assert (old.sigma_relative, new.sigma_relative) == (0.01, 0.02)


def test_a_reading_errs_as_the_row_of_its_period_says(plant):
    document = plant(re_ranged)
    spans = tags.periods(document)
    with anew(None) as historian:
        number = tags.numbers(document)["WT-214"]
        rows = [(spans[0].start + timedelta(hours=hour), 50.0) for hour in range(0, 31 * 24, 6)]
        counts = [(time, value if time < CHANGE else 10.0 * value) for time, value in rows]
        historian.append(convert(samples(counts, number), tags.conversions(document)))
        measured = measure(historian, [one for one in tags.signals(document) if one.name == "WT-214"], spans)
    read = {one.period: one for one in balances.readings(document, measured)}
    assert len(read) == len(spans)
    for span in spans:
        relative = 0.01 if span.start < CHANGE else 0.02
        assert read[span.number].value == pytest.approx(50.0)
        assert read[span.number].sigma == pytest.approx(relative * 50.0)
        assert read[span.number].model.sigma(100.0) == pytest.approx(relative * 100.0)


def test_a_change_within_a_period_is_said(plant):
    (said,) = tags.changes(plant(re_ranged))
    assert (said.path, said.code) == ("WT-214.valid_from", "change_within_period")
    assert not [*tags.changes(plant(re_ranged), "laboratory")]
    assert not [*tags.changes(plant())]


def test_a_re_ranged_instrument_is_written_once_by_the_virtual_plant(plant, tmp_path):
    one = tuple(tag for tag in plant(re_ranged).tags if tag.tag == "WT-214")
    write(simulate(20260301), one, tmp_path)
    header = (tmp_path / "raw" / "plant_historian.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert (len(one), header) == (2, "Timestamp;BY.WT-214.PV")
