"""What every unit operation with a kernel keeps, whatever it does: run over an example of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.base.schema import Model, Sourced, Unit, read
from ferrolan.process import operation
from ferrolan.process.material import FORMS, Material
from ferrolan.process.operation import Solved
from ferrolan.process.parameters import parameters, with_parameters
from ferrolan.process.unit import Figure, UnitKind
from tests.process.units.example import Example
from tests.process.units.examples import EXAMPLES

OPERABLE = [kind for kind in kinds().values() if kind.can_operate]
SPECIFIED = [kind for kind in OPERABLE if kind.spec is not None]
TOLERANCE = 1e-9  # of the feed: a kernel that iterates stops at 1e-10

every_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda one: f"{one.kind}-{one.note}" if one.note else one.kind
)
every_operable_kind = pytest.mark.parametrize("kind", OPERABLE, ids=lambda kind: kind.name)
every_specified_kind = pytest.mark.parametrize("kind", SPECIFIED, ids=lambda kind: kind.name)


def solved(example: Example, factor: float = 1.0) -> Solved:
    return operation.solve(example.of_kind, example.model, example.times(factor))


def flows(found: Solved) -> dict[str, Material]:
    return {
        **{f"outlet {name}": one for name, one in found.outlets.items()},
        **{f"drawn {name}": one for name, one in found.drawn.items()},
        **{f"released {name}": one for name, one in found.released.items()},
    }


def is_extensive(figure: Figure) -> bool:
    return figure.unit.endswith("/h") or figure.unit in {"MW", "kA"}


def assert_same(found: Solved, expected: Solved, factor: float) -> None:
    """That one result is a multiple of another."""
    size = sum(material.mass for material in expected.inlets.values())
    scaled, whole = flows(found), flows(expected)
    assert set(scaled) == set(whole)
    for name, material in whole.items():
        np.testing.assert_allclose(
            scaled[name].amounts / factor, material.amounts, rtol=TOLERANCE, atol=TOLERANCE * size
        )
        if material.mass > TOLERANCE * size:
            assert scaled[name].temperature == pytest.approx(material.temperature, rel=TOLERANCE)
    moved = sum(abs(one.enthalpy) for one in whole.values()) + 3.6 * abs(expected.power) + abs(expected.heat)
    for wanted in ("power", "heat", "loss"):
        assert getattr(found, wanted) / factor == pytest.approx(
            getattr(expected, wanted), rel=TOLERANCE, abs=TOLERANCE * moved
        )
    for figures, others in ((found.states, expected.states), (found.limits, expected.limits)):
        assert set(figures) == set(others)
        for name, figure in others.items():
            by = factor if is_extensive(figure) else 1.0
            assert figures[name].value / by == pytest.approx(figure.value, rel=1e-7, abs=1e-9), name


def test_every_kind_with_a_kernel_has_an_example_and_every_example_a_kind() -> None:
    assert {example.kind for example in EXAMPLES} == {kind.name for kind in OPERABLE}


@every_operable_kind
def test_ports_are_named_once_and_described(kind: UnitKind) -> None:
    assert len({port.name for port in kind.ports}) == len(kind.ports)
    assert {port.direction for port in kind.ports} == {"in", "out"}
    assert all(port.description.endswith(".") and port.forms and port.forms <= set(FORMS) for port in kind.ports)


@every_example
def test_every_element_and_the_energy_close(example: Example) -> None:
    found = solved(example)
    assert abs(found.closure.elements).max() <= operation.CLOSURE and abs(found.closure.energy) <= operation.CLOSURE
    entering = sum(one.elements for one in (*found.inlets.values(), *found.drawn.values()))
    leaving = sum(one.elements for one in (*found.outlets.values(), *found.released.values()))
    np.testing.assert_allclose(leaving, entering, rtol=1e-10, atol=1e-12 * float(np.sum(entering)))


@every_example
def test_no_heat_comes_from_the_surroundings(example: Example) -> None:
    """A unit that lacks heat burns something or draws it as ``heat``; it does not cool the street."""
    found = solved(example)
    moved = sum(abs(one.enthalpy) for one in flows(found).values()) + operation.MWH * abs(found.power)
    assert found.loss >= -1e-9 * moved


@every_example
@pytest.mark.parametrize("factor", [1e-4, 0.25, 7.0])
def test_flows_times_a_factor_give_results_times_the_factor(example: Example, factor: float) -> None:
    assert_same(solved(example, factor), solved(example), factor)


@every_example
def test_nothing_in_gives_nothing_out(example: Example) -> None:
    found = solved(example, 0.0)
    assert all(material.mass == 0.0 for material in flows(found).values())
    assert (found.power, found.heat, found.loss) == (0.0, 0.0, 0.0)


@every_example
def test_the_same_call_gives_the_same_answer(example: Example) -> None:
    first, second = solved(example), solved(example)
    for name, material in flows(first).items():
        np.testing.assert_array_equal(material.amounts, flows(second)[name].amounts)
    assert (first.power, first.loss, first.states, first.limits) == (
        second.power,
        second.loss,
        second.states,
        second.limits,
    )


@every_example
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_it_closes_for_other_mixtures_of_the_same_species(example: Example, data: st.DataObject) -> None:
    """Each species of each inlet between a half and twice its amount."""
    factor = st.floats(0.5, 2.0)
    changed = {
        port: Material(material.form, material.amounts * _factors(data, factor, material), material.temperature)
        for port, material in example.inlets.items()
    }
    try:
        found = operation.solve(example.of_kind, example.model, changed)
    except Infeasible:
        return  # proven to be impossible, which is an answer
    assert all((material.amounts >= 0.0).all() for material in flows(found).values())


def _factors(data: st.DataObject, factor: st.SearchStrategy[float], material: Material) -> np.ndarray:
    present = np.flatnonzero(material.amounts)
    factors = np.ones(len(materials.SPECIES))
    factors[present] = data.draw(st.lists(factor, min_size=len(present), max_size=len(present)))
    return factors


@every_example
def test_with_one_inlet_empty_it_closes_or_refuses(example: Example) -> None:
    """In the first pass of a recycle some inlets bring nothing yet."""
    for port in example.inlets:
        fed = {name: material.times(0.0 if name == port else 1.0) for name, material in example.inlets.items()}
        try:
            found = operation.solve(example.of_kind, example.model, fed)
        except Infeasible:
            continue
        except ProblemError as error:
            refused = str(error)
            assert example.kind in refused and "does not close" not in refused
            continue
        assert abs(found.closure.elements).max() <= operation.CLOSURE


@every_example
def test_figures_are_finite_and_have_a_unit(example: Example) -> None:
    found = solved(example)
    for name, figure in {**found.states, **found.limits}.items():
        assert np.isfinite(figure.value) and figure.unit, name
    assert np.isfinite([found.power, found.heat, found.loss, found.residual]).all() and found.iterations >= 1


@every_operable_kind
def test_what_calibration_may_fit_is_in_the_specification_and_moves_a_result(kind: UnitKind) -> None:
    examples = [example for example in EXAMPLES if example.kind == kind.name]
    for path in kind.parameters:
        assert any(path in parameters(example.model) and moves(example, path) for example in examples), path


def moves(example: Example, path: str) -> bool:
    """Whether two per cent less of a parameter changes anything that leaves, is drawn or is lost."""
    assert example.model is not None
    before = solved(example)
    changed = with_parameters(example.model, {path: 0.98 * parameters(example.model)[path].value})
    after = operation.solve(example.of_kind, changed, example.inlets)
    heat = (after.power, after.heat, after.loss) != (before.power, before.heat, before.loss)
    return heat or any(
        not np.array_equal(flows(after)[name].amounts, one.amounts) for name, one in flows(before).items()
    )


@every_example
def test_what_may_not_enter_is_refused(example: Example) -> None:
    port, material = next((port, one) for port, one in example.inlets.items() if one.mass > 0.0)
    with pytest.raises(ProblemError, match="amounts are not negative"):
        Material(material.form, -material.amounts, material.temperature)
    declared = next(one for one in example.of_kind.ports if one.name == port)
    for form in sorted(set(FORMS) - declared.forms)[:1]:
        with pytest.raises(ProblemError, match=f"{form} at the inlet {port}, expected"):
            operation.solve(example.of_kind, example.model, {**example.inlets, port: material.as_form(form)})
    with pytest.raises(ProblemError, match="no inlet ceiling"):
        operation.solve(example.of_kind, example.model, {**example.inlets, "ceiling": material})
    required = [one.name for one in example.of_kind.ports if one.direction == "in" and not one.optional]
    if required:
        with pytest.raises(ProblemError, match=f"nothing is connected to the inlet {', '.join(required)}"):
            operation.solve(example.of_kind, example.model, {})


@every_example
def test_another_specification_is_refused(example: Example) -> None:
    class Other(Model):
        """Of nothing."""

    if example.of_kind.spec is not None:
        with pytest.raises(ProblemError, match="expected a specification"):
            operation.solve(example.of_kind, Other(), example.inlets)


@every_example
def test_an_unknown_field_is_refused_by_its_name(example: Example) -> None:
    if example.of_kind.spec is None:
        return
    _, problems = read(example.of_kind.spec, {**example.spec, "ceiling_height": 3})
    assert [(problem.path, problem.code) for problem in problems] == [(("ceiling_height",), "unknown_key")]
    assert all(problem.found and problem.expected and problem.way_out for problem in problems)


@every_example
def test_a_number_in_a_wrong_unit_or_without_origin_is_refused_by_its_name(example: Example) -> None:
    for path in _written(example.spec):
        for wrong, code in (({"value": "1 kvarh", "synthetic": True}, "wrong_unit"), ({"value": 1}, "missing_source")):
            _, problems = read(example.of_kind.spec, _with(example.spec, path, wrong))
            assert [(problem.path[: len(path)], problem.code) for problem in problems] == [(path, code)]
            assert all(problem.found and problem.expected and problem.way_out for problem in problems)


@every_example
def test_a_required_field_that_is_missing_is_named(example: Example) -> None:
    if example.of_kind.spec is None:
        return
    for name, field in example.of_kind.spec.model_fields.items():
        if field.is_required():
            _, problems = read(example.of_kind.spec, {key: value for key, value in example.spec.items() if key != name})
            assert [problem.way_out for problem in problems] == [f"Add {name!r}"]


@every_specified_kind
def test_every_field_says_what_it_is_and_every_number_in_which_unit(kind: UnitKind) -> None:
    assert kind.spec is not None and kind.spec.__doc__
    for model in _models(kind.spec):
        for name, field in model.model_fields.items():
            assert field.description and field.description.strip().endswith((".", "]")), f"{model.__name__}.{name}"
            if field.annotation is Sourced or Sourced in get_args(field.annotation):
                marks = [
                    *field.metadata,
                    *(mark for one in get_args(field.annotation) for mark in getattr(one, "__metadata__", ())),
                ]
                assert any(isinstance(mark, Unit) for mark in marks), f"{model.__name__}.{name} has no unit"


def _models(model: type[Model]) -> Iterator[type[Model]]:
    """A model and every model in it but `Sourced`."""
    yield model
    for field in model.model_fields.values():
        yield from _inside(field.annotation)


def _inside(annotation: object) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and not get_args(annotation):
        if issubclass(annotation, Model) and not issubclass(annotation, Sourced):
            yield from _models(annotation)
        return
    for inner in get_args(annotation):
        yield from _inside(inner)


def _written(spec: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the numbers a document has written."""
    for name, value in spec.items():
        if isinstance(value, Mapping):
            if "value" in value:
                yield (*path, name)
            else:
                yield from _written(value, (*path, name))


def _with(spec: Mapping[str, object], path: tuple[str, ...], value: object) -> dict[str, object]:
    if len(path) == 1:
        return {**spec, path[0]: value}
    inner = spec[path[0]]
    assert isinstance(inner, Mapping)
    return {**spec, path[0]: _with(inner, path[1:], value)}
