"""Diagrams of a process show what they say."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from ferrolan import materials
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.train import Draw, Feed, SeparationFactors, Train
from ferrolan.process.rist import Diagram, operating_line
from ferrolan.views.figures import WIDTH
from ferrolan.views.process_figures import rist, stage_profile

SVG = "{http://www.w3.org/2000/svg}"


def curves(figure):
    root = ElementTree.fromstring(str(figure.svg))
    return [
        [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        for line in root.iter(f"{SVG}polyline")
    ]


def test_a_profile_draws_every_component_that_is_somewhere_and_names_the_others():
    train = Train(
        ("Sm", "Eu", "Gd", "Dy"), 60, (Feed(18, (0.5099, 0.1, 0.39, 1e-4)),), 2.0, 1.7589,
        SeparationFactors((1.0, 2.0, 2.8, 5.0)), draws=(Draw("eu_draw", 30, 0.2489),),
    )  # fmt: skip
    profile = rate(train)
    seen = [n for n, most in zip(train.components, profile.aqueous_fractions.max(axis=0), strict=True) if most > 1e-3]
    figure = stage_profile(profile)
    drawn = [line for line in curves(figure) if len(line) == 60]
    assert len(drawn) == len(seen)
    assert all(name in figure.caption for name in set(train.components) - set(seen))
    assert "eu_draw 30" in figure.caption and "feed 18" in figure.caption


def test_the_height_of_a_curve_is_the_fraction():
    profile = rate(Train(("B", "A"), 45, (Feed(24, (0.5, 0.5)),), 1.70864, 1.20819, SeparationFactors((1.0, 2.0))))
    heights = np.array([[y for _, y in line] for line in curves(stage_profile(profile)) if len(line) == 45])
    foot, top = heights.max(), heights.min()
    fractions = (foot - heights) / (foot - top)
    np.testing.assert_allclose(fractions, profile.aqueous_fractions.T, atol=2e-3)


def test_a_rist_diagram_says_what_the_published_example_says():
    line = operating_line(iron=17.0893, ore=25.6339, carbon=32.9167, elsewhere=22.7002)
    figure = rist(Diagram(line, (1.302, 1.05), (1.8, 4 / 3)))
    assert "1.926" in figure.caption and "39.9 %" in figure.caption and "46.8 %" in figure.caption
    ((x0, y0), (x1, y1)) = curves(figure)[0]
    assert 0.0 < x0 < x1 < WIDTH and y0 > y1


@pytest.mark.parametrize("count", [2, 10])
def test_no_two_names_of_curves_meet(count):
    alpha = 2.0 ** np.arange(count)
    names = materials.RARE_EARTHS[:count]
    profile = rate(Train(names, 40, (Feed(20, np.full(count, 1 / count)),), 2.5, 2.0, SeparationFactors(alpha)))
    root = ElementTree.fromstring(str(stage_profile(profile).svg))
    places = [(float(mark.get("x")), float(mark.get("y"))) for mark in root.iter(f"{SVG}text") if mark.text in names]
    assert len(places) == count
    assert all(abs(a[1] - b[1]) >= 12.0 for i, a in enumerate(places) for b in places[:i])
