"""The journey: raw data to a brief, read back; and the real command in a process of its own."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.tables import TABLES
from ferrolan.records import runs
from ferrolan.results import RUN_TABLES, STATIONS
from ferrolan.verbs import load
from tests.command import ferrolan


@pytest.fixture(scope="module")
def run(kept):
    return runs.read(kept("ore_to_both").run.folder)


def test_run_prints_what_it_found_and_where_it_lies(journey):
    (name,) = runs.names(journey.folder / "runs")
    assert "WT-214" in journey.finished.stdout
    assert str(Path("runs") / name / "brief.html") in journey.finished.stdout
    assert journey.finished.stderr == ""


def test_every_declared_table_is_kept_with_its_schema(run):
    assert {*RUN_TABLES, "findings"} <= set(run.tables)
    for name in (*RUN_TABLES, "findings"):
        TABLES[name].check(run.tables[name])


def test_the_record_holds_inputs_code_seed_solvers_and_residuals(run):
    record = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    assert set(record["inputs"]) == {"document", "month", *(f"source {name}" for name in load("ore_to_both").sources)}
    assert record["code"]["hash"]
    assert record["seed"] == 7
    assert {"reconciliation", "planning", "market"} == {solver["station"] for solver in record["solvers"]}
    assert all(max(solver["residuals"].values()) < 1e-6 for solver in record["solvers"])


def test_the_clock_holds_every_station(run):
    (clock, *_) = run.clocks
    assert tuple(clock.seconds) == STATIONS


def test_what_was_taken_from_every_source_is_kept(run):
    taken = {row["source"]: row for row in run.tables["ingest"].iter_rows(named=True)}
    assert set(taken) == set(load("ore_to_both").sources)
    assert taken["plant_historian"]["bad"] > 0
    assert taken["laboratory"]["rejected"] == 3
    assert all(row["good"] + row["uncertain"] + row["bad"] == row["samples"] for row in taken.values())


def test_the_suspects_contain_the_planted_scale_with_the_planted_bias_in_its_interval(run):
    scale = run.tables["suspects"].filter(pl.col("tag") == "WT-214").row(0, named=True)
    assert scale["z"] > scale["critical"]
    assert scale["bias_low"] < 0.03 < scale["bias_high"]


def test_reconciled_balances_close(run):
    closure = run.tables["closure"]
    throughput = closure["inflow"].drop_nulls().max()
    assert closure["reconciled_residual"].abs().max() < 1e-6 * throughput


def test_reconciled_flows_are_nearer_the_truth_than_the_readings(run):
    from ferrolan.virtualplant import simulate

    truth = simulate(20260301).period_means().filter(pl.col("kind") == "flow")
    flows = run.tables["account"].filter(pl.col("kind") == "flow", pl.col("measured").is_not_null())
    both = flows.join(truth, on=["object", "period"], suffix="_true").with_columns(
        before=(pl.col("measured") - pl.col("value_true")) / pl.col("sigma"),
        after=(pl.col("value") - pl.col("value_true")) / pl.col("sigma"),
    )
    assert both.height > 100
    assert (both["after"] ** 2).mean() < 0.7 * (both["before"] ** 2).mean()


def test_the_plan_keeps_every_quota_and_every_certificate_passes(run):
    limits = run.tables["plan_limits"].filter(pl.col("kind") == "quota")
    assert (limits["used"] <= limits["limit_value"] * (1 + 1e-9)).all()
    assert run.tables["certificates"]["passed"].all()


def test_what_is_made_in_the_plan_is_what_is_used_sold_sent_kept_or_discarded(run):
    flows = run.tables["plan_flows"]
    left = flows["opening"] + flows["made"] + flows["bought"] + flows["received"] + flows["supplied"]
    right = flows["used"] + flows["sold"] + flows["sent"] + flows["disposed"] + flows["closing"]
    assert ((left - right).abs() < 1e-6 * (1 + left.abs())).all()


def test_the_concentrate_table_answers_worth_to_whom_and_how_sure(run):
    value = {(row["measure"], row["party"]): row for row in run.tables["concentrate_value"].iter_rows(named=True)}
    assert value["seller_minimum", "seller"]["value"] < value["published", "market"]["value"]
    assert value["published", "market"]["value"] == 26_834
    assert value["published", "market"]["value"] < value["buyer_maximum", "buyer"]["value"]
    assert value["marginal_right", "buyer"]["value"] == 0.0
    for row in value.values():
        if row["low"] is not None:
            assert row["low"] <= row["value"] <= row["high"]


class _Page(HTMLParser):
    """Collects what a reader sees, and every address the page would ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(run):
    page = _Page()
    page.feed((run.folder / "brief.html").read_text(encoding="utf-8"))
    return page


def test_the_brief_is_one_file_without_script_or_outside_request(page):
    assert page.scripts == 0
    assert all(address.startswith(("#", "data:")) for address in page.addresses)


@pytest.mark.parametrize(
    "section",
    ["Highlights", "Key takeaways", "Why it matters", "Open questions", "Bigger picture", "Decide", "Fix", "Watch"],
)
def test_the_brief_has_its_sections(page, section):
    assert section in " ".join(page.text)


def test_the_brief_names_run_suspect_quota_and_published_price(page, run):
    text = re.sub(r"\s+", " ", " ".join(page.text))
    assert run.run_id in text
    assert "WT-214" in text
    assert "separation quota" in text
    assert re.search(r"26.834", text)


def test_the_brief_says_what_is_synthetic(page):
    assert "synthetic" in " ".join(page.text)


def test_run_again_in_the_same_folder_verifies_and_keeps(few, tmp_path):
    records = set()
    for _ in range(2):
        finished = ferrolan("run", few("steel_works"), "--strict", cwd=tmp_path)
        assert finished.returncode == 1, "a suspect is a finding"
        (name,) = runs.names(tmp_path / "runs")
        records.add((tmp_path / "runs" / name / "run.json").read_bytes())
    assert len(records) == 1
    assert len(runs.read(tmp_path / "runs" / name).clocks) == 2


def test_a_meter_signed_out_has_no_say_and_the_brief_says_who_signed(few, tmp_path):
    plant = few("ore_to_both")
    signed = ferrolan(
        "exclude", "WT-214", plant, "--who", "the metallurgist on duty", "--reason", "scale failed", cwd=tmp_path
    )
    assert signed.returncode == 0, signed.stderr
    finished = ferrolan("run", plant, "--strict", cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (name,) = runs.names(tmp_path / "runs")
    run = runs.read(tmp_path / "runs" / name)
    account = run.tables["account"].filter(pl.col("object") == "flotation_feed", pl.col("kind") == "flow")
    assert account["measured"].null_count() == account.height
    assert account["value"].null_count() == 0, "the flow is still observable"
    assert "excluded meters" in json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["inputs"]
    assert "the metallurgist on duty" in (run.folder / "brief.html").read_text(encoding="utf-8")
