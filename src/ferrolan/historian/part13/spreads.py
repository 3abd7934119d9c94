"""How far the good samples of an interval lie apart: variance and standard deviation, of a sample and a population.

Grades of 20, 25 and 30 % have a sample variance of 25 and a population variance of 16.667. One sample has none: 0. Any
sample that is not good makes the result UncertainDataSubNormal, whatever share it has (the examples: Historian3,
12:00:40, two good samples of three and PercentDataGood 50: UncertainDataSubNormal).
"""

from __future__ import annotations

import numpy as np

from ferrolan.historian.part13.answer import CALCULATED, Answer, answer, sound
from ferrolan.historian.part13.means import means_of_samples
from ferrolan.historian.part13.view import Floats, View, picked


def standard_deviation_sample(view: View) -> Answer:
    """StandardDeviationSample: the root of VarianceSample (5.4.3.38)."""
    return _answer(view, np.sqrt(_variance(view, fewer=1)))


def standard_deviation_population(view: View) -> Answer:
    """StandardDeviationPopulation: the root of VariancePopulation (5.4.3.40)."""
    return _answer(view, np.sqrt(_variance(view, fewer=0)))


def variance_sample(view: View) -> Answer:
    """VarianceSample: squared deviations from the mean over the number of samples less one (5.4.3.39)."""
    return _answer(view, _variance(view, fewer=1))


def variance_population(view: View) -> Answer:
    """VariancePopulation: squared deviations from the mean over the number of samples (5.4.3.41)."""
    return _answer(view, _variance(view, fewer=0))


def _variance(view: View, *, fewer: int) -> Floats:
    deviation = view.value - picked(means_of_samples(view), view.interval, np.nan)
    count = view.count(view.good)
    squares = view.sums(np.square(deviation), view.good) / np.maximum(count - fewer, 1)
    return np.where(count > 0, squares, np.nan)


def _answer(view: View, value: Floats) -> Answer:
    return answer(view, value, sound(view.count(view.good) == view.after - view.first), CALCULATED)
