from __future__ import annotations

import ast
from pathlib import Path

import ferrolan.virtualplant

ALLOWED = ("ferrolan.base", "ferrolan.enterprise", "ferrolan.virtualplant")
FOREIGN = {"numpy", "polars"}
STANDARD = {"__future__", "collections", "contextlib", "csv", "dataclasses", "datetime", "functools", "importlib", "os", "pathlib",
            "sqlite3", "typing", "zlib", "zoneinfo"}  # fmt: skip
HOUSE = Path(ferrolan.virtualplant.__file__).parent


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_generator_knows_no_engine_source_historian_or_assembly():
    files = sorted(HOUSE.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        for module in imported(path):
            root = module.split(".")[0]
            assert module.startswith(ALLOWED) if root == "ferrolan" else root in FOREIGN | STANDARD, (path, module)


def test_nothing_is_imported_behind_the_readers_back():
    for path in HOUSE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import_module" not in text and "__import__" not in text


def test_public_names_are_exactly_these():
    assert ferrolan.virtualplant.__all__ == ["Truth", "planted", "simulate", "write"]


def test_the_tag_of_the_enterprise_is_all_the_plant_asks_for(tags):
    from ferrolan.enterprise.tags import read_tags

    path = Path(ferrolan.__file__).parent / "examples" / "ore_to_both" / "tags.csv"
    declared, faults = read_tags(path.read_text(encoding="utf-8"), path.name)
    assert not faults
    for theirs, ours in zip(declared, tags, strict=True):
        for name, value in vars(ours).items():
            found = getattr(theirs, name)
            close = abs(found - value) < 1e-9 * max(1.0, abs(value)) if isinstance(value, float) else found == value
            assert close, (ours.tag, name)
