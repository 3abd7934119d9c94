"""Whatever stands in a tag map or a quantity: it is read, or every fault says where, what and the way out."""

from __future__ import annotations

import math
import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.enterprise.tags import Tag, read_tags
from ferrolan.testing.strategies import broken_tables, complete, outcome, quantities
from ferrolan.verbs import shipped

MINUTES = float(os.environ.get("FERROLAN_FUZZ", "1"))
"""How much longer the slow ones run: 1 is about a minute each."""
MAP = "\n".join((shipped("ore_to_both").parent / "tags.csv").read_text(encoding="utf-8").splitlines()[:12])


def tags_of(content: bytes) -> tuple[Tag, ...]:
    tags, faults = read_tags(content.decode("utf-8", "replace"), "tags.csv")
    for fault in faults:
        complete(fault.file, fault.found, fault.expected, fault.way_out, fault.code, str(fault))
    for tag in tags:
        numbers = [tag.sigma_relative, tag.sigma_absolute, tag.lo or 0.0, tag.hi or 0.0]
        assert faults or all(math.isfinite(number) for number in numbers)
    assert tags or faults
    return tags


@settings(max_examples=200, derandomize=True)
@given(content=broken_tables(MAP, ","))
def test_a_broken_tag_map_is_read_or_says_why(content: bytes) -> None:
    tags_of(content)


@pytest.mark.slow
@settings(max_examples=int(12_000 * MINUTES), derandomize=False)
@given(content=broken_tables(MAP, ",") | st.binary(max_size=300))
def test_a_broken_tag_map_is_read_or_says_why_for_minutes(content: bytes) -> None:
    tags_of(content)


def parsed(text: str) -> None:
    """A quantity is finite, and means the same in its canonical unit and back; or it is refused."""
    found = outcome(lambda: units.parse(text))
    if isinstance(found, UnitError):
        return
    assert isinstance(found, tuple)
    number, unit = found
    assert math.isfinite(number)
    canonical = outcome(lambda: units.to_canonical(number, unit))
    if isinstance(canonical, float):
        target = units.canonical_unit(unit)
        assert units.same_dimension(unit, target) and units.canonical_unit(target) == target
        assert units.convert(canonical, target, unit) == pytest.approx(number, rel=1e-9, abs=1e-9)


@settings(max_examples=400, derandomize=True)
@given(text=quantities())
@example("1 t^99999999")
@example("1 kt^-99999999")
@example("1 " + "(" * 100_000)
@example("1" * 5000 + " t")
@example("٣ t/h")
@example("1e308 kt")
@example("1e308 Mt^3")
def test_a_quantity_is_read_or_refused(text: str) -> None:
    parsed(text)


@pytest.mark.slow
@settings(max_examples=int(30_000 * MINUTES), derandomize=False)
@given(text=quantities())
def test_a_quantity_is_read_or_refused_for_minutes(text: str) -> None:
    parsed(text)
