"""What really happened in the virtual plant: the answer that only tests may look at.

A step ``[t, t + 15 min)`` has constant flows; a stock is known at the start of every step and at the end of the month.
Grades of a stream that does not flow do not exist and are null. Example: the flotation feed of 3 March 2026, 08:15
local time, in t/h dry, and its Nd2O3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from ferrolan.base.tables import TIME
from ferrolan.base.time import Period, cut
from ferrolan.virtualplant.drawing import Drawing
from ferrolan.virtualplant.material import Array, Material
from ferrolan.virtualplant.stockpile import Stock

STEP = timedelta(minutes=15)
ACCOUNT_CUT = timedelta(days=7)


@dataclass(frozen=True, eq=False)
class Truth:
    """The month as it was.

    ``seed`` it came from; ``zone`` of the plant's wall clock; ``start`` and ``end`` in UTC; ``streams`` and ``stocks``
    by name; ``moisture`` of the wet streams [mass fraction of wet], ``power`` of the units [MW] and ``conditions`` by
    tag (canonical units), shape (n,) each; ``reference`` names the stream whose flow says that a unit runs;
    ``drawing`` is the plant on paper.
    """

    seed: int
    zone: str
    start: datetime
    end: datetime
    streams: Mapping[str, Material]
    stocks: Mapping[str, Stock]
    moisture: Mapping[str, Array]
    power: Mapping[str, Array]
    conditions: Mapping[str, Array]
    reference: Mapping[str, str]
    drawing: Drawing

    @cached_property
    def steps(self) -> int:
        """Number of steps in the month."""
        return int((self.end - self.start) / STEP)

    @property
    def step_hours(self) -> float:
        """Length of a step [h]."""
        return STEP / timedelta(hours=1)

    @cached_property
    def times(self) -> pl.Series:
        """Start of every step, UTC, shape (n,)."""
        return self._clock(self.steps)

    @property
    def periods(self) -> tuple[Period, ...]:
        """Balance periods: weeks from the first of the month, the last one shorter."""
        return cut(self.start, self.end, ACCOUNT_CUT)

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """First step of every period, and the number of steps."""
        return (*(int((period.start - self.start) / STEP) for period in self.periods), self.steps)

    def running(self, unit: str) -> Array:
        """Whether a unit runs, 1 or 0, shape (n,)."""
        return (self.streams[self.reference[unit]].rate > 0.0).astype(np.float64)

    @cached_property
    def flows(self) -> pl.DataFrame:
        """Every stream at every step: time, stream, value, unit (t/h dry, or m3/h of a liquor)."""
        return pl.concat(
            _block(self.times, material.rate, stream=name, unit=self._flow_unit(name))
            for name, material in self.streams.items()
        )

    @cached_property
    def assays(self) -> pl.DataFrame:
        """Every grade at every step: time, stream, component, value, unit (mass fraction 1, or t/m3 times 1000)."""
        return pl.concat(
            _block(
                self.times,
                self.grade(name, mass, material.rate),
                stream=name,
                component=component,
                unit=self._assay_unit(name),
            )
            for name, material in self.streams.items()
            for component, mass in material.content.items()
        )

    @cached_property
    def stock_levels(self) -> pl.DataFrame:
        """Every stock at every step's start and at the end: time, stock, component (null: dry mass), value [t]."""
        clock = self._clock(self.steps + 1)
        return pl.concat(
            _block(clock, mass, stock=name, component=component, unit="t")
            for name, stock in self.stocks.items()
            for component, mass in ((None, stock.mass), *stock.content.items())
        )

    def period_means(self) -> pl.DataFrame:
        """What perfect instruments would give an account: kind, object, component, period, value, unit.

        A flow is the mean over time (dry), an assay the grade of what flowed (contained mass by mass), a moisture the
        water by wet mass, a power and a state the mean over time. A stock of number p is the stock at the start of
        period p; the last number is the end of the month. Values are canonical: t/h, m3/h, mass fraction, kg/m3, t, MW.
        """
        rows = [*self._flow_means(), *self._assay_means(), *self._stock_values(), *self._unit_means()]
        schema = {
            "kind": pl.String, "object": pl.String, "component": pl.String, "period": pl.Int32, "value": pl.Float64,
            "unit": pl.String,
        }  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    def total(self, series: Array) -> Array:
        """Sum over the steps of each period, shape (periods,)."""
        return np.asarray(np.add.reduceat(series, self.edges[:-1]))

    def grade(self, stream: str, content: Array, rate: Array) -> Array:
        """Grade of a stream [mass fraction, or kg/m3 of a liquor], not a number where nothing flows."""
        per = 1000.0 if stream in self.drawing.liquors else 1.0
        return per * np.divide(content, rate, out=np.full_like(rate, np.nan), where=rate > 0.0)

    def _flow_unit(self, stream: str) -> str:
        return "m3/h" if stream in self.drawing.liquors else "t/h"

    def _assay_unit(self, stream: str) -> str:
        return "kg/m3" if stream in self.drawing.liquors else "1"

    def _clock(self, count: int) -> pl.Series:
        first = np.datetime64(self.start.replace(tzinfo=None), "us")
        stamps = first + np.arange(count) * np.timedelta64(STEP)
        return pl.Series("time", stamps).dt.replace_time_zone("UTC").cast(TIME)

    def _flow_means(self) -> Iterable[tuple[object, ...]]:
        count = np.diff(self.edges)
        for name, material in self.streams.items():
            yield from _numbered("flow", name, None, self.total(material.rate) / count, self._flow_unit(name))

    def _assay_means(self) -> Iterable[tuple[object, ...]]:
        for name, material in self.streams.items():
            rate = self.total(material.rate)
            for component, mass in material.content.items():
                found = self.grade(name, self.total(mass), rate)
                yield from _numbered("assay", name, component, found, self._assay_unit(name))
        for name, moisture in self.moisture.items():
            wet = self.streams[name].rate / (1.0 - moisture)
            yield from _numbered("moisture", name, None, self.total(wet * moisture) / self.total(wet), "1")

    def _stock_values(self) -> Iterable[tuple[object, ...]]:
        at = list(self.edges)
        for name, stock in self.stocks.items():
            yield from _numbered("stock", name, None, stock.mass[at], "t")
            for component, mass in stock.content.items():
                yield from _numbered("stock_assay", name, component, mass[at] / stock.mass[at], "1")

    def _unit_means(self) -> Iterable[tuple[object, ...]]:
        count = np.diff(self.edges)
        for unit, drawn in self.power.items():
            yield from _numbered("power", unit, None, self.total(drawn) / count, "MW")
            yield from _numbered("state", unit, None, self.total(self.running(unit)) / count, "1")


def _block(times: pl.Series, values: Array, **labels: str | None) -> pl.DataFrame:
    """One series in long form: time, its labels, value."""
    named = [pl.lit(label, dtype=pl.String).alias(key) for key, label in labels.items()]
    value = pl.Series("value", values, nan_to_null=True)
    return pl.DataFrame([times, value]).select("time", *named, "value")


def _numbered(
    kind: str, name: str, component: str | None, values: Array, unit: str
) -> Iterable[tuple[str, str, str | None, int, float, str]]:
    for number, value in enumerate(values.tolist()):
        yield kind, name, component, number, value, unit
