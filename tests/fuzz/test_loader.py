"""Whatever stands in a document: it loads, or every fault says where, what and the way out. Nothing else happens."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, FerrolanError
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load
from ferrolan.testing.strategies import alias_bomb, bombs, broken_documents, nest, outcome, wide_bomb
from ferrolan.verbs import shipped

MINUTES = float(os.environ.get("FERROLAN_FUZZ", "1"))
"""How much longer the slow ones run: 1 is about a minute each."""
TEXT = shipped("ore_to_both").read_text(encoding="utf-8")
KINDS = kinds()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tag map of the shipped example."""
    made = tmp_path_factory.mktemp("loader")
    shutil.copy(shipped("ore_to_both").parent / "tags.csv", made)
    return made


def loaded(folder: Path, content: bytes) -> Enterprise | FerrolanError:
    path = folder / "plant.yaml"
    path.write_bytes(content)
    found = outcome(lambda: load(path, KINDS))
    assert isinstance(found, Enterprise | DocumentError)
    return found


@settings(max_examples=25, derandomize=True)
@given(content=broken_documents(TEXT))
@example(content=b"ferrolan: 1\n" + b"name: " + b"9" * 5000)
@example(content=b"name: 1 t^99999999")
@example(content=b'name: "\\x1b[2J\\n"')
def test_a_broken_document_loads_or_says_why(folder: Path, content: bytes) -> None:
    loaded(folder, content)


@pytest.mark.slow
@settings(max_examples=int(900 * MINUTES), derandomize=False)
@given(content=broken_documents(TEXT) | bombs())
def test_a_broken_document_loads_or_says_why_for_minutes(folder: Path, content: bytes) -> None:
    loaded(folder, content)


@settings(max_examples=40, derandomize=True)
@given(content=st.binary(max_size=200))
def test_what_is_no_document_at_all_says_why(folder: Path, content: bytes) -> None:
    assert isinstance(loaded(folder, content), DocumentError)


def test_the_whole_document_loads(folder: Path) -> None:
    """Else the fuzzers would prove little."""
    assert isinstance(loaded(folder, TEXT.encode()), Enterprise)


BOMBS = {
    "billion laughs": alias_bomb(12, 10),
    "billion laughs in mappings": alias_bomb(12, 10, mappings=True),
    "a list of aliases of a list": wide_bomb(20_000),
    "lists in lists": nest("[", 100_000),
    "closed lists in lists": b"a: " + b"[" * 100_000 + b"]" * 100_000,
    "mappings in mappings": nest("{a: ", 100_000),
    "indented mappings": "".join(f"{' ' * depth}a:\n" for depth in range(3000)).encode(),
    "a number of a million digits": b"a: " + b"1" * 1_000_000,
    "a line of ten million letters": b"a: " + b"x" * 10_000_000,
}
LIMITED = """
import resource, sys
from pathlib import Path
from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError
from ferrolan.enterprise.load import load
from ferrolan.testing.strategies import outcome
known = kinds()
for path in sys.argv[1:]:
    print(Path(path).stem, end=": ", flush=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = outcome(lambda: load(Path(path), known))
    assert isinstance(found, DocumentError), found
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert more < 300_000, f"{more} kB"
    assert len(found.faults) <= 100 and len(str(found)) < 100_000, "a person reads them"
    print("refused", flush=True)
"""


def test_small_documents_that_want_to_be_large_are_refused_in_little_memory(tmp_path: Path) -> None:
    """In a process of its own, which the system ends after a minute of computing: a bomb would take hours, or the
    machine; 300 MB hold the limit of 200,000 entries with their paths and lines.
    """
    paths = [tmp_path / f"{name}.yaml" for name in BOMBS]
    for path in paths:
        path.write_bytes(BOMBS[path.stem])
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, paths)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
    )
    assert done.stdout.splitlines() == [f"{name}: refused" for name in BOMBS], done.stderr[-2000:]
    assert done.returncode == 0
