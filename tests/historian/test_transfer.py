"""Samples out to a file and in from one: what comes back is what went."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import ProblemError, SourceError
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT
from ferrolan.cli.app import app
from ferrolan.historian import Historian
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import NewTag, Store
from ferrolan.historian.transfer import FORM, exported, imported, read, write

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=3)
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def filled(store: Store) -> None:
    store.register([NewTag("bf1.ti4201", "K"), NewTag("mill.state", ""), NewTag("mill.jt1", "MW", stepped=True)])
    hour = timedelta(hours=1)
    rows = [
        (1, START + hour, 1460.15, 1187.0, 0, 10, 1),
        (1, START + 25 * hour, None, None, 0x80310000, 11, 1),
        (3, START + hour + timedelta(microseconds=7), 0.1 + 0.2, None, 0x40940000, 12, 2),
    ]
    texts = [(2, START + hour, 'open, "wide"', 0, 13, 1), (2, START + 2 * hour, None, 0, 14, 1)]
    store.append(
        pl.DataFrame(rows, schema=SAMPLES.schema, orient="row"),
        pl.DataFrame(texts, schema=SAMPLES_TEXT.schema, orient="row"),
    )


@pytest.mark.parametrize("name", ["march.csv", "march.parquet"])
def test_what_is_exported_and_imported_is_what_was(tmp_path: Path, name: str) -> None:
    with Historian() as one, Historian() as two:
        filled(one)
        two.register([NewTag("another", "t/h")])
        write(exported(one, None, START, END), tmp_path / name)
        assert imported(two, read(tmp_path / name), NOW) == 5
        back = exported(two, ["bf1.ti4201", "mill.jt1", "mill.state"], START, END)
        assert back.sort("tag", "time").equals(exported(one, None, START, END).sort("tag", "time"))
        imported(two, read(tmp_path / name), NOW)
        assert two.query([1, 2, 3, 4], START, END).height == 3


FORMULAS = ("=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "'=1", "''-x", "'quoted'", "-40", "plain")


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_or_text_that_a_spreadsheet_would_compute_is_none_in_the_file_and_comes_back(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / "march.csv"
    with Historian() as one, Historian() as two:
        one.register([NewTag(name, "")])
        row = (1, START, name, 0, 13, 1)
        one.append(SAMPLES.empty(), pl.DataFrame([row], schema=SAMPLES_TEXT.schema, orient="row"))
        write(exported(one, None, START, END), file)
        imported(two, read(file), NOW)
        assert two.registered()["name"].to_list() == [name]
        assert two.texts([1], START, END)["text"].to_list() == [name]
    with file.open(newline="", encoding="utf-8") as stream:
        cells = [cell for line in list(csv.reader(stream))[1:] for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and cell != "-40"]


def test_every_row_has_its_unit_and_only_tags_and_span_are_written() -> None:
    with Historian() as one:
        filled(one)
        table = exported(one, ["bf1.ti4201"], START, START + timedelta(days=1))
        assert table.columns == list(FORM)
        assert table.select("tag", "unit", "value", "raw").rows() == [("bf1.ti4201", "K", 1460.15, 1187.0)]
        with pytest.raises(SourceError, match="unknown_tag"):
            exported(one, ["nobody"], START, END)


def test_rows_without_an_order_of_arrival_count_as_the_last_to_arrive(tmp_path: Path) -> None:
    file = tmp_path / "by_hand.csv"
    file.write_text("tag,unit,time,value\nbf1.ti4201,K,2026-03-01T01:00:00Z,1500.5\n")
    with Historian() as one:
        filled(one)
        assert imported(one, read(file), NOW) == 1
        assert one.query([1], START, START + timedelta(hours=2))["value"].to_list() == [1500.5]
        assert one.superseded([1], START, END)["value"].to_list() == [1460.15]


def test_another_unit_and_another_form_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "by_hand.csv"
    with Historian() as one:
        filled(one)
        file.write_text("tag,unit,time,value\nbf1.ti4201,MW,2026-03-01T01:00:00Z,1500.5\n")
        with pytest.raises(ProblemError, match=r"bf1\.ti4201"):
            imported(one, read(file), NOW)
        for content in (
            "a,b\n1,2\n",
            "tag,time,value\nx,yesterday,1\n",
            "tag,time,value\nx,2026-03-01T01:00:00Z,many\n",
        ):
            file.write_text(content)
            with pytest.raises(SourceError, match="not_exported"):
                read(file)
        with pytest.raises(SourceError, match="not_exported"):
            write(exported(one, None, START, END), tmp_path / "march.xlsx")


def test_the_commands_check_seal_show_export_and_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, other, file = tmp_path / "historian", tmp_path / "other", tmp_path / "march.parquet"
    with Archive(folder) as archive:
        filled(archive)
    other.mkdir()

    def said(*words: str, code: int = 0) -> object:
        assert app(["historian", *words, "--json"], result_action="return_value") == code
        return json.loads(capsys.readouterr().out)

    assert [day["generation"] for day in said("seal", str(folder))["rows"]] == [1, 1]
    assert said("check", str(folder))["faults"] == []
    assert [tag["name"] for tag in said("tags", str(folder))["rows"]] == ["bf1.ti4201", "mill.state", "mill.jt1"]
    shown = said("show", str(folder), "--tag", "mill.jt1", "--at", "2026-03-01T02:00:00")["rows"]
    assert [(row["name"], row["unit"], round(row["age_s"])) for row in shown] == [("mill.jt1", "MW", 3600)]
    assert said("export", str(folder), "--to", str(file)) == {"rows": 5, "file": str(file)}
    assert said("import", str(other), str(file))["rows"] == 5
    sealed = next((folder / "sealed" / "2026-03-01").glob("0*/samples.000.parquet"))
    sealed.write_bytes(sealed.read_bytes()[:-1])
    assert {fault["code"] for fault in said("check", str(folder), code=1)["faults"]} == {"damaged_day"}
    assert len(said("retire", str(folder), "2026-03-02T00:00:00")["rows"]) == 1
    assert said("check", str(folder))["faults"] == []
