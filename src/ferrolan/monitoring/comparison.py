"""A soft sensor against the last laboratory result, on data its calibration never saw.

A sensor for silica that errs by 0.7 % is worth nothing if the last result errs by 0.7 % too. So every predictor answers
the same questions, the new results after the split, with what was known then:

- ``mean``: the mean of the calibration, for an operator who looks at nothing;
- ``persistence``: the last result that is known;
- ``damped persistence``: a line through it, y = a + b times last result (an AR(1) drawn to the mean);
- ``laboratory history``: the last result, and the means of the results of the last hours;
- ``signals``: the soft sensor from process signals, without any result of the target;
- ``signals and history``: both.

Beating persistence is not enough: a line through the last result does that by drawing it to the mean. What the signals
are worth is what ``signals and history`` gains over ``damped persistence``. Everything that is chosen is chosen before
the split; the split is in time.

References
----------
E. Carlstein, "The Use of Subseries Values for Estimating the Variance of a General Statistic from a Stationary
Sequence", Ann. Statist. 14 (1986) 1171-1179, doi:10.1214/aos/1176350057: the bootstrap of blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.monitoring.features import Window, last_result, window_means
from ferrolan.monitoring.results import Floats
from ferrolan.monitoring.soft_sensor import SoftSensor, fit, predict

WINDOWS: tuple[Window, ...] = ((0, 1), (1, 3), (3, 6), (6, 12), (12, 24))
"""Windows of the process signals [rows back]: the present row, and what has passed the bank since."""
MEMORY: tuple[int, ...] = (8, 24)
"""Rows of results whose mean belongs to the history of the laboratory."""

BLOCK = 72.0
"""Length of a block of the bootstrap [h]: longer than errors stay alike, short enough for some twenty blocks."""
DRAWS = 2000
"""Draws of the bootstrap: the quantiles of an interval then scatter by a tenth of its width or less."""


@dataclass(frozen=True)
class Skill:
    """1 - MSE / MSE of the reference [1], with its 95 % interval by a bootstrap of blocks: 0 is no better."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """How well one predictor answered.

    ``mae`` and ``rmse`` in the unit of the target; ``skill`` over persistence and ``gain`` over damped persistence;
    ``coverage`` is the share of unseen results inside the prediction interval [1] and ``width`` its width [unit of the
    target], both None where there is no interval.
    """

    predictor: str
    mae: float
    rmse: float
    skill: Skill
    gain: Skill
    coverage: float | None
    width: float | None


@dataclass(frozen=True)
class Comparison:
    """The scores, and what they were taken on: numbers of results to calibrate on and unseen, delay [rows]."""

    delay: int
    calibrated_on: int
    scored_on: int
    scores: tuple[Score, ...]
    sensors: Mapping[str, SoftSensor]

    def score(self, predictor: str) -> Score:
        """The score of one predictor."""
        return next(score for score in self.scores if score.predictor == predictor)


def compare(
    signals: Floats,
    results: Floats,
    hours: Floats,
    split: int,
    *,
    delay: int = 1,
    analysed: Floats | None = None,
    windows: Sequence[Window] = WINDOWS,
    coverage: float = 0.9,
    seed: int = 0,
) -> Comparison:
    """Calibrate before the split, score every predictor after it.

    Parameters
    ----------
    signals : (n, k)
        Process signals at equal steps, a row an instant; NaN where a signal is frozen or missing.
    results : (n,)
        New laboratory results by the row they speak of; NaN elsewhere.
    hours : (n,)
        Instants [h].
    split
        Rows before it calibrate, rows from it on are unseen.
    delay
        Rows until a result is known, at least 1.
    analysed : (n, j)
        Other laboratory results, such as feed grades, known after the same delay; NaN where there is no new one.
    windows
        Windows of the process signals.
    coverage
        Share of results the prediction intervals should hold [1].
    seed
        Seed of the bootstrap.

    Returns
    -------
    Scores on the unseen results for which a last result is known.

    Raises
    ------
    ProblemError
        If the split leaves one side without results, or a shape is wrong.
    """
    last = last_result(results, delay)
    rows = np.flatnonzero(np.isfinite(results) & np.isfinite(last))
    before, after = rows[rows < split], rows[rows >= split]
    if not len(before) or not len(after):
        raise ProblemError(f"a split at row {split} leaves {len(before)} results before it and {len(after)} after it")
    sensors: dict[str, SoftSensor] = {}
    answers: dict[str, tuple[Floats, float | None, float | None]] = {
        "mean": (np.full(len(after), results[before].mean()), None, None),
        "persistence": (last[after], None, None),
    }
    for name, (features, free) in _inputs(signals, results, last, delay, analysed, windows).items():
        sensors[name] = fit(features[before], results[before], hours[before], free=free, coverage=coverage)
        found = predict(sensors[name], features[after])
        inside = (results[after] >= found.low) & (results[after] <= found.high)
        answers[name] = (found.value, float(inside.mean()), float(np.mean(found.high - found.low)))
    errors = {name: results[after] - answer[0] for name, answer in answers.items()}
    blocks = _blocks(hours[after])
    scores = tuple(_score(name, errors, blocks, answer[1:], seed) for name, answer in answers.items())
    return Comparison(delay, len(before), len(after), scores, sensors)


def _inputs(
    signals: Floats, results: Floats, last: Floats, delay: int, analysed: Floats | None, windows: Sequence[Window]
) -> dict[str, tuple[Floats, tuple[int, ...]]]:
    """Features of every predictor that is calibrated, and which of them go without a penalty."""
    process = [window_means(signals, windows)]
    if analysed is not None:
        process.append(window_means(analysed, [(delay, delay + max(MEMORY))]))
    recent = window_means(results[:, None], [(delay, delay + rows) for rows in MEMORY])
    return {
        "damped persistence": (last[:, None], (0,)),
        "laboratory history": (np.column_stack([last, recent]), (0,)),
        "signals": (np.column_stack(process), ()),
        "signals and history": (np.column_stack([last, recent, *process]), (0,)),
    }


def _score(
    name: str,
    errors: Mapping[str, Floats],
    blocks: NDArray[np.intp],
    interval: tuple[float | None, float | None],
    seed: int,
) -> Score:
    skill, gain = (
        _skill(errors[name], errors[reference], blocks, seed) for reference in ("persistence", "damped persistence")
    )
    mae, rmse = float(np.mean(np.abs(errors[name]))), float(np.sqrt(np.mean(errors[name] ** 2)))
    return Score(name, mae, rmse, skill, gain, *interval)


def _blocks(hours: Floats) -> NDArray[np.intp]:
    """Number of the block of every row; blocks without a row have no number."""
    _, numbers = np.unique(np.floor((hours - hours[0]) / BLOCK), return_inverse=True)
    return numbers


def _skill(errors: Floats, reference: Floats, blocks: NDArray[np.intp], seed: int) -> Skill:
    """The skill, and its quantiles over draws of whole blocks; every predictor sees the same draws."""
    ours, theirs = np.bincount(blocks, errors**2), np.bincount(blocks, reference**2)
    draws = np.random.default_rng(seed).integers(len(ours), size=(DRAWS, len(ours)))
    skills = 1.0 - _ratio(ours[draws].sum(axis=1), theirs[draws].sum(axis=1))
    low, high = np.quantile(skills, [0.025, 0.975])
    return Skill(float(1.0 - _ratio(ours.sum(), theirs.sum())), float(low), float(high))


def _ratio(ours: Floats, theirs: Floats) -> Floats:
    """Ours over theirs; 1 where both are 0, infinite where theirs alone is: the reference made no error there."""
    return np.divide(ours, theirs, out=np.where(np.asarray(ours) > 0, np.inf, 1.0), where=np.asarray(theirs) > 0)
