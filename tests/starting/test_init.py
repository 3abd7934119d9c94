"""A new document: it loads, it runs, it is written whole or not at all, and nothing wrong is written."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ferrolan import verbs
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.units import CURRENCIES
from ferrolan.enterprise.origins import declared_values, synthetic_values
from ferrolan.starting import KINDS, SCHEMA_FILE, begin, init

GOOD: dict[str, Any] = {
    "kind": "steel",
    "name": "my_works",
    "title": 'My "works": Č 中',
    "time_zone": "Australia/Perth",
    "currency": "CNY",
    "month": "2026-02",
}


def faults(folder: Path, **change: str) -> tuple[Fault, ...]:
    with pytest.raises(DocumentError) as error:
        init(folder, **{**GOOD, **change})
    return error.value.faults


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_document_loads_and_says_what_it_was_told(kind: str, currency: str, tmp_path: Path) -> None:
    started = init(tmp_path / "a" / "b", **{**GOOD, "kind": kind, "currency": currency})
    enterprise = verbs.load(started.document)
    assert (enterprise.name, enterprise.title) == ("my_works", GOOD["title"])
    assert (enterprise.enterprise.time_zone, enterprise.enterprise.currency) == ("Australia/Perth", currency)
    month = enterprise.account.month if enterprise.account is not None else enterprise.plan.starts
    assert month == "2026-02"
    assert (started.synthetic, started.values) == synthetic_values(enterprise)
    assert {path.name for path in started.folder.iterdir()} == set(started.files)
    assert SCHEMA_FILE in started.files and ("tags.csv" in started.files) == (KINDS[kind].tags is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_the_plant_is_marked_synthetic_and_none_is_the_users_own(kind: str, tmp_path: Path) -> None:
    enterprise = verbs.load(init(tmp_path / "new", **{**GOOD, "kind": kind}).document)
    plant = ("units", "commodities", "utilities", "transfers", "quotas")
    values = dict(declared_values({section: getattr(enterprise, section) for section in plant}))
    assert len(values) >= 9
    assert [path for path, value in values.items() if not value.synthetic] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_document_keeps_comments_and_begins_with_schema_and_what_to_replace_first(
    kind: str, tmp_path: Path
) -> None:
    text = init(tmp_path / "new", **{**GOOD, "kind": kind}).document.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# yaml-language-server: $schema={SCHEMA_FILE}"
    assert sum("REPLACE FIRST" in line for line in lines) == 1
    assert text.count("#") > 12
    assert ("delete the two lines of 'virtual_plant'" in text) == ("\nvirtual_plant:" in text)
    assert "Baotou works" not in text and "What to look for" not in text


def test_a_template_is_the_shipped_example_and_no_copy_of_it(tmp_path: Path) -> None:
    same = {**GOOD, "name": "steel_works", "currency": "CNY"}
    written = init(tmp_path / "new", **same).document.read_text(encoding="utf-8").splitlines()
    shipped = KINDS["steel"].template.read_text(encoding="utf-8").splitlines()
    shipped = [line for line in shipped[shipped.index("ferrolan: 1") :] if "source:" not in line]
    changed = [line for line in shipped if line not in written]
    assert [line for line in changed if "published" not in line] == [
        "title: Steel works",
        "  time_zone: Asia/Shanghai",
        "  month: 2026-03",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_made_up_is_said_of_somebody_elses_works(kind: str, tmp_path: Path) -> None:
    """A note that names the works of the example goes with its source; what a figure means technically stays."""
    text = init(tmp_path / "new", **{**GOOD, "kind": kind}).document.read_text(encoding="utf-8")
    others = [line for line in text.splitlines() if re.search("Baotou|Northern Rare Earth|Baosteel|published t", line)]
    assert [line for line in others if "source:" not in line] == []
    kept = {"steel": 'note: "62 % Fe"', "both": 'note: "pigging"', "rare_earth": 'note: "sulphuric acid"'}
    assert kept.get(kind, 'note: "tonnes of contained oxides"') in text


def test_the_outside_company_is_called_a_company_once(tmp_path: Path) -> None:
    enterprise = verbs.load(init(tmp_path / "new", **{**GOOD, "kind": "analyst"}).document)
    assert enterprise.enterprise.owners["company"].title == "company"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "currency", "zone"),
    [("both", "USD", "America/New_York"), ("steel", "EUR", "Europe/Berlin"), ("rare_earth", "AUD", "Australia/Perth")],
)
def test_a_new_document_runs_at_once_on_a_synthetic_month(kind: str, currency: str, zone: str, tmp_path: Path) -> None:
    started = init(tmp_path / "new", **{**GOOD, "kind": kind, "currency": currency, "time_zone": zone})
    result = verbs.run(started.document, tmp_path / "runs")
    assert result.brief.is_file() and result.context.currency == currency
    assert result.tables["measurements"].height > 0


def test_a_new_analysts_document_runs_at_once_without_plant_data(tmp_path: Path) -> None:
    result = verbs.run(
        init(tmp_path / "new", **{**GOOD, "kind": "analyst", "currency": "USD"}).document, tmp_path / "runs"
    )
    done = dict(result.tables["stations"].select("station", "state").iter_rows())
    assert {done[station] for station in ("plan", "market", "brief")} == {"done"}
    assert done["account"] != "done" and result.brief.is_file()


@pytest.mark.parametrize(
    ("change", "path", "found", "way_out"),
    [
        ({"kind": "steal"}, "kind", '"steal"', "Did you mean 'steel'?"),
        ({"name": "my works"}, "name", '"my works"', "Write 'my_works'"),
        ({"name": "2works"}, "name", '"2works"', "Write 'plant_2works'"),
        ({"name": "鞍钢"}, "name", '"鞍钢"', "Write 'plant'"),
        ({"name": "../out"}, "name", '"../out"', "Write 'out'"),
        ({"name": ""}, "name", '""', "Write 'plant'"),
        ({"title": "  "}, "title", '"  "', "Say in a few words"),
        ({"title": "a\tb"}, "title", '"a\\tb"', "Say in a few words"),
        ({"time_zone": "Berlin"}, "time_zone", '"Berlin"', "Did you mean 'Europe/Berlin'?"),
        ({"time_zone": "Asia/Shangai"}, "time_zone", '"Asia/Shangai"', "Did you mean 'Asia/Shanghai'?"),
        ({"currency": "GBP"}, "currency", '"GBP"', "Known are: CNY"),
        ({"month": "03-2026"}, "month", '"03-2026"', "Write it like 2026-03"),
        ({"month": "2026-10", "time_zone": "Europe/Berlin"}, "month", '"2026-10"', "Take the month before or after"),
    ],
)
def test_a_wrong_answer_is_refused_before_anything_is_written(
    change: dict[str, str], path: str, found: str, way_out: str, tmp_path: Path
) -> None:
    (fault,) = faults(tmp_path / "new", **change)
    assert (fault.path, fault.found) == (path, found) and way_out in fault.way_out
    assert list(tmp_path.iterdir()) == []


def test_all_wrong_answers_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    found = faults(tmp_path, kind="gold", name="1", title="", time_zone="x", currency="x", month="x")
    assert [fault.path for fault in found] == ["", "kind", "name", "title", "time_zone", "currency", "month"]


def test_an_analyst_may_begin_in_a_month_in_which_clocks_change(tmp_path: Path) -> None:
    started = init(tmp_path / "new", **{**GOOD, "kind": "analyst", "month": "2026-10", "time_zone": "Europe/Berlin"})
    assert "starts: 2026-10" in started.document.read_text(encoding="utf-8")


def test_a_folder_that_holds_something_is_refused_by_its_names(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.txt").write_text("mine")
    (fault,) = faults(tmp_path)
    assert fault.found == "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more" and fault.code == "not_empty"
    assert len(list(tmp_path.iterdir())) == 7


def test_a_file_in_place_of_the_folder_or_above_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert [fault.code for fault in faults(tmp_path / "file")] == ["no_folder"]
    assert [fault.code for fault in faults(tmp_path / "file" / "new")] == ["no_folder"]
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_filled_and_stays_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    started = init(Path(), **GOOD)
    assert {path.name for path in Path.cwd().iterdir()} == {"my_works.yaml", "tags.csv", SCHEMA_FILE}
    assert started.document.is_file()


@pytest.mark.parametrize("there", [True, False])
def test_what_fails_half_way_leaves_nothing_behind(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    renamed, rename = 0, Path.rename

    def failing(path: Path, target: Path) -> Path:
        nonlocal renamed
        renamed += 1
        if renamed == 2 or not there:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="No space left"):
        init(folder, **GOOD)
    assert [path.name for path in tmp_path.rglob("*")] == (["new"] if there else [])


def test_a_document_that_does_not_load_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "document", lambda kind, head: "ferrolan: 1\n")
    with pytest.raises(DocumentError, match="no 'title'"):
        init(tmp_path / "new", **GOOD)
    assert list(tmp_path.iterdir()) == []


def test_clocks_change_in_spring_and_autumn_where_they_do() -> None:
    changing = [month for month in range(1, 13) if begin.changes_clock(f"2026-{month:02d}", "Europe/Berlin")]
    assert changing == [3, 10]
    assert not any(begin.changes_clock(f"{datetime(2026, m, 1):%Y-%m}", "Asia/Shanghai") for m in range(1, 13))
