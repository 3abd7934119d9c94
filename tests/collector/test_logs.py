"""A secret stands in nothing the collector writes, wherever it came from."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import urllib.error
import urllib.request
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest

from ferrolan.base.errors import SurroundingsError
from ferrolan.collector import collecting, service
from ferrolan.collector.logs import Log
from ferrolan.sources.live import Health, Sink, gathered
from ferrolan.sources.source import TagAddress, refusal
from tests.collector.bench import Flaky, collector, for_ever, link, loaded, plant, until

MARK = "xX7-ochre-MARK"


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_event() -> None:
    stream = io.StringIO()
    Log(stream=stream).say("warning", "link_lost", "scada", said='a "quoted"\nreason', rows=7)
    (line,) = lines(stream)
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "level": "warning", "event": "link_lost", "connector": "scada", "said": 'a "quoted"\nreason', "rows": 7
    }  # fmt: skip


@pytest.mark.parametrize("odd", ["\x7f", "\x9b", "\x85", "\u202e", "\u2066", "\u2028", "\u200f", "\x1b"])
def test_no_character_of_a_line_commands_a_terminal_or_turns_it_and_none_is_lost(odd: str) -> None:
    stream = io.StringIO()
    Log(stream=stream).say("warning", "odd", f"sca{odd}da", said=f"a{odd}b", **{f"key{odd}": 1})
    (line,) = lines(stream)
    assert odd not in stream.getvalue() and (line["said"], line["connector"]) == (f"a{odd}b", f"sca{odd}da")


def test_a_log_is_its_owners_alone_and_a_right_a_person_gave_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferrolan.collector.logs.LARGEST", 200)
    file = tmp_path / "logs" / "collector.jsonl"
    log = Log(file)
    log.say("info", "first")
    assert file.parent.stat().st_mode & 0o777 == 0o700 and file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    log.say("info", "second", said="x" * 300)
    log.say("info", "third")
    log.close()
    assert (tmp_path / "logs" / "collector.jsonl.1").exists() and file.stat().st_mode & 0o777 == 0o640


def test_no_value_of_a_line_holds_a_secret() -> None:
    stream = io.StringIO()
    log = Log(stream=stream, secrets=[MARK, 'quoted"secret'])
    log.say("error", "no_login", MARK, said=[MARK, {"a": f"b{MARK}"}], url=f"mqtt://me:{MARK}x@host", error=ValueError(MARK))  # fmt: skip
    log.say("error", "escaped", said='a quoted"secret here')
    assert MARK not in stream.getvalue() and "quoted" not in stream.getvalue() and len(lines(stream)) == 2


def test_a_secret_across_the_end_of_a_long_text_is_hidden_whole() -> None:
    text = "x" * 3_995 + "marker-of-rust" + "\ud800"
    shown = str(Log(stream=io.StringIO(), secrets=["marker-of-rust"]).cleaned(text))
    assert "mark" not in shown and shown.encode()


def test_what_libraries_say_goes_the_same_way() -> None:
    stream = io.StringIO()
    log = Log(stream=stream, secrets=[MARK])
    with log.with_others():
        logging.getLogger("library").warning("login with %s", MARK)
        logging.getLogger("library").info("chatter")
        try:
            raise ValueError(f"password {MARK}")
        except ValueError:
            logging.getLogger("library").exception("failed")
    assert [line["level"] for line in lines(stream)] == ["warning", "error"] and MARK not in stream.getvalue()


def test_a_library_that_repeats_itself_is_written_once_and_its_warnings_too() -> None:
    stream = io.StringIO()
    with Log(stream=stream).with_others():
        for number in range(50):
            logging.getLogger("library").error("Repeating....")
            warnings.warn_explicit(f"odd {number % 2}", UserWarning, "reader.py", number)
    found = [str(line["said"]) for line in lines(stream)]
    assert found.count("Repeating....") == 1 and any("odd 1" in text for text in found)


def test_a_log_file_is_changed_when_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferrolan.collector.logs.LARGEST", 2_000)
    log = Log(tmp_path / "logs" / "collector.log")
    for number in range(200):
        log.say("info", "line", number=number)
    log.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == 6 and all(file.stat().st_size <= 2_000 for file in files)


def test_a_disk_that_takes_no_line_stops_nobody_and_is_counted() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    log = Log(stream=Full())
    log.say("error", "lost")
    assert log.lost == 1


async def test_no_secret_is_in_log_health_metrics_or_end(tmp_path: Path) -> None:
    """The marker stands in a source's error, its health, a faulty tag, a figure, the store's error and a library's log."""

    async def failing(tags: Sequence[TagAddress], sink: Sink, health: Health) -> None:
        raise ConnectionError(f"login as me with {MARK} refused at opc.tcp://me:{MARK}@host")

    async def refusing(tags: Sequence[TagAddress], sink: Sink, health: Health) -> None:
        raise refusal(f"mqtt://{MARK}@host", 0, "", MARK, "a login", f"Not {MARK}.", "no_login")

    async def talking(tags: Sequence[TagAddress], sink: Sink, health: Health) -> None:
        health.turn("lost", 1, f"refused {MARK}")
        health.faults["TALKING-1"] = f"bad node {MARK}"
        health.figures[f"f{MARK}"] = 1.0
        logging.getLogger("asyncua").error("session %s", MARK)
        await sink.keep(gathered([tags[0].tag], [1], [1.0], [0]))
        await for_ever()

    stream, where = io.StringIO(), list[str]()
    log = Log(stream=stream, secrets=[MARK])
    names = ("failing", "refusing", "talking")
    links = [link(n, w, k) for k, (n, w) in enumerate(zip(names, (failing, refusing, talking), strict=True))]
    store = Flaky()
    made = collector(loaded(tmp_path, names), store, links, log, once=False, patience=0.3)
    with log.with_others():
        task = asyncio.create_task(made.run(lambda started: where.append(started.url)))
        await until(lambda: made.running and made.running[0].failed and made.running[1].failed)
        store.away = f"postgresql://me:{MARK}@db: expected a server, got {MARK}. Start it. [server_gone]"
        await made.running[2].keeper.keep(gathered([9], [2], [2.0], [0]))
        await until(lambda: made.running[2].trouble)
        told = await asyncio.to_thread(lambda: [_get(f"{where[0]}/{path}") for path in ("health", "metrics", "count")])
        made.stop()
        ended = await task
    everything = [stream.getvalue(), *told, repr(ended), repr(made.running[0].failed), repr(made.links)]
    assert all(everything) and [text for text in everything if MARK in text] == []
    assert "login as me with …" in told[0] and "refused …" in told[0]


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())


def test_an_error_that_stops_the_collector_names_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = plant(tmp_path, {"scada": "{kind: replay, path: none.parquet}"})
    text = document.read_text().replace(
        "{kind: embedded, path: historian}",
        "{kind: postgresql, url: 'postgresql://me@db/plant', password: {env: PLANT_MARK}}",
    )
    document.write_text(text)
    monkeypatch.setenv("PLANT_MARK", MARK)

    def opened(*_: object) -> object:
        raise SurroundingsError(f"db: expected a login, got {MARK}. Correct it. [no_login]")

    monkeypatch.setattr(collecting, "open_store", opened)
    with pytest.raises(SurroundingsError) as found:
        collecting.collect(document, port=0, log=tmp_path / "log")
    assert MARK not in str(found.value) and "[no_login]" in str(found.value)
    assert MARK not in (tmp_path / "log").read_text() and found.value.__cause__ is None


def test_the_folder_of_a_collector_is_beside_the_document(tmp_path: Path) -> None:
    assert service.folder_of(loaded(tmp_path), None) == tmp_path / "collected" / "bench"
