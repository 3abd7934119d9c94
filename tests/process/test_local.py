"""The response of a unit near where it works: it is the unit's own, and it says how far it holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import read
from ferrolan.process.local import Figured, moved, response
from ferrolan.process.material import Material
from ferrolan.process.operation import solve
from ferrolan.process.parameters import with_parameters
from ferrolan.process.units import flotation, mill

from .units.rare_earth_examples import CELLS, ORE

POWER = Figured("energy", "", "power", "MWh/t")
REO = Figured("outlet", "concentrate", "REO", "t/t")


def cells() -> flotation.FlotationSpec:
    spec, problems = read(flotation.FlotationSpec, CELLS)
    assert spec is not None, problems
    return spec


RANGES = {"collector": (0.0015, 0.0025), "entrained": (0.02, 0.06), "feed.species.quartz": (0.05, 0.2)}


def test_at_the_operating_point_the_response_is_the_unit() -> None:
    found = response(flotation.KIND, cells(), {"feed": ORE}, RANGES, components=["REO", "Fe"])
    solved = solve(flotation.KIND, cells(), {"feed": ORE})
    assert found.values[REO] == solved.outlets["concentrate"].component("REO") / ORE.mass
    assert found.values[POWER] == solved.power / ORE.mass
    assert found.values[Figured("drawn", "collector", "mass", "t/t")] == solved.drawn["collector"].mass / ORE.mass
    assert found.at() == found.values


def test_a_slope_that_is_known_in_closed_form_is_found() -> None:
    spec, _ = read(mill.MillSpec, {name: {"value": value, "synthetic": True} for name, value in (
        ("power", "21 kWh/t"), ("work_index", "14 kWh/t"), ("feed_size", "2 mm"))})  # fmt: skip
    found = response(mill.KIND, spec, {"feed": Material.of({"quartz": 10.0})}, {"power": (0.01, 0.03)})
    assert found.slopes[POWER, "power"] == pytest.approx(1.0, rel=1e-9)
    assert found.at({"power": 0.015})[POWER] == pytest.approx(0.015, rel=1e-9)
    assert len(found.pieces) == 1


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_inside_its_range_the_line_misses_the_unit_by_about_the_gap_it_says(a: float, b: float, c: float) -> None:
    found = response(flotation.KIND, cells(), {"feed": ORE}, RANGES, components=["REO"])
    point = {
        name: low + share * (high - low) for (name, (low, high)), share in zip(RANGES.items(), (a, b, c), strict=True)
    }
    spec = with_parameters(cells(), {name: point[name] for name in ("collector", "entrained")})
    feed = moved(ORE, {"species.quartz": point["feed.species.quartz"]}, "feed")
    truth = solve(flotation.KIND, spec, {"feed": feed}).outlets["concentrate"].component("REO") / feed.mass
    gap = dict(zip(found.figures, found.gaps.tolist(), strict=True))[REO]
    assert abs(found.at(point)[REO] - truth) <= 1.5 * gap + 1e-12


def test_a_range_that_bends_is_cut_until_the_lines_hold() -> None:
    wide = {"collector": (0.0002, 0.004)}
    one = response(flotation.KIND, cells(), {"feed": ORE}, wide, components=["REO"], tolerance=1e3)
    many = response(flotation.KIND, cells(), {"feed": ORE}, wide, components=["REO"], tolerance=0.01, pieces=24)
    few = response(flotation.KIND, cells(), {"feed": ORE}, wide, components=["REO"], tolerance=0.01, pieces=4)
    assert len(one.pieces) == 1 < len(many.pieces)
    assert many.gaps.max() < few.gaps.max() < one.gaps.max()
    assert len(few.pieces) == 4  # no more than asked for: what is left of the gap is told
    size = np.abs(many.pieces[0].values)
    assert (many.gaps <= 0.01 * np.maximum(size, 1e-3 * size.max())).all()
    for value in np.linspace(0.0002, 0.004, 23):
        truth = solve(flotation.KIND, with_parameters(cells(), {"collector": float(value)}), {"feed": ORE})
        line = many.at({"collector": float(value)})[REO]
        assert line == pytest.approx(truth.outlets["concentrate"].component("REO") / ORE.mass, rel=0.012)


def test_outside_its_range_it_refuses() -> None:
    found = response(flotation.KIND, cells(), {"feed": ORE}, RANGES)
    with pytest.raises(ProblemError, match=r"flotation: collector 0.01 is outside 0.0015 to 0.0025"):
        found.at({"collector": 0.01})
    with pytest.raises(ProblemError, match="no axis 'colector'. Did you mean 'collector'"):
        found.at({"colector": 0.002})


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"collector": (0.003, 0.004)}, "collector is 0.002, not within its range 0.003 to 0.004"),
        ({"colector": (0.0, 1.0)}, "no axis 'colector'"),
        ({"feed.spices.quartz": (0.0, 1.0)}, "species: 'spices.quartz'|unknown|no species|spices"),
    ],
)
def test_a_range_that_means_nothing_is_refused(ranges: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        response(flotation.KIND, cells(), {"feed": ORE}, ranges)


def test_two_species_of_a_stream_get_what_is_asked_in_any_order() -> None:
    asked = {"species.quartz": 0.3, "species.magnetite": 0.5}
    one, other = moved(ORE, asked, "ore"), moved(ORE, dict(reversed(asked.items())), "ore")
    assert np.array_equal(one.amounts, other.amounts)
    assert one.amount("quartz") == pytest.approx(0.3 * ORE.mass)
    assert one.amount("magnetite") == pytest.approx(0.5 * ORE.mass)
    assert one.mass == pytest.approx(ORE.mass)


@pytest.mark.parametrize("shares", [{"species.quartz": 0.7, "species.magnetite": 0.5}, {"species.quartz": -0.1}])
def test_shares_that_leave_no_composition_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ProblemError, match="leave no composition"):
        moved(ORE, shares, "ore")
