"""The checklist of a Sparkplug host, line by line, on the pure host (``cases/sources/sparkplug_host``)."""

from __future__ import annotations

import gzip
import inspect
import json
import tomllib
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import SourceError
from ferrolan.base.status import StatusCode
from ferrolan.sources.sparkplug import connector, host, node, survey
from ferrolan.sources.sparkplug import payload as wire
from ferrolan.sources.sparkplug.host import Host
from ferrolan.sources.sparkplug.payload import decode, rebirth_command
from ferrolan.sources.sparkplug.signals import address
from tests.servers.edge import BOOLEAN, DATASET, DATETIME, DOUBLE, INT16, INT64, STRING, UINT64, AliasEdge, M, encode
from tests.sources.sparkplug.steps import BAD, NORTH, NOW, PRESSURE, SOUTH, Steps, born, tags

CASE = Path(__file__).parents[3] / "cases" / "sources" / "sparkplug_host" / "checklist.toml"


# coming and going


def test_01_the_will_is_an_offline_state_of_the_time_of_the_connect() -> None:
    will = Host("ferrolan", tags()).opening(NOW).will
    assert (will.topic, will.qos, will.retain) == ("spBv1.0/STATE/ferrolan", 1, True)
    assert json.loads(will.payload) == {"online": False, "timestamp": NOW // 1000}


def test_02_own_state_and_data_are_subscribed_and_the_birth_has_the_time_of_the_will() -> None:
    opening = Host("ferrolan", tags()).opening(NOW)
    assert opening.topics[0] == "spBv1.0/STATE/ferrolan"
    assert {"spBv1.0/Works/NBIRTH/Furnace1", "spBv1.0/Works/DDATA/Furnace1/+"} <= set(opening.topics)
    assert (opening.birth.topic, opening.birth.qos, opening.birth.retain) == ("spBv1.0/STATE/ferrolan", 1, True)
    assert json.loads(opening.birth.payload) == {"online": True, "timestamp": NOW // 1000}
    source = inspect.getsource(connector.SparkplugConnector._live)
    assert source.index("subscribe(") < source.index("publish(") < source.index("connected(")


def test_03_nothing_is_said_before_the_birth() -> None:
    steps = Steps()
    steps.host.opening(steps.now)
    steps.hear(("spBv1.0/STATE/ferrolan", b'{"online":false,"timestamp":1}'), *steps.edge.births())
    steps.hear(("STATE/ferrolan", b"OFFLINE"))
    assert steps.sent == []


def test_04_own_state_seen_offline_is_corrected_at_once_with_the_time_of_the_will() -> None:
    steps = Steps().connect()
    steps.now += 7_000_000
    steps.hear(("spBv1.0/STATE/ferrolan", b'{"online":false,"timestamp":1}'))
    (said,) = steps.sent
    assert (said.topic, said.qos, said.retain) == ("spBv1.0/STATE/ferrolan", 1, True)
    assert json.loads(said.payload) == {"online": True, "timestamp": NOW // 1000}


def test_05_a_clean_stop_says_the_death_with_the_present_time() -> None:
    steps = Steps().connect()
    said = steps.host.closing(NOW + 9_000_000)
    assert json.loads(said.payload) == {"online": False, "timestamp": NOW // 1000 + 9_000}
    steps.hear((said.topic, said.payload))
    assert steps.sent == []  # our own death is not corrected
    source = inspect.getsource(connector.SparkplugConnector._live)
    assert source.index("_farewell(") < source.index("line.close()")


def test_06_two_brokers_have_a_state_with_a_time_of_its_own_each() -> None:
    times = [
        json.loads(Host("ferrolan", tags()).opening(NOW + shift).birth.payload)["timestamp"] for shift in (0, 5_000)
    ]
    assert times == [NOW // 1000, NOW // 1000 + 5]


# births and data


@pytest.mark.parametrize("start", [0, 7, 255])
def test_07_a_birth_may_start_the_counting_anywhere(start: int) -> None:
    steps = Steps().connect()
    steps.hear(*steps.edge.births(start=start))
    assert [row[:1] + row[2:] for row in steps.hear(steps.edge.data({"Pressure": 2.5}))] == [(PRESSURE, 2.5, 0)]
    steps.wait(20)
    assert steps.rebirths == []


def test_08_a_birth_without_bdseq_is_said_and_every_death_then_counts() -> None:
    steps = born(bdseq=None)
    assert (
        "bdSeq" in steps.host.faults["Works/Furnace1/bdSeq"]
        or "every death" in steps.host.faults["Works/Furnace1/bdSeq"]
    )
    assert len(steps.rows) == 3
    steps.edge.bdseq = 44
    steps.hear(steps.edge.death())
    assert [row[0] for row in steps.gaps] == [PRESSURE, NORTH, SOUTH]


def test_09_data_before_the_birth_are_kept_aside_and_the_birth_is_asked_for() -> None:
    steps = Steps().connect()
    steps.edge.seq = 5
    early = steps.edge.data({"Pressure": 1.5})
    assert steps.hear(early) == []
    assert [said.topic for said in steps.rebirths] == ["spBv1.0/Works/NCMD/Furnace1"]
    assert steps.hear(steps.edge.birth("Hearth")) == []
    steps.hear(*steps.edge.births())
    assert {row[0] for row in steps.rows} == {PRESSURE, NORTH, SOUTH}
    assert not [row for row in steps.rows if row[1] < steps.edge.now * 1000 - 40_000]  # not guessed: alias alone
    steps.wait(11)
    assert steps.host.counts["unresolved"] == 1


def test_09_data_that_overtook_their_birth_are_applied_after_it() -> None:
    steps = Steps().connect()
    births = steps.edge.births()
    data = steps.edge.data({"T/North": 1450.0}, "Hearth")
    steps.hear(data, *births)
    assert steps.rows[-1] == (NORTH, steps.edge.now * 1000, 1450.0, 0)


def test_09_data_kept_aside_with_names_are_taken() -> None:
    steps = Steps().connect()
    steps.edge.seq = 9
    early = steps.edge.data({"Pressure": 1.5}, named=True)
    when = steps.edge.now * 1000
    steps.hear(early, *steps.edge.births())
    assert (PRESSURE, when, 1.5, 0) in steps.rows


def test_10_an_alias_resolves_by_the_latest_births_over_node_and_devices() -> None:
    steps = born()
    steps.hear(steps.edge.data({"T/South": 1401.5}, "Hearth"))
    assert steps.rows[-1][0::2] == (SOUTH, 1401.5)
    steps.edge.aliases = {("", "Pressure"): 3, ("Hearth", "T/North"): 1, ("Hearth", "T/South"): 2}
    steps.hear(*steps.edge.births())
    steps.hear(steps.edge.data({"T/South": 1402.5}, "Hearth"))
    assert steps.rows[-1][0::2] == (SOUTH, 1402.5)


def test_10_an_unknown_alias_asks_for_births() -> None:
    steps = born()
    steps.edge.aliases["", "Pressure"] = 99
    assert steps.hear(steps.edge.data({"Pressure": 1.0})) == []
    assert len(steps.rebirths) == 1 and steps.host.counts["unknown_metrics"] == 1


def test_10_an_alias_of_two_metrics_is_refused_and_said_while_names_live() -> None:
    steps = born(aliases={("", "Pressure"): 1, ("Hearth", "T/North"): 1, ("Hearth", "T/South"): 3})
    assert "alias 1" in steps.host.faults["Works/Furnace1/Hearth/T/North"]
    assert steps.hear(steps.edge.data({"T/North": 5.0}, "Hearth")) == []
    assert steps.hear(steps.edge.data({"T/North": 6.0}, "Hearth", named=True))[0][0::2] == (NORTH, 6.0)


def test_11_the_birth_gives_the_datatype_and_one_without_is_refused_by_name() -> None:
    steps = Steps(tags=tags("Works/Furnace1/A", "Works/Furnace1/B")).connect()
    time = steps.edge.now
    told = [
        M(-3, "A", 1, time, INT16),
        M(1.0, "B", 2, time, None, into="double_value"),
        M(0, "bdSeq", None, time, UINT64),
    ]
    steps.hear(("spBv1.0/Works/NBIRTH/Furnace1", encode(told, time, 0)))
    assert [row[0::2] for row in steps.rows] == [(1, -3.0), (2, None)]
    assert "datatype" in steps.host.faults["Works/Furnace1/B"]
    data = encode([M(65533, None, 1, time + 1, into="int_value"), M(2.0, None, 2, time + 1)], time + 1, 1)
    assert [row[0::2] for row in steps.hear(("spBv1.0/Works/NDATA/Furnace1", data))] == [(1, -3.0)]
    assert steps.host.counts["refused_metrics"] == 1


def test_12_a_metric_the_birth_does_not_hold_is_refused_and_counted() -> None:
    steps = born()
    told = encode(
        [M(1.0, "Invented", None, steps.edge.now, DOUBLE), M(7.0, "Pressure", None, steps.edge.now + 1)],
        steps.edge.now,
        2,
    )
    assert [row[0] for row in steps.hear(("spBv1.0/Works/NDATA/Furnace1", told))] == [PRESSURE]
    assert steps.host.counts["unknown_metrics"] == 1 and "Works/Furnace1/Invented" in steps.host.faults


def test_12_a_mapped_metric_missing_from_the_birth_has_one_bad_row_and_a_hint() -> None:
    steps = Steps(
        AliasEdge(metrics={"": ("Info/Firmware", "P")}),
        tags("Works/Furnace1/Info/Firmware", "Works/Furnace1//Info/Firmware"),
    )
    steps.connect().hear(*steps.edge.births())
    assert [row[0::2] for row in steps.rows] == [(2, 0.0)]
    steps = Steps(AliasEdge(metrics={"": ("P",)}), tags("Works/Furnace1/P", "Works/Furnace1/Q")).connect()
    steps.hear(*steps.edge.births())
    assert [(row[0], row[3]) for row in steps.rows] == [(1, 0), (2, StatusCode.BAD_CONFIGURATION_ERROR)]
    assert "does not hold" in steps.host.faults["Works/Furnace1/Q"]


def test_13_is_null_is_a_bad_row_without_a_value() -> None:
    steps = born()
    told = encode([M(None, None, 1, steps.edge.now + 1, null=True)], steps.edge.now + 1, 2)
    assert steps.hear(("spBv1.0/Works/NDATA/Furnace1", told)) == [
        (PRESSURE, (steps.edge.now + 1) * 1000, None, StatusCode.BAD_NO_DATA)
    ]


def test_14_historical_samples_are_rows_of_their_time_and_close_no_gap() -> None:
    steps = born()
    steps.edge.data({"Pressure": 0.0})
    steps.edge.seq -= 1
    old = [M(float(hour), None, 1, steps.edge.now - 3_600_000 * hour, historical=True) for hour in (1, 3, 2)]
    rows = steps.hear(("spBv1.0/Works/NDATA/Furnace1", encode(old, steps.edge.now, 2)))
    assert [row[2] for row in rows] == [1.0, 3.0, 2.0] and all(row[3] == 0 for row in rows)
    steps.host.lost(steps.now)
    steps.connect()
    steps.edge.bdseq = 1
    old = [
        M(9.0, "Pressure", 1, steps.edge.now + 99_000, DOUBLE, historical=True),
        M(1, "bdSeq", None, steps.edge.now, UINT64),
    ]
    steps.hear(("spBv1.0/Works/NBIRTH/Furnace1", encode(old, steps.edge.now + 50, 0)))
    (signal,) = steps.host._nodes["Works", "Furnace1"].signals[""].values()
    assert signal.gap is not None


def test_15_the_count_runs_over_node_and_devices_and_round_after_255() -> None:
    steps = born(metrics={"": ("Pressure",), "Hearth": ("T/North", "T/South")})
    for step in range(600):
        device, name = ("Hearth", "T/North") if step % 2 else ("", "Pressure")
        assert [row[2] for row in steps.hear(steps.edge.data({name: 1000.0 + step}, device))] == [1000.0 + step]
    steps.wait(20)
    assert steps.rebirths == [] and steps.host.counts["gaps_in_seq"] == 0


def test_15_a_death_and_a_command_carry_no_seq() -> None:
    assert not decode(AliasEdge().death()[1]).HasField("seq")
    assert not decode(rebirth_command(NOW)).HasField("seq")


def test_16_names_and_ids_that_differ_in_case_are_taken_and_said() -> None:
    edge = AliasEdge(metrics={"": ("Power", "POWER")})
    steps = Steps(edge, tags("Works/Furnace1/Power", "Works/Furnace1/POWER", "Works/FURNACE1/Power")).connect()
    steps.hear(*edge.births())
    assert [row[0::2] for row in steps.rows] == [(1, 0.0), (2, 1.0)]
    assert "case" in steps.host.faults["Works/Furnace1/Power"]
    assert "case" in steps.host.remarks["Works/FURNACE1"]


# order and rebirth


def test_17_a_gap_in_seq_starts_the_reorder_timer() -> None:
    steps = born()
    steps.edge.data({"Pressure": 1.0})  # lost
    assert steps.hear(steps.edge.data({"Pressure": 2.0})) == []
    assert steps.host.wake == steps.now + 5_000_000
    steps.wait(4.9)
    assert steps.rebirths == []


def test_18_missing_messages_that_come_in_time_are_applied_in_order() -> None:
    steps = born()
    first, second, third = (steps.edge.data({"Pressure": value}) for value in (1.0, 2.0, 3.0))
    assert steps.hear(third, second) == []
    assert [row[2] for row in steps.hear(first)] == [1.0, 2.0, 3.0]
    steps.wait(30)
    assert steps.rebirths == []


def test_19_the_timer_runs_out_and_one_rebirth_is_asked_for_at_most_once_a_minute() -> None:
    steps = born()
    steps.edge.data({"Pressure": 1.0})
    steps.hear(steps.edge.data({"Pressure": 2.0}))
    steps.wait(5.1)
    (said,) = steps.rebirths
    assert (said.topic, said.qos, said.retain) == ("spBv1.0/Works/NCMD/Furnace1", 0, False)
    payload = decode(said.payload)
    (metric,) = payload.metrics
    assert (metric.name, metric.datatype, metric.boolean_value) == (b"Node Control/Rebirth", BOOLEAN, True)
    for _ in range(50):
        steps.hear(steps.edge.data({"Pressure": 3.0}))
        steps.wait(1)
    assert len(steps.rebirths) == 1
    steps.wait(15)
    assert len(steps.rebirths) == 2


def test_20_after_a_rebirth_aliases_are_new_and_late_data_are_not_taken_by_them() -> None:
    steps = born()
    late = steps.edge.data({"Pressure": 77.0})
    steps.edge.aliases = {("", "Pressure"): 2, ("Hearth", "T/North"): 1, ("Hearth", "T/South"): 3}
    steps.hear(*steps.edge.births())
    before = len(steps.rows)
    steps.hear(late)
    steps.wait(11)
    assert steps.rows[before:] == [] and steps.host.counts["unresolved"] == 1
    assert [row[0::2] for row in steps.hear(steps.edge.data({"Pressure": 78.0}))] == [(PRESSURE, 78.0)]


def test_20_late_data_of_an_alias_that_stayed_the_same_are_taken_at_their_time() -> None:
    steps = born()
    late = steps.edge.data({"Pressure": 77.0})
    when = steps.edge.now * 1000
    steps.hear(*steps.edge.births(start=0))
    assert steps.hear(late) == [(PRESSURE, when, 77.0, 0)]


def test_21_the_rebirth_and_our_state_are_all_that_can_be_said() -> None:
    steps = born()
    steps.host.lost(steps.now)
    steps.connect()
    steps.hear(steps.edge.data({"Pressure": 2.0}), ("spBv1.0/STATE/ferrolan", b'{"online":false,"timestamp":3}'))
    steps.wait(200)
    opening = steps.host.opening(steps.now)
    said = [*steps.sent, opening.will, opening.birth, steps.host.closing(steps.now)]
    for message in said:
        if message.topic.startswith("spBv1.0/STATE/ferrolan"):
            assert set(json.loads(message.payload)) == {"online", "timestamp"}
        else:
            assert message.topic == "spBv1.0/Works/NCMD/Furnace1"
            assert [metric.name for metric in decode(message.payload).metrics] == [b"Node Control/Rebirth"]
    assert {message.topic.split("/")[1] for message in said} == {"STATE", "Works"}
    makers = inspect.getsource(host).count("Publish(") + inspect.getsource(survey).count("Publish(")
    assert makers == 3  # STATE, and NCMD by the host and by a survey


# death


def test_22_a_death_of_another_birth_is_ignored_and_counted() -> None:
    steps = born()
    old = steps.edge.death()
    steps.edge.bdseq = 1
    steps.hear(*steps.edge.births())
    before = len(steps.rows)
    assert steps.hear(old) == [] and len(steps.rows) == before
    assert steps.host.counts["ignored_deaths"] == 1


def test_23_the_death_of_a_node_makes_all_its_metrics_stale_at_our_clock() -> None:
    steps = born()
    steps.now += 1_000_000
    steps.edge.now -= 3_600_000
    steps.hear(steps.edge.death())
    assert steps.gaps == [(tag, steps.now, None, BAD) for tag in (PRESSURE, NORTH, SOUTH)]


def test_24_the_death_of_a_device_makes_its_metrics_stale_at_the_payloads_time() -> None:
    steps = born()
    steps.hear(steps.edge.death("Hearth"))
    assert steps.gaps == [(tag, steps.edge.now * 1000, None, BAD) for tag in (NORTH, SOUTH)]
    assert steps.hear(steps.edge.data({"Pressure": 4.0}))[0][2] == 4.0


def test_25_stale_is_one_row_a_metric_and_the_next_birth_closes_it() -> None:
    steps = born()
    steps.edge.now = steps.now // 1000
    steps.hear(steps.edge.death("Hearth"))
    steps.hear(steps.edge.death())
    steps.host.lost(steps.now)
    assert sorted(row[0] for row in steps.gaps) == [PRESSURE, NORTH, SOUTH]
    steps.edge.bdseq, steps.edge.now = 1, steps.now // 1000 + 500
    steps.connect()
    steps.hear(*steps.edge.births())
    for tag in (PRESSURE, NORTH, SOUTH):
        assert max((row for row in steps.rows if row[0] == tag), key=lambda row: row[1])[3] == 0


def test_25_a_birth_whose_values_are_older_than_the_gap_closes_it_when_it_is_told() -> None:
    steps = born()
    steps.now += 60_000_000
    steps.hear(steps.edge.death())
    (gap,) = (row for row in steps.gaps if row[0] == PRESSURE)
    born_at, changed_at = steps.now // 1000 + 2_000, steps.edge.now - 500_000
    told = [M(8.5, "Pressure", 1, changed_at, DOUBLE), M(1, "bdSeq", None, born_at, UINT64)]
    rows = steps.hear(("spBv1.0/Works/NBIRTH/Furnace1", encode(told, born_at, 0)))
    assert rows[:2] == [(PRESSURE, changed_at * 1000, 8.5, 0), (PRESSURE, born_at * 1000, 8.5, 0)]
    assert rows[1][1] > gap[1]


def test_26_after_a_restart_of_ours_births_are_asked_for_and_gaps_begin_at_the_last_life() -> None:
    steps = born()
    proven = steps.now
    after = steps.again().connect()
    after.wait(0)
    newest = max(row[1] for row in steps.rows)
    assert after.gaps == [(tag, max(proven, newest + 1), None, BAD) for tag in (PRESSURE, NORTH, SOUTH)]
    assert after.rebirths == []
    after.wait(10.1)
    assert len(after.rebirths) == 1
    after.edge.now = after.now // 1000
    after.hear(*after.edge.births())
    assert len([row for row in after.rows if row[3] == 0]) == 3
    third = after.again()
    memory = third.host.memory(third.now)
    assert third.host.take().samples is not None  # gaps again
    assert Steps(memory=memory).host.take().samples is None  # once


def test_26_no_sample_comes_twice_and_no_node_stays_silent() -> None:
    steps = born()
    birth = steps.edge.birth("Hearth")
    steps.edge.seq -= 1
    steps.hear(birth, birth)
    assert len({row[:3] for row in steps.rows}) == len(steps.rows)
    steps.host.lost(steps.now)
    steps.now += 30_000_000
    steps.connect()
    steps.wait(10.1)
    assert len(steps.rebirths) == 1
    steps.wait(600)
    assert 4 <= len(steps.rebirths) <= 6  # again and again, with growing pauses


def test_26_data_missed_over_our_restart_are_taken_when_the_births_agree() -> None:
    steps = born()
    missed = steps.edge.data({"Pressure": 55.0})
    when = steps.edge.now * 1000
    after = steps.again().connect()
    after.hear(missed)
    once_more = after.again().connect()
    once_more.hear(*steps.edge.births())
    assert (PRESSURE, when, 55.0, 0) in once_more.rows


def test_27_a_state_of_2_2_is_understood() -> None:
    steps = Steps().connect()
    steps.hear(
        ("STATE/other", b"ONLINE"),
        ("STATE/ferrolan", b"OFFLINE"),
        ("spBv1.0/STATE/third", b'{"online":true,"timestamp":1}'),
    )
    assert steps.host.hosts == {"other": True, "ferrolan": False, "third": True}
    assert [json.loads(said.payload)["online"] for said in steps.sent] == [True]


# what a peer cannot fill


def test_devices_no_tag_names_are_kept_up_to_a_number_and_mapped_ones_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "DEVICES", 3)
    monkeypatch.setattr(host, "REMEMBERED", 4)
    names = [f"Odd{number}" for number in range(40)]
    edge = AliasEdge(metrics={"": ("Pressure",), **dict.fromkeys(names, ("x",)), "Hearth": ("T/North", "T/South")})
    steps = Steps(edge).connect()
    steps.hear(*edge.births())
    (one,) = steps.host._nodes.values()
    assert one.births is not None and set(one.births.devices) == {"", "Odd0", "Odd1", "Hearth"}
    assert len(steps.host._routes) <= 4 and steps.host.counts["left_out_devices"] == 38
    assert "left out" in steps.host.faults["Works/Furnace1/devices"]
    steps.hear(edge.data({"x": 7.0}, "Odd30"), edge.data({"T/South": 1401.5}, "Hearth"))
    assert steps.rows[-1][0::2] == (SOUTH, 1401.5) and not steps.rebirths


def test_other_hosts_and_odd_topics_are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "NAMED", 5)
    steps = Steps().connect()
    steps.hear(*((f"STATE/other{number}", b"ONLINE") for number in range(50)), ("STATE/ferrolan", b"OFFLINE"))
    steps.hear(*((f"spBv1.0/Works/DBIRTH/Furnace1/d{number}", b"\xff") for number in range(50)))
    assert len(steps.host.hosts) == 6 and steps.host.counts["unnamed_hosts"] == 45
    assert len(steps.host.remarks) == 5 and steps.host.counts["unnamed_remarks"] == 45
    assert [json.loads(said.payload)["online"] for said in steps.sent if "STATE" in said.topic] == [True]


# the table


def test_every_line_of_the_checklist_has_its_test() -> None:
    lines = tomllib.loads(CASE.read_text(encoding="utf-8"))["line"]
    assert [line["number"] for line in lines] == list(range(1, 28))
    here = {name for name in globals() if name.startswith("test_")}
    named = [test for line in lines for test in line["tests"]]
    assert set(named) <= here, set(named) - here
    numbered = {name for name in here if name[5:7].isdigit()}
    assert numbered == set(named)
    assert all(test.startswith(f"test_{line['number']:02d}_") for line in lines for test in line["tests"])


# values


def test_datatypes_are_read_as_the_birth_says() -> None:
    names = ["Works/Furnace1/" + name for name in ("I", "B", "S", "D", "L", "N", "X")]
    steps = Steps(tags=tags(*names, text=frozenset({3, 4}))).connect()
    time = steps.edge.now
    told = [
        M(-5, "I", None, time, INT64),
        M(True, "B", None, time, BOOLEAN),
        M("läuft", "S", None, time, STRING),
        M(1_774_000_000_000, "D", None, time, DATETIME),
        M(2**60 + 1, "L", None, time, UINT64),
        M(float("nan"), "N", None, time, DOUBLE),
        M(b"\x08\x01", "X", None, time, DATASET),
    ]
    steps.hear(("spBv1.0/Works/NBIRTH/Furnace1", encode(told, time, 0)))
    assert [(row[0], row[2], row[3]) for row in steps.rows] == [
        (1, -5.0, 0),
        (2, 1.0, 0),
        (5, float(2**60), StatusCode.UNCERTAIN_DATA_SUB_NORMAL),
        (6, None, StatusCode.BAD_SENSOR_FAILURE),
        (7, None, StatusCode.BAD_TYPE_MISMATCH),
    ]
    assert [(row[0], row[2]) for row in steps.texts] == [(3, "läuft"), (4, "2026-03-20T09:46:40+00:00")]
    assert steps.host.faults["Works/Furnace1/X"] == "a DataSet is no sample" and steps.host.counts["beyond_2_53"] == 1


@pytest.mark.parametrize(
    ("quality", "status"),
    [
        (192, 0),
        (0, StatusCode.BAD),
        (500, StatusCode.UNCERTAIN_LAST_USABLE_VALUE),
        (64, StatusCode.UNCERTAIN),
        (-2147483136, StatusCode.BAD),
    ],
)
def test_the_property_quality_becomes_the_status_and_the_value_stays(quality: int, status: int) -> None:
    steps = born()
    told = encode([M(3.5, None, 1, steps.edge.now + 1, properties={"Quality": quality})], steps.edge.now + 1, 2)
    assert [row[2:] for row in steps.hear(("spBv1.0/Works/NDATA/Furnace1", told))] == [(3.5, status)]


def test_a_metric_without_a_time_has_the_messages_and_without_that_the_arrivals_and_is_uncertain() -> None:
    steps = born()
    stamp = steps.edge.now + 5
    rows = steps.hear(("spBv1.0/Works/NDATA/Furnace1", encode([M(1.5, None, 1)], stamp, 2)))
    assert rows == [(PRESSURE, stamp * 1000, 1.5, 0)]
    rows = steps.hear(("spBv1.0/Works/NDATA/Furnace1", encode([M(2.5, None, 1)], None, 3)))
    assert rows == [(PRESSURE, steps.now, 2.5, StatusCode.UNCERTAIN)]
    rows = steps.hear(("spBv1.0/Works/NDATA/Furnace1", encode([M(3.5, None, 1, 2**63)], stamp + 9, 4)))
    assert rows == [(PRESSURE, (stamp + 9) * 1000, 3.5, 0)]


def test_one_bad_metric_of_5000_does_not_stop_the_others() -> None:
    names = tuple(f"T{number}" for number in range(5_000))
    edge = AliasEdge(metrics={"": names})
    steps = Steps(edge, tags(*(f"Works/Furnace1/{name}" for name in (*names[:-1], "Missing")))).connect()
    steps.hear(*edge.births())
    assert sum(row[3] == 0 for row in steps.rows) == 4_999
    assert [row[0] for row in steps.rows if row[3]] == [5_000] and list(steps.host.faults) == ["Works/Furnace1/Missing"]
    assert len(steps.hear(edge.data({name: 1e6 + place for place, name in enumerate(names)}))) == 4_999


@given(content=st.binary(max_size=80), kind=st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "DDATA/x", "STATE"]))
def test_no_bytes_stop_a_host(content: bytes, kind: str) -> None:
    steps = born()
    kind, _, device = kind.partition("/")
    steps.hear(
        (f"spBv1.0/Works/{kind}/Furnace1" + (f"/{device}" if device else ""), content), ("", content), ("a/b", content)
    )
    steps.hear(*steps.edge.births(start=3))
    steps.host.memory(steps.now)
    assert steps.rows


@pytest.mark.parametrize("text", ["", "a", "a/b", "a//c/d", "/b/c", "a/b/c/", "a/+/c", "a/b/#/d", "a/b//"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="wrong_address"):
        address(text)


@pytest.mark.parametrize("text", ["a/b/c", "a/b/d/c", "a/b//c/d", "a/b/d/c/e/f"])
def test_an_address_is_what_it_was_read_from(text: str) -> None:
    assert str(address(text)) == text


def test_a_packed_payload_is_unpacked() -> None:
    inner = encode([M(1.5, "P", None, 7, DOUBLE)], 7, 3)
    for packed in (zlib.compress(inner), gzip.compress(inner)):
        outer = wire._message()(uuid=b"SPBV1.0_COMPRESSED", body=packed).SerializeToString()
        assert decode(outer).seq == 3
    bomb = wire._message()(uuid=b"SPBV1.0_COMPRESSED", body=zlib.compress(bytes(70 * 2**20), 1)).SerializeToString()
    with pytest.raises(wire.WrongPayload):
        decode(bomb)


@pytest.mark.parametrize("packed", [False, True])
def test_a_payload_of_millions_of_empty_metrics_is_refused_before_it_fills_the_memory(packed: bool) -> None:
    content = b"\x12\x00" * (wire.MOST + 1)
    if packed:
        message = wire._message()(uuid=b"SPBV1.0_COMPRESSED", body=zlib.compress(content))
        content = message.SerializeToString()
    with pytest.raises(wire.WrongPayload, match="metrics"):
        wire.decode(content)


@given(st.binary(max_size=200))
def test_counting_metrics_ends_whatever_the_bytes_are(content: bytes) -> None:
    assert 0 <= wire._metrics_in(content) <= len(content)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1.5, 1e308])
@pytest.mark.parametrize("kind", ["NBIRTH", "NDEATH"])
def test_a_bdseq_that_is_no_number_of_a_session_stops_nobody(kind: str, number: float) -> None:
    message = wire._message()(timestamp=NOW // 1000, seq=0)
    message.metrics.add(name=b"bdSeq", datatype=10, double_value=number)
    made = Host("ferrolan", tags())
    made.opening(NOW)
    made.connected(NOW)
    place = next(iter(made._nodes))
    made.receive(f"spBv1.0/{place[0]}/{kind}/{place[1]}", message.SerializeToString(), NOW)
    assert made.memory(NOW)
