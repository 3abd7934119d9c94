"""The page of refusals knows every code that the source can give, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import ferrolan
from ferrolan.base import errors
from ferrolan.base.errors import FerrolanError
from ferrolan.base.surroundings import OTHER, REFUSALS
from ferrolan.historian.server import refusals
from ferrolan.sources.sql import database

PACKAGE = Path(ferrolan.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "when-it-refuses.md"
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PLACE = {"Fault": 6, "refusal": 6, "WrongValue": 0, "Problem": 1, "Refusal": 0}
"""Where the code stands among the arguments; elsewhere it is the last one."""
MAKERS = {*PLACE, "_fault", "_broken", "add", "known_name"}
LIKE_A_CODE = re.compile(
    r"(unknown|wrong|missing|duplicate|dangling|unusable|unstable|changed|damaged|not|no|bad|database|two)_[a-z_]+"
)
NOT_CODES = {
    "bad_texts", "database_url", "no_data", "not_declared", "not_converged", "not_feasible", "no_value",
    "missing_row", "bad_share",
}  # fmt: skip
"""Other words of the source that look like codes: keys of documents, states of stations."""


def texts(node: ast.expr) -> Iterator[str]:
    """Texts an expression can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))


def codes_of(call: ast.Call) -> Iterator[str]:
    """Codes that a call hands to whatever makes a fault."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in MAKERS and len(call.args) > max(PLACE.get(name, 1), 1):
        yield from texts(call.args[PLACE.get(name, -1)])
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from texts(keyword.value)


def codes() -> set[str]:
    """Every code in the source."""
    found = {refusal.code for refusal in (*REFUSALS, OTHER)} | {said[-1] for said in database._SAID}
    found |= {said[0] for said in refusals.SAID.values()}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= set(codes_of(node))
            if isinstance(node, ast.Assign) and any("code" in ast.dump(target) for target in node.targets):
                found |= {text for part in ast.walk(node.value) if isinstance(part, ast.expr) for text in texts(part) if LIKE_A_CODE.fullmatch(text)}  # fmt: skip
    return {code for code in found if "_" in code or code in {"empty", "negative", "duplicate"}} - NOT_CODES


def listed() -> dict[str, list[str]]:
    """Cells of every row of the page's tables by the code in its first cell."""
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return {row[1].strip().strip("`"): [cell.strip() for cell in row[2:-1]] for row in rows}


def test_every_code_of_the_source_stands_on_the_page_and_none_besides() -> None:
    known = codes()
    assert sorted(known - set(listed())) == []
    assert sorted(set(listed()) - known) == []


def test_every_row_has_an_example_and_a_way_out() -> None:
    assert {code: cells for code, cells in listed().items() if len(cells) != 2 or not all(cells)} == {}


def test_no_code_stands_twice() -> None:
    rows = re.findall(r"^\| `([a-z_0-9]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(set(rows))


def test_every_kind_of_error_stands_there_with_its_exit_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FerrolanError)]
    for kind in kinds:
        if kind.__name__ not in ("FerrolanError", "FaultsError"):
            assert re.search(rf"^\| {kind.exit_code} \|.*`{kind.__name__}`", text, re.MULTILINE), kind.__name__
