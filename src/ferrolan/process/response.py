"""The response of a unit: what one unit of its reference input uses and makes.

A blast furnace that makes 1.04 t of hot metal from a tonne of iron burden, with 0.52 t of coke, has three rows: iron
burden -1, hot metal +1.04, coke -0.52. Declared rows are the start; a row of the reconciled account with the same unit,
mode and commodity takes its place. Flows times a factor give results times the factor: a response has no size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import polars as pl

from ferrolan.base.errors import ProblemError
from ferrolan.base.tables import RESPONSES


@dataclass(frozen=True)
class Response:
    """One row of the response table.

    Parameters
    ----------
    unit, mode, commodity
        What it is the coefficient of.
    coefficient
        Amount per unit of the reference input [coefficient_unit]; negative where used.
    coefficient_unit
        Unit of the commodity per unit of the reference input, such as ``"t/t"`` or ``"MWh/t"``.
    origin
        ``"declared"``, ``"simulated"``, or ``"reconciled"`` where an account saw it.
    sd
        Standard deviation [coefficient_unit], or None where none is known.
    synthetic
        Whether a declared value is synthetic.
    source
        Source of a declared value, or the month of the account.

    Raises
    ------
    ProblemError
        If the coefficient is not finite, or the standard deviation is negative or not finite.
    """

    unit: str
    mode: str
    commodity: str
    coefficient: float
    coefficient_unit: str
    origin: Literal["declared", "simulated", "reconciled"] = "declared"
    sd: float | None = None
    synthetic: bool = False
    source: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.coefficient) or not (self.sd is None or 0.0 <= self.sd < math.inf):
            raise ProblemError(f"response of {self.key}: coefficient {self.coefficient}, sd {self.sd}")

    @property
    def key(self) -> tuple[str, str, str]:
        """Unit, mode and commodity."""
        return self.unit, self.mode, self.commodity


def response_table(declared: Iterable[Response], overrides: Iterable[Response] = ()) -> pl.DataFrame:
    """The response table: declared rows, each replaced by the override with its key.

    Parameters
    ----------
    declared
        Rows of every unit and mode.
    overrides
        Rows that replace declared ones, such as those an account saw.

    Returns
    -------
    A frame with the ``responses`` schema, in the order of ``declared``.

    Raises
    ------
    ProblemError
        If a key occurs twice, or an override replaces nothing.

    Examples
    --------
    >>> start = Response("bof", "run", "liquid_steel", 1.07, "t/t", synthetic=True)
    >>> seen = Response("bof", "run", "liquid_steel", 1.062, "t/t", "reconciled", sd=0.004, source="2026-03")
    >>> response_table([start], [seen])["coefficient"].to_list()
    [1.062]
    """
    start, seen = _by_key(declared), _by_key(overrides)
    unknown = [key for key in seen if key not in start]
    if unknown:
        raise ProblemError(f"responses that replace no declared one: {', '.join(map(str, unknown))}")
    rows = [asdict(seen.get(key, row)) for key, row in start.items()]
    return RESPONSES.check(pl.DataFrame(rows, schema=RESPONSES.schema))


def _by_key(rows: Iterable[Response]) -> Mapping[tuple[str, str, str], Response]:
    found: dict[tuple[str, str, str], Response] = {}
    for row in rows:
        if row.key in found:
            raise ProblemError(f"two responses of {row.key}")
        found[row.key] = row
    return found
