"""From live sources to a brief: what is collected gives the account that the files give."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from polars.testing import assert_frame_equal

import ferrolan
from ferrolan import verbs
from ferrolan.base.errors import SourceError
from ferrolan.collector.collecting import collect
from ferrolan.enterprise.document import Enterprise


@pytest.fixture
def live(document: Enterprise, raw: object, tmp_path: Path) -> Callable[[dict[str, object]], Path]:
    """A copy of ore_to_both whose plant historian is the live source that is given, and the files of its month."""
    files = verbs.raw_files(document, tmp_path / "runs")

    def make(entry: dict[str, object]) -> Path:
        declared = yaml.safe_load(document.path.read_text(encoding="utf-8"))
        declared["sources"]["plant_historian"] = entry
        del declared["virtual_plant"]
        folder = tmp_path / "plant"
        (folder / "raw").mkdir(parents=True)
        for file in files.values():
            shutil.copy(file, folder / "raw" / file.name)
        shutil.copy(document.tags_path, folder)
        path = folder / "ore_to_both.yaml"
        path.write_text(yaml.safe_dump(declared, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return path

    return make


def replayed(document: Enterprise) -> dict[str, object]:
    """The plant historian's file as a replay, as fast as it goes."""
    return {
        "kind": "replay",
        "path": "raw/plant_historian.csv",
        "form": "wide",
        "speed": "fastest",
        "layout": {
            key: getattr(document.sources["plant_historian"], key)
            for key in ("separator", "decimal", "encoding", "time_column", "time_format")
        }
        | {"bad_texts": ["Bad", "No Data", "I/O Timeout"]},
    }


def test_what_is_collected_measures_as_the_files_do(
    document: Enterprise, live: Callable[[dict[str, object]], Path]
) -> None:
    path = live(replayed(document))
    ended = collect(path, once=True, port=0)
    assert ended.received == ended.stored + ended.known and not ended.waiting
    plant = ferrolan.load(path)
    collected = verbs.ingest(plant, verbs.raw_data(plant))
    direct = verbs.ingest(document, verbs.raw_files(document, path.parent.parent / "runs"))
    both = [raw.tables["measurements"].drop("sigma") for raw in (collected, direct)]
    assert_frame_equal(*both, rel_tol=1e-12)


def test_a_month_that_was_not_collected_is_refused(
    document: Enterprise, live: Callable[[dict[str, object]], Path]
) -> None:
    plant = ferrolan.load(live(replayed(document)))
    with pytest.raises(SourceError, match="nothing_collected"):
        verbs.of_connections(plant)
