"""Every number of a specification can be read and changed by its path, within its bounds."""

from __future__ import annotations

from typing import Annotated

import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Model, Sourced, Table, Unit, read
from ferrolan.process.parameters import parameters, with_parameters


class Inner(Model):
    loss: Annotated[Sourced, Unit("GJ/t", least=0.0)]
    """Loss."""


class Spec(Model):
    recovery: Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]]
    """Recovery by component."""
    heat: Inner
    """Heat."""
    size: Annotated[Sourced, Unit("m", above=0.0)]
    """Size."""


@pytest.fixture
def spec() -> Spec:
    told = {
        "recovery": {"REO": {"value": "62 %", "synthetic": True}, "Fe": {"value": 0.1, "synthetic": True}},
        "heat": {"loss": {"value": "1 GJ/t", "synthetic": True}},
        "size": {"value": "2 mm", "scale": 0.5, "synthetic": True},
    }
    made, problems = read(Spec, told)
    assert made is not None and problems == ()
    return made


def test_every_number_has_a_path_and_its_canonical_value(spec):
    found = {path: number.value for path, number in parameters(spec).items()}
    assert found == pytest.approx({"recovery.REO": 0.62, "recovery.Fe": 0.1, "heat.loss": 1.0, "size": 0.001})


def test_changed_numbers_are_read_back_and_the_rest_stays(spec):
    wanted = {"recovery.REO": 0.7, "heat.loss": 2.0, "size": 0.003}
    found = {path: number.value for path, number in parameters(with_parameters(spec, wanted)).items()}
    assert found == pytest.approx({**wanted, "recovery.Fe": 0.1})
    assert parameters(spec)["recovery.REO"].value == pytest.approx(0.62)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recovery.REO": 1.2}, "REO: expected a value"),
        ({"heat.loss": -1.0}, "loss: expected a value"),
        ({"heat.loss": float("nan")}, "loss: expected a finite number, found nan"),
        ({"heat.loss": float("inf")}, "loss: expected a finite number, found inf"),
        ({"recovery.ROE": 0.5}, r"Did you mean 'recovery\.REO'"),
    ],
)
def test_a_number_out_of_bounds_or_of_no_field_is_refused(spec, values, message):
    with pytest.raises(ProblemError, match=message):
        with_parameters(spec, values)


def test_no_specification_has_no_numbers():
    assert parameters(None) == {}
