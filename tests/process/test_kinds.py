"""Every kind of unit keeps the contract, and a document may use its own fields."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import ValidationError

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, ProblemError
from ferrolan.base.registry import Registry
from ferrolan.base.schema import Count, Model, Sourced, Unit
from ferrolan.enterprise.load import load
from ferrolan.process import units
from ferrolan.process.unit import FORMS, SOLIDS, UnitKind

EXAMPLE = Path(str(files("ferrolan"))) / "examples" / "ore_to_both"


def test_every_file_of_a_kind_stands_in_the_catalogue() -> None:
    modules = [
        importlib.import_module(f"{units.__name__}.{entry.name}") for entry in pkgutil.iter_modules(units.__path__)
    ]
    assert {module.KIND.name for module in modules} == set(kinds())
    assert all(module.KIND.name == module.__name__.rpartition(".")[2] for module in modules)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_a_kind_is_described_and_frozen(kind: UnitKind) -> None:
    assert kind.title and kind.description.endswith(".")
    assert kind.inlets <= set(FORMS) and kind.outlets <= set(FORMS)
    assert kind.has_modes != (kind.is_stock or kind.is_splitter)
    with pytest.raises(FrozenInstanceError):
        kind.title = "other"  # type: ignore[misc]  # frozen


def test_a_stock_and_a_splitter_give_every_form_they_take() -> None:
    assert all(kind.inlets == kind.outlets for kind in kinds().values() if not kind.has_modes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inlets": frozenset({"slurry"})}, "unknown forms slurry"),
        ({"outlets": frozenset()}, "something must flow"),
        ({"is_stock": True, "is_splitter": True}, "a stock is no splitter"),
    ],
)
def test_an_impossible_kind_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        replace(UnitKind("mill", "mill", "Grinds.", SOLIDS, SOLIDS), **change)  # type: ignore[arg-type]  # on purpose


class CascadeSpec(Model):
    stages: Count
    """Mixer-settlers."""
    loading: Annotated[Sourced, Unit("kmol/m3", above=0.0)]
    """Rare earths in the organic phase."""


def own_kinds() -> Registry[UnitKind]:
    known = kinds()
    return Registry(
        "kind of unit",
        [replace(kind, spec=CascadeSpec) if kind.name == "separation" else kind for kind in known.values()],
    )


def document(folder: Path, spec: str) -> Path:
    for name in ("ore_to_both.yaml", "tags.csv"):
        text = (EXAMPLE / name).read_text(encoding="utf-8")
        text = text.replace("    kind: separation\n", f"    kind: separation\n{spec}")
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "ore_to_both.yaml"


def test_a_kinds_own_fields_are_read_into_its_model(tmp_path: Path) -> None:
    path = document(tmp_path, "    spec: {stages: 80, loading: {value: 0.18 kmol/m3, synthetic: true}}\n")
    spec = load(path, own_kinds()).units["separation"].spec
    assert isinstance(spec, CascadeSpec) and spec.stages == 80 and spec.loading.value == 0.18
    with pytest.raises(ValidationError):
        spec.stages = 3


def test_a_kinds_own_fields_are_refused_with_their_line(tmp_path: Path) -> None:
    path = document(tmp_path, "    spec:\n      stages: ten\n      loading: {value: 0.18 t, synthetic: true}\n")
    with pytest.raises(DocumentError) as error:
        load(path, own_kinds())
    line = path.read_text(encoding="utf-8").splitlines().index("      stages: ten") + 1
    assert [(fault.line, fault.path, fault.code) for fault in error.value.faults] == [
        (line, "units.separation.spec.stages", "wrong_type"),
        (line + 1, "units.separation.spec.loading", "wrong_unit"),
    ]


def test_own_fields_of_a_kind_without_any_are_refused(tmp_path: Path) -> None:
    path = document(tmp_path, "    spec: {stages: 80}\n")
    with pytest.raises(DocumentError) as error:
        load(path, kinds())
    assert [(fault.path, fault.code) for fault in error.value.faults] == [("units.separation.spec", "unknown_key")]
