"""What the tests of the steel units share: one of the examples at work, with other numbers or other feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ferrolan.process import operation
from ferrolan.process.material import Material
from ferrolan.process.operation import Solved
from ferrolan.process.parameters import with_parameters
from tests.process.units.example import Example
from tests.process.units.steel_examples import EXAMPLES


def at_work(
    kind: str,
    changes: Mapping[str, float] | None = None,
    inlets: Mapping[str, Material] | None = None,
    note: str = "",
) -> Solved:
    """The example of a kind, with other numbers (path: canonical value) and with these inlets beside its own."""
    example = one(kind, note)
    example = replace(example, inlets={**example.inlets, **(inlets or {})})
    assert example.model is not None
    return operation.solve(example.of_kind, with_parameters(example.model, changes or {}), example.inlets)


def one(kind: str, note: str = "") -> Example:
    return next(example for example in EXAMPLES if example.kind == kind and example.note == note)


def state(solved: Solved, name: str) -> float:
    return solved.states[name].value


def total(solved: Solved, component: str, *ports: str) -> float:
    """A component in some outlets [t/h]."""
    return sum(solved.outlets[port].component(component) for port in ports)
