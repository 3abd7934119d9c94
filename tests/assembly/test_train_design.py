"""A sheet is designed, and its text completed, whatever it asks for."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan import trains
from ferrolan.assembly.train_design import proposal, sides_of
from ferrolan.base.errors import DocumentError, Infeasible, ProblemError
from ferrolan.enterprise.designed_sheet import completed
from ferrolan.enterprise.train_sheet import load

ASKED = """train: 1
title: two or three
factors: {A: {value: 1, synthetic: true}, B: {value: %s, synthetic: true}, C: {value: %s, synthetic: true}}
feed: {A: %s, B: %s, C: %s}
cut: [A, B]
purity: {light: %s, heavy: %s}
"""
TRAIN = """stages:
  extraction: 24   # of glass

  scrub: 21
organic: {value: 1.9, synthetic: true}
# ours
scrub:
  value: 1.13
  synthetic: true
"""


@pytest.fixture
def sheet(tmp_path):
    def write(text: str):
        path = tmp_path / "train.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return write


@settings(max_examples=15, deadline=None)
@given(
    beta=st.floats(1.4, 8.0),
    further=st.floats(1.05, 5.0),
    light=st.floats(0.1, 0.9),
    third=st.floats(0.01, 0.9),
    impurities=st.tuples(st.floats(1e-4, 1e-2), st.floats(1e-4, 1e-2)),
)
def test_whatever_is_asked_for_the_sheet_written_makes_it_above_the_minimum(beta, further, light, third, impurities):
    feed = [round(light, 6), round((1.0 - light) * (1.0 - third), 6)]
    feed.append(round(1.0 - sum(feed), 6))
    text = ASKED % (beta, beta * further, *feed, *(1.0 - impurity for impurity in impurities))
    with TemporaryDirectory() as folder:
        asked, written = Path(folder) / "asked.yaml", Path(folder) / "written.yaml"
        asked.write_text(text, encoding="utf-8")
        found = trains.design(asked)
        written.write_text(found.sheet, encoding="utf-8")
        rated = trains.rate(written)
    assert rated.profile.train.stages == found.profile.train.stages
    for name, purity in trains.wanted(found.loaded).items():
        assert rated.purities[name] >= purity - 1e-9
    train, least = rated.profile.train, found.proposal.least
    assert train.scrub > least.scrub
    assert train.organic_load - train.scrub == pytest.approx(least.product, abs=2.0 * sum(impurities))


def test_every_line_of_a_sheet_but_those_of_the_train_is_kept(sheet):
    head = ASKED % (2, 3, 0.5, 0.3, 0.2, 0.99, 0.99)
    text = completed(sheet(f"# why\n{head}{TRAIN}efficiency: 0.9  # ours\n"), 7, 8, 1.5, 0.9, "made so")
    assert text == (
        f"# why\n{head}# ours\nefficiency: 0.9  # ours\nstages: {{extraction: 7, scrub: 8}}\n"
        'organic: {value: 1.5, own: true, note: "made so"}\nscrub: {value: 0.9, own: true, note: "made so"}\n'
    )


def test_a_sheet_in_one_pair_of_braces_is_refused(sheet):
    text = ASKED % (2, 3, 0.5, 0.3, 0.2, 0.99, 0.99)
    loaded = sheet("{" + ", ".join(text.splitlines()) + "}")
    with pytest.raises(DocumentError, match="Write it as lines"):
        completed(loaded, 7, 8, 1.5, 0.9, "made so")


def test_the_sides_of_a_cut_are_those_below_and_above_it(sheet):
    loaded = sheet(ASKED % (2, 3, 0.5, 0.3, 0.2, 0.99, 0.99))
    assert sides_of(loaded) == {"raffinate": ("A",), "organic_product": ("B", "C")}


@pytest.mark.parametrize("train", ["", TRAIN])
def test_organic_and_scrub_are_not_both_given(sheet, train):
    loaded = sheet(ASKED % (2, 3, 0.5, 0.3, 0.2, 0.99, 0.99) + train)
    with pytest.raises(ProblemError, match="not 1.5 and 0.9|not both"):
        proposal(loaded, organic=1.5, scrub=0.9)


def test_a_purity_that_the_feed_already_has_is_refused(sheet):
    with pytest.raises(Infeasible, match="Ask for more than the feed has"):
        proposal(sheet(ASKED % (2, 3, 0.5, 0.3, 0.2, 0.4, 0.99)))


def test_one_flow_given_is_taken(sheet):
    loaded = sheet(ASKED % (2, 3, 0.5, 0.3, 0.2, 0.99, 0.99))
    by_scrub = proposal(loaded, scrub=1.4).profile.train
    by_organic = proposal(loaded, organic=by_scrub.organic_load).profile.train
    assert by_scrub.scrub == pytest.approx(1.4) and by_organic.scrub == pytest.approx(1.4)
