"""The form of an example of a unit: a kind, its specification as a document has it, and what enters."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ferrolan import materials
from ferrolan.base.schema import Model, read
from ferrolan.process import operation, units
from ferrolan.process.material import Material
from ferrolan.process.operation import Solved
from ferrolan.process.unit import UnitKind


@dataclass(frozen=True)
class Example:
    """A unit that the contract suite runs. Numbers are synthetic: they show the form, not a plant."""

    kind: str
    spec: Mapping[str, object] = field(default_factory=dict)
    inlets: Mapping[str, Material] = field(default_factory=dict)
    note: str = ""

    @property
    def of_kind(self) -> UnitKind:
        kind: UnitKind = importlib.import_module(f"{units.__name__}.{self.kind}").KIND
        return kind

    @property
    def model(self) -> Model | None:
        """The specification read; a problem in it fails the test that asks."""
        declared = self.of_kind.spec
        if declared is None:
            return None
        spec, problems = read(declared, self.spec)
        assert not problems, problems
        return spec

    def times(self, factor: float) -> dict[str, Material]:
        return {port: material.times(factor) for port, material in self.inlets.items()}


def synthetic(value: float | str) -> dict[str, object]:
    """A made-up number as a document writes it."""
    return {"value": value, "synthetic": True}


def run(kind: str, spec: Mapping[str, object], **inlets: Material) -> Solved:
    """One unit at work, checked, from the form a document has."""
    example = Example(kind, spec, inlets)
    return operation.solve(example.of_kind, example.model, inlets)


def kmol(material: Material, species: str) -> float:
    """Kilomoles an hour of a species."""
    return material.amount(species) * 1000.0 / materials.molar_mass(materials.species(species).formula)
