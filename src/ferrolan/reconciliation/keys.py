"""Addresses of variables and equations, kept by runs of periods instead of one by one.

For example: the flow of `tails` over a year of days is one run of 365 variables, "flow", "tails", None, periods 0 to
364; its 200th is ``Key("flow", "tails", None, 199)`` and is made only when somebody asks. The rule: a run is contiguous
in the vector of variables, so that whatever holds in all periods alike is done with slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar, overload

import numpy as np

from ferrolan.numerics.kkt import Integers

Address = tuple[str, str, str | None, int]


class Key(NamedTuple):
    """Address of a variable; equal to the plain tuple (kind, object, component, period)."""

    kind: str
    object: str
    component: str | None
    period: int


class Row(NamedTuple):
    """Address of an equation.

    ``kind`` is ``balance`` (node, component or ``MASS`` or ``ENERGY``), ``composition`` (a splitter equates its
    ``outlet`` with its inlet), ``enthalpy`` (``node`` is the stream), ``relation`` and ``lifted`` (``node`` is the name
    of the relation or product), ``cap`` (a content within its flow or stock).
    """

    node: str
    component: str
    period: int
    outlet: str | None = None
    kind: str = "balance"


Label = TypeVar("Label", Key, Row)


@dataclass(frozen=True)
class Runs(Sequence[Label], Generic[Label]):
    """A sequence of addresses: ``labels`` those of every run's first period, ``starts`` (runs + 1,) where it begins."""

    labels: tuple[Label, ...]
    starts: Integers

    def __len__(self) -> int:
        return int(self.starts[-1])

    @overload
    def __getitem__(self, number: int) -> Label: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Label, ...]: ...

    def __getitem__(self, number: int | slice) -> Label | tuple[Label, ...]:
        if isinstance(number, slice):
            return tuple(self[place] for place in range(*number.indices(len(self))))
        place = int(number) + (len(self) if number < 0 else 0)
        if not 0 <= place < len(self):
            raise IndexError(f"address {number} of {len(self)}")
        run = int(np.searchsorted(self.starts, place, side="right")) - 1
        label = self.labels[run]
        return label._replace(period=label.period + place - int(self.starts[run]))

    def __iter__(self) -> Iterator[Label]:
        for label, start, end in zip(self.labels, self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True):
            for offset in range(end - start):
                yield label._replace(period=label.period + offset)

    @cached_property
    def run(self) -> Integers:
        """Number of the run of every address, (addresses,)."""
        return np.repeat(np.arange(len(self.labels)), np.diff(self.starts))

    @cached_property
    def offset(self) -> Integers:
        """Place of every address within its run, (addresses,)."""
        return np.arange(len(self)) - self.starts[self.run]

    @cached_property
    def period(self) -> Integers:
        """Period of every address, (addresses,)."""
        first = np.array([label.period for label in self.labels], dtype=np.int64)
        return first[self.run] + self.offset if len(self) else np.empty(0, dtype=np.int64)

    def with_singles(self, more: Sequence[Label]) -> Runs[Label]:
        """The same sequence, and one run for each further address."""
        ends = self.starts[-1] + 1 + np.arange(len(more))
        return Runs(self.labels + tuple(more), np.concatenate([self.starts, ends]))


def runs(labelled: Sequence[tuple[Label, int]]) -> Runs[Label]:
    """Runs of the given lengths, one after the other."""
    lengths = np.array([length for _, length in labelled], dtype=np.int64)
    return Runs(tuple(label for label, _ in labelled), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


class KeyIndex(Mapping[Address, int]):
    """Place of every (kind, object, component, period)."""

    def __init__(self, keys: Runs[Key]) -> None:
        self._keys = keys
        starts = keys.starts.tolist()
        self._runs: dict[tuple[str, str, str | None], tuple[int, int]] = {
            label[:3]: (start, end) for label, start, end in zip(keys.labels, starts[:-1], starts[1:], strict=True)
        }

    def __getitem__(self, address: Address) -> int:
        kind, name, component, period = address
        start, end = self._runs[kind, name, component]
        if not 0 <= period < end - start:
            raise KeyError(address)
        return start + period

    def __iter__(self) -> Iterator[Address]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def start(self, kind: str, name: str, component: str | None) -> int:
        """Place of the quantity in period 0; the other periods follow."""
        return self._runs[kind, name, component][0]

    def __contains__(self, address: object) -> bool:
        if not (isinstance(address, tuple) and len(address) == 4) or address[:3] not in self._runs:
            return False
        start, end = self._runs[address[:3]]
        return isinstance(address[3], int) and 0 <= address[3] < end - start
