"""The same document, raw data, seed and code give the same run: by name, and every table and file to the byte."""

from __future__ import annotations

import pytest

from ferrolan import verbs
from ferrolan.records import runs


@pytest.mark.parametrize("name", ["steel_works", "rare_earth_works"])
def test_a_second_run_from_raw_data_made_anew_has_the_same_name_and_hashes(name, kept, tmp_path):
    once, again = kept(name), verbs.run(verbs.shipped(name), tmp_path)
    assert (again.run.run_id, again.run.hashes, again.run.files) == (once.run_id, once.run.hashes, once.run.files)


def test_a_run_in_a_process_of_its_own_has_the_same_name_and_hashes(kept, journey):
    once = kept("ore_to_both").run
    again = runs.read(journey.folder / "runs" / once.run_id)
    assert (again.hashes, again.files) == (once.hashes, once.files)
