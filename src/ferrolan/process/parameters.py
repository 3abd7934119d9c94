"""The numbers of a specification by path, and the same specification with other numbers.

``{"recovery.REO": 0.62, "power": 0.024}`` is what calibration fits and what a Monte-Carlo draw changes; units and
bounds are those of the declared fields.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TypeVar, get_args

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Model, Quantity, Sourced, Table, Unit, WrongValue, nearest

M = TypeVar("M", bound=Model)


def parameters(spec: Model | None) -> dict[str, Sourced]:
    """Every declared number of a specification by its path.

    Examples
    --------
    >>> from ferrolan.base.schema import read
    >>> from ferrolan.process.units.mill import MillSpec
    >>> told = {"power": "21 kWh/t", "work_index": "14 kWh/t", "feed_size": "0.002 m"}
    >>> spec, _ = read(MillSpec, {name: {"value": value, "synthetic": True} for name, value in told.items()})
    >>> {path: (number.value, number.unit) for path, number in parameters(spec).items()}
    {'power': (0.021, 'MWh/t'), 'work_index': (0.014, 'MWh/t'), 'feed_size': (0.002, 'm')}
    """
    return {} if spec is None else dict(_leaves(spec, ""))


def with_parameters(spec: M, values: Mapping[str, float]) -> M:
    """The specification with other numbers, in the canonical units of its fields.

    Raises
    ------
    ProblemError
        If a path is unknown, or a value breaks a bound of its field.
    """
    known = parameters(spec)
    for path in values:
        if path not in known:
            raise ProblemError(f"no parameter {path!r}. {nearest(path, list(known))}")
    return _changed(spec, {tuple(path.split(".")): value for path, value in values.items()})


def bounds_of(spec: Model, path: str) -> tuple[float, float]:
    """Least and largest value that the field of a parameter allows, in its canonical unit.

    Raises
    ------
    ProblemError
        If the path is unknown.

    Examples
    --------
    >>> from ferrolan.base.schema import read
    >>> from ferrolan.process.units.splitter import SplitterSpec
    >>> spec, _ = read(SplitterSpec, {"shares": {"a": {"value": "70 %", "synthetic": True}}})
    >>> bounds_of(spec, "shares.a")
    (0.0, 1.0)
    """
    if path not in parameters(spec):
        raise ProblemError(f"no parameter {path!r}. {nearest(path, list(parameters(spec)))}")
    item: object = spec
    marks: list[Unit] = []
    for name in path.split("."):
        if isinstance(item, Model):
            marks, item = _bounds(type(item), name), getattr(item, name)
        elif isinstance(item, Table):
            item = item[name]
    low = max((max(mark.least, mark.above) for mark in marks), default=-math.inf)
    return low, min((mark.most for mark in marks), default=math.inf)


def _leaves(item: object, path: str) -> Iterator[tuple[str, Sourced]]:
    if isinstance(item, Sourced):
        yield path, item
    elif isinstance(item, Model):
        for name in type(item).model_fields:
            yield from _leaves(getattr(item, name), f"{path}.{name}" if path else name)
    elif isinstance(item, Table):
        for name, inner in item.items():
            yield from _leaves(inner, f"{path}.{name}")


def _changed(item: M, values: Mapping[tuple[str, ...], float]) -> M:
    update: dict[str, object] = {}
    for name in {path[0] for path in values}:
        inner = {path[1:]: value for path, value in values.items() if path[0] == name}
        update[name] = _replaced(getattr(item, name), inner, _bounds(type(item), name), name)
    return item.model_copy(update=update)


def _bounds(model: type[Model], name: str) -> list[Unit]:
    """The bounds of a field, or of the entries of a table."""
    field = model.model_fields[name]
    entries = [getattr(entry, "__metadata__", ()) for entry in get_args(field.annotation)]
    return [
        mark for mark in (*field.metadata, *(mark for marks in entries for mark in marks)) if isinstance(mark, Unit)
    ]


def _replaced(item: object, values: Mapping[tuple[str, ...], float], bounds: list[Unit], name: str) -> object:
    if isinstance(item, Sourced):
        return _number(item, values[()], bounds, name)
    if isinstance(item, Table):
        changed = {
            key: {path[1:]: value for path, value in values.items() if path[0] == key}
            for key in {path[0] for path in values}
        }
        return Table(
            {key: _replaced(item[key], changed[key], bounds, key) if key in changed else item[key] for key in item}
        )
    assert isinstance(item, Model)
    return _changed(item, values)


def _number(item: Sourced, value: float, bounds: list[Unit], name: str) -> Sourced:
    if not math.isfinite(value):
        raise ProblemError(f"{name}: expected a finite number, found {value}")
    written = f"{value:.12g} {item.unit}"
    changed = item.model_copy(update={"quantity": Quantity(value / item.scale, item.unit, written)})
    try:
        for bound in bounds:
            bound.check(changed)
    except WrongValue as wrong:
        raise ProblemError(f"{name}: expected {(wrong.context or {}).get('expected')}, found {written}") from wrong
    return changed
