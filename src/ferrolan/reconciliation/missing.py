"""Is there a stream that nobody drew? A balance that is open by the same amount in every period suggests one.

For example: the thickener lacks 2.1, 1.9, 2.2 and 2.0 t/h of dry mass in four weeks, and 0.13 t/h of REO in each: a
stream of 2.05 t/h at 6.3 % REO leaves it that is not in the network. A scale that is off by a constant share looks the
same, with the composition of its own stream; where the two compositions agree that stream is named as the rival.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from ferrolan.base.tables import MISSING_STREAMS
from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.network import ENERGY, MASS, Network
from ferrolan.reconciliation.nodal import WHOLE, NodalTests
from ferrolan.reconciliation.tests import LEVEL, sidak_critical

LEAST_PERIODS = 2
"""Fewest periods in which a residual can be said to repeat."""
_ALIKE = 2.0
"""Largest difference of two compositions, in standard deviations, that still counts as like."""


@dataclass(frozen=True)
class Repeating:
    """One balance over its periods: mean residual per hour, its standard deviation, and how well it repeats."""

    nodes: tuple[str, ...]
    component: str
    flow: float
    sd: float
    periods: int
    same_sign: int
    consistent: bool

    @property
    def z(self) -> float:
        """Size of the mean over its standard deviation."""
        return abs(self.flow) / self.sd


def repeating(network: Network, tests: NodalTests, *, level: float = LEVEL) -> tuple[Repeating, ...]:
    """Every balance that is tested in at least two periods, as a mean rate.

    Notes
    -----
    The mean is weighted by the variances of the periods; its standard deviation counts the errors that are declared to
    last the account as lasting. One that is not declared makes it too small, and is what a bias hypothesis is for.
    """
    places: dict[tuple[tuple[str, ...], str], list[int]] = defaultdict(list)
    for number in np.flatnonzero((tests.period != WHOLE) & (tests.sd > 0.0)).tolist():
        places[tests.nodes[number], tests.component[number]].append(number)
    hours = np.asarray(network.hours)
    return tuple(
        _mean(key, tests, np.asarray(found), hours[tests.period[found]], level)
        for key, found in places.items()
        if len(found) >= LEAST_PERIODS
    )


def _mean(
    key: tuple[tuple[str, ...], str], tests: NodalTests, found: Integers, hours: Floats, level: float
) -> Repeating:
    rate, spread = tests.residual[found] / hours, tests.sd[found] / hours
    weight = 1.0 / spread**2
    mean = float(weight @ rate / weight.sum())
    sd = float(np.linalg.norm((weight / hours) @ tests.spread[found]) / weight.sum())
    scatter = float(weight @ (rate - mean) ** 2)
    consistent = bool(special.chdtrc(len(rate) - 1, scatter) > level)
    alike = int(np.sum(np.sign(rate) == np.sign(mean)))
    return Repeating(*key, mean, sd, len(rate), alike, consistent)


def missing_frame(
    network: Network, system: Equations, values: Floats, tests: NodalTests, *, level: float = LEVEL
) -> pl.DataFrame:
    """One row a balance whose residual repeats beyond the critical value; ``values`` are the reconciled ones."""
    every = repeating(network, tests, level=level)
    critical = sidak_critical(len(every), level)
    mass = {mean.nodes: mean for mean in every if mean.component == MASS and mean.z > critical}
    rows = []
    for mean in every:
        if not mean.z > critical:
            continue
        share, share_sd = _share(mean, mass.get(mean.nodes))
        rows.append(
            {
                "node": " + ".join(mean.nodes),
                "component": mean.component,
                "direction": "leaves" if mean.flow > 0.0 else "enters",
                "flow": abs(mean.flow),
                "flow_sd": mean.sd,
                "z": mean.z,
                "critical": critical,
                "level": level,
                "share": share,
                "share_sd": share_sd,
                "periods": mean.periods,
                "same_sign": mean.same_sign,
                "consistent": mean.consistent,
                "resembles": _rival(network, system, values, mean.nodes, every, mass.get(mean.nodes)),
            }
        )
    return MISSING_STREAMS.check(pl.DataFrame(rows, schema=MISSING_STREAMS.schema))


def _share(mean: Repeating, mass: Repeating | None) -> tuple[float | None, float | None]:
    """Component per mass of the missing stream, its error from both residuals taken as independent."""
    if mass is None or mean.component in (MASS, ENERGY):
        return None, None
    share = mean.flow / mass.flow
    return share, float(np.hypot(mean.sd / mass.flow, share * mass.sd / mass.flow))


def _rival(
    network: Network,
    system: Equations,
    values: Floats,
    nodes: tuple[str, ...],
    every: tuple[Repeating, ...],
    mass: Repeating | None,
) -> str | None:
    """A stream at the node with the composition that the missing one would have."""
    shares = {
        mean.component: _share(mean, mass)
        for mean in every
        if mean.nodes == nodes and mean.component not in (MASS, ENERGY)
    }
    known = {component: pair for component, pair in shares.items() if pair[0] is not None}
    if not known:
        return None
    worst: dict[str, float] = {}
    for stream in network.streams:
        if (stream.source in nodes) != (stream.target in nodes):
            worst[stream.name] = max(
                abs(_assay(system, values, stream.name, component) - (share or 0.0)) / (sd or np.inf)
                for component, (share, sd) in known.items()
            )
    name = min(worst, key=worst.__getitem__, default=None)
    return name if name is not None and worst[name] < _ALIKE else None


def _assay(system: Equations, values: Floats, stream: str, component: str) -> float:
    """Mean assay over the periods; 0 where the component is absent."""
    found = [
        values[start:end]
        for key, start, end in zip(system.keys.labels, system.keys.starts[:-1], system.keys.starts[1:], strict=True)
        if key.kind == "assay" and key.object == stream and key.component == component
    ]
    return float(np.nanmean(found[0])) if found else 0.0
