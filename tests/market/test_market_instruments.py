"""The contract every instrument obeys, and one hand-computed case each."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from scipy import sparse

from ferrolan.base.errors import ProblemError
from ferrolan.market import Arc, Clearing, Demand, Instrument, MarketProblem, Mine, apply, clear
from ferrolan.market.clearing import PARTIES
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.instruments.production_quota import ProductionQuota
from ferrolan.market.instruments.tariff import Tariff
from ferrolan.market.program import Program, build

INSTRUMENTS: tuple[Instrument, ...] = (
    ExportQuota("China", {"CeO2": 1.2, "PrNd": 1.2, "SEGY": 1.2}, limit=10e3),
    ProductionQuota("China", {"north": 1.0, "clays": 1.0}, limit=100e3),
    Tariff("abroad", {"CeO2": 500.0, "PrNd": 20e3}),
)
each_instrument = pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)


def _two_regions() -> MarketProblem:
    return MarketProblem(
        ("A", "B"),
        ("good",),
        (Demand("A", "good", 100.0, 1.0), Demand("B", "good", 160.0, 1.0)),
        (
            Mine("mine A", "A", {"good": 1.0}, 10.0, 1.0, math.inf),
            Mine("mine B", "B", {"good": 1.0}, 20.0, 1.0, math.inf),
        ),
        (Arc("A", "B", "good", 10.0),),
    )


def _surplus(clearing: Clearing) -> dict[tuple[str, str], float]:
    return {(row["region"], row["party"]): row["surplus"] for row in clearing.parties.iter_rows(named=True)}


def _assert_same_arrays(one: Program, other: Program) -> None:
    for field in fields(Program):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if sparse.issparse(left):
            left, right = left.toarray(), right.toarray()
        assert np.array_equal(left, right), field.name


@each_instrument
def test_neutral_value_leaves_every_array_equal(instrument: Instrument, rare_earths: MarketProblem) -> None:
    _assert_same_arrays(build(rare_earths), build(apply(rare_earths, [instrument.neutral()])))


@each_instrument
def test_instrument_changes_some_array(instrument: Instrument, rare_earths: MarketProblem) -> None:
    with pytest.raises(AssertionError):
        _assert_same_arrays(build(rare_earths), build(apply(rare_earths, [instrument])))


@each_instrument
def test_transfers_sum_to_zero_and_are_what_the_parties_table_books(
    instrument: Instrument, rare_earths: MarketProblem
) -> None:
    clearing = clear(apply(rare_earths, [instrument]))
    transfers = instrument.transfers(clearing)
    received = [transfer.amount for transfer in transfers if transfer.party != "producers"]
    assert math.fsum(transfer.amount for transfer in transfers) == 0.0
    assert all(transfer.party in PARTIES and transfer.region in rare_earths.regions for transfer in transfers)
    booked = sum(money for (_, party), money in _surplus(clearing).items() if party in ("quota_holders", "treasury"))
    assert sum(received) == pytest.approx(booked, rel=1e-12)
    assert sum(received) > 0.0


@each_instrument
def test_instrument_is_a_frozen_dataclass_that_leaves_the_problem_alone(
    instrument: Instrument, rare_earths: MarketProblem
) -> None:
    before = replace(rare_earths)
    assert is_dataclass(instrument)
    assert type(instrument).__dataclass_params__.frozen  # type: ignore[attr-defined]
    apply(rare_earths, [instrument])
    assert rare_earths == before


def test_order_of_instruments_changes_no_answer(rare_earths: MarketProblem) -> None:
    forward, backward = clear(apply(rare_earths, INSTRUMENTS)), clear(apply(rare_earths, INSTRUMENTS[::-1]))
    assert forward.market.equals(backward.market)
    assert forward.parties.equals(backward.parties)


def test_export_quota_of_five_by_hand() -> None:
    clearing = clear(apply(_two_regions(), [ExportQuota("A", {"good": 1.0}, limit=5.0)]))
    assert clearing.prices["A", "good"] == pytest.approx(57.5)
    assert clearing.prices["B", "good"] == pytest.approx(87.5)
    assert clearing.rents["export_quota"] == pytest.approx(20.0)
    assert _surplus(clearing)["A", "quota_holders"] == pytest.approx(100.0)


def test_quota_in_gross_tonnes_has_its_rent_per_gross_tonne() -> None:
    clearing = clear(apply(_two_regions(), [ExportQuota("A", {"good": 1.25}, limit=6.25)]))
    assert clearing.rents["export_quota"] == pytest.approx(16.0)
    assert _surplus(clearing)["A", "quota_holders"] == pytest.approx(100.0)


def test_tariff_of_eight_and_a_quota_of_its_volume_give_the_same_prices() -> None:
    tariff = clear(apply(_two_regions(), [Tariff("B", {"good": 8.0})]))
    quota = clear(apply(_two_regions(), [ExportQuota("A", {"good": 1.0}, limit=17.0)]))
    assert tariff.prices["B", "good"] == pytest.approx(81.5)
    assert dict(quota.prices) == pytest.approx(dict(tariff.prices))
    assert _surplus(tariff)["B", "treasury"] == pytest.approx(136.0)
    assert _surplus(quota)["A", "quota_holders"] == pytest.approx(136.0)


def test_production_quota_of_thirty_by_hand() -> None:
    market = MarketProblem(
        ("A",),
        ("good",),
        (Demand("A", "good", 100.0, 1.0),),
        (Mine("pit", "A", {"good": 1.0}, 10.0, 1.0, math.inf),),
    )
    clearing = clear(apply(market, [ProductionQuota.of_region(market, "A", 30.0)]))
    assert clearing.prices["A", "good"] == pytest.approx(70.0)
    assert clearing.rents["production_quota"] == pytest.approx(30.0)
    assert _surplus(clearing)["A", "quota_holders"] == pytest.approx(900.0)
    assert _surplus(clearing)["A", "producers"] == pytest.approx(450.0)


def test_mining_ban_costs_the_rent_that_would_keep_the_mine_shut() -> None:
    market = _two_regions()
    clearing = clear(apply(market, [ProductionQuota.of_region(market, "A", 0.0)]))
    assert clearing.outputs["mine A"] == 0.0
    assert clearing.prices["A", "good"] == 100.0
    assert clearing.rents["production_quota"] == pytest.approx(90.0)  # choke price 100 less the first tonne's cost 10


def test_slack_quota_has_no_rent(rare_earths: MarketProblem) -> None:
    free = clear(rare_earths)
    slack = clear(apply(rare_earths, [replace(INSTRUMENTS[0], limit=55e3)]))  # type: ignore[type-var]
    assert slack.rents["export_quota"] == 0.0
    assert dict(slack.prices) == pytest.approx(dict(free.prices), rel=1e-9)


def test_two_instruments_of_one_name_are_refused(rare_earths: MarketProblem) -> None:
    with pytest.raises(ProblemError, match="export_quota more than once"):
        apply(rare_earths, [INSTRUMENTS[0], INSTRUMENTS[0]])


@pytest.mark.parametrize(
    "instrument", [ExportQuota("abroad", {"Sc": 1.0}, 1.0), Tariff("abroad", {"Sc": 1.0})], ids=["quota", "tariff"]
)
def test_instrument_that_touches_no_route_is_refused(instrument: Instrument, rare_earths: MarketProblem) -> None:
    with pytest.raises(ProblemError, match="expected ways"):
        apply(rare_earths, [instrument])
