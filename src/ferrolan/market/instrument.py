"""What a government may do to a market: the contract of an instrument, and how instruments are put on.

Example: an export quota adds one row over all exports of the group, in gross tonnes, and moves its rent from the
producers to the quota holders. An instrument is a frozen dataclass in a file of its own under ``instruments/``. Every
one obeys: its neutral value leaves every array of the market equal; its transfers sum to zero over the parties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ferrolan.base.errors import ProblemError
from ferrolan.market.clearing import Clearing
from ferrolan.market.payments import Payment, payments
from ferrolan.market.problem import MarketProblem


@dataclass(frozen=True)
class Transfer:
    """What one party of one region receives [CNY/a]; below 0 where it pays."""

    region: str
    party: str
    amount: float


class Instrument(Protocol):
    """An intervention in a market."""

    @property
    def name(self) -> str:
        """What its wedges and groups are called in the problem; unique among the instruments applied together."""
        ...

    def added_to(self, problem: MarketProblem) -> MarketProblem:
        """Return ``problem`` with this instrument's wedges and groups."""
        ...

    def neutral(self) -> Instrument:
        """Return this instrument with the value at which it changes nothing."""
        ...

    def transfers(self, clearing: Clearing) -> tuple[Transfer, ...]:
        """Return who pays whom through this instrument; the amounts sum to zero."""
        ...


def apply(problem: MarketProblem, instruments: Sequence[Instrument]) -> MarketProblem:
    """Put instruments on a market.

    Parameters
    ----------
    problem
        The market without them; it is not changed.
    instruments
        In any order; each with a name of its own.

    Returns
    -------
    MarketProblem
        With every wedge and group added.

    Raises
    ------
    ProblemError
        If two instruments share a name, or one of them names what the market does not have.
    """
    names = [instrument.name for instrument in instruments]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ProblemError(f"instruments: expected names of their own, got {', '.join(double)} more than once.")
    for instrument in instruments:
        problem = instrument.added_to(problem)
    return problem


def transfers_through(name: str, clearing: Clearing) -> tuple[Transfer, ...]:
    """Return both sides of every payment through the wedges and groups called ``name``."""
    paid = payments(clearing.problem, clearing.flows, clearing.outputs, clearing.rents)
    return tuple(side for payment in paid if payment.instrument == name for side in _both_sides(payment))


def _both_sides(payment: Payment) -> tuple[Transfer, Transfer]:
    return (
        Transfer(payment.payer, "producers", -payment.amount),
        Transfer(payment.receiver, payment.party, payment.amount),
    )
