"""What the document says of its sources is what is read, and half a month is not taken for a whole one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import openpyxl
import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly import sources, tags
from ferrolan.base.errors import ProblemError, SourceError, SurroundingsError
from ferrolan.base.schema import Table, read
from ferrolan.enterprise.sources import CsvSource, ExcelSource, SqlSource
from ferrolan.sources.live import Place
from ferrolan.sources.sql import Polling


def _with(declared, **changes):
    return type(declared).model_validate(declared.model_dump() | changes)


def test_a_source_has_its_own_zone_or_that_of_the_site(document):
    declared = document.sources["plant_historian"]
    assert isinstance(declared, CsvSource)
    assert sources.dialect(document, declared).time_zone == "Asia/Shanghai"
    assert sources.dialect(document, _with(declared, time_zone="UTC")).time_zone == "UTC"
    table = document.sources["laboratory"]
    assert isinstance(table, SqlSource)
    file = document.path
    assert sources.sql_table(document, _with(table, time_zone="UTC"), file).time_zone == "UTC"


def test_an_export_that_ends_early_is_refused_with_its_last_line(document, month, tmp_path):
    rows = month["plant_historian"].read_bytes().splitlines(keepends=True)
    cut = tmp_path / "plant_historian.csv"
    cut.write_bytes(b"".join(rows[:2800]))
    with pytest.raises(SourceError) as refused:
        verbs.ingest(document, {**month, "plant_historian": cut})
    (fault,) = refused.value.faults
    assert (fault.file, fault.line, fault.code) == (str(cut), 2800, "early_end")
    assert "2026-03-31 16:00 UTC" in fault.expected


def test_an_export_of_another_month_is_refused(document, month, tmp_path):
    text = month["plant_historian"].read_text(encoding="utf-8-sig").replace(".03.2026", ".02.2026")
    other = tmp_path / "plant_historian.csv"
    rows = [row for row in text.splitlines(keepends=True) if row[:2] not in ("29", "30", "31")]
    other.write_text("".join(rows), encoding="utf-8-sig")
    with pytest.raises(SourceError, match="early_end"):
        verbs.ingest(document, {**month, "plant_historian": other})


def test_files_beside_the_document_count_before_a_generated_month(document, tmp_path):
    beside = document.model_copy(update={"path": tmp_path / "plant.yaml"})
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "plant_historian.csv").write_text("mine")
    files = verbs.raw_files(beside, tmp_path / "runs")
    assert files["plant_historian"] == tmp_path / "raw" / "plant_historian.csv"
    assert not (tmp_path / "runs").exists()


def test_a_generated_month_is_named_by_the_document_so_that_it_is_never_stale(document, tmp_path):
    one = verbs.raw_files(document, tmp_path)
    other = verbs.raw_files(document.model_copy(update={"content_hash": "changed"}), tmp_path)
    assert set(one.values()).isdisjoint(other.values())


def test_without_a_usable_measurement_the_account_says_so(document, raw):
    nothing = verbs.Raw({**raw.tables, "measurements": raw.tables["measurements"].clear()}, 0)
    with pytest.raises(ProblemError, match=r"no measurement of 2026-03 can be used"):
        verbs.reconcile(document, nothing)


def test_a_stock_that_cannot_be_seen_is_named(document, raw):
    uncounted = raw.tables["measurements"].filter(pl.col("object") != "re_concentrate_store")
    with pytest.raises(ProblemError, match="re_concentrate_store at the end of the account"):
        verbs.reconcile(document, verbs.Raw({**raw.tables, "measurements": uncounted}, 0))


def test_a_wrong_moisture_and_its_scale_come_as_one_class(document, raw):
    wet = raw.tables["measurements"].with_columns(
        value=pl.when(pl.col("tag") == "LAB-RCF-H2O").then(pl.col("value") + 0.05).otherwise(pl.col("value"))
    )
    account = verbs.reconcile(document, verbs.Raw({**raw.tables, "measurements": wet}, 0))
    first = account.tables["suspects"].filter(pl.col("rank") == 1)
    assert first["tag"].to_list() == ["WT-411", "LAB-RCF-H2O"]


def test_a_unit_without_a_usable_power_meter_keeps_its_declared_energy(document, raw):
    from ferrolan.records.exclusions import Exclusion

    account = verbs.reconcile(document, raw, [Exclusion("JI-501", "failed", "tester")])
    row = (
        account.tables["responses"].filter(pl.col("unit") == "mill", pl.col("commodity") == "power").row(0, named=True)
    )
    assert (row["origin"], row["coefficient"]) == ("declared", -0.021)


def test_the_periods_cover_the_month_without_gaps(document):
    periods = tags.periods(document)
    assert all(a.end == b.start for a, b in pairwise(periods))
    assert periods[-1].end - periods[0].start == timedelta(days=31)


def test_a_source_of_the_document_takes_every_key_of_a_mapping(document):
    declared = CsvSource.model_validate(
        {
            "kind": "csv", "path": "raw/runs.dat", "separator": "white_space", "header": False, "transposed": True,
            "start": "2026-03-01 00:00", "step": "3 min", "midnight": "ends_day", "leading_zeros": "refuse",
            "zero_rows": "take", "unit_row": True, "encoding": "gb18030",
        }
    )  # fmt: skip
    dialect = sources.dialect(document, declared)
    assert (dialect.separator, dialect.header, dialect.transposed, dialect.unit_row) == (" ", 0, True, True)
    assert (dialect.step, dialect.midnight, dialect.encoding) == (timedelta(minutes=3), "ends_day", "gb18030")
    assert (dialect.leading_zeros, dialect.zero_rows, dialect.time_zone) == ("refuse", "take", "Asia/Shanghai")


def test_a_sheet_of_a_workbook_is_a_source(document, tmp_path):
    book = openpyxl.Workbook()
    tag = next(item for item in document.tags if item.source == "plant_historian")
    book.active.append(["Timestamp", tag.address])
    book.active.append([datetime(2026, 3, 1), 412.5])
    book.save(tmp_path / "month.xlsx")
    declared = ExcelSource.model_validate({"kind": "excel", "path": "month.xlsx", "time_column": "Timestamp"})
    alone = document.model_copy(update={"sources": {"plant_historian": declared}, "tags": (tag,)})
    file = sources.source_file(alone, "plant_historian", tmp_path)
    ((name, batch),) = sources.batches(alone, {"plant_historian": file})
    assert (name, batch.samples["value"].to_list()) == ("plant_historian", [412.5])
    assert batch.samples["time"][0] == datetime(2026, 2, 28, 16, tzinfo=UTC)


def test_a_unit_in_the_header_of_a_document_s_source_is_checked_against_the_tag_map(document, month, tmp_path):
    tag = next(item for item in document.tags if item.source == "plant_historian" and item.unit == "t/h")
    text = month["plant_historian"].read_text(encoding="utf-8-sig").replace(tag.address, f"{tag.address} [kg/h]", 1)
    other = tmp_path / "plant_historian.csv"
    other.write_text(text, encoding="utf-8-sig")
    with pytest.raises(SourceError, match="other_unit"):
        verbs.ingest(document, {**month, "plant_historian": other})


SERVER = {"url": "postgresql://reader@127.0.0.1:9/lims", "password": {"env": "LIMS_WORD"}}


def _on_server(document, **more):
    table = _with(document.sources["laboratory"], **SERVER, **more)
    return document.model_copy(update={"sources": Table({**document.sources, "laboratory": table})})


def test_a_table_on_a_server_has_no_file_and_its_secret_is_read_from_its_place(document, monkeypatch):
    there = _on_server(document)
    assert sources.on_server(there, "laboratory") and not sources.on_server(document, "laboratory")
    monkeypatch.setenv("LIMS_WORD", "marker-secret")
    table = sources.sql_table(there, there.sources["laboratory"], None)
    assert (table.url, table.password) == (SERVER["url"], "marker-secret") and "marker-secret" not in repr(table)
    with pytest.raises(SourceError, match="database_gone") as gone:
        sources.row_hash(there, "laboratory")
    assert "marker-secret" not in str(gone.value)


def test_a_table_is_polled_where_it_says_how_often(document, monkeypatch):
    place = Place("laboratory", document.path.parent, "Asia/Shanghai")
    assert sources.sql_connector(_on_server(document), "laboratory", place) is None
    polled = _on_server(document, every="30 s", updated="changed_at", watch="36 h")
    assert sources.is_polled(polled, "laboratory")
    with pytest.raises(SurroundingsError, match="missing_secret"):
        sources.sql_connector(polled, "laboratory", place)
    monkeypatch.setenv("LIMS_WORD", "marker-secret")
    connector = sources.sql_connector(polled, "laboratory", place)
    assert connector.polling == Polling("changed_at", connector.table.order, every=30.0, watch=2)
    assert connector.table.time_zone == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"url": "postgresql://reader:marker-secret@db/lims"}, "password_in_url", "url"),
        ({"url": "mysql://reader@db/lims?password=marker-secret"}, "password_in_url", "url"),
        ({"url": "mysql://reader@works:marker-secret@db/lims"}, "password_in_url", "url"),
        ({"url": "postgresql://reader:marker-secret/1@db/lims"}, "password_in_url", "url"),
        ({"url": "oracle://reader:marker-secret@db/lims"}, "unknown_database", "url"),
        ({"every": "1 min"}, "missing_key", "updated"),
        ({"every": "often", "updated": "at"}, "wrong_unit", "every"),
    ],
)
def test_what_is_wrong_with_a_database_source_is_named_without_its_password(document, changes, code, path):
    entry = document.sources["laboratory"].model_dump(exclude_none=True) | changes
    spec, problems = read(SqlSource, entry)
    assert spec is None and [(problem.code, problem.path[-1]) for problem in problems] == [(code, path)]
    assert "marker-secret" not in str(problems)
