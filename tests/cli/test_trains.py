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


DESIGN = SHEET[: SHEET.index("stages")]


@pytest.fixture
def wish(tmp_path):
    (tmp_path / "wish.yaml").write_text(f"# what we want\n{DESIGN}", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("goal", ["stages", "reagent", "volume"])
def test_a_design_writes_a_sheet_that_keeps_what_was_asked_and_makes_its_purities(wish, goal):
    finished = ferrolan("cascade", "design", "wish.yaml", "--goal", goal, "--to", "train.yaml", cwd=wish)
    assert finished.returncode == 0, finished.stderr
    assert "mol a mol of feed; at least" in finished.stdout and "Written: train.yaml" in finished.stdout
    assert (wish / "train.yaml").read_text(encoding="utf-8").startswith(f"# what we want\n{DESIGN}stages: {{")
    assert ferrolan("cascade", "simulate", "train.yaml", "--strict", cwd=wish).returncode == 0


def test_what_is_written_is_what_is_printed_for_a_program(wish):
    told = json.loads(ferrolan("cascade", "design", "wish.yaml", "--to", "train.yaml", "--json", cwd=wish).stdout)
    rated = trains.rate(wish / "train.yaml")
    assert told["purities"] == dict(rated.purities)
    train = rated.profile.train
    assert (told["organic"], told["scrub"]) == (train.organic_load, train.scrub)
    assert told["reagents"]["base"] == pytest.approx(told["reagents"]["scrub_acid"] + told["reagents"]["strip_acid"])
    assert told["scrub"] > told["least"]["scrub"] and all(far > 0.0 for far in told["distance_to_pinch"].values())


def test_each_goal_is_least_where_it_is_the_goal(wish):
    found = {goal: trains.design(wish / "wish.yaml", goal).profile.train for goal in ("stages", "reagent", "volume")}
    stages = {goal: train.stages for goal, train in found.items()}
    volumes = {goal: train.stages * train.organic_load for goal, train in found.items()}
    assert found["reagent"].scrub < found["stages"].scrub and stages["reagent"] == stages["stages"]
    assert volumes["volume"] == min(volumes.values())


def test_flows_below_the_minimum_are_refused_with_what_would_do(wish):
    finished = ferrolan("cascade", "design", "wish.yaml", "--scrub", "0.5", cwd=wish)
    assert finished.returncode == 3
    assert "no number of stages" in finished.stderr and "Take W above" in finished.stderr


def test_a_pinched_train_that_stands_is_refused_with_the_least_flows(folder):
    finished = ferrolan("cascade", "design", "train.yaml", "--scrub", "0.5", cwd=folder)
    assert finished.returncode == 3
    assert "Least flows of the cut: W" in finished.stderr


def test_a_train_that_stands_is_where_the_search_begins_and_its_lines_are_replaced(folder):
    finished = ferrolan("cascade", "design", "train.yaml", "--goal", "reagent", "--to", "less.yaml", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    text = (folder / "less.yaml").read_text(encoding="utf-8")
    assert text.count("stages:") == text.count("\norganic:") == text.count("\nscrub:") == 1
    assert HOLDUP in text
    assert trains.rate(folder / "less.yaml").profile.train.stages == 45


def test_a_lower_stage_efficiency_takes_more_stages(wish):
    poor = wish / "poor.yaml"
    poor.write_text(f"{DESIGN}efficiency: 0.8\n", encoding="utf-8")
    good, worse = (trains.design(path).profile.train.stages for path in (wish / "wish.yaml", poor))
    assert worse > good
    assert trains.design(poor).purities["raffinate"] >= 0.999
    assert trains.design(poor, "reagent").profile.train.scrub <= trains.design(poor).profile.train.scrub


def test_a_file_that_is_there_is_left_as_it_is(wish):
    finished = ferrolan("cascade", "design", "wish.yaml", "--to", "wish.yaml", cwd=wish)
    assert finished.returncode == 2 and "expected a new name" in finished.stderr
    assert (wish / "wish.yaml").read_text(encoding="utf-8") == f"# what we want\n{DESIGN}"


def test_a_design_with_draws_of_no_train_is_refused(wish):
    drawn = wish / "drawn.yaml"
    drawn.write_text(
        f"{DESIGN}draws: {{middle: {{stage: 3, rate: {{value: 0.1, synthetic: true}}}}}}\n", encoding="utf-8"
    )
    finished = ferrolan("cascade", "design", "drawn.yaml", cwd=wish)
    assert finished.returncode == 2 and "leave out the draws" in finished.stderr
