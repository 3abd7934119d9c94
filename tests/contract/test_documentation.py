"""What the documentation says can be followed: its links lead somewhere, and its examples run."""

from __future__ import annotations

import csv
import doctest
import importlib.util
import json
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

import ferrolan
from ferrolan.assembly.catalogue import kinds
from ferrolan.base.tables import TABLES
from ferrolan.enterprise.checks import check_tags
from ferrolan.enterprise.load import load
from ferrolan.enterprise.tags import read_tags
from ferrolan.views.tables import VIEWS
from tests.docs.walk import TUTORIAL, Block, walked
from tests.docs.walk import blocks as all_blocks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OWN_PLANT = DOCS / "how-to" / "your-own-plant.md"
EXAMPLE = Path(ferrolan.__file__).parent / "examples" / "ore_to_both" / "ore_to_both.yaml"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("http://", "https://", "mailto:")
ALLOWED = ("https://doi.org/",)
"""Addresses outside that a page may name: they stand in a source that is cited, and no page needs them."""
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
RUN_BY_CI = ("command: run", "command: test")
"""Marks of README.md whose command `.ci/run` takes from there."""


def links(page: Path) -> list[str]:
    """Targets of the relative links and pictures of a page; code blocks hold none."""
    found = (one or other for one, other in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))))
    return [target for target in found if not target.startswith(ELSEWHERE)]


def generated() -> set[Path]:
    """Pages that docs/hooks.py writes while the documentation is built."""
    package = Path(ferrolan.__file__).parent
    rooms = {path.relative_to(package).parts[0].removesuffix(".py") for path in package.rglob("*.py")}
    return {DOCS / "reference" / f"{name}.md" for name in {*rooms, "document", "tables", "public_record"}}


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as the table of contents of MkDocs makes them."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading)
        name = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())
        while name in found:
            name = f"{name}_1"
        found.add(name)
    return found


def leads_nowhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    place = (page.parent / unquote(path)).resolve() if path else page
    if place == DOCS / "reference" / "tables.md" and anchor:
        return anchor not in {*TABLES, *VIEWS}
    if place in generated():
        return bool(anchor)  # nothing but the tables has anchors that stay
    return not place.exists() or bool(anchor and anchor not in anchors(place))


def maker(name: str) -> ModuleType:
    """A script of docs/ that writes a page."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def merged(whole: Any, part: Any) -> Any:
    """The whole with a part of it replaced, mapping by mapping; a value with its source is one thing."""
    if isinstance(whole, dict) and isinstance(part, dict) and "value" not in part:
        return {**whole, **{key: merged(whole.get(key), value) for key, value in part.items()}}
    return part


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_picture_leads_to_a_file_of_the_repository(page: Path) -> None:
    assert [target for target in links(page) if leads_nowhere(page, target)] == []


def test_links_are_found_in_every_form() -> None:
    page = '[a](x.md#y) ![p](pictures/p.png "title") <img src="q.png"> [w](https://example.org)\n```\n[c](no.md)\n```\n'
    found = [one or other for one, other in LINK.findall(FENCE.sub("", page))]
    assert found == ["x.md#y", "pictures/p.png", "q.png", "https://example.org"]


def test_anchors_are_those_of_the_headings(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c, d\n## 3. The [e](f.md) run (3 minutes)\n```sh\n# no\n```\n## 3. The e run (3 minutes)\n"
    )
    assert anchors(page) == {"a-b-c-d", "3-the-e-run-3-minutes", "3-the-e-run-3-minutes_1"}
    assert leads_nowhere(page, "#a-b-c-d") is False
    assert leads_nowhere(page, "#a-b-c-e") is True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_address_outside_but_those_of_what_it_cites(page: Path) -> None:
    found = (one or other for one, other in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))))
    assert [target for target in found if target.startswith(ELSEWHERE) and not target.startswith(ALLOWED)] == []


def is_held(page: Path, block: Block) -> bool:
    """Whether a code block is run or loaded by a test, printed by one that is, or says why not."""
    if block.mark.startswith("not run: ") or block.mark in RUN_BY_CI:
        return True
    if block.language in ("sh", "python"):
        return ">>> " in block.body or page in WALKED
    return {"text": always, "yaml": is_yaml, "csv": is_csv, "json": is_json}.get(block.language, never)(block.body)


def always(_body: str) -> bool:
    return True


def never(_body: str) -> bool:
    return False


def is_yaml(body: str) -> bool:
    return isinstance(yaml.safe_load(body), dict)


def is_csv(body: str) -> bool:
    """Whether all rows have as many cells as the header, by comma or semicolon."""
    widths = [{len(row) for row in csv.reader(body.splitlines(), delimiter=mark)} for mark in ",;"]
    return any(len(width) == 1 and width != {1} for width in widths)


def is_json(body: str) -> bool:
    return json.loads(body) is not None


WALKED = [page for page in [TUTORIAL, *sorted((DOCS / "how-to").glob("*.md"))] if walked(page)]
"""Pages that tests/docs walks."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_code_block_is_run_or_loaded_or_says_why_not(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = list(all_blocks(text))
    assert 2 * len(found) == len(re.findall(r"^```", text, re.MULTILINE)), "a fence that is no code block"
    assert [f"{page.name}:{block.line}" for block in found if not is_held(page, block)] == []


def test_what_is_real_says_what_the_documents_say() -> None:
    module = maker("what_is_real")
    text = module.PAGE.read_text(encoding="utf-8")
    assert text == module.page(text), "run python docs/what_is_real.py"
    assert sum("| all |" in line for line in text.splitlines()) == len(module.documents())


@pytest.mark.parametrize(
    "page", [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")], ids=lambda p: p.stem
)
def test_the_examples_of_a_page_run_and_give_what_is_printed(page: Path) -> None:
    done = doctest.testfile(
        str(page), module_relative=False, encoding="utf-8", optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert done.attempted > 0 and done.failed == 0


def test_every_page_stands_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", text))
    assert {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} == listed


@pytest.mark.parametrize("number", range(len(blocks(OWN_PLANT, "yaml"))))
def test_every_example_of_the_document_is_taken_as_part_of_the_shipped_one(number: int, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE.parent / "tags.csv", tmp_path)
    example = yaml.safe_load(blocks(OWN_PLANT, "yaml")[number])
    shipped = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    path = tmp_path / "plant.yaml"
    path.write_text(yaml.safe_dump(merged(shipped, example), allow_unicode=True), encoding="utf-8")
    load(path, kinds())


def test_the_rows_of_the_tag_map_are_taken() -> None:
    (rows,) = blocks(OWN_PLANT, "csv")
    tags, faults = read_tags(rows, "tags.csv")
    assert faults == () and len(tags) == rows.count("\n") - 1
    assert list(check_tags(yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")), tags, "tags.csv"))[1:] == []
