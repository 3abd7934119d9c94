"""A stream that nobody drew is suspected where a balance is open by the same amount in every period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ferrolan.reconciliation import MASS, Network, Node, Reading, SharedError, Stream
from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.missing import missing_frame
from ferrolan.reconciliation.nodal import nodal_tests

PERIODS, HOURS = 6, 24.0


def thickener(*, lost: float = 0.0, at: float = 0.2, bias: float = 0.0, seed: int = 0, swings: float = 0.0) -> Network:
    """A thickener over six days; ``lost`` t/h at the assay ``at`` leave it by no stream of the network."""
    generator = np.random.default_rng(seed)
    readings = []
    for period in range(PERIODS):
        away = lost + swings * generator.standard_normal()
        feed, over = 100.0, 30.0
        under = feed - over - away
        grades = {"feed": 0.06, "over": 0.02}
        grades["under"] = (feed * 0.06 - over * 0.02 - away * at) / under
        for name, flow in (("feed", feed), ("over", over), ("under", under)):
            factor = 1.0 + (bias if name == "over" else 0.0) + 0.002 * generator.standard_normal()
            readings.append(Reading("flow", name, None, period, flow * factor, 0.002 * flow, f"flow.{name}"))
            grade = grades[name] * (1.0 + 0.002 * generator.standard_normal())
            readings.append(Reading("assay", name, "REO", period, grade, 0.002 * grades[name], f"reo.{name}"))
    streams = (Stream("feed", None, "thickener"), Stream("over", "thickener", None), Stream("under", "thickener", None))
    return Network(streams, (Node("thickener", (MASS, "REO")),), ("REO",), (HOURS,) * PERIODS, tuple(readings))


def looked_at(network: Network):
    system = equations(network)
    read = evidence(network, system)
    values = np.asarray(read.matrix.T @ read.target) / np.asarray(read.matrix.multiply(read.matrix).sum(axis=0)).ravel()
    return missing_frame(network, system, values, nodal_tests(network, system, read))


def test_a_planted_stream_is_suggested_with_its_flow_and_composition() -> None:
    found = {row["component"]: row for row in looked_at(thickener(lost=3.0)).to_dicts()}
    mass, oxide = found[MASS], found["REO"]
    assert mass["direction"] == "leaves"
    assert abs(mass["flow"] - 3.0) < 3.0 * mass["flow_sd"]
    assert mass["same_sign"] == mass["periods"] == PERIODS
    assert mass["consistent"]
    assert abs(oxide["share"] - 0.2) < 3.0 * oxide["share_sd"]
    assert mass["resembles"] is None


def test_one_that_comes_in_has_the_other_direction() -> None:
    assert set(looked_at(thickener(lost=-3.0))["direction"]) == {"enters"}


def test_a_scale_that_is_off_is_named_as_the_rival() -> None:
    """A bias of the overflow's scale looks like a stream of the overflow's composition."""
    rows = looked_at(thickener(bias=0.05)).to_dicts()
    assert {row["resembles"] for row in rows} == {"over"}


def test_clean_readings_suggest_nothing_more_often_than_stated() -> None:
    assert sum(not looked_at(thickener(seed=seed)).is_empty() for seed in range(40)) <= 6


def calibrated(seed: int, *, declared: bool) -> Network:
    """A thickener whose every flow meter is off by 1 % of its own, one and the same all six days."""
    generator = np.random.default_rng(1000 + seed)
    plain = thickener(seed=seed)
    off = {tag: 0.01 * generator.standard_normal() for tag in sorted({reading.tag for reading in plain.readings})}
    readings = [
        replace(
            reading,
            value=reading.value * (1.0 + off[reading.tag]),
            shares=((f"{reading.tag} lasting", reading.value),) if declared else (),
        )
        if reading.kind == "flow"
        else reading
        for reading in plain.readings
    ]
    errors = tuple(SharedError(f"{tag} lasting", 0.01) for tag in off if declared and tag.startswith("flow"))
    return replace(plain, readings=tuple(readings), shared=errors)


def test_errors_that_last_suggest_a_stream_unless_they_are_declared() -> None:
    alarms = {
        declared: sum(not looked_at(calibrated(seed, declared=declared)).is_empty() for seed in range(40))
        for declared in (False, True)
    }
    assert alarms[False] > 20
    assert alarms[True] <= 6


def test_a_loss_that_comes_and_goes_is_not_called_consistent() -> None:
    rows = looked_at(thickener(lost=3.0, swings=2.0, seed=1)).filter(component=MASS)
    assert not rows["consistent"].any()


def test_one_period_cannot_repeat() -> None:
    network = thickener(lost=3.0)
    first = tuple(reading for reading in network.readings if reading.period == 0)
    assert looked_at(replace(network, hours=(HOURS,), readings=first)).is_empty()
