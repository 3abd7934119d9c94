"""A plan that nobody can meet names the limits in conflict, with numbers, units and the smallest change of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Transfer, Unit, plan

from .conftest import Plant, contents, ferrolan

MONTHS = ("2026-04", "2026-05")
ORE = Commodity("ore", "steel", buy_price=100.0, buy_limit=80.0)
IRON = Commodity("iron", "steel", sell_price=300.0, sell_limit=40.0, stock_max=500.0)
RUN = Mode("run", "furnace", "steel", "ore", {"ore": -1.0, "iron": 0.6}, cost=20.0)
PLANT = PlanProblem(MONTHS, (ORE, IRON), (RUN,), (Unit("furnace", "steel", (50.0, 50.0)),))


def with_(*commodities: Commodity, **changes: object) -> PlanProblem:
    return replace(PLANT, commodities=commodities or PLANT.commodities, **changes)


@dataclass(frozen=True)
class Clash:
    """A plan without an answer, the statements it names, and one that is innocent."""

    id: str
    problem: PlanProblem
    parts: tuple[str, ...]
    innocent: str = "sell iron"


CLASHES = [
    Clash(
        "a closing stock above what can be made",
        with_(ORE, replace(IRON, stock_closing_min=75.0)),
        (
            "these 2 statements",
            "closing stock of iron (steel): at least 75 t at the end of 2026-05; 60 t would do, 15 t less",
            "capacity of furnace (steel): at most 100 t in 2026-04..2026-05; 125 t would do, 25 t more",
        ),
    ),
    Clash(
        "a closing stock above what may be bought",
        with_(replace(ORE, buy_limit=10.0), replace(IRON, stock_closing_min=30.0)),
        ("buy ore (steel): at most 20 t in 2026-04..2026-05; 50 t would do, 30 t more", "12 t would do, 18 t less"),
    ),
    Clash(
        "a closing stock above what a quota allows",
        with_(
            ORE,
            replace(IRON, stock_closing_min=30.0),
            quotas=(Quota("crude iron", "steel", 20.0, "t Fe", {("furnace", "run"): 0.6}, (0, 1)),),
        ),
        ("quota crude iron (steel): at most 20 t Fe in 2026-04..2026-05; 30 t Fe would do, 10 t Fe more",),
    ),
    Clash(
        "a delivery that is owed and cannot be made",
        with_(ORE, replace(IRON, supply=(0.0, -70.0))),
        ("supply of iron (steel): 70 t are owed in 2026-04..2026-05; 60 t would do, 10 t less", "capacity of furnace"),
    ),
    Clash(
        "a by-product that finds no place",
        with_(
            ORE,
            IRON,
            Commodity("slag", "steel", sell_price=1.0, sell_limit=4.0, stock_max=3.0, supply=(9.0, 9.0)),
        ),
        (
            "supply of slag (steel): 18 t come in 2026-04..2026-05 and must find a place",
            "sell slag (steel): at most 8 t",
            "room for slag (steel): at most 3 t in any month of 2026-04..2026-05",
        ),
    ),
    Clash(
        "a transfer that is too small for what is owed",
        PlanProblem(
            MONTHS,
            (
                Commodity("concentrate", "steel", supply=(10.0, 10.0), dispose_cost=1.0),
                Commodity("feed", "rare_earth", supply=(-8.0, -8.0)),
            ),
            (),
            (),
            transfers=(Transfer("concentrate", "feed", 5.0),),
        ),
        (
            "transfer concentrate to feed (steel): at most 10 t in 2026-04..2026-05; 16 t would do, 6 t more",
            "supply of feed (rare_earth): 16 t are owed",
        ),
        "dispose",
    ),
    Clash(
        "a closing stock of what nothing makes",
        with_(ORE, IRON, Commodity("gold", "steel", sell_price=1.0, sell_limit=1.0, stock_max=9.0, stock_closing_min=1.0)),
        ("no plan meets this statement", "closing stock of gold (steel): at least 1 t at the end of 2026-05; 0 t would do"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CLASHES, ids=lambda case: case.id)
def test_the_limits_in_conflict_are_named_and_no_others(case: Clash) -> None:
    with pytest.raises(Infeasible) as refused:
        plan(case.problem)
    text = str(refused.value)
    assert [part for part in case.parts if part not in text] == [], text
    assert case.innocent not in text
    assert refused.value.exit_code == 3


def test_following_any_one_of_the_named_changes_gives_a_plan() -> None:
    for cured in (
        with_(ORE, replace(IRON, stock_closing_min=60.0)),
        with_(ORE, replace(IRON, stock_closing_min=75.0), units=(Unit("furnace", "steel", (62.5, 62.5)),)),
    ):
        assert plan(cured).certificates["passed"].all()


def test_a_plan_that_cannot_be_posed_names_every_number() -> None:
    with pytest.raises(ProblemError) as refused:
        with_(replace(ORE, buy_price=float("nan")), replace(IRON, stock_closing_min=900.0, sell_limit=-1.0))
    text = str(refused.value)
    assert "commodity 'ore': buy_price is nan" in text
    assert "stock_closing_min 900.0 is above stock_max 500.0" in text and "sell_limit is -1.0" in text


def test_the_command_line_names_them_and_exits_3(tmp_path: Path, plant: Plant) -> None:
    assert ferrolan("ingest", plant.path, "--out", "runs", cwd=tmp_path).code == 0
    before = contents(tmp_path / "runs")
    plant.replace("  months: 12", "  months: 1")
    store = "stock: {maximum: {value: 6 kt, synthetic: true}, closing: opening,"
    plant.replace(store, store.replace("closing: opening", "closing_minimum: {value: 6 kt, synthetic: true}"))
    ended = ferrolan("plan", plant.path, "--out", "runs", cwd=tmp_path)
    assert ended.code == 3
    assert "closing stock of re_concentrate (steel): at least 6000 t at the end of 2026-04" in ended.said
    assert "quota mining (steel): at most" in ended.said and "t REO more" in ended.said
    after = contents(tmp_path / "runs")
    assert {name: after[name] for name in before} == before
