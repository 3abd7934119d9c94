"""A soft sensor looks back only, is what an augmented least-squares problem says, and loses where it loses."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from ferrolan.base.errors import ProblemError
from ferrolan.monitoring import changed, compare, fit, last_result, measured, moving, predict, window_means
from ferrolan.monitoring.comparison import WINDOWS
from ferrolan.monitoring.results import Floats

DATA = os.environ.get("FERROLAN_DATA")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "soft-sensor.md"
SEEDS = st.integers(0, 2**32 - 1)


def series(seed: int, rows: int = 300, columns: int = 3) -> tuple[Floats, Floats, Floats]:
    """Synthetic signals (rows, columns), results with holes (rows,) and hours (rows,)."""
    generator = np.random.default_rng(seed)
    signals = generator.standard_normal((rows, columns))
    signals[generator.random(signals.shape) < 0.1] = np.nan
    results = np.where(generator.random(rows) < 0.7, generator.standard_normal(rows), np.nan)
    return signals, results, np.cumsum(generator.uniform(0.5, 1.5, rows))


# laws


@settings(max_examples=30)
@given(seed=SEEDS)
def test_a_known_linear_law_is_recovered(seed: int) -> None:
    generator = np.random.default_rng(seed)
    features, weights = generator.standard_normal((400, 4)), generator.uniform(-2.0, 2.0, 4)
    sensor = fit(features, 3.0 + features @ weights, np.arange(400.0), penalties=[1e-9])
    unseen = generator.standard_normal((50, 4))
    assert predict(sensor, unseen).value == pytest.approx(3.0 + unseen @ weights, abs=1e-6)  # 1e-9 of the weights


@settings(max_examples=50)
@given(seed=SEEDS, row=st.integers(200, 298), other=SEEDS)
def test_no_prediction_looks_ahead(seed: int, row: int, other: int) -> None:
    """Whatever happens after a row, held or frozen values included, no prediction up to it changes."""
    signals, results, hours = series(seed)
    shift = np.random.default_rng(other).integers(-1, 2, len(signals) - row - 1)  # 0 keeps a value, and freezes some

    def predicted(signals: Floats, results: Floats) -> Floats:
        fresh = changed(np.round(results, 1))
        features = np.column_stack([last_result(fresh, 2), window_means(moving(signals), WINDOWS)])
        sensor = fit(features[:200], fresh[:200], hours[:200], free=(0,), purge=5.0)
        found = predict(sensor, features)
        return np.column_stack([found.value, found.low, found.high])

    changed_signals, changed_results = signals.copy(), results.copy()
    changed_signals[row + 1 :] = signals[row] + shift[:, None]
    changed_results[row + 1 :] = shift
    before, after = predicted(signals, results), predicted(changed_signals, changed_results)
    np.testing.assert_array_equal(before[: row + 1], after[: row + 1])


@given(seed=SEEDS, delay=st.integers(1, 6))
def test_the_result_of_a_row_is_not_known_before_its_delay(seed: int, delay: int) -> None:
    results = series(seed, 40)[1]
    for row, known in enumerate(last_result(results, delay)):
        earlier = results[: max(row - delay + 1, 0)]
        expected = earlier[np.isfinite(earlier)]
        assert known == expected[-1] if len(expected) else np.isnan(known)


@given(seed=SEEDS, exponents=st.lists(st.integers(-9, 9), min_size=3, max_size=3), shift=st.floats(-100.0, 100.0))
def test_the_units_of_the_features_do_not_matter(seed: int, exponents: list[int], shift: float) -> None:
    signals, results, hours = series(seed)
    factor = 10.0 ** np.array(exponents)
    one = predict(fit(signals, results, hours), signals)
    other = predict(fit((signals + shift) * factor, results, hours), (signals + shift) * factor)
    assert other.value == pytest.approx(one.value, abs=1e-9)  # rounding of a standardised column
    assert other.low == pytest.approx(one.low, abs=1e-9)


@given(seed=SEEDS, factor=st.floats(0.1, 10.0), shift=st.floats(-10.0, 10.0))
def test_the_prediction_has_the_unit_of_the_target(seed: int, factor: float, shift: float) -> None:
    signals, results, hours = series(seed)
    one, other = fit(signals, results, hours), fit(signals, shift + factor * results, hours)
    assert predict(other, signals).value == pytest.approx(shift + factor * predict(one, signals).value, abs=1e-8)
    assert (other.below, other.above) == pytest.approx((factor * one.below, factor * one.above), abs=1e-8)


@given(seed=SEEDS)
def test_rows_without_a_new_result_carry_no_weight(seed: int) -> None:
    signals, results, hours = series(seed)
    elsewhere = signals.copy()
    elsewhere[np.isnan(results)] = 1e6
    one, other = fit(signals, results, hours), fit(elsewhere, results, hours)
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.residuals, other.residuals)
    known = np.isfinite(results)
    np.testing.assert_array_equal(fit(signals[known], results[known], hours[known]).weights, one.weights)


@given(seed=SEEDS)
def test_a_missing_feature_counts_as_its_mean(seed: int) -> None:
    signals, results, hours = series(seed)
    sensor = fit(signals, results, hours)
    holes, means = signals[-20:].copy(), signals[-20:].copy()
    holes[:, 1], means[:, 1] = np.nan, sensor.centre[1]
    np.testing.assert_array_equal(predict(sensor, holes).value, predict(sensor, means).value)
    assert predict(sensor, np.full((1, 3), np.nan)).value[0] == sensor.intercept


def test_a_held_result_and_a_frozen_signal_are_not_measured() -> None:
    held = np.array([1.0, 1.0, 2.0, np.nan, 2.0, 1.0])
    np.testing.assert_array_equal(changed(held), [1.0, np.nan, 2.0, np.nan, np.nan, 1.0])
    frozen = np.array([[1.0, 5.0], [1.0, 6.0], [2.0, 6.0], [2.0, 6.0]])
    np.testing.assert_array_equal(moving(frozen), [[1.0, 5.0], [np.nan, 6.0], [2.0, np.nan], [np.nan, np.nan]])


@given(stn.arrays(float, st.integers(0, 30), elements=st.integers(0, 600).map(lambda number: number / 100)))
def test_what_counts_as_measured_was_written_and_looks_one_row_ahead_at_most(values: Floats) -> None:
    found = measured(values)
    kept = np.isfinite(found)
    np.testing.assert_array_equal(found[kept], values[kept])
    assert not kept[1:][values[1:] == values[:-1]].any()
    for row in range(len(values)):
        np.testing.assert_array_equal(measured(values[: row + 2])[: row + 1], found[: row + 1])


@given(first=st.integers(100, 500), last=st.integers(100, 500), between=st.integers(1, 30))
def test_a_line_drawn_between_two_results_is_not_measured(first: int, last: int, between: int) -> None:
    drawn = np.round(np.linspace(first, last, between + 2) / 100, 10)
    found = measured(np.concatenate([[0.0], drawn, [9.99]]))
    assert not np.isfinite(found[2:-2]).any()
    assert found[1] == first / 100


@given(seed=SEEDS)
def test_errors_of_a_block_are_not_touched_by_what_comes_after_it(seed: int) -> None:
    """Each held-out block is predicted from what came before it: the results of the last block concern itself alone."""
    signals, results, hours = series(seed)
    last = np.flatnonzero(np.isfinite(results))[-20:]
    later = results.copy()
    later[last] += 100.0
    one, other = (fit(signals, target, hours, penalties=[1.0]) for target in (results, later))
    np.testing.assert_array_equal(one.residuals[:-20], other.residuals[:-20])
    assert other.residuals[-20:] == pytest.approx(one.residuals[-20:] + 100.0)


@given(seed=SEEDS)
def test_results_within_the_purge_do_not_train_the_next_block(seed: int) -> None:
    signals, results, hours = series(seed)
    known = np.flatnonzero(np.isfinite(results))
    block = np.array_split(known, 2)[1]
    near = known[(hours[known] >= hours[block[0]] - 24.0) & (known < block[0])]
    purged = results.copy()
    purged[near] += 50.0
    one, other = (fit(signals, target, hours, blocks=2, penalties=[1.0]) for target in (results, purged))
    np.testing.assert_array_equal(one.residuals, other.residuals)


def test_the_interval_holds_its_share_where_errors_are_exchangeable() -> None:
    generator = np.random.default_rng(20170329)
    features = generator.standard_normal((6000, 3))
    target = features @ np.array([1.0, -1.0, 0.5]) + generator.exponential(1.0, 6000)  # skew: the sides differ
    sensor = fit(features[:3000], target[:3000], np.arange(3000.0), coverage=0.9)
    found = predict(sensor, features[3000:])
    inside = (target[3000:] >= found.low) & (target[3000:] <= found.high)
    assert inside.mean() == pytest.approx(0.9, abs=0.02)  # three standard errors of the share over 3,000 and of bounds
    assert -sensor.below < sensor.above


def test_too_few_held_out_results_promise_nothing() -> None:
    sensor = fit(np.zeros((12, 1)), np.arange(12.0), np.arange(12.0) * 30.0, blocks=2)
    assert (sensor.below, sensor.above) == (-np.inf, np.inf)


# oracles


@settings(max_examples=50)
@given(seed=SEEDS, penalty=st.sampled_from([1e-3, 0.1, 10.0]), free=st.sampled_from([(), (0,), (0, 2)]))
def test_the_weights_solve_the_augmented_least_squares_problem(
    seed: int, penalty: float, free: tuple[int, ...]
) -> None:
    generator = np.random.default_rng(seed)
    features, target = generator.standard_normal((120, 5)) * 3.0 + 1.0, generator.standard_normal(120)
    sensor = fit(features, target, np.arange(120.0), penalties=[penalty], free=free)
    x = (features - features.mean(axis=0)) / features.std(axis=0)
    root = np.sqrt(penalty * len(target)) * np.eye(5)
    root[list(free)] = 0.0
    expected, *_ = np.linalg.lstsq(
        np.vstack([x, root]), np.concatenate([target - target.mean(), np.zeros(5)]), rcond=None
    )
    assert sensor.weights == pytest.approx(expected, abs=1e-9)
    assert sensor.intercept == pytest.approx(target.mean())


def test_an_endless_penalty_leaves_the_line_through_the_last_result() -> None:
    signals, results, hours = series(7)
    features = np.column_stack([last_result(results, 1), signals])
    rows = np.isfinite(results) & np.isfinite(features[:, 0])
    sensor = fit(features[rows], results[rows], hours[rows], free=(0,), penalties=[1e12])
    slope, intercept = np.polyfit(features[rows, 0], results[rows], 1)
    assert predict(sensor, features[rows]).value == pytest.approx(intercept + slope * features[rows, 0], abs=1e-8)


def test_the_penalty_is_the_one_that_predicted_best() -> None:
    signals, results, hours = series(3)
    sensor = fit(signals, results, hours)
    alone = [np.mean(fit(signals, results, hours, penalties=[p]).residuals ** 2) for p in sensor.penalties]
    assert sensor.losses == pytest.approx(np.array(alone))
    assert sensor.penalty == sensor.penalties[int(np.argmin(alone))]


@given(
    values=stn.arrays(float, (12, 2), elements=st.floats(-1e3, 1e3) | st.just(np.nan)),
    window=st.tuples(st.integers(0, 5), st.integers(1, 15)).map(lambda pair: (pair[0], pair[0] + pair[1])),
)
def test_a_window_mean_is_the_mean_of_what_it_holds(values: Floats, window: tuple[int, int]) -> None:
    found = window_means(values, [window])
    for (row, column), mean in np.ndenumerate(found):
        held = values[max(row - window[1] + 1, 0) : max(row - window[0] + 1, 0), column]
        known = held[np.isfinite(held)]
        assert mean == pytest.approx(known.mean(), abs=1e-9) if len(known) else np.isnan(mean)


# what a comparison says


def plant(driven: float, seed: int = 5) -> tuple[Floats, Floats, Floats]:
    """A synthetic target that follows its signal of the present row, and else wanders."""
    generator = np.random.default_rng(seed)
    signals, wander = generator.standard_normal((1500, 4)), np.zeros(1500)
    for row, step in enumerate(generator.standard_normal(1499), start=1):
        wander[row] = 0.9 * wander[row - 1] + 0.4 * step
    return signals, wander + driven * signals[:, 0], np.arange(1500.0)


def test_signals_that_drive_the_target_are_found_to_do_so() -> None:
    signals, results, hours = plant(driven=1.0)
    score = compare(signals, results, hours, 1000).score("signals and history")
    assert score.skill.low > 0.5 and score.gain.low > 0.5


def test_signals_that_say_nothing_gain_nothing() -> None:
    signals, results, hours = plant(driven=0.0)
    found = compare(signals, results, hours, 1000)
    assert found.score("signals and history").gain.low < 0.0
    assert found.score("signals").skill.high < 0.0
    assert found.score("persistence").skill.value == 0.0 and found.score("damped persistence").gain.value == 0.0


def test_all_predictors_answer_the_same_unseen_results() -> None:
    signals, results, hours = series(11, 900)
    found = compare(signals, results, hours, 600, delay=3)
    assert found.scored_on == np.isfinite(results[600:]).sum()
    expected = results[600:] - last_result(results, 3)[600:]
    assert found.score("persistence").rmse == pytest.approx(np.sqrt(np.nanmean(expected**2)))


def test_the_scores_hang_on_nothing_after_the_split_but_the_answers() -> None:
    signals, results, hours = plant(driven=0.5)
    later = results.copy()
    later[1000:] += 3.0
    one, other = (compare(signals, target, hours, 1000) for target in (results, later))
    for name, sensor in one.sensors.items():
        np.testing.assert_array_equal(sensor.weights, other.sensors[name].weights)


def test_the_interval_of_a_skill_is_that_of_a_bootstrap_of_whole_blocks() -> None:
    signals, results, hours = plant(driven=0.0)
    skill = compare(signals, results, hours, 1000, seed=9).score("mean").skill
    ours, theirs = results[1000:] - results[1:1000].mean(), results[1000:] - results[999:-1]
    blocks = [slice(start, start + 72) for start in range(0, 500, 72)]
    draws = np.random.default_rng(9).integers(len(blocks), size=(2000, len(blocks)))
    skills = [
        1 - sum(sum(ours[blocks[b]] ** 2) for b in draw) / sum(sum(theirs[blocks[b]] ** 2) for b in draw)
        for draw in draws
    ]
    assert (skill.low, skill.high) == pytest.approx(tuple(np.quantile(skills, [0.025, 0.975])))


# refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hours": np.arange(99.0)}, "shapes"),
        ({"hours": np.zeros(100)}, "rise strictly"),
        ({"target": np.full(100, np.inf)}, "infinite"),
        ({"target": np.full(100, np.nan)}, "nothing to validate on"),
        ({"purge": 1e6}, "nothing to validate on"),
        ({"penalties": [0.0]}, "penalties above 0"),
        ({"features": np.ones((100, 2)) * np.arange(100.0)[:, None], "free": (0, 1)}, "repeat each other"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(change: dict[str, object], message: str) -> None:
    whole = {"features": np.zeros((100, 2)), "target": np.arange(100.0), "hours": np.arange(100.0)}
    with pytest.raises(ProblemError, match=message):
        fit(**{**whole, **change})  # type: ignore[arg-type]


def test_looking_ahead_is_refused() -> None:
    with pytest.raises(ProblemError, match="looks ahead"):
        window_means(np.zeros((5, 1)), [(-1, 1)])
    with pytest.raises(ProblemError, match="at least 1"):
        last_result(np.zeros(5), 0)
    with pytest.raises(ProblemError, match="leaves 0 results before it"):
        compare(np.zeros((5, 1)), np.arange(5.0), np.arange(5.0), 0)
    with pytest.raises(ProblemError, match="the sensor has 3"):
        predict(fit(*series(1)), np.zeros((2, 4)))


# the measured plant


def tables(text: str) -> list[list[str]]:
    """Cells of every row of the Markdown tables that holds numbers."""
    rows = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if any(re.search(r"\d\.\d", cell) for cell in row)]


@pytest.mark.skipif(not DATA, reason="FERROLAN_DATA names no folder")
def test_the_published_tables_are_what_the_code_gives() -> None:
    """Every figure within one unit of its last decimal: a quantile of a bootstrap may round either way elsewhere."""
    from benchmarks.soft_sensor import flotation, report

    data = flotation(Path(str(DATA)))
    assert (len(data.hours), data.split) == (3948, 2632)
    assert {float(later - one) for one, later in pairwise(data.hours)} == {1.0}
    found = data.compare(delay=1)
    assert (found.calibrated_on, found.scored_on) == (2142, 1048)
    given, published = tables("\n".join(report(data))), tables(PAGE.read_text(encoding="utf-8"))
    assert len(given) == 15
    assert [row[0] for row in published[:15]] == [row[0] for row in given]
    number = re.compile(r"[-+]?[\d,]*\.?\d+")
    for expected, shown in zip(given, published, strict=True):
        for one, other in zip(expected[1:], shown[1:], strict=True):
            for ours, theirs in zip(number.findall(one), number.findall(other), strict=True):
                unit = 10.0 ** -len(ours.partition(".")[2]) if "." in ours else 0.0
                assert float(theirs.replace(",", "")) == pytest.approx(float(ours.replace(",", "")), abs=1.01 * unit)


@pytest.mark.skipif(not DATA, reason="FERROLAN_DATA names no folder")
def test_on_the_measured_plant_the_signals_add_nothing_to_the_last_result() -> None:
    """The claim of the page, in signs: it beats persistence, and not the line through the last result."""
    from benchmarks.soft_sensor import flotation

    found = flotation(Path(str(DATA))).compare(delay=1)
    both, signals = found.score("signals and history"), found.score("signals")
    assert both.skill.low > 0.0
    assert both.gain.value < 0.01
    assert signals.skill.high < 0.0 and signals.rmse > found.score("mean").rmse
    held_out = {name: np.sqrt(sensor.losses) for name, sensor in found.sensors.items()}
    assert min(held_out["damped persistence"]) == pytest.approx(0.754, abs=1e-3)  # as printed on the page
    assert min(held_out["signals and history"]) == pytest.approx(0.752, abs=1e-3)
    assert (min(held_out["signals"]), max(held_out["signals"])) == pytest.approx((0.988, 1.666), abs=1e-3)
    assert found.sensors["signals and history"].penalty == 10.0
