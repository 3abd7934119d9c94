"""A copy of the example document that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load

EXAMPLE = Path(str(files("ferrolan"))) / "examples" / "ore_to_both"


@dataclass(frozen=True)
class Copy:
    """The example in a folder of its own."""

    path: Path

    @property
    def tags(self) -> Path:
        return self.path.with_name("tags.csv")

    def replace(self, old: str, new: str, *, tags: bool = False) -> None:
        """Replace a text that stands there exactly once."""
        file = self.tags if tags else self.path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def line(self, needle: str, *, tags: bool = False) -> int:
        """Line of the one place where a text stands."""
        lines = (self.tags if tags else self.path).read_text(encoding="utf-8").splitlines()
        found = [number for number, line in enumerate(lines, start=1) if needle in line]
        assert len(found) == 1, f"{needle!r} stands on lines {found}"
        return found[0]

    def faults(self) -> Sequence[Fault]:
        with pytest.raises(DocumentError) as error:
            load(self.path, kinds())
        return error.value.faults


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    for name in ("ore_to_both.yaml", "tags.csv"):
        shutil.copy(EXAMPLE / name, tmp_path / name)
    return Copy(tmp_path / "ore_to_both.yaml")


@pytest.fixture(scope="session")
def example() -> Enterprise:
    return load(EXAMPLE / "ore_to_both.yaml", kinds())
