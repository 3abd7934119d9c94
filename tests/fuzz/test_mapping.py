"""Whatever stands in a mapping of real files: it loads, or every fault says where, what and the way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from ferrolan.base.errors import DocumentError, FerrolanError
from ferrolan.enterprise.mapping import DataMapping, load
from ferrolan.testing.strategies import bombs, broken_documents, outcome
from ferrolan.verbs import shipped

MINUTES = float(os.environ.get("FERROLAN_FUZZ", "1"))
"""How much longer the slow one runs: 1 is about a minute."""
TEXT = (shipped("ore_to_both").parents[1] / "real_files" / "flotation.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data file that the mapping names; that it is empty nobody asks before it is read."""
    made = tmp_path_factory.mktemp("mapping")
    (made / "flotation_iron_ore").mkdir()
    (made / "flotation_iron_ore" / "hourly.csv").touch()
    return made


def loaded(folder: Path, content: bytes) -> DataMapping | FerrolanError:
    path = folder / "mapping.yaml"
    path.write_bytes(content)
    found = outcome(lambda: load(path, {"FERROLAN_DATA": str(folder)}))
    assert isinstance(found, DataMapping | DocumentError)
    return found


@settings(max_examples=60, derandomize=True)
@given(content=broken_documents(TEXT))
@example(content=TEXT.replace("${FERROLAN_DATA}", "\\0").encode())
def test_a_broken_mapping_loads_or_says_why(folder: Path, content: bytes) -> None:
    loaded(folder, content)


@pytest.mark.slow
@settings(max_examples=int(3000 * MINUTES), derandomize=False)
@given(content=broken_documents(TEXT) | bombs())
def test_a_broken_mapping_loads_or_says_why_for_minutes(folder: Path, content: bytes) -> None:
    loaded(folder, content)


def test_the_whole_mapping_loads(folder: Path) -> None:
    """Else the fuzzers would prove little."""
    assert isinstance(loaded(folder, TEXT.encode()), DataMapping)
