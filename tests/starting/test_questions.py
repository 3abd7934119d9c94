"""The questions: what is given is not asked, what is empty is proposed, what is wrong is asked again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ferrolan.starting import KINDS, ORDER, Question, answers, init, proposals, questions
from ferrolan.views import start

NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)


class Person:
    """Somebody who gives prepared answers, and remembers what was asked."""

    def __init__(self, *said: str) -> None:
        self.said = list(said)
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> str:
        self.asked.append(question)
        return self.said.pop(0)


def test_without_a_person_every_proposal_stands_and_makes_a_document(tmp_path: Path) -> None:
    folder = tmp_path / "My works (2)"
    found = answers(folder, {"time_zone": "Asia/Shanghai"}, now=NOW)
    assert found == {
        "kind": "both", "name": "my_works_2", "title": "My works 2", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "month": "2026-03",
    }  # fmt: skip
    assert init(folder, **found).document.name == "my_works_2.yaml"


def test_an_empty_answer_takes_the_proposal_and_what_is_given_is_not_asked(tmp_path: Path) -> None:
    person = Person("analyst", "", "", "", "2026-05")
    found = answers(tmp_path / "lynas", {"title": "Lynas"}, ask=person, now=NOW)
    assert [question.key for question in person.asked] == [key for key in ORDER if key != "title"]
    assert (found["kind"], found["name"], found["currency"], found["month"]) == ("analyst", "lynas", "USD", "2026-05")


def test_a_wrong_answer_is_asked_again_with_what_is_wrong(tmp_path: Path) -> None:
    person = Person("gold", "steel", "my works", "my_works", "", "Berlin", "Europe/Berlin", "", "2026-10", "2026-09")
    found = answers(tmp_path / "x", {}, ask=person, now=NOW)
    again = [(question.key, question.fault.way_out) for question in person.asked if question.fault is not None]
    assert [key for key, _ in again] == ["kind", "name", "time_zone", "month"]
    assert again[2][1] == "Did you mean 'Europe/Berlin'?"
    assert (found["time_zone"], found["month"]) == ("Europe/Berlin", "2026-09")


def test_the_proposed_month_is_the_last_whole_one_without_a_change_of_clocks() -> None:
    at = datetime(2026, 3, 31, 20, tzinfo=UTC)
    assert proposals(Path("x"), {"time_zone": "Asia/Shanghai"}, now=at)["month"] == "2026-03"
    assert proposals(Path("x"), {"time_zone": "UTC"}, now=at)["month"] == "2026-02"
    assert proposals(Path("x"), {"time_zone": "Europe/Berlin"}, now=NOW)["month"] == "2026-02"
    assert proposals(Path("x"), {"time_zone": "UTC", "kind": "analyst"}, now=at)["month"] == "2026-03"


def test_the_zone_of_the_machine_is_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = tmp_path / "zoneinfo" / "Asia"
    zones.mkdir(parents=True)
    (zones / "Shanghai").write_text("")
    link = tmp_path / "localtime"
    link.symlink_to(zones / "Shanghai")
    monkeypatch.delenv("TZ", raising=False)
    assert questions.machine_zone(link) == "Asia/Shanghai"
    assert questions.machine_zone(tmp_path / "nothing") == "UTC"
    monkeypatch.setenv("TZ", ":Australia/Perth")
    assert questions.machine_zone(link) == "Australia/Perth"
    monkeypatch.setenv("TZ", "CST6CDT,M3.2.0")
    assert questions.machine_zone(link) == "Asia/Shanghai"


def test_every_question_and_every_kind_has_its_words() -> None:
    assert all(start.question(key) for key in ORDER)
    assert list(start.kinds()) == list(KINDS)
    assert "3 of its 4 values" in start.written("a.yaml", "a.yaml", 3, 4)
    assert "ferrolan check a.yaml" in " ".join(start.steps("a.yaml", "the capacities"))
