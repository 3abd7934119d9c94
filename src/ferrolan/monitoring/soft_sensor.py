r"""A soft sensor: a linear law from process signals to a laboratory value, with an interval that was earned.

For example: % silica in the concentrate from air flows, froth levels, reagents and the last result. The law is ridge
regression (Hoerl and Kennard 1970): with standardised features :math:`x_i` and results :math:`y_i`, i = 1..n,

.. math:: \min_{a,\,b}\ \frac1n \sum_i (y_i - a - x_i' b)^2 + \lambda \sum_{j\ \text{not free}} b_j^2 .

The penalty :math:`\lambda` is the one whose predictions of later blocks, each from what came before it alone, were best
(forward validation with a purge: no result within ``purge`` hours before a block trains its prediction). The errors of
these predictions also give the interval (split conformal prediction, Vovk et al. 2005): their order statistics are
what the next error is compared with. That would hold exactly if errors were exchangeable; a plant's are not, so the
coverage on unseen data has to be measured and said.

References
----------
A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", Technometrics 12 (1970)
55-67, doi:10.1080/00401706.1970.10488634.
V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", Springer 2005, doi:10.1007/b106715.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.monitoring.results import Floats

PENALTIES: tuple[float, ...] = tuple(float(penalty) for penalty in 10.0 ** np.arange(-4.0, 3.5, 0.5))
"""Penalties that are tried [1]: from nearly least squares to nearly none but the free features."""

_CONSTANT = 1e-12  # a standard deviation below this share of the largest value is rounding, not a signal


@dataclass(frozen=True)
class SoftSensor:
    """A calibrated law.

    Parameters
    ----------
    centre, scale : (p,)
        Mean and standard deviation of every feature in the calibration; scale 0 where it never moved.
    weights : (p,)
        Change of the prediction per standard deviation of a feature [unit of the target].
    intercept
        Prediction where every feature is at its mean [unit of the target].
    penalty
        The chosen penalty [1].
    penalties, losses : (m,)
        Every penalty, and the mean squared error of its predictions of held-out blocks [unit of the target squared].
    residuals : (h,)
        Result minus prediction of every held-out result, in time order [unit of the target].
    below, above
        Bounds of the interval, to be added to a prediction [unit of the target]; infinite with too few residuals.
    results
        Number of results it was calibrated on.
    """

    centre: Floats
    scale: Floats
    weights: Floats
    intercept: float
    penalty: float
    penalties: Floats
    losses: Floats
    residuals: Floats
    below: float
    above: float
    results: int


@dataclass(frozen=True)
class Prediction:
    """Predicted values and the bounds of their intervals, each (n,) [unit of the target]."""

    value: Floats
    low: Floats
    high: Floats


def fit(
    features: Floats,
    target: Floats,
    hours: Floats,
    *,
    free: Sequence[int] = (),
    penalties: Sequence[float] = PENALTIES,
    blocks: int = 8,
    purge: float = 24.0,
    coverage: float = 0.9,
) -> SoftSensor:
    """Calibrate a soft sensor on the rows that have a result.

    Parameters
    ----------
    features : (n, p)
        What is known at each instant, whatever its units; NaN counts as the mean of the calibration, that is, for
        nothing.
    target : (n,)
        The result that speaks of each instant; NaN where there is none. A held value is none.
    hours : (n,)
        Instants, strictly rising [h].
    free
        Columns without a penalty, such as the last result.
    penalties
        Penalties to try, each above 0 [1].
    blocks
        Contiguous blocks the results are cut into; the first quarter of them is only trained on.
    purge
        Time before a block from which no result trains the prediction of it [h].
    coverage
        Share of results that the interval should hold [1].

    Returns
    -------
    The sensor, calibrated on all rows with the penalty chosen by validation.

    Raises
    ------
    ProblemError
        If the shapes differ, the time does not rise, there are too few results, or free columns repeat each other.

    Examples
    --------
    >>> hours = np.arange(400.0)
    >>> air = np.sin(hours / 7.0)[:, None]
    >>> sensor = fit(air, 2.0 + 0.5 * air[:, 0], hours)
    >>> bool(abs(predict(sensor, np.array([[1.0]])).value[0] - 2.5) < 1e-3)
    True
    """
    _check(features, target, hours, penalties, blocks, coverage)
    rows = np.isfinite(target)
    x, y, at = features[rows], target[rows], hours[rows]
    held_out = [
        _residuals(x[train], y[train], x[test], y[test], free, penalties) for train, test in _splits(at, blocks, purge)
    ]
    if not held_out:
        raise ProblemError(
            f"{len(y)} results in {blocks} blocks leave nothing to validate on; give more, or less purge"
        )
    residuals = np.concatenate(held_out, axis=1)
    losses = np.mean(residuals**2, axis=1)
    best = int(np.argmin(losses))
    centre, scale = _standard(x)
    intercept, (weights,) = _laws(_scaled(x, centre, scale), y, free, [penalties[best]])
    below, above = _bounds(residuals[best], coverage)
    return SoftSensor(
        centre, scale, weights, intercept, float(penalties[best]), np.asarray(penalties, dtype=float), losses,
        residuals[best], below, above, len(y),
    )  # fmt: skip


def predict(sensor: SoftSensor, features: Floats) -> Prediction:
    """Predict the value at each instant.

    Parameters
    ----------
    sensor
        A calibrated soft sensor.
    features : (n, p)
        The features it was calibrated with, in the same units; NaN counts for nothing.

    Raises
    ------
    ProblemError
        If the number of features is another one.
    """
    if features.ndim != 2 or features.shape[1] != len(sensor.weights):
        raise ProblemError(f"features of shape {features.shape}; the sensor has {len(sensor.weights)} of them")
    value = sensor.intercept + _scaled(features, sensor.centre, sensor.scale) @ sensor.weights
    return Prediction(value, value + sensor.below, value + sensor.above)


def _check(
    features: Floats, target: Floats, hours: Floats, penalties: Sequence[float], blocks: int, coverage: float
) -> None:
    if features.ndim != 2 or target.shape != hours.shape or target.shape != features.shape[:1]:
        shapes = f"{features.shape}, {target.shape}, {hours.shape}"
        raise ProblemError(f"features, target and hours of shapes {shapes}; expected (n, p), (n,), (n,)")
    if not np.all(np.diff(hours) > 0) or not np.all(np.isfinite(hours)):
        raise ProblemError("hours do not rise strictly: the rows are not in time order, or an instant stands twice")
    if np.isinf(features).any() or np.isinf(target).any():
        raise ProblemError("features or target hold an infinite value; write NaN where there is none")
    if not penalties or min(penalties) <= 0 or blocks < 2 or not 0.0 < coverage < 1.0:
        raise ProblemError("expected penalties above 0, at least 2 blocks, and a coverage between 0 and 1")


def _splits(hours: Floats, blocks: int, purge: float) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows to train on and to test, block after block: what came ``purge`` or more before predicts what comes."""
    parts = np.array_split(np.arange(len(hours)), blocks)
    for test in parts[max(1, blocks // 4) :]:
        train = np.flatnonzero(hours < hours[test[0]] - purge) if len(test) else test
        if len(train) > 1:
            yield train, test


def _residuals(
    x: Floats, y: Floats, unseen: Floats, answers: Floats, free: Sequence[int], penalties: Sequence[float]
) -> Floats:
    """Result minus prediction for every penalty, (penalties, answers)."""
    centre, scale = _standard(x)
    intercept, laws = _laws(_scaled(x, centre, scale), y, free, penalties)
    found: Floats = answers - intercept - laws @ _scaled(unseen, centre, scale).T
    return found


def _standard(x: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of what is known in every column; both 0 where nothing is known."""
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, x, 0.0).sum(axis=0) / count
    scale = np.sqrt((np.where(known, x - centre, 0.0) ** 2).sum(axis=0) / count)
    largest = np.max(np.where(known, np.abs(x), 0.0), axis=0, initial=0.0)
    return centre, np.where(scale > _CONSTANT * largest, scale, 0.0)


def _scaled(x: Floats, centre: Floats, scale: Floats) -> Floats:
    moved = np.divide(x - centre, scale, out=np.zeros(x.shape), where=scale > 0)
    return np.where(np.isfinite(moved), moved, 0.0)


def _laws(x: Floats, y: Floats, free: Sequence[int], penalties: Sequence[float]) -> tuple[float, Floats]:
    """Intercept, and the weights for every penalty (penalties, p); columns that never moved get none.

    A column with holes has them at its mean, which is where its known part is centred, so every column of ``x`` sums
    to zero and the intercept is the mean of the results.
    """
    penalised = np.ones(x.shape[1])
    penalised[list(free)] = 0.0
    penalised[~x.any(axis=0)] = 1.0
    gram, moment = x.T @ x / len(y), x.T @ (y - y.mean()) / len(y)
    try:
        laws = [np.linalg.solve(gram + np.diag(penalty * penalised), moment) for penalty in penalties]
    except np.linalg.LinAlgError as error:
        raise ProblemError("the free columns repeat each other; penalise one of them") from error
    return float(y.mean()), np.array(laws)


def _bounds(residuals: Floats, coverage: float) -> tuple[float, float]:
    """Order statistics of the residuals that leave half of the rest on either side; infinite with too few."""
    ordered = np.sort(residuals)
    tail = math.floor((len(ordered) + 1) * (1.0 - coverage) / 2.0 + 1e-9)
    return (float(ordered[tail - 1]), float(ordered[-tail])) if tail >= 1 else (-math.inf, math.inf)
