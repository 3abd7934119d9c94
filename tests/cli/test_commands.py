"""Every command of the journey: text for people, one JSON document for programs, nothing kept by a dry run."""

from __future__ import annotations

import io
import json
import re
import shutil

import polars as pl
import pytest

from ferrolan.records import runs
from ferrolan.records.exports import records
from ferrolan.verbs import shipped
from tests.command import ferrolan, in_a_process

LYNAS = shipped("lynas")
STEEL = shipped("steel_works")


@pytest.fixture
def lynas(kept, tmp_path):
    """A folder with one kept run of a company seen from outside, and that run."""
    shutil.copytree(kept("lynas").run.folder.parent, tmp_path / "runs", symlinks=True)
    return tmp_path, runs.read(tmp_path / "runs" / kept("lynas").run_id)


def test_a_company_from_outside_says_which_stations_had_no_data(lynas):
    _, run = lynas
    state = dict(run.tables["stations"].select("station", "state").iter_rows())
    assert [name for name, found in state.items() if found == "no_data"] == ["raw data", "historian", "account"]
    assert [name for name, found in state.items() if found == "done"] == ["document", "plan", "market", "brief"]


@pytest.mark.parametrize(
    ("command", "station", "table"),
    [("plan", "plan", "plan_limits"), ("market", "market", "market")],
)
def test_one_station_is_kept_like_a_run_without_a_brief(tmp_path, few, command, station, table):
    finished = ferrolan(command, few("lynas"), cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    (name,) = runs.names(tmp_path / "runs")
    run = runs.read(tmp_path / "runs" / name)
    assert name in finished.stdout
    assert run.tables[table].height > 0
    assert "brief.html" not in run.files
    assert dict(run.tables["stations"].select("station", "state").iter_rows())[station] == "done"


def test_a_dry_run_says_the_same_and_keeps_nothing(kept, tmp_path):
    finished = ferrolan("run", LYNAS, "--dry-run", "--json", cwd=tmp_path)
    told = json.loads(finished.stdout)
    assert (finished.returncode, told["run"], told["folder"]) == (0, kept("lynas").run_id, None)
    assert list(tmp_path.iterdir()) == []
    assert told["findings"] == json.loads(json.dumps(records(kept("lynas").tables["findings"]), default=str))


def test_a_run_tells_where_it_lies_and_what_it_found(tmp_path, few):
    finished = ferrolan("run", few("lynas"), "--json", cwd=tmp_path)
    told = json.loads(finished.stdout)
    assert (finished.returncode, finished.stderr) == (0, "")
    run = runs.read(tmp_path / told["folder"])
    assert told["run"] == run.run_id
    assert told["findings"] == json.loads(json.dumps(records(run.tables["findings"]), default=str))


def test_another_seed_is_another_run_with_other_draws_and_the_same_plan(tmp_path, few):
    for seed in ("7", "8"):
        finished = ferrolan("run", few("lynas"), "--seed", seed, cwd=tmp_path)
        assert finished.returncode == 0, finished.stderr
    kept = [runs.read(tmp_path / "runs" / name) for name in runs.names(tmp_path / "runs")]
    run, other = sorted(kept, key=lambda one: one.identity.seed)
    assert (run.identity.seed, other.identity.seed) == (7, 8)
    assert other.hashes["plan_flows"] == run.hashes["plan_flows"]
    assert other.hashes["what_if"] != run.hashes["what_if"]


def test_reconcile_prints_the_suspect_and_exits_1_under_strict(tmp_path):
    finished = ferrolan("reconcile", "ore_to_both", "--dry-run", "--strict", cwd=tmp_path)
    assert finished.returncode == 1, finished.stderr
    assert "WT-214" in finished.stdout
    assert list(tmp_path.iterdir()) == []


def test_ingest_of_a_document_counts_what_was_taken_from_every_source(with_raw, tmp_path):
    with_raw(tmp_path / "runs")
    finished = ferrolan("ingest", "ore_to_both", "--json", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    taken = {row["source"]: row for row in told["ingest"]}
    assert taken["laboratory"]["rejected"] == 3
    assert (tmp_path / "runs" / "historian" / f"{told['run']}.duckdb").is_file()


def test_another_month_of_a_generated_plant_is_another_account(tmp_path):
    finished = ferrolan("reconcile", "ore_to_both", "--month", "2026-04", "--json", "--dry-run", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    wrong = ferrolan("reconcile", "ore_to_both", "--month", "04-2026", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "Write it like 2026-03" in wrong.stderr


def test_a_month_of_a_document_without_an_account_is_the_first_of_its_plan(tmp_path, few):
    finished = ferrolan("plan", few("lynas"), "--month", "2026-04", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    (name,) = runs.names(tmp_path / "runs")
    assert runs.read(tmp_path / "runs" / name).tables["plan_flows"]["month"].min() == "2026-04"
    wrong = ferrolan("plan", few("lynas"), "--month", "04-2026", cwd=tmp_path)
    assert wrong.returncode == 2 and "Write it like 2026-03" in wrong.stderr


def test_a_seed_for_a_document_that_draws_nothing_is_refused(tmp_path):
    section = re.compile(r"^uncertainty:.*?^(?=\w)", re.MULTILINE | re.DOTALL)
    without, count = section.subn("", LYNAS.read_text(encoding="utf-8"))
    assert count == 1
    (tmp_path / "certain.yaml").write_text(without, encoding="utf-8")
    seed = ferrolan("plan", "certain.yaml", "--seed", "8", cwd=tmp_path)
    assert seed.returncode == 2 and "Add 'uncertainty' with draws and seed" in seed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["certain.yaml"]


def test_market_of_a_document_without_one_exits_2(tmp_path):
    finished = ferrolan("market", STEEL, cwd=tmp_path)
    assert finished.returncode == 2
    assert "steel_works.yaml  market" in finished.stderr


def test_the_brief_of_a_kept_run_is_written_again_to_the_byte(lynas):
    folder, run = lynas
    finished = ferrolan("brief", run.run_id[:6], "--html", "again.html", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    assert (folder / "again.html").read_bytes() == (run.folder / "brief.html").read_bytes()
    with (folder / "printed.html").open("wb") as printed:
        assert in_a_process("brief", cwd=folder, stdout=printed).returncode == 0
    assert (folder / "printed.html").read_bytes() == (run.folder / "brief.html").read_bytes()


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_table_is_exported_whole(lynas, form):
    folder, run = lynas
    finished = ferrolan("export", "last", "what_if", "--format", form, cwd=folder, text=False)
    assert finished.returncode == 0, finished.stderr
    reader = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}[form]
    frame = reader(io.BytesIO(finished.stdout))
    assert frame["gain"].to_list() == pytest.approx(run.tables["what_if"]["gain"].to_list())


def test_a_table_goes_to_a_file_and_an_unknown_one_is_refused_with_the_nearest(lynas):
    folder, _ = lynas
    done = ferrolan("export", "last", "stations", "--to", "deep/stations.csv", cwd=folder)
    assert done.returncode == 0 and (folder / "deep" / "stations.csv").is_file()
    wrong = ferrolan("export", "last", "station", cwd=folder)
    assert wrong.returncode == 3
    assert "'stations'" in wrong.stderr
    listed = ferrolan("export", cwd=folder)
    assert "plan_limits" in listed.stdout


def test_a_run_that_is_not_there_is_named(tmp_path):
    finished = ferrolan("export", "abc", "market", cwd=tmp_path)
    assert finished.returncode == 3
    assert "runs" in finished.stderr and "ferrolan run" in finished.stderr


def test_errors_are_json_where_json_is_asked_for(tmp_path):
    finished = ferrolan("check", "nowhere.yaml", "--json", cwd=tmp_path)
    told = json.loads(finished.stdout)["error"]
    assert (finished.returncode, told["exit_code"], told["type"]) == (2, 2, "DocumentError")
    assert told["faults"][0]["code"] == "no_file"


def test_a_traceback_is_shown_with_debug_alone(tmp_path):
    assert "Traceback" not in ferrolan("check", "nowhere.yaml", cwd=tmp_path).stderr
    assert "Traceback" in ferrolan("check", "nowhere.yaml", "--debug", cwd=tmp_path).stderr


def test_the_list_of_commands_says_what_each_does(tmp_path):
    shown = ferrolan("--help", cwd=tmp_path).stdout
    for command in (
        "run",
        "ingest",
        "reconcile",
        "account",
        "plan",
        "market",
        "init",
        "check",
        "doctor",
        "brief",
        "export",
        "replay",
        "exclude",
        "count",
        "lock",
        "reopen",
    ):
        assert f"│ {command} " in shown


def test_shell_completion_knows_the_commands(tmp_path):
    from ferrolan.cli import app

    assert "reconcile" in app.generate_completion(prog_name="ferrolan", shell="bash")


@pytest.mark.parametrize("kind", ["both", "steel", "rare_earth", "analyst"])
def test_init_writes_a_document_that_checks(tmp_path, kind):
    finished = ferrolan("init", kind, "--kind", kind, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert ferrolan("check", f"{kind}/{kind}.yaml", cwd=tmp_path).returncode == 0
    again = ferrolan("init", kind, "--kind", kind, cwd=tmp_path)
    assert again.returncode == 2
    assert f"{kind}.yaml" in again.stderr


def test_doctor_finds_that_the_main_job_can_run(tmp_path):
    finished = ferrolan("doctor", "--json", cwd=tmp_path)
    told = json.loads(finished.stdout)
    assert finished.returncode == 0 and told["can_run"]
    assert {"solver", "historian"} <= {finding["check"] for finding in told["findings"]}
    assert list(tmp_path.iterdir()) == []


def test_schema_prints_json(tmp_path):
    finished = ferrolan("schema", cwd=tmp_path)
    assert "commodities" in json.loads(finished.stdout)["properties"]
