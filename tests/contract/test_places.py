"""What CONTRIBUTING.md says takes more than one place has every one of them, so that none is forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import ferrolan
from ferrolan.base.units import CURRENCIES
from ferrolan.enterprise.policies import Scenario
from ferrolan.enterprise.sources import Source
from ferrolan.starting import KINDS

PACKAGE = Path(ferrolan.__file__).parent
ROOT = Path(__file__).parents[2]
INSTRUMENTS = get_args(Scenario.model_fields["instrument"].annotation)
SOURCES = [kind.__name__ for kind in get_args(get_args(Source)[0])]
EXAMPLES = {"crusher.py", "export_tax.py", "jsonl.py", "minimum.py"}
"""Files that CONTRIBUTING.md adds for the sake of the example."""
NEAR = (ROOT, PACKAGE, PACKAGE / "briefs", PACKAGE / "cli", PACKAGE / "enterprise", PACKAGE / "facts" / "data")
"""Where a path of its table may begin."""


def text(path: str) -> str:
    return (PACKAGE / path).read_text(encoding="utf-8")


def after(path: str, name: str, end: str = "}") -> str:
    """What stands in a file between the definition of a name and an end."""
    return re.split(rf"^{name}\b", text(path), maxsplit=1, flags=re.M)[1].partition(end)[0]


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_an_instrument_of_a_document_is_written_and_has_its_words(name: str) -> None:
    assert (PACKAGE / "market" / "instruments" / f"{name}.py").is_file()
    assert f'"{name}":' in after("assembly/market.py", "_WRITTEN")
    assert f'"{name}":' in after("views/tables.py", "_HITS")
    assert f'"{name}"' in text("views/words.py")


@pytest.mark.parametrize("name", SOURCES)
def test_a_kind_of_source_of_a_document_is_read(name: str) -> None:
    read = after("assembly/sources.py", "def batches", "\ndef ")
    assert f"isinstance(declared, {name})" in read or name == "SqlSource"  # the branch that is left


@pytest.mark.parametrize("kind", KINDS)
def test_init_offers_every_kind_of_business(kind: str) -> None:
    assert f'"{kind}"' in after("cli/beginning.py", "def init", "-> int")


@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_currency_has_a_rate_to_begin_with(currency: str) -> None:
    assert f'"{currency}":' in after("starting/templates.py", "_PER_USD")


def test_every_file_that_the_table_of_contributing_names_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## One place to touch")[2].partition("### ")[0]
    named = set(re.findall(r"`([\w/]+\.(?:py|j2|toml|yml|yaml|txt|md)|[\w/]+/)`", table))
    assert len(named) > 30
    missing = [name for name in named if not any((folder / name).exists() for folder in NEAR)]
    assert {Path(name).name for name in missing} == EXAMPLES
