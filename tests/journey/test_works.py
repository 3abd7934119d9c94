"""A works with every kind of live connection at once, collected as a person would, while everything goes wrong."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.status import StatusCode
from tests.command import ferrolan
from tests.journey.works import BY_NAME, SECRETS, TAGS, Collector, Tag, Works, trust, until, us, works
from tests.servers.mariadb import MariaDb, mariadb
from tests.servers.postgres import Postgres, postgres

__all__ = ["mariadb", "postgres"]

LOST = int(StatusCode.BAD_NO_COMMUNICATION)
BAD = 1 << 31
IN_FLIGHT = 1_000_000
"""What was said at most so long [us] before the last sign of life may have been on its way with no promise (QoS 0)."""


@dataclass(frozen=True)
class Journey:
    """What is left when it is over: the works, what health said before the stop, what the historian gave."""

    works: Works
    health: Mapping[str, object]
    metrics: str
    code: int
    checked: str
    rows: pl.DataFrame
    """The exported rows."""
    dead: tuple[tuple[int, int], ...]
    """When the collector was not there: from its death to its next life [us since 1970]."""

    @property
    def returns(self) -> int:
        """How often the furnace's link was lost and came back."""
        return len(self.dead) + 1

    def of(self, name: str) -> pl.DataFrame:
        return self.rows.filter(pl.col("tag") == name).sort("time")


def travelled(folder: Path, made: Works, kills: int, between: float = 1.0) -> Journey:
    """Collect; kill some times; restart the broker; cut the cable; stop in an orderly way; export."""
    chance, collector = random.Random(kills), Collector(made)
    assert made.broker is not None and made.line is not None
    dead: list[tuple[int, int]] = []
    collector.start()
    try:
        until(lambda: trust(made.folder), "the secured server is refused at first")
        collector.alive("dead")
        with made.beating():
            for _ in range(kills):
                time.sleep(between + chance.random())
                collector.kill()
                died = time.time_ns() // 1000
                collector.start()
                collector.alive("dead")
                dead.append((died, time.time_ns() // 1000))
            made.line.cut()
            made.broker.stop()
            until(lambda: collector.states().get("furnace") != "connected", "the cut is seen")
            made.broker.start()
            time.sleep(1.0)
            made.line.restore()
            collector.alive("dead")
            until(lambda: collector.states().get("bench") == "ended", "the replay is through")
            time.sleep(between)
        until(lambda: settled(collector), "everything has arrived")
        health, metrics = collector.health(), collector.read("/metrics")
        code = collector.stop()
    except BaseException:
        collector.kill()
        raise
    sealed = ferrolan("historian", "seal", made.document, cwd=folder)
    assert sealed.returncode == 0, sealed.stderr
    checked = ferrolan("historian", "check", made.document, cwd=folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    exported = ferrolan("historian", "export", made.document, "--to", "all.parquet", cwd=folder)
    assert exported.returncode == 0, exported.stderr
    rows = pl.read_parquet(folder / "all.parquet")
    return Journey(made, health, metrics, code, checked.stdout, rows, tuple(dead))


def settled(collector: Collector, quiet: float = 1.5) -> bool:
    """Whether nothing waits, and nothing but polled registers has come for a while."""

    def counts() -> dict[str, object]:
        found = collector.health()["connections"]
        return {n: (one["counts"]["stored"], one["spool"]["rows"]) for n, one in found.items() if n != "meters"}

    before = counts()
    time.sleep(quiet)
    after = counts()
    return before == after and all(waiting == 0 for _, waiting in after.values())  # type: ignore[misc]


@pytest.fixture(scope="module", params=[2, pytest.param(10, marks=pytest.mark.slow)], ids="{}-kills".format)
def journey(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, mariadb: MariaDb
) -> Iterator[Journey]:
    folder = tmp_path_factory.mktemp("works")
    with works(folder / "works", postgres, mariadb) as made:
        yield travelled(folder, made, request.param)


def named(promise: str) -> list[str]:
    return [tag.name for tag in TAGS if tag.promise == promise]


def held(journey: Journey, tag: Tag) -> dict[int, float | str]:
    """The present rows of a tag that have a value, by time [us]."""
    rows = journey.of(tag.name).filter(pl.col("status") < BAD)
    column = "text" if tag.text else "value"
    return {us(moment): value for moment, value in rows.select("time", column).iter_rows()}


def same(tag: Tag, said: float | str, found: float | str) -> bool:
    return found == said if tag.text else float(found) == pytest.approx(tag.canonical(float(said)), rel=1e-9)


@pytest.mark.parametrize("name", named("all"))
def test_every_sample_its_peer_served_is_stored_once_with_its_value_and_unit(journey: Journey, name: str) -> None:
    tag, found = BY_NAME[name], held(journey, BY_NAME[name])
    said = journey.works.book.at_times(name)
    if not said:  # the peer chose its times
        expected = {round(tag.canonical(float(value)), 6) for _, value in journey.works.book.said[name]}
        got = Counter(round(float(value), 6) for value in found.values())
        first = round(tag.canonical(0.0), 6)
        assert set(got) - {first} == expected
        assert sum(got.values()) - got[first] - len(expected) <= journey.returns, "once, and once more on a return"
        return
    lost = sorted(set(said) - set(found))
    assert not lost, f"{len(lost)} of {len(said)} lost, the first at {lost[:3]}"
    wrong = {moment: (said[moment], found[moment]) for moment in said if not same(tag, said[moment], found[moment])}
    assert not wrong
    more = [moment for moment in found if moment not in said]
    if tag.source != "furnace":
        assert not more
        return
    assert len(more) <= journey.returns + 2, "its first value, and one row on each return with the value read then"
    for moment in more:
        before = [at for at in said if at <= moment]
        assert same(tag, said[max(before)] if before else 0.0, found[moment])


@pytest.mark.parametrize("name", named("told"))
def test_what_could_not_arrive_lies_where_the_historian_says_it_knows_nothing(journey: Journey, name: str) -> None:
    tag, found = BY_NAME[name], held(journey, BY_NAME[name])
    said = journey.works.book.at_times(name)
    for moment in set(said) & set(found):
        assert same(tag, said[moment], found[moment])
    rows = [(us(moment), status) for moment, status in journey.of(name).select("time", "status").iter_rows()]
    bad = [at for at, status in rows if status >= BAD]
    silent = [
        moment
        for moment in sorted(set(said) - set(found))
        if max(((at, status) for at, status in rows if at <= moment), default=(0, LOST))[1] < BAD
        and not any(moment < at < moment + IN_FLIGHT for at in bad)
    ]
    assert not silent, f"{len(silent)} of {len(said)} lost without a word, the first at {silent[:3]}"
    assert len(set(said) & set(found)) > 10


@pytest.mark.parametrize("name", named("polled"))
def test_a_poll_gives_what_the_register_held_and_one_gap_row_for_each_absence(journey: Journey, name: str) -> None:
    tag, book = BY_NAME[name], journey.works.book
    when = book.when[name]
    values = [tag.canonical(float(value)) for _, value in book.said[name]]
    for moment, value in held(journey, tag).items():
        place = min(range(len(values)), key=lambda at: abs(values[at] - float(value)))
        assert float(value) == pytest.approx(values[place], rel=1e-9)
        assert when[place] <= moment
        assert place + 1 == len(when) or moment < when[place + 1] + 10_000_000, "at most one time-out late"
    rows = journey.of(name).filter(pl.col("status") >= BAD)
    assert rows["status"].to_list() == [LOST] * len(journey.dead)
    for moment, (died, lived) in zip(rows["time"], journey.dead, strict=True):
        assert us(moment) < lived
        within = [at for at in held(journey, tag) if us(moment) < at < died]
        assert not within, "from the last answer on"


def test_every_tag_has_its_canonical_unit(journey: Journey) -> None:
    found = dict(journey.rows.select("tag", "unit").unique().iter_rows())
    expected = {
        "TI-1": "K", "WT-1": "t/h", "XI-1": "1", "PI-2": "kPa", "JI-3": "MW", "WT-5": "t/h", "EI-7": "MW", "ND-8": "1",
        "R-13": "K", "HEAT": "",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_nothing_is_there_twice(journey: Journey) -> None:
    assert not journey.rows.select("tag", "time").is_duplicated().any()
    assert set(journey.rows["tag"]) <= {tag.name for tag in TAGS}


def test_the_collector_ends_in_order_and_the_historian_is_sound(journey: Journey) -> None:
    assert journey.code == 0 and "sound" in journey.checked
    said = (journey.works.folder / "stderr.txt").read_text() + (journey.works.folder / "stdout.txt").read_text()
    assert "Traceback" not in said and "0 waiting" in said


def test_health_names_the_dead_source_and_no_other(journey: Journey) -> None:
    connections = journey.health["connections"]
    assert isinstance(connections, dict)
    ill = {name for name, one in connections.items() if one["state"] not in ("connected", "ended") or one["faults"]}
    assert ill == {"dead"} and connections["dead"]["said"]
    needs = journey.health["needs"]
    assert isinstance(needs, list) and all(text.startswith("dead:") for text in needs)
    assert 'connector="furnace"' in journey.metrics


def test_no_secret_stands_in_anything_that_was_written(journey: Journey) -> None:
    files = [file for file in journey.works.folder.rglob("*") if file.is_file()]
    assert len(files) > 10
    words = [word.encode() for word in SECRETS.values()]
    told = json.dumps(journey.health) + journey.metrics
    assert not [file for file in files if any(word in file.read_bytes() for word in words)]
    assert not [word for word in SECRETS.values() if word in told]
