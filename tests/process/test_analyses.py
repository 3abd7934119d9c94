"""Analyses of a specification: they sum to one, and say so where they do not."""

from __future__ import annotations

import pytest

from ferrolan.base.schema import Model, read
from ferrolan.process.analyses import Analysis, charge


class Bought(Model):
    coal: Analysis
    """What is bought."""


def told(**fractions: float) -> dict[str, object]:
    return {"coal": {name: {"value": value, "synthetic": True} for name, value in fractions.items()}}


def test_an_analysis_becomes_material_of_its_fractions() -> None:
    bought, _ = read(Bought, told(carbon=0.6, quartz=0.395))
    assert bought is not None
    coal = charge(bought.coal, 10.0)
    assert coal.mass == pytest.approx(10.0) and coal.amount("carbon") == pytest.approx(6.0 / 0.995)


def test_an_analysis_with_a_gap_and_an_unknown_species_are_refused_with_their_address() -> None:
    assert [(one.path, one.code) for one in read(Bought, told(carbon=0.6))[1]] == [(("coal",), "wrong_sum")]
    assert [(one.path, one.code) for one in read(Bought, told(carbone=1.0))[1]] == [
        (("coal", "carbone"), "unknown_species")
    ]
