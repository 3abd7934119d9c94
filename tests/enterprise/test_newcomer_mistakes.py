"""What goes wrong in the first hour, and what the message says: the line, the mistake in plain words, what to type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.enterprise.load import load
from ferrolan.enterprise.sheet import compose
from ferrolan.enterprise.tags import HEADER, read_tags

from .conftest import Copy


@dataclass(frozen=True)
class Slip:
    """A text of a document, and the line, what was found and the way out that its fault must hold."""

    name: str
    text: str
    line: int
    found: str
    way_out: str


SLIPS = [
    Slip("a tab", "units:\n\tmill: {at: [0, 1]}\n", 2, "a tab", "indent with two spaces"),
    Slip("a tab after spaces", "units:\n  mill:\n  \tkind: mill\n", 3, "a tab", "indent with two spaces"),
    Slip("an indentation between two levels", "units:\n  mill:\n    kind: mill\n   owner: steel\n", 4, "3 spaces before", "column of the entries"),
    Slip("an entry too deep", "units:\n  mill:\n    kind: mill\n      owner: steel\n", 4, "deeper than line 3, which has a value", "Begin it in column 5"),
    Slip("a key in a list", "a:\n  - b\n  c: 1\n", 3, '"c: 1" in a list', "'- '"),
    Slip("a percent sign first", "limit: %5\n", 1, "begins with %", 'Write "%5"'),
    Slip("an at sign in braces", "a: {b: @home, c: 1}\n", 1, "begins with @", 'Write "@home"'),
    Slip("a star", "a: *\n", 1, "begins with *", 'Write "*"'),
    Slip("a bar before text", "a: | x\n", 1, "begins with |", 'Write "| x"'),
    Slip("an alias without an anchor", "a: *solids\n", 1, "the alias *solids", "Write &solids where"),
    Slip("a colon in a title", "title: Ore: to both\n", 1, "a second colon", 'title: "Ore: to both"'),
    Slip("no space after a colon", "title:Ore\nname: x\n", 1, '"title:Ore" without a space', "Write 'title: Ore'"),
    Slip("no space after a colon, deeper", "units:\n  mill:\n    kind:mill\n", 3, '"kind:mill"', "Write 'kind: mill'"),
    Slip("no space after a colon in braces", "a: {value:330 t/h, of: ore}\n", 1, "the key 'value:330 t/h'", "Write 'value: 330 t/h'"),
    Slip("no colon", "ferrolan: 1\nunits\nname: x\n", 2, '"units" without a colon', "Write 'units:'"),
    Slip("no space after a dash", "a:\n -b\n -c\n", 2, '"-b -c"', "Write '- b'"),
    Slip("a brace left open", "mill: {value: 330 t/h, of: ore\nunits:\n  a: 1\n", 1, "a bracket { that is not closed", "Write } at the end"),
    Slip("a bracket left open", "a: [b, c\nunits:\n  a: 1\n", 1, "a bracket [ that is not closed", "Write ] at the end"),
    Slip("two commas", "a: [b, , c]\n", 1, '", c]" where a value should stand', "Remove the mark"),
    Slip("a first line too deep", " ferrolan: 1\nname: x\n", 2, '"name: x" outside of the document', "Begin every top-level key in column 1"),
    Slip("a brace too many", "mill: {value: 1}}\nname: x\n", 1, "a } too many", "Remove }"),
    Slip("a quotation mark left open", 'title: "Ore to both\nname: x\n', 1, 'begins with " and does not end', 'Write " at the end'),
    Slip("an apostrophe in single quotes", "title: 'it's'\n", 1, "behind a closing quotation mark", "an apostrophe is free"),
    Slip("quotation marks of a word processor", "title: “Ore”\n", 1, "“Ore”", 'Write "Ore", with straight'),
    Slip("a full-width colon", "ferrolan: 1\ntitle： Ore\nname: x\n", 2, "the full-width ：", "Type : in its place"),
    Slip("a space that does not break", "units:\n\u00a0\u00a0mill: 1\n", 2, "the key '\\xa0\\xa0mill'", "Type 'mill' anew"),
    Slip("a Chinese space", "units:\n\u3000mill: 1\n", 2, "the key '\\u3000mill'", "Type 'mill' anew"),
    Slip("a decimal comma in braces", "a: {value: 0,5 t/h, own: true}\n", 1, "'5 t/h' after a comma", "Write value: 0.5 t/h"),
    Slip("a comma in a plain text", "a: {note: see page 7, table 2, own: true}\n", 1, "'table 2' after a comma", 'Write note: "see page 7, table 2"'),
    Slip("a key twice", "units:\n  mill: 1\n  mill: 2\n", 3, "the key 'mill' twice", "the first is on line 2"),
    Slip("two documents", "a: 1\n---\nb: 2\n", 2, "a second document", "Remove the line '---'"),
    Slip("a merge key", "b: &x {c: 1}\na:\n  <<: *x\n", 3, "the key '<<'", "Write the keys out"),
    Slip("a tag of a programming language", "a: !!python/object {}\n", 1, "the tag", "Remove the tag"),
    Slip("a list", "- a\n- b\n", 1, "a list", "Begin with 'ferrolan: 1'"),
    Slip("an empty file", "", 0, "an empty file", "Begin with 'ferrolan: 1'"),
    Slip("comments alone", "# hello\n", 0, "an empty file", "Begin with 'ferrolan: 1'"),
    Slip("a character no text has", "a: 1\nb: \x07\n", 2, "the character 0x07", "Remove it"),
]  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_a_slip_of_yaml_is_told_in_plain_words(slip: Slip) -> None:
    _, faults = compose(slip.text, "plant.yaml")
    assert faults, "taken without a word"
    assert faults[0].line == slip.line
    assert slip.found in faults[0].found
    assert slip.way_out in faults[0].way_out


@pytest.mark.parametrize("text", ["\ufeffa: 1\n", "a: 1\r\n", "a: 1\r", "# é 中\na: 1\n", '{"a": 1}'])
def test_a_mark_of_the_encoding_and_every_end_of_line_are_taken(text: str) -> None:
    sheet, faults = compose(text, "plant.yaml")
    assert faults == () and sheet is not None and sheet.data == {"a": 1}


@given(st.text(max_size=80))
def test_no_text_ends_in_anything_but_a_sheet_or_faults(text: str) -> None:
    sheet, faults = compose(text, "plant.yaml")
    assert (sheet is None) <= bool(faults)


@given(st.text(alphabet="ab:{}[],-*&|>%@\"' \t\n#\u00a0：“", max_size=60))
def test_no_heap_of_marks_ends_in_anything_but_a_sheet_or_faults(text: str) -> None:
    sheet, faults = compose(text, "plant.yaml")
    assert (sheet is None) <= bool(faults)
    assert all(fault.way_out and fault.found and fault.expected for fault in faults)


MILL = "capacity: {value: 330 t/h, of: ore, synthetic: true}"
DOCUMENT = [
    ("a unit as people say it", "330 t/h", "330 t/hr", '"330 t/hr"', "did you mean 'h'?"),
    ("tonnes in full", "330 t/h", "330 tonnes/h", '"330 tonnes/h"', "did you mean 't'?"),
    ("a capital T", "14.62 Mt/a", "14.62 MT/a", '"14.62 MT/a"', "'t' (a tonne) or 'Mt' (a million of them)"),
    ("a euro sign", "92 CNY/t", "92 €/t", '"92 €/t"', "write 'EUR/t'"),
    ("a mark between thousands", "{value: 624900 CNY/t,", '{value: "624,900 CNY/t",', '"624,900 CNY/t"', "no mark between thousands"),
    ("no source", MILL, MILL.replace(", synthetic: true", ""), "neither", "own: true"),
    ("a bare number", "cost: {value: 9 CNY/t, synthetic: true}", "cost: 9", "9", "{value: 9, source: <id>}"),
    ("a month the other way round", "month: 2026-03", "month: 03-2026", '"03-2026"', "Write it like 2026-03"),
    ("a date for a month", "month: 2026-03", "month: 2026-03-01", '"2026-03-01"', "Write it like 2026-03"),
    ("yes for true", "china, each: true,", "china, each: yes,", '"yes"', ""),
    ("a text for a number", "months: 12", "months: twelve", '"twelve"', ""),
    ("a zone in words", "time_zone: Asia/Shanghai", "time_zone: Beijing", '"Beijing"', ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "found", "way_out"), DOCUMENT, ids=[row[0] for row in DOCUMENT])
def test_a_slip_in_a_value_is_told_with_what_to_write(
    copy: Copy, name: str, old: str, new: str, found: str, way_out: str
) -> None:
    copy.replace(old, new)
    line = copy.line(new)
    faults = [fault for fault in copy.faults() if fault.found == found]
    assert [fault.line for fault in faults] == [line], name
    assert way_out in faults[0].way_out


ROW = "WT-111,plant_historian,BY.WT-111.PV,flow,mill_feed,,t/h,wet,time_mean,0.8 %,,0,450,belt scale"
HEAD = ",".join(HEADER)
TAG_SLIPS = [
    ("semicolons", f"{HEAD}\n{ROW}\n".replace(",", ";"), 1, "semicolons between the cells", "Save the file as CSV with commas"),
    ("tabs", f"{HEAD}\n{ROW}\n".replace(",", "\t"), 1, "tabs between the cells", "Save the file as CSV with commas"),
    ("a hint for Excel", f"sep=,\n{HEAD}\n{ROW}\n", 1, 'a line "sep="', "Remove this line"),
    ("a comment", f"# my meters\n{HEAD}\n{ROW}\n", 1, '"# my meters"', "Write the header in the first line"),
    ("capitals", f"{HEAD.title()}\n{ROW}\n", 1, 'the column "Tag"', "Did you mean 'tag'?"),
    ("a decimal comma", f"{HEAD}\n{ROW}\n".replace("0.8 %", '"0,8 %"'), 2, '"0,8 %"', "write a decimal point"),
    ("a comma too many", f"{HEAD}\n{ROW}, tank 3\n", 2, "15 cells", "Put a text that holds a comma in quotes"),
    ("a limit with thousands", f"{HEAD}\n{ROW}\n".replace(",450,", ',"1,450",'), 2, '"1,450"', "no mark between thousands"),
    ("a share above one", f"{HEAD}\n{ROW}\n".replace("0.8 %", "2"), 2, '"2"', "Write 2 %"),
    ("a cubic metre as printed", f"{HEAD}\n{ROW}\n".replace("t/h", "m³/h"), 2, '"m³/h"', "write 'm3/h'"),
    ("a degree sign", f"{HEAD}\n{ROW}\n".replace("t/h", "°C"), 2, '"°C"', "write 'degC'"),
    ("a capital kind", f"{HEAD}\n{ROW}\n".replace("flow", "Flow"), 2, '"Flow"', "Did you mean 'flow'?"),
    ("a sigma without its per cent", f"{HEAD}\n{ROW}\n".replace("0.8 %", "1"), 2, '"1"', "Write 1 %"),
    ("no sigma", f"{HEAD}\n{ROW}\n".replace("0.8 %", ""), 2, "neither sigma", "Give sigma_relative, such as 1 %"),
    ("an empty file", "", 0, "an empty file", "Begin with tag,source"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "line", "found", "way_out"), TAG_SLIPS, ids=[row[0] for row in TAG_SLIPS])
def test_a_slip_of_the_tag_map_is_told_in_plain_words(
    name: str, text: str, line: int, found: str, way_out: str
) -> None:
    _, faults = read_tags(text, "tags.csv")
    assert (faults[0].line, faults[0].found) == (line, found), name
    assert way_out in faults[0].way_out


def test_what_a_spreadsheet_adds_is_taken_or_told_once() -> None:
    tags, faults = read_tags(f"\ufeff{HEAD},,\r\n{ROW},,\r\n,,,,,,,,,,,,,,,\r\n", "tags.csv")
    assert len(tags) == 1 and faults == ()
    _, faults = read_tags(f"{HEAD}\n{ROW}\n".replace(",", ";"), "tags.csv")
    assert len(faults) == 1


def test_a_quotation_mark_left_open_hides_no_row_silently() -> None:
    tags, faults = read_tags(f"{HEAD}\n{ROW}\n{ROW.replace('belt scale', chr(34) + 'belt')}\n{ROW}\n", "tags.csv")
    assert len(tags) == 1
    assert [(fault.line, fault.code) for fault in faults] == [(3, "wrong_row")]
    assert "nothing below this line is read" in faults[0].way_out


@given(st.text(max_size=120))
def test_no_tag_map_ends_in_anything_but_tags_or_faults(text: str) -> None:
    for content in (text, f"{HEAD}\n{text}"):
        tags, faults = read_tags(content, "tags.csv")
        assert isinstance(tags, tuple) and all(isinstance(fault, Fault) for fault in faults)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="expected a file, got .*(folder|directory)"):
        load(tmp_path, kinds())


@pytest.mark.parametrize(("encoding", "byte"), [("gb18030", "0xbf"), ("utf-16", "0xff")])
def test_a_tag_map_in_another_encoding_is_told_with_the_byte(copy: Copy, encoding: str, byte: str) -> None:
    text = copy.tags.read_text(encoding="utf-8").replace("belt scale, mill feed", "矿石皮带秤")
    copy.tags.write_bytes(text.encode(encoding))
    (fault,) = copy.faults()
    assert fault.code == "wrong_encoding" and fault.file == str(copy.tags)
    assert byte in fault.found and "UTF-8" in fault.way_out
