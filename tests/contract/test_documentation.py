"""What the documentation says can be followed: its links lead somewhere, and its examples run."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path
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

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OWN_PLANT = DOCS / "how-to" / "your-own-plant.md"
EXAMPLE = Path(ferrolan.__file__).parent / "examples" / "ore_to_both" / "ore_to_both.yaml"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("http://", "https://", "mailto:")


def links(page: Path) -> list[str]:
    """Targets of the relative links and pictures of a page; code blocks hold none."""
    found = (one or other for one, other in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))))
    return [target for target in found if not target.startswith(ELSEWHERE)]


def generated() -> set[Path]:
    """Pages that docs/hooks.py writes while the documentation is built."""
    package = Path(ferrolan.__file__).parent
    rooms = {path.relative_to(package).parts[0].removesuffix(".py") for path in package.rglob("*.py")}
    return {DOCS / "reference" / f"{name}.md" for name in {*rooms, "tables", "public_record"}}


def leads_nowhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    place = (page.parent / unquote(path)).resolve() if path else page
    if place == DOCS / "reference" / "tables.md" and anchor:
        return anchor not in {*TABLES, *VIEWS}
    return place not in generated() and not place.exists()


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
