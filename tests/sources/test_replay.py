from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import SourceError
from ferrolan.base.schema import read
from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.base.tables import TIME
from ferrolan.sources import replay
from ferrolan.sources.live import Place, gathered
from ferrolan.sources.source import TagAddress
from tests.sources.keeping import FIRST, Kept, Simulated, until

MINUTE = 60_000_000
TAGS = (TagAddress(11, "TT-101", "TT-101"), TagAddress(12, "FT-102", "FT-102"))


def month(folder: Path, name: str = "march.parquet", minutes: int = 120) -> Path:
    times = [FIRST + minute * MINUTE for minute in range(minutes)]
    frame = pl.DataFrame(
        {
            "tag": ["TT-101", "FT-102"] * minutes,
            "time": pl.Series([time for time in times for _ in range(2)]).cast(TIME),
            "value": [float(place) for place in range(2 * minutes)],
            "status": [0] * (2 * minutes),
        }
    )
    if name.endswith(".csv"):
        frame.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(folder / name)
    else:
        frame.write_parquet(folder / name)
    return folder / name


def played(folder: Path, sink: Kept, clock: Simulated | None = None, **keys: object) -> replay.Replay:
    spec = replay.ReplaySource.model_validate({"kind": "replay", "path": "march.parquet", "speed": "fastest", **keys})
    connector = replay.KIND.connect(spec, Place("bench", folder, clock=clock or Simulated()))
    asyncio.run(until(connector.stream(TAGS, sink), lambda: connector.health.state == "stopped"))
    return connector  # type: ignore[return-value]


def full(sink: Kept, kept: int) -> bool:
    return len(sink.samples) == kept


def frame_of(count: int = 60, tags: int = 2) -> pl.DataFrame:
    times = [FIRST + place * MINUTE for place in range(count)]
    numbers = [tag for _ in times for tag in range(1, tags + 1)]
    every = [time for time in times for _ in range(tags)]
    return replay.script(gathered(numbers, every, [float(k) for k in range(len(every))], [0] * len(every)))


@pytest.mark.parametrize("name", ["march.parquet", "march.csv"])
def test_a_file_without_faults_is_handed_over_row_by_row_as_it_is(tmp_path: Path, name: str) -> None:
    month(tmp_path, name)
    sink = Kept()
    connector = played(tmp_path, sink, path=name)
    rows = sink.rows()
    assert rows["value"].to_list() == [float(place) for place in range(240)]
    assert rows["tag"].to_list() == [11, 12] * 120
    assert rows["time"][0] == datetime(2026, 3, 1, tzinfo=UTC)
    assert connector.health.received == 240 and connector.health.late == 0


def test_a_replay_that_was_killed_goes_on_where_its_rows_were_kept(tmp_path: Path) -> None:
    month(tmp_path)
    keys: dict[str, object] = {
        "speed": 3600.0,
        "block": "5 min",
        "faults": [{"kind": "duplicate", "share": 0.3}],
        "seed": 4,
    }
    whole = Kept()
    played(tmp_path, whole, **keys)
    for kept in (1, 7, 20):
        sink = Kept(most=kept)
        spec = replay.ReplaySource.model_validate({"kind": "replay", "path": "march.parquet", **keys})
        connector = replay.KIND.connect(spec, Place("bench", tmp_path, clock=Simulated()))
        asyncio.run(until(connector.stream(TAGS, sink), partial(full, sink, kept)))
        sink.most = None
        played(tmp_path, sink, **keys)
        assert sink.rows().equals(whole.rows())


def test_a_file_that_changed_is_played_from_its_beginning(tmp_path: Path) -> None:
    month(tmp_path)
    sink = Kept()
    played(tmp_path, sink)
    month(tmp_path, minutes=60)
    again = Kept(state=sink.state)
    assert played(tmp_path, again).health.said != ""
    assert again.rows().height == 120


def test_times_are_moved_to_now_and_stay_moved_after_a_restart(tmp_path: Path) -> None:
    month(tmp_path)
    clock = Simulated(FIRST + 1000 * MINUTE)
    sink = Kept()
    played(tmp_path, sink, clock, shift_to_now=True)
    assert sink.rows()["time"].dt.timestamp("us").to_list()[::2] == [FIRST + (1000 + k) * MINUTE for k in range(120)]
    assert sink.state["shift"] == 1000 * MINUTE


@pytest.mark.parametrize("speed", [1.0, 60.0, 3600.0])
def test_a_replay_lasts_as_long_as_the_speed_says(tmp_path: Path, speed: float) -> None:
    month(tmp_path)
    clock = Simulated()
    played(tmp_path, Kept(), clock, speed=speed)
    spent = (clock.time - FIRST) / 1e6
    assert 119 * 60 / speed <= spent <= 120 * 60 / speed + 1.0


def test_a_tag_the_file_does_not_hold_gets_one_bad_row_and_stops_nothing(tmp_path: Path) -> None:
    frame = pl.read_parquet(month(tmp_path))
    frame.filter(pl.col("tag") == "TT-101").write_parquet(tmp_path / "march.parquet")
    sink = Kept()
    connector = played(tmp_path, sink)
    missing = sink.rows().filter(pl.col("tag") == 12)
    assert missing["status"].to_list() == [StatusCode.BAD_CONFIGURATION_ERROR]
    assert missing["time"].to_list() == [datetime(2026, 3, 1, tzinfo=UTC)]
    assert list(connector.health.faults) == ["FT-102"]
    assert sink.rows().height == 121


def test_a_wide_file_is_played_with_the_layout_of_the_file_sources(tmp_path: Path) -> None:
    (tmp_path / "march.csv").write_text("Zeit;TT-101;FT-102\n01.03.2026 00:00;1,5;2\n01.03.2026 00:01;;3\n")
    layout = {"time_column": "Zeit", "time_format": "%d.%m.%Y %H:%M", "separator": ";", "decimal": ","}
    sink = Kept()
    played(tmp_path, sink, path="march.csv", form="wide", layout=layout)
    rows = sink.rows().sort("tag", "time")
    assert rows["value"].to_list() == [1.5, None, 2.0, 3.0]
    assert rows["status"].to_list()[1] == StatusCode.BAD_NO_DATA


def test_texts_of_a_long_file_are_handed_over_as_texts(tmp_path: Path) -> None:
    rows = {"tag": ["grade"], "time": ["2026-03-01T08:00:00+08:00"], "value": [None], "text": ["Q235"]}
    pl.DataFrame(rows, schema_overrides={"value": pl.Float64}).write_csv(tmp_path / "march.csv")
    spec = replay.ReplaySource.model_validate({"kind": "replay", "path": "march.csv", "speed": "fastest"})
    connector = replay.KIND.connect(spec, Place("bench", tmp_path, clock=Simulated()))
    sink = Kept()
    tags = [TagAddress(5, "grade", "grade", text=True)]
    asyncio.run(until(connector.stream(tags, sink), lambda: connector.health.state == "stopped"))
    assert pl.concat(sink.texts).row(0) == (5, datetime(2026, 3, 1, tzinfo=UTC), "Q235", 0)


def test_discover_lists_the_tags_of_the_file_with_their_rows(tmp_path: Path) -> None:
    month(tmp_path)
    spec = replay.ReplaySource.model_validate({"kind": "replay", "path": "march.parquet"})
    found = asyncio.run(replay.KIND.connect(spec, Place("bench", tmp_path)).discover())
    assert [(one.address, one.rows) for one in found.addresses] == [("FT-102", 120), ("TT-101", 120)]


def test_history_gives_what_the_file_holds_of_an_interval(tmp_path: Path) -> None:
    month(tmp_path)
    spec = replay.ReplaySource.model_validate({"kind": "replay", "path": "march.parquet"})
    connector = replay.KIND.connect(spec, Place("bench", tmp_path))

    async def pages() -> list[pl.DataFrame]:
        start, end = datetime(2026, 3, 1, 0, 10, tzinfo=UTC), datetime(2026, 3, 1, 0, 20, tzinfo=UTC)
        return [page async for page in connector.history(TAGS, start, end)]

    rows = pl.concat(asyncio.run(pages()))
    assert rows["value"].to_list() == [float(place) for place in range(20, 40)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("tag,time,value\n", "no_rows"),
        ("tag,when,value\nTT-101,2026-03-01T00:00:00Z,1\n", "missing_column"),
        ("tag,time,value\nTT-101,01.03.2026,1\n", "wrong_time_format"),
        ("tag,time,value\nTT-101,2026-03-01T00:00:00,1\n", "wrong_time_format"),
    ],
)
def test_a_file_that_is_not_in_long_form_is_refused(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "march.csv").write_text(content)
    spec = replay.ReplaySource.model_validate({"kind": "replay", "path": "march.csv"})
    with pytest.raises(SourceError) as caught:
        asyncio.run(replay.KIND.connect(spec, Place("bench", tmp_path)).stream(TAGS, Kept()))
    assert caught.value.faults[0].code == code


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"form": "wide"}, ("layout",)),
        ({"layout": {"time_column": "t"}}, ("layout",)),
        ({"speed": 0}, ("speed",)),
        ({"start": "2026-03-01"}, ("start",)),
        ({"faults": [{"kind": "cut", "after": "2", "length": "1 min"}]}, ("faults", 0)),
    ],
)
def test_a_wrong_entry_is_refused_with_its_address(keys: dict[str, object], path: tuple[str | int, ...]) -> None:
    spec, problems = read(replay.ReplaySource, {"kind": "replay", "path": "march.csv", **keys})
    assert spec is None
    assert any(problem.path[: len(path)] == path for problem in problems)


# ---- faults: laws ------------------------------------------------------------------------------------------------


SEEDS = st.integers(0, 2**32)
SHARES = st.floats(0.0, 1.0)


def _sorted(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    return frame.select(names).sort(names)


@given(seed=SEEDS, share=SHARES)
@settings(max_examples=25, deadline=None)
def test_a_delay_changes_when_rows_arrive_and_nothing_else(seed: int, share: float) -> None:
    frame = frame_of()
    late = replay.delay(frame, share, 10 * MINUTE, np.random.default_rng(seed))
    keys = ("tag", "time", "value", "status")
    assert _sorted(late, *keys).equals(_sorted(frame, *keys))
    assert late["at"].is_sorted()
    assert (late["at"] >= late["time"].dt.timestamp("us")).all()


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_reordering_keeps_every_row_within_its_block(seed: int) -> None:
    frame = frame_of()
    mixed = replay.reorder(frame, 5 * MINUTE, np.random.default_rng(seed))
    keys = ("tag", "time", "value", "status")
    assert _sorted(mixed, *keys).equals(_sorted(frame, *keys))
    assert mixed["at"].equals(frame["at"])
    moved = (mixed["at"] - mixed["time"].dt.timestamp("us")).abs().max()
    assert isinstance(moved, int) and moved < 5 * MINUTE


@given(seed=SEEDS, share=SHARES)
@settings(max_examples=25, deadline=None)
def test_duplicates_add_copies_and_lose_nothing(seed: int, share: float) -> None:
    frame = frame_of()
    twice = replay.duplicate(frame, share, MINUTE, np.random.default_rng(seed))
    keys = ("tag", "time", "value", "status")
    assert twice.select(keys).unique().sort(keys).equals(_sorted(frame, *keys))
    assert twice.group_by(keys).len()["len"].max() in (1, 2)


@given(seed=SEEDS, share=SHARES)
@settings(max_examples=25, deadline=None)
def test_late_blocks_arrive_whole(seed: int, share: float) -> None:
    frame = frame_of()
    late = replay.late_blocks(frame, share, 10 * MINUTE, 60 * MINUTE, np.random.default_rng(seed))
    waits = late.with_columns(
        block=pl.col("time").dt.timestamp("us") // (10 * MINUTE), wait=pl.col("at") - pl.col("time").dt.timestamp("us")
    )
    assert waits.group_by("block").agg(pl.col("wait").n_unique())["wait"].to_list() == [1] * 6
    assert set(waits["wait"]) <= {0, 60 * MINUTE}


@given(since=st.integers(0, 59), length=st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_cut_whose_source_kept_everything_ends_with_every_row_and_no_gap(since: int, length: int) -> None:
    frame = frame_of()
    told = replay.cut(frame, FIRST + since * MINUTE, length * MINUTE, history=True)
    winners = told.group_by("tag", "time").last().filter(pl.col("status") < RETRACTED)
    assert _sorted(winners, "tag", "time", "value").equals(_sorted(frame, "tag", "time", "value"))


def test_a_cut_tells_each_tag_once_and_loses_what_the_source_did_not_keep() -> None:
    frame = frame_of()
    told = replay.cut(frame, FIRST + 10 * MINUTE + 1, 5 * MINUTE)
    gaps = told.filter(pl.col("status") == StatusCode.BAD_NO_COMMUNICATION)
    assert (
        gaps["tag"].to_list() == [1, 2] and gaps["time"].dt.timestamp("us").to_list() == [FIRST + 10 * MINUTE + 1] * 2
    )
    assert told.height == frame.height - 2 * 5 + 2


def test_history_of_a_cut_comes_newest_hour_first() -> None:
    frame = frame_of(count=240, tags=1)
    told = replay.cut(frame, FIRST, 200 * MINUTE, history=True)
    pages = told.filter(pl.col("at") == FIRST + 200 * MINUTE, pl.col("status") == 0)["time"].dt.hour()
    assert pages.unique(maintain_order=True).to_list() == [3, 2, 1, 0]


def test_a_clock_that_steps_changes_times_and_not_when_rows_arrive() -> None:
    frame = frame_of(tags=1)
    stepped = replay.clock_step(frame, FIRST + 30 * MINUTE, -60 * MINUTE, 10 * MINUTE)
    wrong = stepped["time"].dt.timestamp("us") - stepped["at"]
    assert wrong.to_list() == [0] * 30 + [-60 * MINUTE] * 10 + [0] * 20


def test_spikes_hit_the_share_that_was_asked_for_and_only_values() -> None:
    frame = frame_of(count=5000, tags=1)
    hit = replay.spikes(frame, 0.1, 100.0, np.random.default_rng(1))
    changed = (hit["value"] != frame["value"]).sum()
    assert 400 < changed < 600
    assert hit.drop("value").equals(frame.drop("value"))


@given(every=st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_deliveries_hold_every_row_once_and_in_order(every: int) -> None:
    frame = frame_of()
    parts = list(replay.deliveries(frame, every * MINUTE))
    assert pl.concat([part.samples for part in parts])["value"].equals(frame["value"])
    assert [part.at for part in parts] == sorted(part.at for part in parts)


def test_the_same_seed_gives_the_same_faults_and_another_seed_others(tmp_path: Path) -> None:
    month(tmp_path)
    planned = [{"kind": "delay", "share": 0.2, "most": "10 min"}, {"kind": "duplicate", "share": 0.1}]
    runs = []
    for seed in (1, 1, 2):
        sink = Kept()
        played(tmp_path, sink, faults=planned, seed=seed)
        runs.append(sink.rows())
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])
