"""The page of published cases is what the folders say, and every case has a birth certificate and a test."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cases_page", ROOT / "docs" / "cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _maker()
FOLDERS = [(engine, name) for engine in MAKER.ENGINES for name in MAKER.cases(engine)]


def test_the_page_is_what_the_folders_say() -> None:
    assert MAKER.PAGE.read_text(encoding="utf-8") == MAKER.cases_page(), "run python docs/cases.py"


def test_every_folder_of_cases_belongs_to_an_engine_of_the_page() -> None:
    found = {path.parent.relative_to(ROOT / "cases").parts for path in (ROOT / "cases").rglob("case.toml")}
    assert found == set(FOLDERS)


@pytest.mark.parametrize(("engine", "name"), FOLDERS)
def test_a_case_says_where_it_is_from_how_sure_it_is_and_how_close_it_must_be_met(engine: str, name: str) -> None:
    told = MAKER.cases(engine)[name]
    assert all(told[field].strip() for field in ("title", "proves", "status", "source", "tolerance_reason"))
    assert told["status"].startswith(tuple(MAKER.STATUS))
    assert len({"tolerance", "tolerance_rel", "tolerance_abs"} & set(told)) == 1
    assert "doi" in told


@pytest.mark.parametrize(("engine", "name"), FOLDERS)
def test_a_case_is_run_by_a_test_of_its_engine(engine: str, name: str) -> None:
    named = any(name in path.read_text(encoding="utf-8") for path in (ROOT / "tests" / engine).rglob("*.py"))
    every_run = engine == "reconciliation" and "runs" in MAKER.cases(engine)[name]  # test_cases.py takes all of these
    assert named or every_run


@pytest.mark.parametrize("engine", ["reconciliation", "planning", "market", "historian", "process"])
def test_every_engine_has_cases(engine: str) -> None:
    assert len(MAKER.cases(engine)) >= 2
