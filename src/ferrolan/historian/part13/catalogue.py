"""The aggregates of OPC 10000-13 by the name the standard gives them, with the unit of what they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ferrolan.base.errors import ProblemError
from ferrolan.historian.part13 import bounds, counts, durations, extremes, means, spreads
from ferrolan.historian.part13.answer import Aggregate


@dataclass(frozen=True)
class Kind:
    """One aggregate: its name, what its value is in (``unit`` stands for that of the tag), and how it is made."""

    name: str
    unit: str
    made: Aggregate

    def unit_of(self, unit: str) -> str:
        """Unit of its values where those of the tag are in ``unit``; "1" where the tag has none."""
        return self.unit.replace("unit", unit or "1")

    @property
    def meaning(self) -> str:
        """The first line of its description."""
        return (self.made.__doc__ or "").splitlines()[0]


def aggregates() -> Mapping[str, Kind]:
    """Every aggregate of the standard by name, in the standard's order."""
    return _KINDS


def kind(name: str) -> Kind:
    """The aggregate with a name.

    Raises
    ------
    ProblemError
        If there is none.
    """
    if name not in _KINDS:
        raise ProblemError(f"aggregate {name!r}: expected one of {', '.join(_KINDS)}")
    return _KINDS[name]


_TIMED = "unit x s"
_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        found.name: found
        for found in (
            Kind("Interpolative", "unit", bounds.interpolative),
            Kind("Average", "unit", means.average),
            Kind("TimeAverage", "unit", means.time_average),
            Kind("TimeAverage2", "unit", means.time_average_2),
            Kind("Total", _TIMED, means.total),
            Kind("Total2", _TIMED, means.total_2),
            Kind("Minimum", "unit", extremes.minimum),
            Kind("Maximum", "unit", extremes.maximum),
            Kind("MinimumActualTime", "unit", extremes.minimum_actual_time),
            Kind("MaximumActualTime", "unit", extremes.maximum_actual_time),
            Kind("Range", "unit", extremes.spread),
            Kind("Minimum2", "unit", extremes.minimum_2),
            Kind("Maximum2", "unit", extremes.maximum_2),
            Kind("MinimumActualTime2", "unit", extremes.minimum_actual_time_2),
            Kind("MaximumActualTime2", "unit", extremes.maximum_actual_time_2),
            Kind("Range2", "unit", extremes.spread_2),
            Kind("AnnotationCount", "1", counts.annotation_count),
            Kind("Count", "1", counts.count),
            Kind("DurationInStateZero", "ms", durations.duration_in_state_zero),
            Kind("DurationInStateNonZero", "ms", durations.duration_in_state_non_zero),
            Kind("NumberOfTransitions", "1", counts.number_of_transitions),
            Kind("Start", "unit", counts.start),
            Kind("End", "unit", counts.end),
            Kind("Delta", "unit", counts.delta),
            Kind("StartBound", "unit", bounds.start_bound),
            Kind("EndBound", "unit", bounds.end_bound),
            Kind("DeltaBounds", "unit", bounds.delta_bounds),
            Kind("DurationGood", "ms", durations.duration_good),
            Kind("DurationBad", "ms", durations.duration_bad),
            Kind("PercentGood", "%", durations.percent_good),
            Kind("PercentBad", "%", durations.percent_bad),
            Kind("WorstQuality", "status code", counts.worst_quality),
            Kind("WorstQuality2", "status code", counts.worst_quality_2),
            Kind("StandardDeviationSample", "unit", spreads.standard_deviation_sample),
            Kind("VarianceSample", "unit^2", spreads.variance_sample),
            Kind("StandardDeviationPopulation", "unit", spreads.standard_deviation_population),
            Kind("VariancePopulation", "unit^2", spreads.variance_population),
        )
    }
)
