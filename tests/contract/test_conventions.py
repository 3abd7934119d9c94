"""The numbered rules of docs/design/conventions.md: every citation leads to one, and what a machine can hold is held."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import ferrolan
from ferrolan import facts, verbs
from ferrolan.assembly.plan import money
from ferrolan.base import errors, units
from ferrolan.base.errors import DocumentError, Fault, NotConverged
from ferrolan.base.schema import Sourced, read
from ferrolan.base.tables import TABLES, TIME
from ferrolan.base.time import hours_in_month, month_bounds
from ferrolan.views.tables import VIEWS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "design" / "conventions.md"
SOURCES = sorted(Path(ferrolan.__file__).parent.rglob("*.py"))
CITED_IN = [*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md"]
RULE = re.compile(r"^- \*\*([A-Z]\d+)\*\* ", re.M)
CITATION = re.compile(r"\b[Rr]ules? ((?:[A-Z]\d+(?:, | and )?)+)")
CLOCKS = {"records/clock.py", "records/audit.py", "historian/embedded/audit.py", "doctor.py"}
"""Where a clock is read: kept beside a record, signed, or reported."""


def rules() -> list[str]:
    return RULE.findall(PAGE.read_text(encoding="utf-8"))


def cited(path: Path) -> set[str]:
    """Numbers of the rules that a file cites, as in `rule T1` or `rules Q1 and T2`."""
    found = CITATION.findall(path.read_text(encoding="utf-8"))
    return {number for group in found for number in re.findall(r"[A-Z]\d+", group)}


def test_every_rule_has_a_number_of_its_own_in_order() -> None:
    numbers = rules()
    assert len(numbers) == len(set(numbers)) > 30
    for letter in "QTMSEDW":
        own = [int(number[1:]) for number in numbers if number[0] == letter]
        assert own == list(range(1, len(own) + 1))


@pytest.mark.parametrize("path", [path for path in CITED_IN if cited(path)], ids=lambda path: path.name)
def test_every_rule_that_is_cited_is_there(path: Path) -> None:
    assert cited(path) - set(rules()) == set()


def test_tests_cite_at_least_ten_rules() -> None:
    assert len(set().union(*map(cited, (ROOT / "tests").rglob("*.py")))) >= 10


def test_every_declared_column_is_in_a_canonical_unit() -> None:
    """Rule Q1: or it says that its unit differs by row, rule S3."""
    declared = {column.unit for table in TABLES.values() for column in table.columns.values()}
    by_row = {"", "canonical unit of the tag", "unit at the source"} | {u for u in declared if u.startswith("see ")}
    money = {unit for unit in declared if units.CURRENCY in unit}
    rates = {"t/a"}  # tonnes a year: a reader's unit in tables of yearly answers
    assert {unit for unit in declared - by_row - money - rates if units.canonical_unit(unit) != unit} == set()
    assert all(re.fullmatch(r"¤(/t|/a|/h| per unit)?", unit) for unit in money)


def test_no_engine_converts_a_unit() -> None:
    """Rule Q2: engines take canonical numbers and give them."""
    engines = [path for path in SOURCES if path.parent.name in ("reconciliation", "planning", "market", "numerics")]
    assert len(engines) > 20
    assert [path.name for path in engines if "base.units" in path.read_text(encoding="utf-8")] == []


def test_a_year_has_365_days_and_a_month_a_twelfth_of_it() -> None:
    """Rule Q4."""
    assert units.convert(1.0, "a", "h") == 8760.0
    assert units.convert(12.0, "month", "a") == 1.0
    assert (hours_in_month("2026-02"), hours_in_month("2026-03")) == (672.0, 744.0)


def test_a_declared_amount_is_brought_to_the_currency_of_the_document_by_its_declared_rate() -> None:
    """Rule Q10."""
    document = verbs.load(verbs.shipped("lynas"))
    amount, problems = read(Sourced, {"value": "2 USD/t", "own": True})
    assert amount is not None and not problems
    assert document.enterprise.currency == "AUD"
    assert money(document, amount) == pytest.approx(2 * document.enterprise.exchange_rates["USD"].value, rel=1e-15)


def test_every_time_in_a_table_is_utc() -> None:
    """Rule T1."""
    kinds = [column.dtype for table in [*TABLES.values(), *VIEWS.values()] for column in table.columns.values()]
    assert {kind for kind in kinds if isinstance(kind, pl.Datetime)} == {TIME}
    assert pl.Datetime("us", "UTC") == TIME


def test_a_month_is_that_of_the_site() -> None:
    """Rule T3, with its own example."""
    expected = datetime(2026, 2, 28, 16, tzinfo=UTC), datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert month_bounds("2026-03", "Asia/Shanghai") == expected


def test_a_value_that_does_not_say_where_it_comes_from_is_a_fault() -> None:
    """Rule M2."""
    found, problems = read(Sourced, {"value": "7 t/h"})
    assert found is None
    assert [problem.code for problem in problems] == ["missing_source"]


def test_a_fact_that_is_not_published_is_null_and_every_fact_has_its_confidence() -> None:
    """Rules M1 and M3."""
    record = facts.load()
    assert record["value"].null_count() > 0
    assert record.filter(pl.col("confidence").is_null() | pl.col("as_of").is_null()).is_empty()


def test_what_is_refused_has_a_column_for_file_line_and_reason() -> None:
    """Rule M4."""
    assert {"file", "line", "found", "reason"} <= set(TABLES["rejected"].columns)


def test_every_public_dataclass_is_frozen() -> None:
    """Rule S1: but for the clock that a run's record keeps beside it, and what a connection counts while it lives."""
    loose = {
        f"{path.stem}.{node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and any(isinstance(mark, ast.Name) and mark.id == "dataclass" for mark in node.decorator_list)
    }
    assert loose == {"clock.StationClock", "live.Health", "handing.Counts"}


def test_a_fault_says_where_what_found_expected_the_way_out_and_a_code() -> None:
    """Rule E1."""
    fault = Fault("plant.yaml", 7, "units.mill.capacity", '"ten"', "a number with a unit", "Write 10 t/h", "wrong_unit")
    assert str(fault) == (
        'plant.yaml:7  units.mill.capacity: expected a number with a unit, got "ten". Write 10 t/h [wrong_unit]'
    )


def test_faults_of_a_document_come_all_at_once(tmp_path: Path) -> None:
    """Rule E2."""
    path = tmp_path / "empty.yaml"
    path.write_text("ferrolan: 1\nnaem: x\n", encoding="utf-8")
    with pytest.raises(DocumentError) as raised:
        verbs.load(path)
    assert len(raised.value.faults) > 1


def test_not_converged_holds_the_last_iterate() -> None:
    """Rule E3."""
    assert NotConverged("stopped", last_iterate=[1.0], residual=0.5).last_iterate == [1.0]


def test_every_error_has_an_exit_code_of_the_table() -> None:
    """Rule E5."""
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FerrolanError)
    ]
    assert {kind.exit_code for kind in kinds} == {2, 3, 4}


def test_below_the_verbs_there_is_no_clock_and_no_global_random_state() -> None:
    """Rule D2."""
    package = Path(ferrolan.__file__).parent
    state = re.compile(
        r"datetime\.now\(|time\.time\(|np\.random\.seed|random\.random\(\)|np\.random\.(?:normal|rand)\b"
    )
    found = {
        str(path.relative_to(package))
        for path in SOURCES
        if state.search(path.read_text(encoding="utf-8")) and not {"cli", "collector"} & set(path.parts)
    }
    assert found == CLOCKS


def test_two_sets_of_worlds_of_one_seed_are_the_same(document: verbs.Enterprise) -> None:
    """Rule D4."""
    assert verbs.worlds(document) == verbs.worlds(document)
    assert verbs.worlds(document) != verbs.worlds(verbs.seeded(document, document.seed + 1))
