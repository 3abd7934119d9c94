"""The command line: errors with their address and exit code, and a quick start."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from ferrolan.verbs import shipped
from tests.command import ferrolan, in_a_process


@pytest.fixture
def plant(tmp_path):
    """A copy of the shipped document that a test may break."""
    shutil.copytree(shipped("ore_to_both").parent, tmp_path / "plant")
    return tmp_path / "plant" / shipped("ore_to_both").name


def test_importing_the_command_line_loads_nothing_heavy():
    code = "import sys, ferrolan.cli; print([m for m in ('polars','pydantic','duckdb','highspy','numpy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("check", "nowhere.yaml")],
    ids=" ".join,
)
def test_a_command_called_here_says_and_ends_as_in_a_process_of_its_own(tmp_path, arguments):
    """What the tests of the command line stand on."""
    here, there = ferrolan(*arguments, cwd=tmp_path), in_a_process(*arguments, cwd=tmp_path)
    assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)


def test_version_is_printed(tmp_path):
    finished = in_a_process("--version", cwd=tmp_path)
    assert (finished.returncode, finished.stdout.strip()) == (0, "0.1.0")


def test_check_of_the_shipped_document_finds_no_fault(tmp_path):
    finished = ferrolan("check", "ore_to_both", cwd=tmp_path)
    assert finished.returncode == 0
    assert "No fault found" in finished.stdout


def test_check_lists_every_fault_with_file_and_line_and_exits_2(plant):
    text = plant.read_text()
    broken = text.replace("capacity: {value: 330 t/h,", "capacity: {value: -330 t/h,").replace(
        "owner: steel\n    at: [2, 1]", "owner: stele\n    at: [2, 1]"
    )
    plant.write_text(broken)
    line = next(number for number, row in enumerate(broken.splitlines(), 1) if "-330 t/h" in row)
    finished = ferrolan("check", str(plant), cwd=plant.parent)
    assert finished.returncode == 2
    assert "2 faults:" in finished.stderr
    assert f"ore_to_both.yaml:{line}" in finished.stderr
    assert "stele" in finished.stderr


def test_run_of_a_document_that_is_not_there_exits_2_and_keeps_nothing(tmp_path):
    finished = ferrolan("run", "nowhere.yaml", cwd=tmp_path)
    assert finished.returncode == 2
    assert "nowhere.yaml" in finished.stderr
    assert not (tmp_path / "runs").exists()


def test_run_on_a_broken_export_names_file_and_line_and_exits_4(plant):
    text = plant.read_text()
    plant.write_text(text[: text.index("virtual_plant:")] + text[text.index("sources:") :])
    from ferrolan.verbs import load
    from ferrolan.virtualplant import simulate, write

    write(simulate(20260301), load(plant).tags, plant.parent)
    export = plant.parent / "raw" / "plant_historian.csv"
    rows = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(rows[:100]) + rows[100][:40])
    finished = ferrolan("run", str(plant), cwd=plant.parent)
    assert finished.returncode == 4
    assert "plant_historian.csv:101" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_run_without_raw_files_says_which_are_missing(plant):
    text = plant.read_text()
    plant.write_text(text[: text.index("virtual_plant:")] + text[text.index("sources:") :])
    finished = ferrolan("run", str(plant), cwd=plant.parent)
    assert finished.returncode == 4
    assert "plant_historian.csv" in finished.stderr
    assert "sources.plant_historian" in finished.stderr


def test_an_output_folder_that_is_a_file_is_named_and_exits_4(tmp_path):
    (tmp_path / "file").write_text("")
    finished = ferrolan("run", "ore_to_both", "--out", "file", cwd=tmp_path)
    assert finished.returncode == 4
    assert "file" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_meter_that_does_not_exist_cannot_be_signed_out(tmp_path):
    finished = ferrolan("exclude", "WT-999", "ore_to_both", "--who", "somebody", "--reason", "none", cwd=tmp_path)
    assert finished.returncode == 2
    assert "WT-999" in finished.stderr
    assert "WT-" in finished.stderr.replace("WT-999", "")
    assert not (tmp_path / "runs").exists()


def test_an_act_without_a_reason_is_refused(tmp_path):
    finished = ferrolan("exclude", "WT-214", "ore_to_both", "--who", "somebody", "--reason", "", cwd=tmp_path)
    assert finished.returncode == 3
    assert "reason" in finished.stderr


def test_a_language_without_catalogue_is_said_to_be_missing(tmp_path):
    finished = ferrolan("run", "ore_to_both", "--language", "xx", cwd=tmp_path)
    assert finished.returncode == 4
    assert "'xx'" in finished.stderr
    assert not (tmp_path / "runs").exists()
