"""The floors hold, every room has one, and every heavy library has one door."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from importlinter.cli import lint_imports

import ferrolan

ROOT = Path(__file__).parents[2]
PACKAGE = Path(ferrolan.__file__).parent
NO_ROOM = {"__init__", "__main__", "__pycache__", "examples", "locale"}


def contracts() -> list[dict[str, Any]]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]
    found: list[dict[str, Any]] = settings["contracts"]
    return found


def test_no_import_goes_up_or_sideways(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_every_room_stands_on_a_floor() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"} - NO_ROOM
    floors = next(contract["layers"] for contract in contracts() if contract["name"] == "floors")
    assert {room.strip().removeprefix("ferrolan.") for floor in floors for room in floor.split("|")} == rooms


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder.name for folder in folders if not (folder / "__init__.py").is_file()] == []


DOORS = {
    "pint": 1, "pydantic": 2, "yaml": 2, "qdldl": 1, "highspy": 1, "piqp": 1, "duckdb": 1, "openpyxl": 2,
    "sqlalchemy": 2, "jinja2": 1, "markupsafe": 2, "cyclopts": 1, "rich": 1, "starlette": 1, "uvicorn": 1, "aiomqtt": 2,
    "google": 1, "cryptography": 2,
}  # fmt: skip
"""Imports that are let through, by library: pydantic with its core, YAML in two loaders, Excel in a reader and a writer,
escaped text in two rooms, databases where statements are made and where they are sent.
"""


@pytest.mark.parametrize("library", DOORS)
def test_a_heavy_library_has_one_door(library: str) -> None:
    doors = [contract for contract in contracts() if contract["name"] == f"one door: {library}"]
    assert [door["forbidden_modules"][0] for door in doors] == [library]
    assert len(doors[0]["ignore_imports"]) == DOORS[library]


def test_a_door_that_moved_is_an_error() -> None:
    lenient = [
        entry["name"] for entry in contracts() if entry.get("unmatched_ignore_imports_alerting", "error") != "error"
    ]
    assert lenient == []


def test_weasyprint_is_loaded_by_name_in_one_place() -> None:
    named = [path for path in PACKAGE.rglob("*.py") if '"weasyprint"' in path.read_text(encoding="utf-8")]
    assert named == [PACKAGE / "briefs" / "pdf.py"]
