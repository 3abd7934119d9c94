"""The commands of a train of mixer-settlers."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import polars as pl
import pytest

from ferrolan import trains
from tests.command import ferrolan
from tests.enterprise.test_train_sheet import SHEET

HOLDUP = """holdup:
  feed: {value: 5 kmol/h, synthetic: true}
  aqueous: {value: 1 m3, synthetic: true}
  organic: {value: 1.5 m3, synthetic: true}
  organic_capacity: {value: 0.2 kmol/m3, synthetic: true}
  feed_strength: {value: 1 kmol/m3, synthetic: true}
  scrub_strength: {value: 1 kmol/m3, synthetic: true}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.yaml").write_text(SHEET + HOLDUP, encoding="utf-8")
    return tmp_path


def test_simulate_prints_purities_and_writes_the_profile_and_its_figure(folder):
    finished = ferrolan("cascade", "simulate", "train.yaml", "--csv", "a.csv", "--svg", "a.svg", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    assert "wanted 99.90" in finished.stdout and "above the least flow" in finished.stdout
    frame = pl.read_csv(folder / "a.csv")
    assert frame.height == 45 * 2
    assert frame.group_by("stage").agg(pl.col("aqueous_fraction").sum())["aqueous_fraction"].to_list() == pytest.approx(
        [1.0] * 45
    )
    assert ElementTree.parse(folder / "a.svg").getroot().tag.endswith("svg")


def test_what_a_program_reads_is_what_python_gives(folder):
    told = json.loads(ferrolan("cascade", "simulate", "train.yaml", "--json", cwd=folder).stdout)
    assert told["purities"] == dict(trains.rate(folder / "train.yaml").purities)
    amounts = [row["amount"] for row in told["train_outlets"]]
    assert sum(amounts) == pytest.approx(1.0)


def test_strict_ends_with_1_where_a_purity_is_missed(folder):
    assert ferrolan("cascade", "simulate", "train.yaml", "--strict", cwd=folder).returncode == 1


def test_a_start_up_tells_when_each_product_is_on_grade(folder):
    text = (SHEET + HOLDUP).replace("{light: 0.999, heavy: 0.9999}", "{light: 0.9, heavy: 0.99}")
    (folder / "train.yaml").write_text(text, encoding="utf-8")
    finished = ferrolan("cascade", "start-up", "train.yaml", "--days", "40", "--csv", "a.csv", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("on grade from") == 2
    told = json.loads(ferrolan("cascade", "start-up", "train.yaml", "--days", "40", "--json", cwd=folder).stdout)
    assert all(0.0 <= hours < 960.0 for hours in told["hours_to_grade"].values())
    assert pl.read_csv(folder / "a.csv")["time"].max() == 960.0


def test_a_faulty_sheet_is_refused_with_its_line_and_exit_2(folder):
    (folder / "train.yaml").write_text(SHEET.replace("0.23", "0.2"), encoding="utf-8")
    finished = ferrolan("cascade", "simulate", "train.yaml", cwd=folder)
    assert finished.returncode == 2
    assert "train.yaml:4" in finished.stderr and "fractions that sum to one" in finished.stderr
