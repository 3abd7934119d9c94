"""How exact an account is, as it is declared: shared errors, correlations, exact values, targets, enthalpies.

``lab_calibration_REO: {sigma: {value: 0.5 %, own: true}, lasts: account}`` is one calibration behind all REO assays of
a month: their errors are not independent, and the more of them there are the less each helps. Hematite pellets bought
on a certificate have a known iron content; the accuracy that a month must reach is declared beside them.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import (
    Flag,
    Model,
    Name,
    Number,
    Sourced,
    Table,
    Text,
    Unit,
    Whole,
    WrongValue,
    after,
    require_origin,
    shown,
)


class SharedError(Model):
    """An error that several tags have in common; a tag names it in its column ``shared``."""

    sigma: Sourced
    """Standard deviation: a share of the value [1], or an amount in the unit of its tags where it is ``absolute``."""
    lasts: Literal["account", "period"] = "account"
    """Whether it stays the same over the whole account, as a calibration does, or is another one in each period."""
    of: Literal["relative", "absolute"] = "relative"
    """Whether it grows with the value."""

    @after
    def _is_a_standard_deviation(self) -> Self:
        if not self.sigma.value > 0.0:
            way_out = "Give how far the shared error scatters"
            raise WrongValue("out_of_range", "a sigma above 0", way_out, shown(self.sigma.written), ("sigma",))
        if self.of == "relative" and self.sigma.unit != "1":
            way_out = "Give a share such as 0.5 %, or say of: absolute"
            raise WrongValue("wrong_unit", "a share of the value", way_out, shown(self.sigma.written), ("sigma",))
        return self


class Correlation(Model):
    """How the errors of two tags hang together in every period in which both were read."""

    first: Text
    """One tag."""
    second: Text
    """The other tag."""
    r: Annotated[Sourced, Unit("1", least=-1.0, most=1.0)]
    """Correlation of their errors [1]."""


class KnownValue(Sourced):
    """A value that is exact: the composition of a good bought on a certificate, a closed valve."""

    kind: Literal["flow", "assay", "stock", "stock_assay", "temperature"]
    """What is known."""
    object: Name
    """Stream or stock."""
    component: Name | None = None
    """Component of an assay."""
    in_period: Whole | None = None
    """Number of the period, from 0; all of them where nothing is said."""

    @after
    def _can_be(self) -> Self:
        if (self.component is None) == self.kind.endswith("assay"):
            found = "no component" if self.component is None else shown(self.component)
            expected = f"a component for kind {self.kind}" if self.component is None else f"none for kind {self.kind}"
            raise WrongValue("unknown_component", expected, "Correct the kind or the component", found, ("component",))
        if self.value < 0.0 and self.kind != "flow":
            raise WrongValue("negative", "a value of at least 0", "A negative value has no meaning here")
        if self.in_period is not None and self.in_period < 0:
            raise WrongValue("negative", "a period from 0 on", "Correct it", shown(self.in_period), ("in_period",))
        return self


Share = Annotated[Sourced, Unit("1", above=0.0)]


class StreamTarget(Model):
    """Accuracy to be reached by one stream, in place of that for all."""

    flow: Share | None = None
    """Half the 95 % interval of its flow, as a share of it [1]."""
    assay: Share | None = None
    """Half the 95 % interval of each of its assays, as a share of it [1]."""


class Targets(Model):
    """Accuracy that an account is to reach, at 95 %."""

    flows: Share | None = None
    """Half the 95 % interval of every flow, as a share of it [1]."""
    assays: Share | None = None
    """Half the 95 % interval of every assay, as a share of it [1]."""
    recoveries: Share | None = None
    """Half the 95 % interval of every recovery, in points of the recovery: 1 % is 82 ± 1 % [1]."""
    streams: Table[StreamTarget] = Table({})
    """Other targets, by stream."""

    def of(self, kind: str, stream: str) -> float | None:
        """The target of a ``flow`` or ``assay`` of a stream [1]; None where none is declared."""
        own = self.streams.get(stream)
        share = {"flow": own and own.flow, "assay": own and own.assay}.get(kind)
        share = share or {"flow": self.flows, "assay": self.assays}.get(kind)
        return None if share is None else share.value


class Enthalpy(Model):
    """Enthalpy of a stream over its temperature: ``h = a + b T + c T^2`` with T in K.

    It is counted in GJ a unit of the stream's flow: a tonne, or a cubic metre of liquor.
    """

    coefficients: tuple[Number, ...]
    """a, b and c, as many as are needed [GJ/t]."""
    source: Text | None = None
    """Id of the source in the public record."""
    own: Flag = False
    """Whether they are the plant's own; ``note`` says from where."""
    synthetic: Flag = False
    """Whether they are made up."""
    note: Text | None = None
    """What must travel with them."""

    @after
    def _says_where_from(self) -> Self:
        require_origin(self.source, self.synthetic, self.own)
        if not 1 <= len(self.coefficients) <= 3:
            found = f"{len(self.coefficients)} coefficients"
            way_out = "Give a, b and c of h = a + b T + c T^2, T in K"
            raise WrongValue("wrong_type", "one to three coefficients", way_out, found, ("coefficients",))
        return self
