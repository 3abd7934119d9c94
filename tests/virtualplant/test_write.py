from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant import simulate, write
from ferrolan.virtualplant.faults import MeterFaults

BAD_TEXTS = {"Bad", "No Data", "I/O Timeout", ""}
NOTHING_LOST = MeterFaults(bad_share=0.0, outage_steps=0, text_results=())
MIDNIGHTS = [f"2026-{day} 00:00:00" for day in ("03-01", "03-08", "03-15", "03-22", "03-29", "04-01")]
FACTORS = {"%": 0.01, "t/d": 1.0 / 24.0, "kW": 0.001, "t/m3": 1000.0}


@pytest.fixture(scope="module")
def files(truth, tags, tmp_path_factory):
    return write(truth, tags, tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def export(files):
    text = files.historian.read_bytes().decode("utf-8-sig")
    header, *rows = (line.split(";") for line in text.splitlines())
    return header, rows


def table(files, name):
    with closing(sqlite3.connect(files.database)) as connection:
        cursor = connection.execute(f"SELECT * FROM {name} ORDER BY id")
        return [column[0] for column in cursor.description], cursor.fetchall()


def test_files_lie_where_the_document_looks_for_them(files):
    assert files.historian.parts[-2:] == ("raw", "plant_historian.csv")
    assert files.database.parts[-2:] == ("raw", "erp_laboratory.sqlite")
    assert {path.name for path in files.historian.parent.iterdir()} == {files.historian.name, files.database.name}


def test_the_export_has_a_byte_order_mark_and_a_column_for_every_tag(files, export, tags):
    assert files.historian.read_bytes().startswith(b"\xef\xbb\xbfTimestamp;")
    assert files.historian.read_bytes().endswith(b"\n")
    assert export[0] == ["Timestamp", *(tag.address for tag in tags if tag.source == "plant_historian")]


def test_the_export_has_a_row_every_quarter_of_an_hour_of_local_time(export):
    stamps = [datetime.strptime(row[0], "%d.%m.%Y %H:%M") for row in export[1]]
    assert len(stamps) == 2976
    assert (stamps[0], stamps[-1]) == (datetime(2026, 3, 1), datetime(2026, 3, 31, 23, 45))
    assert {b - a for a, b in pairwise(stamps)} == {timedelta(minutes=15)}


def test_cells_are_numbers_with_a_decimal_comma_or_a_text_of_the_historian(export):
    number = re.compile(r"-?\d+(,\d+)?")
    odd = {cell for row in export[1] for cell in row[1:] if not number.fullmatch(cell)}
    assert odd == BAD_TEXTS
    assert {len(row) for row in export[1]} == {len(export[0])}


def test_few_cells_are_lost_and_one_outage_takes_all(export):
    lost = np.array([[cell in BAD_TEXTS for cell in row[1:]] for row in export[1]])
    whole = np.flatnonzero(lost.all(axis=1))
    assert whole.tolist() == list(range(whole[0], whole[0] + 3))
    assert 0.0005 < np.delete(lost, whole, axis=0).mean() < 0.002


def test_readings_stay_within_the_limits_of_their_instruments(truth, tags, tmp_path):
    continuous = [tag for tag in tags if tag.source == "plant_historian"]
    text = write(truth, continuous, tmp_path, faults=NOTHING_LOST).historian.read_text(encoding="utf-8-sig")
    rows = [row.split(";")[1:] for row in text.replace(",", ".").splitlines()[1:]]
    for column, tag in zip(np.array(rows, dtype=float).T, continuous, strict=True):
        factor, offset = FACTORS.get(tag.unit, 1.0), 273.15 if tag.unit == "degC" else 0.0
        assert tag.lo <= column.min() * factor + offset, tag.tag
        assert column.max() * factor + offset <= tag.hi, tag.tag


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("laboratory_results", ["id", "sample_point", "analyte", "sampled_at", "result", "unit"]),
        ("movements", ["id", "item", "direction", "booked_at", "tonnes_per_day"]),
        ("stock_counts", ["id", "stock", "quantity", "counted_at", "result", "unit"]),
    ],
)
def test_tables_have_the_declared_columns_and_numbered_rows(files, name, columns):
    found, rows = table(files, name)
    assert found == columns
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)


def addresses(tags, source):
    return {tuple(tag.address.split("/")): tag for tag in tags if tag.source == source}


def test_the_laboratory_gives_a_composite_a_day_and_one_of_every_stock_survey(files, tags):
    times = defaultdict(list)
    for _, point, analyte, moment, _, unit in table(files, "laboratory_results")[1]:
        times[point, analyte].append(moment)
        assert unit == addresses(tags, "laboratory")[point, analyte].unit
    noons = [f"2026-03-{day:02d} 12:00:00" for day in range(1, 32)]
    assert set(times) == set(addresses(tags, "laboratory"))
    for key, tag in addresses(tags, "laboratory").items():
        assert times[key] == (MIDNIGHTS if tag.kind == "stock_assay" else noons), key


def test_movements_are_booked_once_a_day_and_stocks_counted_at_every_period_start(files, tags):
    booked, counted = defaultdict(list), defaultdict(list)
    for _, item, direction, moment, _ in table(files, "movements")[1]:
        booked[item, direction].append(moment)
    for _, stock, quantity, moment, _, unit in table(files, "stock_counts")[1]:
        counted[stock, quantity].append(moment)
        assert unit == "t"
    assert set(booked) == set(addresses(tags, "erp"))
    assert all(len(set(moments)) == 31 for moments in booked.values())
    assert set(counted) == set(addresses(tags, "stock_counts"))
    assert all(moments == MIDNIGHTS for moments in counted.values())


def test_a_few_results_of_the_laboratory_are_no_numbers(files):
    odd = [row[4] for row in table(files, "laboratory_results")[1] if not isinstance(row[4], float)]
    assert sorted(odd) == ["<0.01", "n/a", "n/a"]
    assert all(isinstance(row[4], float) for row in table(files, "movements")[1])
    assert all(isinstance(row[4], float) for row in table(files, "stock_counts")[1])


def test_two_writes_give_the_same_bytes_and_the_same_rows(truth, files, tags, tmp_path):
    again = write(simulate(truth.seed), tags, tmp_path)
    assert again.historian.read_bytes() == files.historian.read_bytes()
    for name in ("laboratory_results", "movements", "stock_counts"):
        assert table(again, name) == table(files, name)


def test_writing_again_replaces_what_is_there(truth, tags, tmp_path):
    first = write(truth, tags[:5], tmp_path)
    second = write(truth, tags[:2], tmp_path)
    assert first == second
    assert second.historian.read_text(encoding="utf-8-sig").splitlines()[0] == "Timestamp;BY.WT-111.PV;BY.WT-121.PV"
    assert table(second, "movements")[1] == []


def test_period_means_of_the_files_err_as_declared_and_the_planted_scale_by_three_per_cent(truth, tags, files, export):
    real = {(kind, name, component, p): v for kind, name, component, p, v, _ in truth.period_means().rows()}
    read = {**historian_means(export, truth, tags), **database_means(files, tags, truth)}
    z = defaultdict(list)
    for (tag, p), value in read.items():
        expected = real[tag.kind, tag.object, tag.component, p]
        if tag.basis == "wet":
            expected /= 1.0 - real["moisture", tag.object, None, p]
        z[tag.tag].append((value - expected) / np.hypot(tag.sigma_relative * expected, tag.sigma_absolute))
    planted = np.array(z.pop("WT-214"))
    honest = np.concatenate(list(z.values()))
    assert len(honest) > 1000
    assert honest.std() == pytest.approx(1.0, abs=0.08)
    assert honest.mean() == pytest.approx(0.0, abs=0.12)
    assert planted.mean() == pytest.approx(3.0, abs=2.0)  # five draws: 4 / sqrt(5)


def historian_means(export, truth, tags):
    column = {address: k for k, address in enumerate(export[0])}
    means = {}
    for tag in (tag for tag in tags if tag.source == "plant_historian" and tag.kind in ("flow", "power")):
        cells = [row[column[tag.address]] for row in export[1]]
        series = np.array([np.nan if c in BAD_TEXTS else float(c.replace(",", ".")) for c in cells])
        series *= FACTORS.get(tag.unit, 1.0)
        for p, (first, last) in enumerate(zip(truth.edges[:-1], truth.edges[1:], strict=True)):
            means[tag, p] = float(np.nanmean(series[first:last]))
    return means


def database_means(files, tags, truth):
    found = defaultdict(list)
    for name, source in (("laboratory_results", "laboratory"), ("movements", "erp"), ("stock_counts", "stock_counts")):
        for row in table(files, name)[1]:
            tag = addresses(tags, source)[row[1], row[2]]
            if isinstance(row[4], float):
                surveyed = tag.kind.startswith("stock")
                p = MIDNIGHTS.index(row[3]) if surveyed else (int(row[3][8:10]) - 1) // 7
                found[tag, p].append(row[4] * FACTORS.get(tag.unit, 1.0))
    return {key: float(np.mean(values)) for key, values in found.items()}


def test_a_tag_of_a_source_the_plant_does_not_have_is_refused(truth, tags, tmp_path):
    with pytest.raises(ProblemError, match="no source of tags WT-111 .pigeon."):
        write(truth, [replace(tags[0], source="pigeon")], tmp_path)


def test_an_address_that_names_no_row_is_refused(truth, tags, tmp_path):
    tag = next(tag for tag in tags if tag.source == "erp")
    with pytest.raises(ProblemError, match="two keys"):
        write(truth, [replace(tag, address="ore")], tmp_path)


def test_a_unit_no_instrument_shows_is_refused_and_leaves_no_file(truth, tags, tmp_path):
    with pytest.raises(ProblemError, match="no instrument shows the unit 'lb/h'"):
        write(truth, [replace(tags[0], unit="lb/h")], tmp_path)
    assert list((tmp_path / "raw").iterdir()) == []
