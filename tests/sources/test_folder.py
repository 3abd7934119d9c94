from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from openpyxl import Workbook

from ferrolan.base.errors import SourceError
from ferrolan.base.schema import read
from ferrolan.base.status import StatusCode
from ferrolan.sources import folder
from ferrolan.sources.folder import Folder
from ferrolan.sources.live import Place
from ferrolan.sources.source import TagAddress
from tests.sources.keeping import Kept, Simulated, Step, until

TAGS = [TagAddress(1, "Fe", "Fe", "%"), TagAddress(2, "P", "P", "%")]


def watched(place: Path, clock: Simulated | None = None, **keys: object) -> Folder:
    entry = {
        "kind": "folder", "path": "drop", "pattern": "*.csv", "time_column": "Time", "time_format": "%Y-%m-%d %H:%M",
        "period": "1 s", "settle": "2 s", **keys,
    }  # fmt: skip
    spec, problems = read(folder.FolderSource, entry)
    assert spec is not None, problems
    (place / "drop").mkdir(exist_ok=True)
    return folder.KIND.connect(spec, Place("laboratory", place, clock=clock or Simulated()))  # type: ignore[return-value]


def run(link: Folder, sink: Kept, done: Callable[[], bool], *then: Step, tags: list[TagAddress] | None = None) -> None:
    asyncio.run(until(link.stream(tags or TAGS, sink), done, then=then))


def looks(link: Folder, more: int) -> Callable[[], bool]:
    """Whether so many seconds of simulated time have passed since this was asked first."""
    begun: list[int] = []

    def passed() -> bool:
        begun[:] = begun or [link.health.proven][: link.health.proven > 0]
        return bool(begun) and link.health.proven - begun[0] >= more * 1_000_000

    return passed


def write(place: Path, name: str, *rows: str, header: str = "Time,Fe,P") -> Path:
    path = place / "drop" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows, ""]))
    return path


def values(sink: Kept, tag: int = 1) -> list[float | None]:
    return [value for value, _ in sink.of(tag)]


def test_a_file_is_taken_once_and_is_left_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5", "2026-03-01 07:00,33.4,0.6")
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir()))
    link, sink = watched(tmp_path), Kept()
    run(link, sink, looks(link, 10))
    assert values(sink) == [33.1, 33.4] and values(sink, 2) == [0.5, 0.6]
    assert sink.rows()["time"][0] == datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_times_count_in_the_zone_of_the_place_and_leave_as_utc(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    spec, _ = read(
        folder.FolderSource, {"kind": "folder", "path": "drop", "time_column": "Time", "time_format": "%Y-%m-%d %H:%M"}
    )
    assert spec is not None
    link = folder.KIND.connect(spec, Place("lab", tmp_path, time_zone="Asia/Shanghai", clock=Simulated()))
    sink = Kept()
    asyncio.run(until(link.stream(TAGS, sink), lambda: bool(sink.samples)))
    assert sink.rows()["time"][0] == datetime(2026, 2, 28, 22, tzinfo=UTC)


def test_a_file_is_not_taken_before_it_has_stood_still(tmp_path: Path) -> None:
    clock = Simulated()
    link, sink = watched(tmp_path, clock, settle="30 s"), Kept()
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    run(link, sink, lambda: bool(sink.samples))
    assert clock.time - link.health.since >= 30_000_000


def test_a_file_that_grows_while_it_is_watched_waits(tmp_path: Path) -> None:
    link, sink = watched(tmp_path, settle="30 min"), Kept()
    path = write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")

    def grow() -> None:
        path.write_text(path.read_text() + "2026-03-01 07:00,33.4,0.6\n")

    run(link, sink, looks(link, 3), (grow, looks(link, 3)), (lambda: None, lambda: bool(sink.samples)))
    assert len(sink.samples) == 1 and values(sink) == [33.1, 33.4]


def test_the_same_content_under_another_name_is_not_taken_again(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    link, sink = watched(tmp_path), Kept()
    copy: Step = (
        lambda: (tmp_path / "drop" / "b.csv").write_bytes(path.read_bytes()),
        lambda: link.health.figures["files_again"] == 1,
    )
    run(link, sink, lambda: bool(sink.samples), copy)
    assert values(sink) == [33.1]


def test_of_a_file_that_grew_only_the_new_rows_are_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5", "2026-03-01 07:00,?,0.6")
    link, sink = watched(tmp_path), Kept()

    def grow() -> None:
        path.write_text(path.read_text() + "2026-03-01 08:00,33.9,0.7\n")

    run(link, sink, lambda: bool(sink.samples), (grow, lambda: 33.9 in values(sink)))
    assert values(sink) == [33.1, None, 33.9] and values(sink, 2) == [0.5, 0.6, 0.7]
    assert sum(rows.height for rows in sink.rejected) == 1


def test_a_last_line_that_was_not_ended_is_taken_again_with_what_follows(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv")
    path.write_text("Time,Fe,P\n2026-03-01 06:00,33.1,0.5")
    link, sink = watched(tmp_path), Kept()

    def grow() -> None:
        path.write_text(path.read_text() + "5\n2026-03-01 08:00,33.9,0.7\n")

    run(link, sink, lambda: bool(sink.samples), (grow, lambda: 33.9 in values(sink)))
    assert values(sink, 2) == [0.5, 0.55, 0.7]


def test_a_corrected_file_is_taken_again_and_its_values_come_later(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5", "2026-03-01 07:00,333.4,0.6")
    link, sink = watched(tmp_path), Kept()

    def correct() -> None:
        write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5", "2026-03-01 07:00,33.4,0.6")

    run(link, sink, lambda: bool(sink.samples), (correct, lambda: 33.4 in values(sink)))
    winners = sink.rows().group_by("tag", "time").last().sort("tag", "time")
    assert winners.filter(pl.col("tag") == 1)["value"].to_list() == [33.1, 33.4]


def test_a_correction_that_is_taken_back_counts(tmp_path: Path) -> None:
    old, new = ("2026-03-01 06:00,33.1,0.5",), ("2026-03-01 06:00,44.4,0.5",)
    write(tmp_path, "a.csv", *old)
    link, sink = watched(tmp_path), Kept()
    steps: list[Step] = [
        (lambda: write(tmp_path, "a.csv", *new), lambda: values(sink)[-1] == 44.4),
        (lambda: write(tmp_path, "a.csv", *old), lambda: values(sink)[-1] == 33.1),
    ]
    run(link, sink, lambda: bool(sink.samples), *steps)
    assert values(sink) == [33.1, 44.4, 33.1]


def test_after_a_restart_nothing_is_taken_twice(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    sink = Kept()
    run(watched(tmp_path), sink, lambda: bool(sink.samples))
    again = Kept(state=sink.state)
    link = watched(tmp_path)
    write(tmp_path, "b.csv", "2026-03-02 06:00,34.0,0.5")
    run(link, again, lambda: bool(again.samples))
    assert values(again) == [34.0]


@pytest.mark.parametrize("order", ["name", "modified"])
def test_files_that_are_ready_together_are_taken_in_the_declared_order(tmp_path: Path, order: str) -> None:
    for place, name in enumerate(["c.csv", "a.csv", "b.csv"]):
        path = write(tmp_path, name, f"2026-03-01 06:00,{place}.5,0.5")
        os.utime(path, (1_700_000_000 + place, 1_700_000_000 + place))
    link, sink = watched(tmp_path, order=order), Kept()
    run(link, sink, lambda: len(sink.samples) == 3)
    assert values(sink) == ([1.5, 2.5, 0.5] if order == "name" else [0.5, 1.5, 2.5])


def test_rejected_rows_leave_with_line_and_reason(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.csv",
        "2026-03-01 06:00,33.1,0.5",
        "yesterday,33.2,0.5",
        "2026-03-01 08:00,broken,0.5",
        "2026-03-01 09:00,1,2,3",
    )
    link, sink = watched(tmp_path), Kept()
    run(link, sink, lambda: bool(sink.samples))
    rejected = pl.concat(sink.rejected)
    assert rejected.select("line", "tag", "found").rows() == [
        (3, None, "yesterday"), (4, "Fe", "broken"), (5, None, "2026-03-01 09:00,1,2,3"),
    ]  # fmt: skip
    assert rejected["source"].unique().to_list() == ["laboratory"]
    assert link.health.rejected == 3
    assert sink.of(1)[1][0] is None and sink.of(1)[1][1] >= StatusCode.BAD


FAULTY: dict[str, bytes] = {
    "zero_bytes": b"",
    "binary": bytes(range(256)) * 40,
    "half_a_header": b"Time,F",
    "no_rows": b"Time,Fe,P\n",
    "other_separator": b"Time;Fe;P\n2026-03-01 06:00;1;2\n",
    "other_columns": b"Time,Cu\n2026-03-01 06:00,1\n",
    "other_encoding": "Time,Fe,P\n2026-03-01 06:00,1,2\n".encode("utf-16"),
    "one_endless_line": b"x" * 200_000,
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_file_that_cannot_be_read_is_listed_and_blocks_no_other(tmp_path: Path, fault: str) -> None:
    link, sink = watched(tmp_path), Kept()
    (tmp_path / "drop" / "a.csv").write_bytes(FAULTY[fault])
    write(tmp_path, "b.csv", "2026-03-01 06:00,33.1,0.5")
    mend: Step = (lambda: write(tmp_path, "a.csv", "2026-03-01 05:00,32.0,0.5"), lambda: 32.0 in values(sink))
    run(link, sink, lambda: bool(sink.samples) and "a.csv" in link.health.faults, mend)
    assert values(sink) == [33.1, 32.0]
    assert [rows["file"][0].endswith("a.csv") for rows in sink.rejected] == [True]
    assert "a.csv" not in link.health.faults or link.health.figures["files_faulty"] == 1


def test_pipes_loops_and_vanishing_files_are_survived(tmp_path: Path) -> None:
    link, sink = watched(tmp_path, below=True, settle="30 min"), Kept()
    drop = tmp_path / "drop"
    os.mkfifo(drop / "pipe.csv")
    (drop / "loop.csv").symlink_to(drop / "loop.csv")
    (drop / "within").mkdir()
    (drop / "within" / "up").symlink_to(drop)
    (drop / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    write(tmp_path, "within/a.csv", "2026-03-01 06:00,33.1,0.5")
    write(tmp_path, "~$a.csv", "2026-03-01 06:00,1,1")
    write(tmp_path, "a.csv.part", "2026-03-01 06:00,1,1")
    going = write(tmp_path, "going.csv", "2026-03-01 06:00,1,1")
    run(link, sink, looks(link, 1), (going.unlink, lambda: bool(sink.samples)))
    assert values(sink) == [33.1]
    assert {"pipe.csv", "loop.csv", "gone.csv"} <= set(link.health.faults)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    link, sink = watched(tmp_path), Kept()
    (tmp_path / "secret.csv").write_text("Time,Fe,P\n2026-03-01 06:00,66.6,0.5\n")
    (tmp_path / "drop" / "a.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "drop" / "c.csv").symlink_to(tmp_path / "drop" / "b.csv")
    write(tmp_path, "b.csv", "2026-03-01 06:00,33.1,0.5")
    run(link, sink, looks(link, 10))
    assert values(sink) == [33.1]
    assert link.health.faults["a.csv"] == "a link that leads out of the folder" and "c.csv" not in link.health.faults


def test_a_share_that_is_away_is_said_so_and_leaves_no_gap(tmp_path: Path) -> None:
    link, sink = watched(tmp_path), Kept()
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    away: Step = (lambda: (tmp_path / "drop").rename(tmp_path / "away"), lambda: link.health.state == "lost")

    def back() -> None:
        (tmp_path / "away").rename(tmp_path / "drop")
        write(tmp_path, "b.csv", "2026-03-01 07:00,33.2,0.5")

    run(link, sink, lambda: bool(sink.samples), away, (back, lambda: 33.2 in values(sink)))
    assert values(sink) == [33.1, 33.2] and link.health.state == "connected"


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    link, sink = watched(tmp_path), Kept()
    (tmp_path / "drop").rmdir()
    run(
        link,
        sink,
        lambda: link.health.state == "lost",
        (lambda: write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5"), lambda: bool(sink.samples)),
    )
    assert values(sink) == [33.1]


def test_a_column_in_another_unit_costs_its_tag_alone(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5", header="Time,Fe [%],P [t/h]")
    link, sink = watched(tmp_path), Kept()
    run(link, sink, lambda: bool(sink.samples) and "P" in link.health.faults)
    assert values(sink) == [33.1] and values(sink, 2) == []
    assert "t/h" in link.health.faults["P"]


def test_a_file_may_hold_some_of_the_tags(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1", header="Time,Fe")
    link, sink = watched(tmp_path), Kept()
    later: Step = (
        lambda: write(tmp_path, "b.csv", "2026-03-01 06:00,0.5", header="Time,P"),
        lambda: bool(values(sink, 2)),
    )
    run(link, sink, lambda: bool(sink.samples) and "P" in link.health.faults, later)
    assert values(sink) == [33.1] and values(sink, 2) == [0.5]


def test_workbooks_and_parquet_files_are_taken_as_texts_are(tmp_path: Path) -> None:
    link, sink = watched(tmp_path, pattern="*"), Kept()
    book = Workbook()
    assert book.active is not None
    for row in (["Time", "Fe", "P"], [datetime(2026, 3, 1, 6), 33.1, 0.5]):
        book.active.append(row)
    book.save(tmp_path / "drop" / "a.xlsx")
    pl.DataFrame({"Time": [datetime(2026, 3, 1, 7)], "Fe": [33.2], "P": [0.6]}).write_parquet(
        tmp_path / "drop" / "b.parquet"
    )
    write(tmp_path, "c.csv", "2026-03-01 08:00,33.3,0.7")
    run(link, sink, lambda: len(sink.samples) == 3)
    assert values(sink) == [33.1, 33.2, 33.3]


def test_texts_of_a_file_leave_as_texts(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,good", header="Time,Fe,Grade")
    link, sink = watched(tmp_path), Kept()
    run(link, sink, lambda: bool(sink.texts), tags=[TAGS[0], TagAddress(7, "Grade", "Grade", text=True)])
    assert sink.texts[0]["text"].to_list() == ["good"]


def test_what_is_remembered_of_files_that_are_gone_is_bounded(tmp_path: Path) -> None:
    written = [write(tmp_path, f"{n:02d}.csv", f"2026-03-01 {n:02d}:00,33.1,0.5") for n in range(12)]
    link, sink = watched(tmp_path, remember=5), Kept()

    def exchange() -> None:
        for path in written[:9]:
            path.unlink()
        write(tmp_path, "12.csv", "2026-03-01 12:00,33.1,0.5")

    run(link, sink, lambda: len(sink.samples) >= 12, (exchange, lambda: len(sink.samples) >= 13))
    files = sink.state["files"]
    assert isinstance(files, dict) and list(files) == ["08.csv", "09.csv", "10.csv", "11.csv", "12.csv"]


def test_a_file_that_lies_there_is_never_taken_again_and_overrides_no_correction(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    write(tmp_path, "b.csv", "2026-03-01 06:00,34.1,0.5")
    write(tmp_path, "c.csv", "2026-03-01 07:00,35.1,0.5")
    link, sink = watched(tmp_path, remember=2), Kept()
    run(link, sink, looks(link, 10))
    assert values(sink) == [33.1, 34.1, 35.1]


def test_late_rows_are_taken_and_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "2026-03-02 06:00,33.1,0.5")
    link, sink = watched(tmp_path), Kept()
    late: Step = (lambda: write(tmp_path, "b.csv", "2026-03-01 06:00,32.1,0.4"), lambda: 32.1 in values(sink))
    run(link, sink, lambda: bool(sink.samples), late)
    assert link.health.late == 2


def test_discover_lists_the_columns_of_what_lies_there(tmp_path: Path) -> None:
    link = watched(tmp_path)
    write(tmp_path, "a.csv", "2026-03-01 06:00,33.1,0.5")
    write(tmp_path, "b.csv", "2026-03-01 06:00,33.1", header="Time,Cu")
    found = asyncio.run(link.discover())
    assert [(one.address, one.rows) for one in found.addresses] == [("Cu", 1), ("Fe", 1), ("P", 1)]
    (tmp_path / "drop").rename(tmp_path / "away")
    with pytest.raises(SourceError, match="missing_file"):
        asyncio.run(link.discover())


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"time_format": None, "time_column": "Time"}, ("time_format",)),
        ({"settle": "10"}, ("settle",)),
        ({"remember": 0}, ("remember",)),
        ({"order": "size"}, ("order",)),
    ],
)
def test_a_wrong_entry_is_refused_with_its_address(keys: dict[str, object], path: tuple[str, ...]) -> None:
    entry = {"kind": "folder", "path": "drop", "time_column": "Time", "time_format": "%Y", **keys}
    spec, problems = read(folder.FolderSource, {key: value for key, value in entry.items() if value is not None})
    assert spec is None and path in [problem.path for problem in problems]
