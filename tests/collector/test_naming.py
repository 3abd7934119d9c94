"""Numbers of sources: kept by name, never given twice, whatever is edited in the document between two runs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.assembly.connectors import Link, links
from ferrolan.base.errors import SurroundingsError
from ferrolan.collector.logs import Log
from ferrolan.collector.naming import SOURCES, numbered
from tests.collector.bench import Flaky, collector, counting, link, loaded
from tests.collector.test_service import AWAY, SPAN


async def test_a_source_added_above_another_changes_no_number(tmp_path: Path) -> None:
    log, store = Log(stream=io.StringIO()), Flaky()

    def declared(*names: str) -> list[Link]:
        document = loaded(tmp_path, names)
        return [link(one.name, counting(1), one.number) for one in links(document)]

    await collector(loaded(tmp_path), store, declared("scada"), log).run()
    edited = ("lims", "scada")
    await collector(loaded(tmp_path, edited), store, declared(*edited), log).run()
    found = store.query(range(1, 9), *SPAN).join(store.registered(), left_on="tag", right_on="number")
    assert set(found.select("name", "source").rows()) == {
        (f"{name}-{n}", number) for name, number in (("SCADA", 0), ("LIMS", 1)) for n in range(4)
    }


async def test_rows_that_waited_while_the_document_was_edited_get_the_number_of_their_source(tmp_path: Path) -> None:
    log, store = Log(stream=io.StringIO()), Flaky()
    await collector(loaded(tmp_path), store, [link("scada", counting(0))], log).run()
    store.away = AWAY
    await collector(loaded(tmp_path), store, [link("scada", counting(1))], log, patience=0.2).run()
    store.away = ""
    document = loaded(tmp_path, ("lims", "scada"))
    await collector(document, store, [link("lims", counting(0)), link("scada", counting(1), 1)], log).run()
    assert store.query(range(1, 9), *SPAN)["source"].unique().to_list() == [0] and store.count() == 10


@given(documents=st.lists(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), max_size=8))
def test_a_name_keeps_its_number_and_no_number_gets_another_name(
    documents: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, given_out = tmp_path_factory.mktemp("numbers"), dict[int, str]()
    for names in documents:
        for one in numbered(folder, [link(name, counting(0), place) for place, name in enumerate(names)]):
            assert given_out.setdefault(one.number, one.name) == one.name
    assert len(set(given_out.values())) == len(given_out), "nor has a name two of them"


def test_a_number_of_a_source_that_is_gone_is_never_given_again(tmp_path: Path) -> None:
    numbered(tmp_path, [link("a", counting(0), 0), link("b", counting(0), 1)])
    numbered(tmp_path, [link("a", counting(0), 0)])
    (a, c) = numbered(tmp_path, [link("a", counting(0), 0), link("c", counting(0), 1)])
    assert (a.number, c.number) == (0, 2) and json.loads((tmp_path / SOURCES).read_text()) == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize("text", ["", "[]", '{"a": "0"}', '{"a": tru', "\u00e4"])
def test_numbers_that_cannot_be_read_are_refused_and_not_given_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / SOURCES).write_text(text, encoding="latin-1")
    with pytest.raises(SurroundingsError, match=r"\[damaged_numbers\]"):
        numbered(tmp_path, [link("a", counting(0))])
    assert (tmp_path / SOURCES).read_text(encoding="latin-1") == text
