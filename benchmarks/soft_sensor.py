"""A soft sensor for silica against the last laboratory result, on an iron-ore flotation plant that was measured.

``FERROLAN_DATA=<folder> python -m benchmarks.soft_sensor`` prints the tables of docs/explanation/soft-sensor.md. As a
subject of ``just bench`` it times the calibration on synthetic signals of the same size.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.registry import Subject
from ferrolan.monitoring import Comparison, Score, Skill, changed, compare, fit, measured, moving
from ferrolan.monitoring.results import Floats
from ferrolan.sources import TagAddress, TextDialect, read_csv

FILE = "flotation_iron_ore/hourly.csv"
FEED = ("% Iron Feed", "% Silica Feed")
SIGNALS = (
    "Starch Flow", "Amina Flow", "Ore Pulp Flow", "Ore Pulp pH", "Ore Pulp Density",
    *(f"Flotation Column 0{number} {what}" for what in ("Air Flow", "Level") for number in range(1, 8)),
)  # fmt: skip
IRON, SILICA = "% Iron Concentrate", "% Silica Concentrate"
DIALECT = TextDialect(separator=",", time_column="date", time_format="%Y-%m-%d %H:%M:%S")
"""The file names no zone; UTC, the default, has no missing hour, and only differences of time are used."""
DELAYS = (1, 2, 4, 8, 12)
RULES = {
    "new results": "changed, two decimals, not on a straight line",
    "changed": "interpolated values count as results",
    "changed in either": "as changed, or the iron changed: chance repetitions count",
    "every row": "held values count as measured",
}
"""What counts as a result; the first is the one of the page, the others show how much hangs on it."""


@dataclass(frozen=True)
class Flotation:
    """The file as columns: ``hours`` (n,) from its first row [h], and every column (n,) in its own unit."""

    hours: Floats
    columns: dict[str, Floats]

    @property
    def split(self) -> int:
        """First row of the last third."""
        return len(self.hours) * 2 // 3

    def compare(self, delay: int, rule: str = "new results") -> Comparison:
        """Every predictor at one laboratory delay [h], under one rule for what counts as a result."""
        signals = moving(np.column_stack([self.columns[name] for name in SIGNALS]))
        feed = np.column_stack([changed(self.columns[name]) for name in FEED])
        return compare(signals, self.results(rule), self.hours, self.split, delay=delay, analysed=feed)

    def results(self, rule: str) -> Floats:
        """Silica in the concentrate where the rule sees a result, else NaN [%]."""
        silica = self.columns[SILICA]
        if rule == "new results":
            return measured(silica)
        either = np.isfinite(changed(silica)) | np.isfinite(changed(self.columns[IRON]))
        seen = {"changed": np.isfinite(changed(silica)), "changed in either": either}.get(rule, np.isfinite(silica))
        return np.where(seen, silica, np.nan)


def flotation(folder: Path) -> Flotation:
    """Read the flotation data from the folder that ``FERROLAN_DATA`` names."""
    names = (*FEED, *SIGNALS, IRON, SILICA)
    tags = [TagAddress(number, name, name) for number, name in enumerate(names)]
    samples = read_csv(folder / FILE, DIALECT, tags, 1, "flotation").samples
    columns = {tag.name: samples.filter(tag=tag.tag)["value"].to_numpy() for tag in tags}
    times = samples.filter(tag=0)["time"]
    return Flotation((times - times[0]).dt.total_seconds().to_numpy() / 3600.0, columns)


def main() -> None:
    folder = os.environ.get("FERROLAN_DATA")
    if not folder:
        sys.exit("Set FERROLAN_DATA to the folder that holds flotation_iron_ore/hourly.csv.")
    data = flotation(Path(folder))
    print("\n".join(report(data)))


def report(data: Flotation) -> Iterator[str]:
    """The tables of the page, as Markdown."""
    first = data.compare(DELAYS[0])
    yield f"{first.calibrated_on:,} results to calibrate on, {first.scored_on:,} unseen\n"
    yield "| predictor | MAE | RMSE | skill over persistence | gain over damped | 90 % interval holds | its width |"
    yield "|---|---|---|---|---|---|---|"
    yield from (row(score) for score in first.scores)
    yield "\n| delay | persistence RMSE | damped | signals | signals and history | skill of both | gain over damped |"
    yield "|---|---|---|---|---|---|---|"
    yield from (delay_row(data.compare(delay)) for delay in DELAYS)
    yield "\n| what counts as a result | unseen | persistence RMSE | damped | signals and history | gain over damped |"
    yield "|---|---|---|---|---|---|"
    yield from (rule_row(rule, data.compare(DELAYS[0], rule)) for rule in RULES)


def row(score: Score) -> str:
    interval = "| |" if score.coverage is None else f"| {score.coverage:.1%} | {score.width:.2f} |".replace("%", " %")
    numbers = f"{score.mae:.3f} | {score.rmse:.3f} | {shown(score.skill)} | {shown(score.gain)}"
    return f"| {score.predictor} | {numbers} {interval}"


def delay_row(found: Comparison) -> str:
    names = ("persistence", "damped persistence", "signals", "signals and history")
    both = found.score("signals and history")
    errors = " | ".join(f"{found.score(name).rmse:.3f}" for name in names)
    return f"| {found.delay} h | {errors} | {shown(both.skill)} | {shown(both.gain)} |"


def rule_row(rule: str, found: Comparison) -> str:
    names = ("persistence", "damped persistence", "signals and history")
    errors = " | ".join(f"{found.score(name).rmse:.3f}" for name in names)
    gain = shown(found.score("signals and history").gain)
    return f"| {rule}: {RULES[rule]} | {found.scored_on:,} | {errors} | {gain} |"


def shown(skill: Skill) -> str:
    return f"{skill.value:+.2f} ({skill.low:+.2f} to {skill.high:+.2f})"


_GENERATOR = np.random.default_rng(1)
_FEATURES = _GENERATOR.standard_normal((2143, 108))
_TARGET = _FEATURES[:, 0] + _GENERATOR.standard_normal(2143)

SUBJECT = Subject(
    name="calibrate a soft sensor",
    station="monitoring",
    ours=lambda: fit(_FEATURES, _TARGET, np.arange(2143.0)),
    note="synthetic: 2,143 results, 108 features, 15 penalties in 6 held-out blocks",
)

if __name__ == "__main__":
    main()
