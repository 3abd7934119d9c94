"""Results show themselves: every public result has a renderer, its HTML is whole, small, escaped and asks for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import polars as pl
import pytest

from ferrolan import facts, trains, verbs
from ferrolan.base.showing import Shown, renderer_of, shown_html
from ferrolan.base.tables import TABLES
from ferrolan.enterprise.document import Enterprise
from ferrolan.facts import Fact, Source
from ferrolan.market import Clearing
from ferrolan.planning import Commodity, Mode, Plan, PlanProblem, Transfer, Unit, plan
from ferrolan.process.cascade import Design, Profile, design
from ferrolan.reconciliation import MASS, Network, Node, Reading, Reconciled, Stream, reconcile
from ferrolan.results import Account, Markets, Raw, RunResult, Simulated
from ferrolan.studies.concentrate import ConcentrateStudy, Trade
from ferrolan.trains import Designed, Rated, Started
from ferrolan.views import summary
from ferrolan.views.notebook import MOST_ROWS, TableView
from tests.assembly.simulated_plant import written
from tests.cli.test_trains import HOLDUP
from tests.enterprise.test_train_sheet import SHEET
from tests.views.reading import Element, read
from tests.views.sample import context, kinds, tables

RESULTS = (
    Account, Clearing, ConcentrateStudy, Design, Designed, Enterprise, Fact, Markets, Plan, Profile, Rated, Raw, Reconciled,
    RunResult, Simulated, Source, Started, TableView,
)  # fmt: skip


def mill() -> PlanProblem:
    """A mill that makes two tonnes an hour of flour worth 100 a tonne."""
    return PlanProblem(
        months=("2026-04",),
        commodities=(
            Commodity("grain", "owner", "t", buy_price=10.0, buy_limit=5000.0),
            Commodity("flour", "owner", "t", sell_price=100.0, sell_limit=9000.0),
        ),
        modes=(Mode("run", "mill", "owner", "grain", {"grain": -1.0, "flour": 0.8}, 5.0),),
        units=(Unit("mill", "owner", (1440.0,), throughput_unit="t"),),
        quotas=(),
        transfers=(),
    )


def balance() -> Reconciled:
    """Ten tonnes an hour in, twelve out."""
    streams = (Stream("feed", None, "mill"), Stream("ground", "mill", None))
    readings = tuple(
        Reading("flow", stream.name, None, 0, value, 1.0, stream.name)
        for stream, value in zip(streams, (10.0, 12.0), strict=True)
    )
    return reconcile(Network(streams, (Node("mill", (MASS,)),), (), (1.0,), readings))


def valued() -> ConcentrateStudy:
    trade = Trade(Transfer("re_concentrate", "re_concentrate_delivered", 9000.0), "steel", "rare_earth", (2870.0,) * 12)
    return ConcentrateStudy(tables()["concentrate_value"], tables()["value_draws"], trade, 0.0, 1)


def finished() -> RunResult:
    run, told = kinds()["public figures alone"]
    return RunResult(
        enterprise=verbs.load("ore_to_both"),
        run_id=told.run_id,
        run=None,
        tables=run,
        context=told,
        seconds=MappingProxyType({}),
    )


def designed() -> Design:
    """A train that parts two rare earths."""
    return design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), purity_organic=0.99, purity_raffinate=0.99)


def of_a_sheet(ask: Callable[[Path], Shown]) -> Shown:
    """What is said of the train of a sheet."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "train.yaml"
        path.write_text(SHEET + HOLDUP, encoding="utf-8")
        return ask(path)


def simulated() -> Shown:
    with TemporaryDirectory() as folder:
        return verbs.simulate(written(Path(folder)))


MADE: dict[str, Callable[[], Shown]] = {
    "plan": lambda: plan(mill()),
    "reconciled": balance,
    "study": valued,
    "enterprise": verbs.load,
    "run": finished,
    "raw": lambda: Raw({name: tables()[name] for name in ("measurements", "rejected", "ingest")}, 340000),
    "market": lambda: Markets((), {name: tables()[name] for name in ("market", "market_parties")}),
    "facts": lambda: TableView(facts.load(), "facts"),
    "fact": lambda: facts.one(file="prices", section="concentrate_related_party", fact="quarterly", key="price", period="2026Q1"),
    "design": designed,
    "profile": lambda: designed().profile,
    "rated": lambda: of_a_sheet(trains.rate),
    "designed": lambda: of_a_sheet(trains.design),
    "started": lambda: of_a_sheet(lambda path: trains.start(path, hours=48.0)),
    "simulated": simulated,
    "source": lambda: next(iter(facts.sources().values())),
}  # fmt: skip


def html(name: str) -> str:
    return MADE[name]()._repr_html_()


def rows(root: Element) -> int:
    return sum(len(body.all("tr")) for body in root.all("tbody"))


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_every_public_result_shows_itself_by_a_renderer(kind: type) -> None:
    assert issubclass(kind, Shown)
    assert renderer_of(kind) is not None


@pytest.mark.parametrize("name", MADE)
def test_what_is_shown_is_whole_and_asks_for_nothing_outside(name: str) -> None:
    text = html(name)
    root = read(text)  # every element is closed
    assert root.all("table") or root.all("svg")
    assert root.text.strip()
    assert not root.all("script") and not root.all("link") and not root.all("img")
    assert not re.search(r'(src|href|action|style)="', text) and "url(" not in text
    assert not any("http" in value for element in root.walk() for value in element.attributes.values())


def test_a_long_table_is_cut_and_its_length_said() -> None:
    root = read(html("facts"))
    assert rows(root) == MOST_ROWS
    assert f"the first {MOST_ROWS} of " in root.text
    assert facts.load().height > MOST_ROWS


def test_units_stand_in_the_header() -> None:
    frame = tables()["concentrate_value"]
    assert "value [AUD/t]" in read(TableView(frame, "concentrate_value", "AUD")._repr_html_()).text
    assert "value [¤/t]" in read(TableView(frame, "concentrate_value")._repr_html_()).text


@pytest.mark.parametrize("name", ["plan", "study", "run", "profile", "design", "rated", "designed"])
def test_a_figure_stands_with_the_result_that_has_one(name: str) -> None:
    assert read(html(name)).all("svg")


def test_a_run_is_short_where_it_is_named_and_tells_its_summary_where_it_is_printed() -> None:
    run = finished()
    assert repr(run).startswith("RunResult(run_id='7f3a91c20b44de15', done='document, plan, market, brief', brief=None")
    assert str(run).splitlines() == list(summary.lines(run.tables, run.context))


@pytest.mark.parametrize("name", ["run", "raw", "market"])
def test_a_table_that_is_not_there_names_the_nearest_one(name: str) -> None:
    found = MADE[name]()
    assert isinstance(found, RunResult | Raw | Markets)
    known = next(iter(found.tables))
    with pytest.raises(KeyError, match=f"no table '{known}s'; did you mean '{known}'"):
        found.tables[f"{known}s"]
    assert found.tables.get("whatever") is None and known in found.tables and len(found.tables) == len({**found.tables})


def test_a_run_is_shown_in_the_words_of_its_brief() -> None:
    text = read(html("run")).text.replace("\u00a0", " ")
    assert "on a plan that earns 2.19 billion AUD/year" in text and "Not in this run: raw data" in text


def test_text_of_a_table_cannot_become_markup() -> None:
    evil = (
        TABLES["rejected"]
        .empty()
        .vstack(pl.DataFrame([{"source": "<script>", "reason": "a & b"}], schema=TABLES["rejected"].schema))
    )
    shown = TableView(evil, "rejected")._repr_html_()
    assert "<script" not in shown and "&lt;script&gt;" in shown and "a &amp; b" in shown


def test_missing_and_endless_numbers_are_said_so() -> None:
    frame = pl.DataFrame({"a": [None, float("inf"), float("nan"), 0.25]}, schema={"a": pl.Float64})
    cells = [cell.text for cell in read(TableView(frame, "not declared")._repr_html_()).all("td")]
    assert cells == ["–", "no limit", "–", "0.25"]


@dataclass(frozen=True)
class Unknown(Shown):
    """A result nobody made a renderer for."""

    path: Path
    note: str
    frame: pl.DataFrame


def test_a_result_without_a_renderer_is_still_shown_as_a_plain_table() -> None:
    shown = Unknown(Path("x"), "<b>", pl.DataFrame({"a": [1, 2]}))._repr_html_()
    assert renderer_of(Unknown) is None
    cells = [cell.text for cell in read(shown).all("td")]
    assert cells == ["PosixPath", "<b>", "2 rows: a"]
    assert "&lt;b&gt;" in shown


def test_anything_at_all_can_be_shown() -> None:
    for thing in (None, 3, "text", object(), [1, 2], {"a": 1}, context()):
        assert read(shown_html(thing)).all("table")
