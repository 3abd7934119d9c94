"""The tag map's further columns: places, codes of units, scaling, validity, ages; and the same map in YAML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.assembly.catalogue import kinds
from ferrolan.enterprise.checks import check_tags
from ferrolan.enterprise.checks.tag_rows import gaps
from ferrolan.enterprise.load import load
from ferrolan.enterprise.tags import COLUMNS, HEADER, read_cells, read_tags, written

from .conftest import Copy

FLOW = {
    "tag": "WT-1", "source": "plant", "address": "A", "kind": "flow", "object": "feed", "unit": "t/h", "basis": "dry",
    "method": "time_mean", "sigma_relative": "1 %", "lo": "0", "hi": "600",
}  # fmt: skip
DATA = {
    "sources": {"plant": {"kind": "csv"}},
    "units": {"mill": {}, "press": {}},
    "streams": {"feed": {"form": "solid", "from": "mill", "to": "press"}},
    "account": {"components": ["Fe"]},
}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def read(*rows, zone=SHANGHAI):
    tags, faults = read_tags(written([{**FLOW, **row} for row in rows]), "tags.csv", zone)
    return tags, (*faults, *check_tags(DATA, tags, "tags.csv"))


def one(**cells):
    (tag,), faults = read(cells)
    assert not faults, [str(fault) for fault in faults]
    return tag


def fault(*rows):
    _, faults = read(*rows)
    assert len(faults) == 1, [str(fault) for fault in faults]
    return faults[0]


def test_a_row_without_the_further_columns_means_what_it_always_did():
    tag = one()
    assert (tag.path, tag.scale, tag.offset, tag.stepped, tag.max_age) == ((), 1.0, 0.0, False, None)
    assert (tag.valid_from, tag.valid_to) == (None, None)


@pytest.mark.parametrize(("code", "unit"), [("E18", "t/h"), ("4U", "UNECE:4U"), ("kg/s", "kg/s")])
def test_a_unit_may_be_a_code_of_unece(code, unit):
    tag = one(unit=code, sigma_relative="", sigma_absolute=f"2 {code}")
    assert tag.unit == unit
    assert tag.canonical_unit == "t/h"
    assert tag.hi == pytest.approx(600 * tag.sigma_absolute / 2)


def test_a_code_without_a_dimension_is_refused_by_its_line_and_name():
    found = fault({"unit": "LUM"})
    assert (found.line, found.path, found.code) == (2, "WT-1.unit", "wrong_unit")
    assert "lumen" in found.way_out


def test_a_place_is_names_from_the_site_down():
    assert one(path="baiyun/concentrator/grinding/mill").path == ("baiyun", "concentrator", "grinding", "mill")


@pytest.mark.parametrize("path", ["a//b", "/a", "a/b/c/d/e/f"])
def test_a_place_with_an_empty_or_a_sixth_level_is_refused(path):
    assert fault({"path": path}).code == "wrong_path"


def test_a_unit_of_the_document_is_a_work_unit_and_stands_in_one_place():
    power = {"tag": "JI-1", "address": "B", "kind": "power", "object": "mill", "unit": "kW"}
    found = fault({**power, "path": "a/b/c/press"})
    assert (found.path, found.code) == ("JI-1.path", "wrong_path")
    found = fault({"path": "a/b/c/mill"}, {**power, "path": "a/x/c/mill"})
    assert found.line == 3
    assert "a/b/c as on line 2" in found.expected


def test_raw_counts_are_scaled_to_the_declared_unit():
    tag = one(scale="0.0217", offset="-120")
    assert (tag.scale, tag.offset) == (0.0217, -120.0)


@pytest.mark.parametrize(("column", "text"), [("scale", "0"), ("scale", "2 t/h"), ("offset", "much"), ("scale", "1,5")])
def test_a_scale_that_is_none_is_refused(column, text):
    assert fault({column: text}).path == f"WT-1.{column}"


def test_a_share_of_the_span_is_a_standard_deviation():
    tag = one(sigma_relative="", sigma_absolute="0.5 %FS", lo="100", hi="600")
    assert tag.sigma_absolute == pytest.approx(2.5)
    assert fault({"sigma_relative": "", "sigma_absolute": "0.5 %FS", "hi": ""}).code == "missing_span"
    assert fault({"sigma_relative": "", "sigma_absolute": "80 %FS"}).code == "out_of_range"


def test_how_a_value_moves_is_declared_or_that_of_its_kind():
    assert one(stepped="step").stepped
    state = {"kind": "state", "object": "mill", "unit": "1", "lo": "", "hi": ""}
    assert one(**state).stepped
    assert not one(**state, stepped="slope").stepped
    assert fault({"stepped": "yes"}).code == "unknown_choice"


def test_an_age_is_a_length_of_time():
    assert one(max_age="15 min").max_age == timedelta(minutes=15)
    assert fault({"max_age": "15"}).code == "wrong_unit"
    assert fault({"max_age": "0 s"}).code == "out_of_range"


def test_a_time_without_a_zone_is_the_sites():
    tag = one(valid_from="2026-03-14 08:00", valid_to="2026-03-20T08:00+00:00")
    assert tag.valid_from == datetime(2026, 3, 14, 0, tzinfo=UTC)
    assert tag.valid_to == datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert fault({"valid_from": "14.03.2026"}).code == "wrong_time"
    assert fault({"valid_from": "2026-03-14", "valid_to": "2026-03-14"}).code == "out_of_range"


def test_a_re_ranged_instrument_is_a_second_row_of_its_name():
    tags, faults = read({"valid_to": "2026-03-14"}, {"valid_from": "2026-03-14", "hi": "900", "unit": "kg/h"})
    assert not faults
    assert [tag.line for tag in tags] == [2, 3]
    assert not [*gaps(tags, "tags.csv")]


@pytest.mark.parametrize("first", [{}, {"valid_to": "2026-03-15"}])
def test_rows_of_one_tag_that_overlap_are_refused_with_both_lines(first):
    found = fault(first, {"valid_from": "2026-03-14"})
    assert (found.line, found.code) == (3, "tag_periods_overlap")
    assert "line 2" in found.found


def test_two_rows_of_a_name_without_a_validity_are_still_mapped_twice():
    assert {found.code for found in read({}, {})[1]} == {"tag_mapped_twice"}


@pytest.mark.parametrize(
    ("column", "text"), [("address", "B"), ("unit", "kW"), ("sigma_lasting", "50 %"), ("basis", "wet")]
)
def test_a_later_row_of_a_tag_measures_the_same(column, text):
    _, faults = read({"valid_to": "2026-03-14"}, {"valid_from": "2026-03-14", column: text})
    assert (3, f"WT-1.{column}", "tag_periods_differ") in {(one.line, one.path, one.code) for one in faults}


def test_a_gap_between_two_rows_is_allowed_and_said():
    tags, faults = read({"valid_to": "2026-03-14"}, {"valid_from": "2026-03-15"})
    (gap,) = gaps(tags, "tags.csv")
    assert not faults
    assert (gap.line, gap.code) == (3, "tag_gap")
    assert "2026-03-13 16:00 to 2026-03-14 16:00 UTC" in gap.found


DAYS = st.integers(0, 30)


@given(st.lists(st.tuples(DAYS, DAYS).filter(lambda pair: pair[0] < pair[1]), min_size=2, max_size=5))
def test_periods_are_refused_exactly_where_a_day_has_two_rows(spans):
    start = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        {"valid_from": f"{start + timedelta(days=a)}", "valid_to": f"{start + timedelta(days=b)}"} for a, b in spans
    ]
    days = [day for a, b in spans for day in range(a, b)]
    codes = {found.code for found in read(*rows)[1]}
    assert ("tag_periods_overlap" in codes) == (len(days) > len(set(days)))


def test_a_tag_that_is_only_collected_needs_no_object_unit_or_sigma():
    tag = one(kind="other", object="", unit="", basis="", method="", sigma_relative="")
    assert (tag.object, tag.unit, tag.sigma_relative) == ("", "1", 0.0)
    assert one(kind="other", object="mill", unit="C16", method="").canonical_unit == "m/h"
    assert fault({"kind": "other", "object": "nowhere"}).code == "unknown_unit"


def test_a_text_has_no_unit_and_steps():
    text = {"kind": "text", "object": "", "unit": "", "lo": "", "hi": ""}
    assert one(**text).stepped
    assert fault({**text, "unit": "t"}).code == "wrong_unit"


ROWS = (
    {**FLOW, "path": "baiyun/concentrator"},
    {**FLOW, "tag": "TI-1", "address": "B", "kind": "temperature", "object": "mill", "unit": "CEL", "hi": "90.5"},
)
YAML = """\
tags:
  - {tag: TI-1, source: plant, address: B, kind: temperature, object: mill, unit: CEL, basis: dry, method: time_mean,
     sigma_relative: 1 %, lo: 0, hi: 90.5}
tree:
  baiyun:
    concentrator:
      tags:
        - tag: WT-1
          source: plant
          address: A
          kind: flow
          object: feed
          unit: t/h
          basis: dry
          method: time_mean
          sigma_relative: 1 %
          lo: 0
          hi: 600
"""


def test_yaml_and_csv_are_one_map():
    of_csv, _ = read_tags(written(ROWS), "tags.csv")
    of_yaml, faults = read_tags(YAML, "tags.yaml")
    assert not faults
    plain = {tag.tag: {**vars(tag), "line": 0} for tag in of_csv}
    assert {tag.tag: {**vars(tag), "line": 0} for tag in of_yaml} == plain
    assert [tag.line for tag in of_yaml] == [2, 8]
    assert {row["tag"] for row in read_cells(YAML, "tags.yaml")} == {"WT-1", "TI-1"}


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("unit: t/h", "unit: tph", 13, "wrong_unit"),
        ("lo: 0\n          hi: 600", "lo: 700\n          hi: 600", 17, "out_of_range"),
        ("kind: flow", "kind: flwo", 11, "unknown_kind"),
        ("source: plant\n", "sorce: plant\n", 9, "unknown_key"),
        ("object: feed", "object: [feed]", 12, "wrong_type"),
        ("tree:", "trees:", 4, "unknown_key"),
        ("- tag: WT-1", "- WT-1\n        - tag: WT-1", 8, "wrong_type"),
    ],
)
def test_a_fault_of_a_yaml_map_stands_on_the_line_of_its_cell(old, new, line, code):
    _, faults = read_tags(YAML.replace(old, new, 1), "tags.yaml")
    assert (line, code) in {(found.line, found.code) for found in faults}, [str(found) for found in faults]


def test_a_document_may_have_its_map_in_yaml(copy: Copy):
    before = load(copy.path, kinds())
    text = "tags:\n" + "".join(
        f"  - {{{', '.join(f'{key}: {_quoted(text)}' for key, text in row.items())}}}\n"
        for row in read_cells(copy.tags.read_text(encoding="utf-8"), "tags.csv")
    )
    copy.tags.with_name("tags.yaml").write_text(text, encoding="utf-8")
    copy.replace("tags: tags.csv", "tags: tags.yaml")
    after = load(copy.path, kinds())
    assert [{**vars(tag), "line": 0} for tag in after.tags] == [{**vars(tag), "line": 0} for tag in before.tags]


def test_what_is_written_reads_as_what_it_was():
    cells = ({**FLOW, "note": 'a, "quoted" note', "scale": "2"},)
    assert read_cells(written(cells), "tags.csv") == cells
    assert set(written(cells).splitlines()[0].split(",")) == {*HEADER, "scale", "note"}
    assert set(HEADER) < set(COLUMNS)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
