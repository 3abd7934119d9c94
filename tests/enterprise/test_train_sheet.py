"""A train sheet is taken whole, or refused with every fault and its line."""

from __future__ import annotations

import pytest

from ferrolan.assembly.trains import factors_of, holdup_of, train_of
from ferrolan.base.errors import DocumentError
from ferrolan.enterprise.train_sheet import load

SHEET = """train: 1
title: praseodymium from neodymium
system: P507_nitrate_tanaka2021
feed: {Nd: 0.77, Pr: 0.23}
cut: [Pr, Nd]
purity: {light: 0.999, heavy: 0.9999}
stages: {extraction: 24, scrub: 21}
organic: {value: 1.9, synthetic: true}
scrub: {value: 1.13, synthetic: true}
"""


@pytest.fixture
def sheet(tmp_path):
    def write(*changes):
        text = SHEET
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "train.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_components_stand_in_the_order_of_extraction_whatever_the_sheet_says(sheet):
    train = train_of(load(sheet()))
    assert train.components == ("Pr", "Nd")
    assert train.fed.tolist() == pytest.approx([0.23, 0.77])
    assert (train.stages, train.feeds[0].stage, train.organic_load) == (45, 24, 1.9)


def test_a_scaled_train_carries_everything_that_much_more(sheet):
    train = train_of(load(sheet()), 5.0)
    assert (train.fed.sum(), train.organic_load, train.scrub) == pytest.approx((5.0, 9.5, 5.65))


def test_own_factors_take_the_place_of_a_system(sheet):
    own = "factors: {Pr: {value: 1, synthetic: true}, Nd: {value: 1.55, own: true, note: stage assays}}"
    components, alpha = factors_of(load(sheet(("system: P507_nitrate_tanaka2021", own))))
    assert (components, alpha.tolist()) == (("Pr", "Nd"), [1.0, 1.55])


def test_a_component_of_which_there_is_none_is_left_out(sheet):
    loaded = load(sheet(("{Nd: 0.77, Pr: 0.23}", "{Nd: 0.77, Pr: 0.23, Dy: 0}")))
    assert factors_of(loaded)[0] == ("Pr", "Nd")


@pytest.mark.parametrize(
    ("change", "line", "code", "said"),
    [
        (("Pr: 0.23", "Pr: 0.2"), 4, "composition_sum", "a sum of 0.97"),
        (("Pr: 0.23", "Pr: -0.23"), 4, "negative", "-0.23"),
        (("heavy: 0.9999", "heavy: 1"), 6, "out_of_range", "share below 1"),
        (("[Pr, Nd]", "[Pr, Dy]"), 5, "unknown_component", "The feed holds"),
        (("scrub: {value: 1.13, synthetic: true}\n", ""), 1, "missing_key", "no scrub"),
        (("scrub: 21", "scrub: 0"), 7, "out_of_range", "at least 1"),
        (("organic: {value: 1.9", "organic: {value: -1.9"), 8, "negative", "-1.9"),
        (("system: P507_nitrate_tanaka2021\n", ""), 1, "missing_key", "neither"),
        (("title", "titel"), 2, "unknown_key", "titel"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(sheet, change, line, code, said):
    with pytest.raises(DocumentError) as error:
        load(sheet(change))
    found = [fault for fault in error.value.faults if fault.code == code]
    assert found and found[0].line == line
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("{Nd: 0.77, Pr: 0.23}", "{Nd: 0.77, Sc: 0.23}"), ("[Pr, Nd]", "[Sc, Nd]")], "Systems: P507"),
        ([("system: P507_n", "system: P508_n")], "is not known"),
        ([("{Nd: 0.77, Pr: 0.23}", "{Nd: 0.5, Pr: 0.2, La: 0.3}"), ("[Pr, Nd]", "[La, Nd]")], "La, Pr, Nd"),
        ([("[Pr, Nd]", "[Nd, Pr]")], "neighbours, lighter first"),
    ],
)
def test_what_no_factor_is_known_of_or_does_not_part_is_refused(sheet, changes, said):
    with pytest.raises(DocumentError, match=said):
        train_of(load(sheet(*changes)))


def test_a_design_is_no_train_that_stands(sheet):
    flows = SHEET[SHEET.index("stages") :]
    with pytest.raises(DocumentError, match="ferrolan cascade design"):
        train_of(load(sheet((flows, ""))))


def test_a_start_up_asks_for_volumes(sheet):
    with pytest.raises(DocumentError, match="Add 'holdup' with feed, aqueous"):
        holdup_of(load(sheet()))
