"""The schema door: frozen and closed models, values with a source, all problems at once with their paths."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ferrolan.base import units
from ferrolan.base.errors import ProblemError
from ferrolan.base.registry import Registry
from ferrolan.base.schema import (
    Check,
    Fraction,
    Model,
    Name,
    Number,
    Price,
    Sourced,
    Table,
    Unit,
    Whole,
    WrongValue,
    after,
    nearest,
    read,
    shown,
)


class Belt(Model):
    speed: Annotated[Sourced, Unit("t/h", least=0.0)]
    share: Fraction = 1.0
    side: Literal["left", "right"] = "left"


class Plant(Model):
    belts: Table[Belt]
    places: tuple[Whole, ...] = ()
    at: tuple[Whole, Whole] = (0, 0)
    price: Annotated[Price, Unit("¤/t", above=0.0)] | None = None

    @after
    def _has_a_belt(self) -> Plant:
        if not self.belts:
            raise WrongValue("no_belt", "a belt", "Add one")
        return self


def plant(**belt: object) -> dict[str, object]:
    return {"belts": {"first": {"speed": {"value": "100 t/h", "synthetic": True}} | belt}}


def codes(data: Mapping[str, object]) -> list[tuple[str, str]]:
    model, problems = read(Plant, data)
    assert (model is None) == bool(problems)
    return [(".".join(map(str, problem.path)), problem.code) for problem in problems]


@given(value=st.floats(min_value=0.0, max_value=1e6), unit=st.sampled_from(["t/h", "t/d", "kt/month", "Mt/a"]))
def test_a_sourced_value_is_stored_in_canonical_units(value: float, unit: str) -> None:
    belt, problems = read(Belt, {"speed": {"value": f"{value!r} {unit}", "synthetic": True}})
    assert not problems and belt is not None
    assert belt.speed.unit == "t/h"
    assert belt.speed.value == units.to_canonical(value, unit)


def test_a_published_figure_is_scaled_and_keeps_its_source() -> None:
    raw = {"value": "14.62 Mt/a", "scale": 0.1, "source": "smm_600010_2025", "confidence": "high", "period": "2025"}
    model, _ = read(Belt, {"speed": raw})
    assert model is not None
    assert model.speed.value == pytest.approx(1.462e6 / 8760, rel=1e-15)
    assert (model.speed.source, model.speed.synthetic, model.speed.written) == ("smm_600010_2025", False, "14.62 Mt/a")


def test_a_model_and_its_tables_cannot_be_changed() -> None:
    model, _ = read(Plant, plant())
    assert model is not None
    with pytest.raises(ValidationError):
        model.belts["first"].share = 0.5
    with pytest.raises(TypeError):
        model.belts["second"] = model.belts["first"]  # type: ignore[index]  # a table has no setter
    assert not hasattr(model.belts, "update") and isinstance(model.places, tuple)


def test_a_model_survives_pickling() -> None:
    model, _ = read(Plant, plant())
    assert pickle.loads(pickle.dumps(model)) == model


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (plant(sped=1), ("belts.first.sped", "unknown_key")),
        (plant(speed={"value": "330 kWh", "synthetic": True}), ("belts.first.speed", "wrong_unit")),
        (plant(speed={"value": "-3 t/h", "synthetic": True}), ("belts.first.speed", "negative")),
        (plant(speed={"value": "3 furlongs", "synthetic": True}), ("belts.first.speed.value", "wrong_unit")),
        (plant(speed={"value": "fast", "synthetic": True}), ("belts.first.speed.value", "wrong_unit")),
        (plant(speed={"value": [1], "synthetic": True}), ("belts.first.speed.value", "wrong_type")),
        (plant(speed={"value": float("nan"), "synthetic": True}), ("belts.first.speed.value", "wrong_unit")),
        (plant(speed={"value": "3 t/h"}), ("belts.first.speed", "missing_source")),
        (plant(speed={"value": "3 t/h", "synthetic": False}), ("belts.first.speed", "missing_source")),
        (plant(speed="3 t/h"), ("belts.first.speed", "missing_source")),
        (plant(speed={"value": "3 t/h", "synthetic": True, "source": "x"}), ("belts.first.speed", "two_origins")),
        (plant(speed={"synthetic": True}), ("belts.first.speed", "missing_key")),
        (plant(speed={"value": "3 t/h", "synthetic": True, "scale": 0}), ("belts.first.speed.scale", "out_of_range")),
        (plant(speed={"value": "1e308 t/h", "synthetic": True, "scale": 10}), ("belts.first.speed", "out_of_range")),
        (plant(share=1.5), ("belts.first.share", "out_of_range")),
        (plant(share=-0.5), ("belts.first.share", "negative")),
        (plant(share=True), ("belts.first.share", "wrong_type")),
        (plant(side="up"), ("belts.first.side", "unknown_choice")),
        (plant() | {"places": [1, "two"]}, ("places.1", "wrong_type")),
        (plant() | {"places": 1}, ("places", "wrong_type")),
        (plant() | {"at": [1]}, ("at", "wrong_type")),
        (plant() | {"at": [1, 2, 3]}, ("at", "wrong_type")),
        (plant() | {"belts": ["first"]}, ("belts", "wrong_type")),
        (plant() | {"belts": {"first": None}}, ("belts.first", "wrong_type")),
        (plant() | {"belts": {}}, ("", "no_belt")),
        ({}, ("", "missing_key")),
        (plant() | {"price": {"value": "3 GBP/t", "synthetic": True}}, ("price.value", "wrong_unit")),
        (plant() | {"price": {"value": "0 USD/t", "synthetic": True}}, ("price", "out_of_range")),
    ],
)
def test_a_problem_names_its_place_and_sort(data: dict[str, object], expected: tuple[str, str]) -> None:
    assert codes(data) == [expected]


def test_a_name_that_is_no_name_is_refused() -> None:
    assert codes({"belts": {"no good": plant()["belts"]["first"]}}) == [("belts.no good", "wrong_name")]  # type: ignore[index]


def test_all_problems_come_at_once() -> None:
    data = plant(sped=1, share=2.0, speed={"value": "1 kWh", "synthetic": True}) | {"placs": 1}
    assert sorted(codes(data)) == [
        ("belts.first.share", "out_of_range"),
        ("belts.first.sped", "unknown_key"),
        ("belts.first.speed", "wrong_unit"),
        ("placs", "unknown_key"),
    ]


def test_an_unknown_key_suggests_the_nearest_known_one() -> None:
    _, problems = read(Plant, plant(sped={"value": 1}))
    assert problems[0].way_out == "Did you mean 'speed'?"


def test_a_wrong_unit_says_both_dimensions() -> None:
    _, problems = read(Plant, plant(speed={"value": "330 kWh", "synthetic": True}))
    assert problems[0].found == '"330 kWh"'
    assert problems[0].expected == "a value in t/h"
    assert "mass/time" in problems[0].way_out


def test_other_currencies_are_taken_where_they_are_named() -> None:
    model, problems = read(Plant, plant() | {"price": {"value": "0.9 USD/kg", "vat": "included", "synthetic": True}})
    assert not problems and model is not None and model.price is not None
    assert (model.price.value, model.price.unit, model.price.vat) == (900.0, "USD/t", "included")


@given(
    raw=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["speed", "value", "share", "side", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_data_gives_a_model_or_problems(raw: object) -> None:
    model, problems = read(Plant, {"belts": {"first": raw}})
    assert (model is None) == bool(problems)
    assert all(problem.expected and problem.way_out and problem.code for problem in problems)


@given(value=st.floats(allow_nan=False))
def test_a_bound_holds_what_it_says(value: float) -> None:
    check = Check(least=0.0, most=1.0)
    if 0.0 <= value <= 1.0:
        assert check.check(value) == value
    else:
        with pytest.raises(WrongValue):
            check.check(value)


def test_long_values_are_shown_short() -> None:
    assert len(shown("x" * 500)) < 70
    assert shown([1, 2]) == "a list of 2"
    assert shown(None) == "nothing"


def test_nothing_near_lists_what_is_known() -> None:
    assert nearest("zzz", ["mill", "bof"]) == "Known are: mill, bof"
    assert nearest("zzz", []) == "None is declared"
    assert nearest("zzz", [f"unit_{n}" for n in range(300)]).endswith("unit_15 and 284 more")


class Kind(Model):
    name: Name
    weight: Number = 1.0


def test_a_registry_keeps_order_and_refuses_a_name_twice() -> None:
    mill, bof = Kind(name="mill"), Kind(name="bof")
    registry = Registry("kind", [mill, bof])
    assert list(registry) == ["mill", "bof"] and registry["bof"] is bof and registry.find("mill") is mill
    with pytest.raises(ProblemError, match="'mill'"):
        Registry("kind", [mill, mill])
    with pytest.raises(ProblemError, match="Did you mean 'mill'"):
        registry.find("mil")
