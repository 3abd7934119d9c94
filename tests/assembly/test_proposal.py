"""Rows proposed from what a source says it holds: names, units and ranges with their reasons, what is there kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.assembly.proposal import disagreements, marked, propose, undeclared, unit_of
from ferrolan.enterprise.tags import Tag, read_tags, written
from ferrolan.sources.browsed import Found

HOT = Found(
    "TI4201", "ns=2;s=BF1.TI4201", ("Objects", "Works", "BF1", "TI4201"), "Double", "CEL", "°C", 0.0, 1700.0,
    "Hot metal temperature",
)  # fmt: skip
TAG = Tag(
    "TI4201", "scada", HOT.address, "temperature", "bf", None, "degC", "dry", "time_mean", 0.01, 0.0, None, None, "", 2
)


def row(found):
    (new,) = propose([found], "scada").new
    return new


def test_a_described_address_becomes_a_row_with_its_unit_range_and_place():
    new = row(HOT)
    assert {key: text for key, text in new.cells.items() if text and key != "note"} == {
        "tag": "TI4201", "source": "scada", "address": "ns=2;s=BF1.TI4201", "kind": "other", "unit": "degC", "lo": "0",
        "hi": "1700", "description": "Hot metal temperature", "path": "Works/BF1",
    }  # fmt: skip
    assert new.could_be == "temperature"
    assert new.reasons[0] == "unit from UNECE code CEL"
    assert "could be temperature" in new.cells["note"]


@pytest.mark.parametrize(
    ("code", "text", "unit"),
    [
        ("E18", "", "t/h"), ("", "t/h", "t/h"), ("", "m³/h", "m3/h"), ("", "°C", "degC"), ("", "GJ", "GJ"),
        ("FTQ", "", "UNECE:FTQ"), ("LUM", "lm", ""), ("", "gal", ""), ("", "furlong", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_a_unit_is_taken_only_where_one_unit_is_meant(code, text, unit):
    found, why = unit_of(replace(HOT, unit_code=code, unit_text=text))
    assert found == unit
    assert why


@pytest.mark.parametrize(
    ("name", "unit", "kind"),
    [
        ("TI4201", "degC", "temperature"), ("PT-7", "bar", "pressure"), ("WT-1", "t/h", "flow"), ("X", "%", ""),
        ("bunker level", "%", "level"), ("Feed moisture", "%", "moisture"), ("JI power", "kW", "power"),
        ("phosphorus", "%", ""), ("X", "kW", ""),
    ],
)  # fmt: skip
def test_a_kind_is_named_only_where_unit_and_name_leave_no_doubt(name, unit, kind):
    assert row(replace(HOT, name=name, unit_code="", unit_text=unit)).could_be == kind


def test_a_text_is_proposed_as_a_text_without_a_unit():
    cells = row(replace(HOT, data_type="String", stepped=True)).cells
    assert (cells["kind"], cells["unit"], cells["lo"], cells["stepped"]) == ("text", "", "", "step")


def test_a_range_that_is_none_is_left_out():
    assert row(replace(HOT, lo=0.0, hi=0.0)).cells["hi"] == ""


def test_names_that_clash_take_as_much_of_their_path_as_they_need():
    two = [replace(HOT, address=f"a{n}", path=("Objects", f"BF{n}", "TI4201")) for n in (1, 2)]
    assert [new.cells["tag"] for new in propose(two, "scada").new] == ["BF1/TI4201", "BF2/TI4201"]


NAMES = st.sampled_from("ABC")


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=20), st.sets(NAMES))
def test_every_proposed_name_is_the_only_one(paths, taken):
    found = [Found(path[-1], f"address {n}", path) for n, path in enumerate(paths)]
    there = [replace(TAG, tag=name, address=f"old {name}") for name in sorted(taken)]
    names = [new.cells["tag"] for new in propose(found, "scada", there).new]
    assert len({*names, *taken}) == len(paths) + len(taken)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=8), st.sampled_from(["Double", "String", ""]))
def test_a_proposed_map_can_be_read_as_it_is(paths, data_type):
    found = [
        replace(HOT, name=path[-1], path=path, address=f"a{n}", data_type=data_type) for n, path in enumerate(paths)
    ]
    tags, faults = read_tags(written([new.cells for new in propose(found, "scada").new]), "tags.csv")
    assert (len(tags), faults) == (len(paths), ())


def test_tags_that_are_there_are_kept_and_those_that_are_gone_are_named():
    gone = replace(TAG, tag="TI1", address="ns=2;s=gone", line=3)
    other = replace(TAG, tag="WT1", source="other", address="ns=2;s=elsewhere")
    proposal = propose([HOT, replace(HOT, address="new", name="NEW")], "scada", [TAG, gone, other])
    assert ([tag.tag for tag in proposal.kept], [tag.tag for tag in proposal.vanished]) == (["TI4201"], ["TI1"])
    assert [new.cells["tag"] for new in proposal.new] == ["NEW"]
    once = marked({"tag": "TI1", "note": "mine"}, {"TI1"})
    assert once["note"] == "mine; vanished: the source does not hold this address"
    assert marked(once, {"TI1"}) == once
    assert marked({"tag": "WT1"}, {"TI1"}) == {"tag": "WT1"}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"address": "ns=2;s=BF1.TI4202"}, "TI4201.address", "address_not_held"),
        ({"data_type": "String"}, "TI4201.kind", "type_differs"),
        ({"unit_code": "FAH"}, "TI4201.unit", "unit_differs"),
        ({"unit_code": "BAR"}, "TI4201.unit", "unit_differs"),
    ],
)
def test_what_a_source_says_otherwise_is_a_fault_with_the_line_of_the_row(change, path, code):
    (fault,) = disagreements([replace(HOT, **change)], "scada", [TAG], "tags.csv")
    assert (fault.file, fault.line, fault.path, fault.code) == ("tags.csv", 2, path, code)


def test_what_agrees_or_is_not_stated_is_no_fault():
    assert not [*disagreements([HOT], "scada", [TAG], "tags.csv")]
    assert not [*disagreements([Found("TI", HOT.address)], "scada", [TAG], "tags.csv")]
    scaled = replace(TAG, scale=0.1)
    assert not [*disagreements([replace(HOT, unit_code="C62")], "scada", [scaled], "tags.csv")]
    assert not [*disagreements([HOT], "other", [TAG], "tags.csv")]


@pytest.mark.parametrize("address", ["ns=2;s=BF1.TI4201", "nsu=http://bf1/;s=BF1.TI4201", "ns=2;s=BF1.TI4201|[3]"])
def test_a_node_is_found_by_the_number_or_the_uri_of_its_namespace(address):
    held, tag = replace(HOT, address="nsu=http://bf1/;s=BF1.TI4201"), replace(TAG, address=address)
    assert not [*disagreements([held], "scada", [tag], "tags.csv")]
    assert not propose([held], "scada", [tag]).new
    twice = [held, replace(held, address="nsu=http://bf2/;s=BF1.TI4201")]
    assert bool([*disagreements(twice, "scada", [tag], "tags.csv")]) == address.startswith("ns=")


def test_what_no_tag_names_is_counted():
    new = replace(HOT, address="new")
    assert undeclared([HOT, new], "scada", [TAG]) == (new,)
