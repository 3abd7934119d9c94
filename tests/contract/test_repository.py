"""What the repository promises about itself: docstrings, dependencies and their pins, the README's two commands."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import ferrolan

ROOT = Path(__file__).parents[2]
SOURCES = sorted(Path(ferrolan.__file__).parent.rglob("*.py"))
README_COMMANDS = {
    "run": "pip install -c constraints.txt -e . && ferrolan run",
    "test": 'pip install -c constraints.txt -e ".[dev]" && pytest',
}


def normal(name: str) -> str:
    """Name of a distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normal(name): version for name, version in pairs}


def test_every_source_file_says_what_it_is_for() -> None:
    silent = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_no_source_file_is_unfinished() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [path.name for path in SOURCES if marks.search(path.read_text(encoding="utf-8"))] == []


SERVED = ("connect", "clickhouse")
"""Extras whose libraries are imported where they are needed: whatever talks to a server."""


def declared(*extras: str) -> list[Requirement]:
    """Requirements of the core and of some extras; an extra that names another one of ours adds nothing itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [entry for extra in extras for entry in project["optional-dependencies"][extra]]
    entries = [Requirement(entry) for entry in [*project["dependencies"], *optional]]
    return [entry for entry in entries if entry.name != project["name"]]


def every_extra() -> list[str]:
    return list(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    )


def imported(path: Path) -> set[str]:
    """Top-level names of what a file imports, other than this package and the standard library."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names = plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names} - {"ferrolan"} - set(sys.stdlib_module_names)


def test_every_dependency_is_pinned_to_one_version_within_its_bounds() -> None:
    pinned = pins()
    wanted = declared(*every_extra())
    assert len(wanted) > 20
    assert [entry.name for entry in wanted if normal(entry.name) not in pinned] == []
    outside = [entry for entry in wanted if not entry.specifier.contains(pinned[normal(entry.name)], prereleases=True)]
    assert [f"{entry} is pinned to {pinned[normal(entry.name)]}" for entry in outside] == []


def test_whatever_the_package_imports_is_declared_as_a_dependency() -> None:
    names = {normal(entry.name) for entry in declared(*SERVED)}
    homes = packages_distributions()
    run_time = [path for path in SOURCES if "testing" not in path.parts]  # strategies need hypothesis, of [dev]
    found = {library for path in run_time for library in imported(path)}
    assert len(found) > 10
    assert {
        library for library in found if not {normal(home) for home in homes.get(library, [library])} & names
    } == set()


def test_the_constraints_hold_names_and_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pin = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!]+")
    assert [line for line in lines if line and not line.startswith("#") and not pin.fullmatch(line)] == []
    assert len(pins()) == sum(1 for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("name", README_COMMANDS)
def test_the_readme_gives_the_command_that_ci_runs(name: str) -> None:
    """`.ci/run` reads its commands from README.md: the first line of the code block after `<!-- command: NAME -->`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- command: {name} -->\s*```\w*\n(.+)\n", text)
    assert found is not None
    assert found[1] == README_COMMANDS[name]
