"""Error models: fixed plus relative up to a maximum, never zero."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.reconciliation import ErrorModel

PART = st.floats(0.0, 1e3)
VALUE = st.floats(-1e6, 1e6)


@given(PART, PART, st.floats(1e-3, 1e3), VALUE)
def test_sigma_lies_between_its_fixed_part_and_its_maximum(
    fixed: float, relative: float, most: float, x: float
) -> None:
    model = ErrorModel(fixed + 1e-3, relative, most)
    assert min(fixed + 1e-3, most) <= model.sigma(x) <= most
    assert model.sigma(x) == model.sigma(-x)


@given(PART, st.floats(1e-6, 1e3), st.lists(VALUE, min_size=1, max_size=5))
def test_an_array_has_the_sigmas_of_its_numbers(fixed: float, relative: float, values: list[float]) -> None:
    for model in (ErrorModel(fixed, relative), ErrorModel(fixed, relative, 5.0)):
        assert model.sigma(np.array(values)).tolist() == [model.sigma(value) for value in values]


def test_whiten_model_by_hand() -> None:
    model = ErrorModel(fixed=0.2, relative=0.01, maximum=5.0)
    assert [model.sigma(x) for x in (0.0, 100.0, 1000.0)] == [0.2, 1.2, 5.0]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((0.0, 0.0), "state how sure the meter is"),
        ((-1.0, 0.1), "fixed: expected at least 0"),
        ((0.0, math.nan), "relative: expected at least 0"),
        ((0.0, 0.1, 0.0), "maximum: expected above 0"),
    ],
)
def test_a_model_without_a_sigma_is_refused(parts: tuple[float, ...], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        ErrorModel(*parts)
