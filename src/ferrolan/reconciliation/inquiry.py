"""Everything an account can say about gross errors, worked out when asked for.

For example: ``inquiry.gross_errors`` names the belt scale and the leak that would explain as much, and the reading that
decides between them; ``inquiry.robust`` says whether an estimator that distrusts single readings agrees. All of it is
read off the account's linearisation; no table costs a new solve but ``robust``, and the confirmation of a suspect where
one is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.tables import ELIMINATION, FAMILIES, GROSS_ERRORS, READING_TESTS, ROBUST
from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.classify import Solvability
from ferrolan.reconciliation.culprits import (
    Confirm,
    Culprit,
    Decision,
    critical_values,
    deciding,
    implausible,
    in_own_units,
    rank,
    relative,
)
from ferrolan.reconciliation.elimination import Step, adjustment_covariance, compensate, eliminate
from ferrolan.reconciliation.equations import Equations, Key
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.families import Family, families
from ferrolan.reconciliation.hypotheses import (
    Hypotheses,
    Hypothesis,
    Patterns,
    Response,
    Vicinity,
    biases,
    leaks,
    outliers,
    shared,
)
from ferrolan.reconciliation.missing import missing_frame
from ferrolan.reconciliation.network import Network, Reading, SharedError
from ferrolan.reconciliation.nodal import NodalTests, nodal_frame, nodal_tests
from ferrolan.reconciliation.robust import Convex, Redescending, robust
from ferrolan.reconciliation.tests import (
    LEAST_REDUNDANCY,
    LEVEL,
    measurement_statistics,
    sidak_critical,
    vdi_2048_quality,
)

WIDEST = 0.1
"""Largest standard deviation of a relative error that the linearisation of a bilinear account may accuse alone. One
that shows only beyond some 4 x 10 % of the reading lies outside the linear range: it must be confirmed by solving."""
FREE = 100.0
"""Standard deviation of the prior of an error that is left free, over that of its estimate."""
CONFIRMED = 5000
"""Most variables of a bilinear account in which what is named is confirmed by solving. In a larger one nothing wide is
accused; in a linear one there is nothing to confirm."""
_LOOKED_AT = 0.5
"""Share of its critical value from which a single reading is looked at as an outlier."""
_OUTLIERS = 1000
_LEAST_READING = 1e-12
"""What a reading of zero counts as where an error is set against it."""
_MEASURABLE = ("flow", "assay", "stock", "stock_assay", "temperature", "quantity")

Solve = Callable[[Network], float | None]
"""Objective of a network, by solving it; None where that fails."""


@dataclass(frozen=True)
class Inquiry:
    """What the tests need of an account.

    Parameters
    ----------
    system, evidence
        In plant units, the latter with the sigmas of the solution.
    values, scale : (variables,)
        Reconciled values in plant units, and what they are divided by in ``vicinity``.
    row_scale : (rows,)
        What the equations are divided by there.
    reading_variances : (rows of the evidence,)
        Variance of every reading as reconciled, in units of its own: g' C g.
    redundant, observable : (variables,)
        From the classification; values held at a bound are not redundant.
    solve
        Objective of a network with an error left free, to confirm what is found; None where nothing is to be confirmed.
    level
        Probability of any false alarm in the whole list.
    """

    network: Network
    system: Equations
    evidence: Evidence
    values: Floats
    scale: Floats
    row_scale: Floats
    vicinity: Vicinity
    reading_variances: Floats
    redundant: NDArray[np.bool_]
    observable: NDArray[np.bool_]
    objective: float
    degrees_of_freedom: int
    solve: Solve | None = None
    level: float = LEVEL

    @cached_property
    def reading_statistics(self) -> Floats:
        """Maximum-power test of every row of the evidence, (rows,); nan where nothing checks it."""
        adjustment, variance = self.vicinity.adjustment, self.reading_variances
        z = measurement_statistics(adjustment, variance, self._checked_rows)
        rough = np.flatnonzero((z > _LOOKED_AT * sidak_critical(int(np.isfinite(z).sum()))) & (variance > 1.0 - _FINE))
        chosen = np.unique(np.concatenate([rough, self._coupled]))
        for number, row in zip(chosen.tolist(), self._power(chosen).tolist(), strict=True):
            z[number] = row
        return z

    def _power(self, rows: Integers) -> Floats:
        """The same by one solve each: exact for correlated readings, and where almost nothing checks the reading."""
        pattern = self.evidence.whitening[:, rows]
        moved = self.vicinity.response.solve(
            np.asarray((self.vicinity.matrix.T @ pattern).toarray()), np.zeros((self.vicinity.rows, len(rows)))
        )[0]
        effect = pattern.toarray() - self.vicinity.matrix @ moved
        size = np.einsum("ij,ij->j", effect, effect)
        whole = np.einsum("ij,ij->j", pattern.toarray(), pattern.toarray())
        usable = (size > LEAST_REDUNDANCY * whole) & self._checked_rows[rows]
        score = np.abs(pattern.T @ self.vicinity.adjustment)
        return np.where(usable, score / np.sqrt(np.where(usable, size, 1.0)), np.nan)

    @property
    def _coupled(self) -> Integers:
        """Rows whose errors are correlated with others."""
        return np.flatnonzero(np.bincount(self.evidence.whitening.indices, minlength=len(self.evidence.target)) > 1)

    @cached_property
    def _checked_rows(self) -> NDArray[np.bool_]:
        """Rows that read a redundant variable."""
        own = self.evidence.reading >= 0
        checked = np.asarray(np.abs(self.evidence.matrix) @ self.redundant.astype(np.float64)) > 0.0
        return own & checked

    @cached_property
    def patterns(self) -> Patterns:
        """What is looked for: biases, absolute ones, leaks, shared errors, and outliers among the worst readings."""
        network, evidence, rows = self.network, self.evidence, len(self.system.rows)
        found = biases(network, evidence, rows) + leaks(
            network, self.system, self.values, self.row_scale, len(evidence.target)
        )
        found = found + biases(network, evidence, rows, absolute=True) + shared(evidence, rows)
        return found + outliers(network, evidence, rows, self._worst()) if self._repeats else found

    @cached_property
    def _repeats(self) -> bool:
        """Whether any meter was read more than once, so that an outlier is another thing than a bias."""
        own = [tag for tag, reading in zip(self.evidence.tags, self.evidence.reading, strict=True) if reading >= 0]
        return len(set(own)) < len(own)

    def _worst(self) -> Integers:
        """Rows that may be outliers: of meters read more than once, the largest statistics."""
        z, times = self.reading_statistics, Counter(self.evidence.tags)
        critical = sidak_critical(int(np.isfinite(z).sum()), self.level)
        far = np.flatnonzero(np.isfinite(z) & (z > _LOOKED_AT * critical))
        far = far[np.array([times[self.evidence.tags[row]] > 1 for row in far.tolist()], dtype=bool)]
        return np.sort(far[np.argsort(-z[far], kind="stable")][:_OUTLIERS])

    @cached_property
    def hypotheses(self) -> Hypotheses:
        """All of them, with their scores."""
        return Hypotheses(self.vicinity, self.patterns)

    @cached_property
    def critical(self) -> Floats:
        """Critical value of sqrt(T) of every hypothesis, (n,)."""
        count = int(np.isfinite(self.reading_statistics).sum()) if self._repeats else 0
        return critical_values(self.hypotheses, count, level=self.level)

    @cached_property
    def culprits(self) -> tuple[Culprit, ...]:
        """Classes of what may be wrong, ranked."""
        return rank(
            self.hypotheses,
            self.critical,
            self.objective,
            self.degrees_of_freedom,
            confirm=self._confirm,
            must_confirm=self._wide(),
        )

    def _wide(self) -> NDArray[np.bool_]:
        """Hypotheses whose error, where it shows, lies outside the linear range."""
        if not len(self.system.product_row):
            return np.zeros(len(self.hypotheses), dtype=bool)
        labels = self.hypotheses.labels
        per_unit = np.array([label.size / max(label.typical, _LEAST_READING) for label in labels])
        sd = np.abs(per_unit) / np.sqrt(np.where(self.hypotheses.testable, self.hypotheses.gram, np.inf))
        return np.asarray(np.nan_to_num(sd) > WIDEST)

    @property
    def _confirm(self) -> Confirm | None:
        bilinear = len(self.system.product_row) > 0
        return self._solved if self.solve is not None and bilinear and len(self.values) <= CONFIRMED else None

    def _solved(self, chosen: Sequence[int]) -> float | None:
        """Objective with the chosen left free."""
        assert self.solve is not None
        labels = [self.hypotheses.labels[i] for i in chosen]
        network = freed(self.network, labels, self.hypotheses.sizes(chosen)[1])
        return None if network is None else self.solve(network)

    @cached_property
    def gross_errors(self) -> pl.DataFrame:
        """Table GROSS_ERRORS."""
        by_class: dict[int, list[Culprit]] = {}
        for culprit in self.culprits:
            by_class.setdefault(culprit.rank, []).append(culprit)
        rows = [row for members in by_class.values() for row in self._class_rows(members)]
        return GROSS_ERRORS.check(pl.DataFrame(rows, schema=GROSS_ERRORS.schema))

    def _class_rows(self, members: list[Culprit]) -> list[dict[str, object]]:
        decision = self._decision(members)
        rows = [row for member in members for row in self._rows(member)]
        sizes = [row["in_sigmas"] for row in rows]
        doubts = implausible(float("nan") if size is None else float(str(size)) for size in sizes)
        for row, doubt in zip(rows, doubts, strict=True):
            row |= {"plausible": not doubt, **decision}
        return rows

    def _decision(self, members: list[Culprit]) -> dict[str, object]:
        behind = sorted({row["tag"] for member in members for row in self._auxiliary(member)}, key=str)
        found = deciding(self.hypotheses, members, self._reading_sigma, self.system.keys.run)
        if found is not None:
            return self._words(found)
        if behind:
            return {"decides": f"a second determination by `{behind[0]}`"}
        return {}

    def _words(self, decision: Decision) -> dict[str, object]:
        key = self.system.keys.labels[decision.quantity]
        start, end = self.system.keys.starts[decision.quantity : decision.quantity + 2].tolist()
        read = bool(self.evidence.measured[start:end].any())
        return {
            "decides": f"{'a second meter on' if read else 'a reading of'} {_quantity(key)}",
            "decides_kind": key.kind,
            "decides_object": key.object,
            "decides_component": key.component,
            "decides_by": decision.sigmas,
        }

    @cached_property
    def _reading_sigma(self) -> Floats:
        """Scaled sigma that a further reading of each variable would have; infinity where none can be taken."""
        own = self.vicinity.matrix[np.flatnonzero(self.evidence.reading >= 0)]
        best = np.zeros(len(self.values))
        np.maximum.at(best, own.indices, np.abs(own.data))
        able = np.array([key.kind in _MEASURABLE for key in self.system.keys.labels], dtype=bool)[self.system.keys.run]
        usable = able & self.observable & ~self.system.fixed
        return np.where(usable, np.where(best > 0.0, 1.0 / np.where(best > 0.0, best, 1.0), 1.0), np.inf)

    def _rows(self, culprit: Culprit) -> list[dict[str, object]]:
        label = self.hypotheses.labels[culprit.hypothesis]
        ends = sorted(in_own_units(label, value) for value in (culprit.low, culprit.high))
        size = in_own_units(label, culprit.estimate)
        is_bias = label.kind == "bias"
        row = {
            "rank": culprit.rank,
            "suspect_class": culprit.rank,
            "kind": label.kind,
            "object": label.object,
            "component": label.component,
            "period": label.period,
            "tag": label.tag,
            "carrier": label.carrier,
            "z": culprit.z,
            "critical": culprit.critical,
            "level": self.level,
            "confirmed": _or_null(culprit.confirmed),
            "share": _or_null(relative(culprit.estimate)) if is_bias else None,
            "share_low": _or_null(relative(culprit.low)) if is_bias else None,
            "share_high": _or_null(relative(culprit.high)) if is_bias else None,
            "size": size,
            "size_low": ends[0],
            "size_high": ends[1],
            "unit": "",
            "in_sigmas": _or_null(size / label.sigma),
            "parallel": culprit.parallel,
            "p_global_without": culprit.p_global_without,
            "echo": culprit.echo,
        }
        return [row, *({**row, **own} for own in self._auxiliary(culprit))]

    def _auxiliary(self, culprit: Culprit) -> list[dict[str, object]]:
        """Meters behind the reading, each with the error of its own that would be needed."""
        label = self.hypotheses.labels[culprit.hypothesis]
        if label.kind not in ("bias", "offset"):
            return []
        read = self._by_tag[label.tag or ""]
        names = dict.fromkeys(name for reading in read for name in reading.also)
        return [self._behind(name, read, label, culprit) for name in names]

    @cached_property
    def _by_tag(self) -> dict[str, list[Reading]]:
        found: dict[str, list[Reading]] = {}
        for reading in self.network.readings:
            found.setdefault(reading.tag, []).append(reading)
        return found

    def _behind(self, name: str, read: list[Reading], label: Hypothesis, culprit: Culprit) -> dict[str, object]:
        sensitivity = [dict(reading.shares).get(name, float("nan")) for reading in read]
        each = float(np.mean(sensitivity))
        sigma = next((error.sigma for error in self.network.shared if error.name == name), float("nan"))
        ends = sorted(in_own_units(label, value) / each for value in (culprit.low, culprit.high))
        size = in_own_units(label, culprit.estimate) / each
        return {
            "kind": "auxiliary",
            "component": None,
            "tag": name,
            "share": None,
            "share_low": None,
            "share_high": None,
            "size": _or_null(size),
            "size_low": _or_null(ends[0]),
            "size_high": _or_null(ends[1]),
            "in_sigmas": _or_null(size / sigma),
        }

    @cached_property
    def compensation(self) -> tuple[Step, ...]:
        """Serial compensation over all hypotheses."""
        return compensate(self.hypotheses, self._sure_critical, self.objective, self.degrees_of_freedom)

    @cached_property
    def elimination_steps(self) -> tuple[Step, ...]:
        """Serial elimination of meters."""
        found = self.hypotheses, self._rows_of, self._sure_critical
        return eliminate(*found, self.objective, self.degrees_of_freedom)

    @property
    def _sure_critical(self) -> Floats:
        return np.where(self._wide(), np.inf, self.critical)

    @cached_property
    def _rows_of(self) -> list[list[int]]:
        places: dict[str, list[int]] = {}
        for row in np.flatnonzero(self.evidence.reading >= 0).tolist():
            places.setdefault(self.evidence.tags[row], []).append(row)
        return [places[label.tag] if label.kind == "bias" and label.tag else [] for label in self.hypotheses.labels]

    @cached_property
    def elimination(self) -> pl.DataFrame:
        """Table ELIMINATION: both searches."""
        searches = {"elimination": self.elimination_steps, "compensation": self.compensation}
        rows = [self._step(method, step) for method, steps in searches.items() for step in steps]
        return ELIMINATION.check(pl.DataFrame(rows, schema=ELIMINATION.schema))

    def _step(self, method: str, step: Step) -> dict[str, object]:
        return {
            "method": method,
            "step": step.number,
            **self._name(step.hypothesis),
            "z": _or_null(np.sqrt(step.statistic)),
            "critical": _or_null(step.critical),
            "level": self.level,
            "objective": step.left.objective,
            "degrees_of_freedom": step.left.degrees_of_freedom,
            "p_value": step.left.p_value,
            "stopped": step.stopped,
        }

    def _name(self, hypothesis: int | None) -> dict[str, object]:
        columns = ("kind", "object", "component", "period", "tag", "carrier")
        label = None if hypothesis is None else self.hypotheses.labels[hypothesis]
        return {column: None if label is None else getattr(label, column) for column in columns}

    @cached_property
    def sets(self) -> tuple[Family, ...]:
        """Sets of gross errors that explain the data equally well."""
        path = [step.hypothesis for step in self.compensation if step.hypothesis is not None]
        return families(self.hypotheses, self.objective, self.degrees_of_freedom, path=path, level=self.level)

    @cached_property
    def families(self) -> pl.DataFrame:
        """Table FAMILIES."""
        rows = [
            {
                "family": number,
                "members": len(family.members),
                **self._name(member),
                "objective": family.objective,
                "degrees_of_freedom": family.degrees_of_freedom,
                "p_value": family.p_value,
                "level": self.level,
                "lowest": family.lowest,
                "smaller": family.smaller,
            }
            for number, family in enumerate(self.sets, start=1)
            for member in family.members
        ]
        return FAMILIES.check(pl.DataFrame(rows, schema=FAMILIES.schema))

    @cached_property
    def nodal(self) -> NodalTests:
        """Balances on the readings as they are."""
        return nodal_tests(self.network, self.system, self.evidence)

    @cached_property
    def nodal_tests(self) -> pl.DataFrame:
        """Table NODAL_TESTS."""
        return nodal_frame(self.nodal, level=self.level)

    @cached_property
    def missing_streams(self) -> pl.DataFrame:
        """Table MISSING_STREAMS."""
        return missing_frame(self.network, self.system, self.values, self.nodal, level=self.level)

    @cached_property
    def reading_tests(self) -> pl.DataFrame:
        """Table READING_TESTS."""
        own = np.flatnonzero(self.evidence.reading >= 0)
        z, (adjustment, variance) = self.reading_statistics[own], self._own_adjustments()
        critical = sidak_critical(int(np.isfinite(z).sum()), self.level)
        frame = self._readings(own).with_columns(
            adjustment=pl.Series(adjustment[own]),
            z=pl.Series(z),
            critical=pl.lit(critical),
            level=pl.lit(self.level),
            passed=pl.Series(z <= critical),
            vdi=pl.Series(vdi_2048_quality(adjustment, variance)[own]),
        )
        unchecked = pl.col("z").is_nan()
        frame = frame.with_columns(
            passed=pl.when(unchecked).then(None).otherwise(pl.col("passed")),
            z=pl.when(unchecked).then(None).otherwise(pl.col("z")),
        )
        return READING_TESTS.check(frame.select(list(READING_TESTS.columns)))

    def _own_adjustments(self) -> tuple[Floats, Floats]:
        """Adjustments in units of each reading's own sigma and the variances of the reconciled values: for correlated
        readings the whitening is undone.
        """
        adjustment, variance = self.vicinity.adjustment.copy(), self.reading_variances.copy()
        rows = np.unique(np.concatenate([self._coupled, self._coupled_to]))
        if len(rows):
            own = self.evidence.sigma[rows]
            back = np.linalg.inv(self.evidence.whitening[rows][:, rows].toarray()) / own[:, None]
            adjustment[rows] = back @ self.vicinity.adjustment[rows]
            variance[rows] = 1.0 - np.diag(back @ adjustment_covariance(self.vicinity, rows) @ back.T)
        return adjustment, variance

    @property
    def _coupled_to(self) -> Integers:
        return np.flatnonzero(np.diff(self.evidence.whitening.indptr) > 1)

    def _readings(self, rows: Integers) -> pl.DataFrame:
        read = [self.network.readings[number] for number in self.evidence.reading[rows].tolist()]
        return pl.DataFrame(
            {
                "tag": [r.tag for r in read],
                "kind": [r.kind for r in read],
                "object": [r.object for r in read],
                "component": pl.Series([r.component for r in read], dtype=pl.String),
                "period": pl.Series([r.period for r in read], dtype=pl.Int32),
            }
        )

    def robust(self, *, convex: Convex = "huber", redescending: Redescending = "welsch") -> pl.DataFrame:
        """Table ROBUST: the account by robust estimators, and where it disagrees with the suspects."""
        system = self.system.scaled(self.scale, self.row_scale)
        start = np.nan_to_num(self.values / self.scale)
        found = robust(
            system, self.vicinity.matrix, self.evidence.target, start, convex=convex, redescending=redescending
        )
        own = np.flatnonzero(self.evidence.reading >= 0)
        accused = np.abs(found.residual[own]) > sidak_critical(int(np.isfinite(self.reading_statistics).sum()))
        tags = [self.evidence.tags[row] for row in own.tolist()]
        named = {self.hypotheses.labels[c.hypothesis].tag for c in self.culprits if not c.echo}
        blamed = {tag for tag, is_accused in zip(tags, accused, strict=True) if is_accused}
        read = [self.network.readings[number] for number in self.evidence.reading[own].tolist()]
        place = [self.system.index[(r.kind, r.object, r.component, r.period)] for r in read]
        frame = self._readings(own).with_columns(
            measured=pl.Series(self.evidence.values[own]),
            value=pl.Series(self.values[place]),
            robust=pl.Series((found.z * self.scale)[place]),
            unit=pl.lit(""),
            weight_convex=pl.Series(found.convex_weight[own]),
            weight=pl.Series(found.weight[own]),
            accused=pl.Series(accused),
            suspect=pl.Series([tag in named for tag in tags], dtype=pl.Boolean),
            agrees=pl.Series([(tag in named) == (tag in blamed) for tag in tags], dtype=pl.Boolean),
        )
        return ROBUST.check(frame.select(list(ROBUST.columns)))


class Answering(Response, Protocol):
    """A response that knows the variance of every reading as reconciled."""

    def reading_variances(self) -> Floats:
        """Variance g' C g of every row of the evidence, in units of the reading's own."""
        ...


def inquire(
    network: Network,
    system: Equations,
    evidence: Evidence,
    values: Floats,
    scale: Floats,
    row_scale: Floats,
    response: Answering,
    solvability: Solvability,
    *,
    objective: float,
    degrees_of_freedom: int,
    held: NDArray[np.bool_] | None = None,
    solve: Solve | None = None,
) -> Inquiry:
    """Open the inquiry on a solved account; see ``Inquiry`` for the parameters.

    Parameters
    ----------
    response
        The linearisation in variables divided by ``scale`` and equations divided by ``row_scale``.
    held : (variables,)
        Values at a bound; none by default.
    """
    scaled = evidence.scaled(scale)
    z = values / scale
    repeats = len(solvability.repeated) > 0
    vicinity = Vicinity(
        scaled.matrix,
        scaled.residual(z),
        len(system.rows),
        response,
        slope=-scaled.gradient(z) if len(scaled.censored_place) else None,
        jacobian=system.scaled(scale, row_scale).jacobian(z) if repeats else None,
    )
    free = np.ones(len(values), dtype=bool) if held is None else ~held
    return Inquiry(
        network,
        system,
        evidence,
        values,
        scale,
        row_scale,
        vicinity,
        response.reading_variances(),
        solvability.redundant & free,
        solvability.observable & free,
        objective,
        degrees_of_freedom,
        solve,
    )


_FINE = 1e-3
"""Redundancy below which 1 - variance has lost digits and is worked out anew."""


def freed(network: Network, labels: Sequence[Hypothesis], sds: Floats) -> Network | None:
    """The network with the errors of some hypotheses left free: latent errors with priors too wide to matter.

    Parameters
    ----------
    sds
        Standard deviations of the estimates, in units of the hypotheses.

    Returns
    -------
    Network or None
        None where a hypothesis cannot be told as an error of readings: a leak.
    """
    if any(label.kind == "leak" for label in labels):
        return None
    errors = {error.name: error for error in network.shared}
    readings = list(network.readings)
    for number, (label, sd) in enumerate(zip(labels, sds.tolist(), strict=True)):
        if label.kind == "shared":
            errors[label.object] = replace(errors[label.object], sigma=FREE * sd)
            continue
        name = f"freed error {number + 1} of {label.tag}"
        errors[name] = SharedError(name, FREE * sd)
        for place, reading in enumerate(readings):
            if reading.tag == label.tag and label.period in (None, reading.period):
                sensitivity = reading.value if label.kind == "bias" else 1.0
                readings[place] = replace(reading, shares=(*reading.shares, (name, sensitivity)))
    return replace(network, readings=tuple(readings), shared=tuple(errors.values()))


def _quantity(key: Key) -> str:
    what = {
        "flow": "the flow of", "stock": "the stock of", "temperature": "the temperature of", "quantity": "the quantity",
    }.get(key.kind, f"{key.component} in")  # fmt: skip
    return f"{what} `{key.object}`"


def _or_null(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
