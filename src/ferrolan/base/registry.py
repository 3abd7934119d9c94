"""A closed list of things that have a name, such as the kinds of unit: mill, blast furnace, calcination.

A registry is built once from what a catalogue lists, in the catalogue's order, and never changes. A name twice is
refused; an unknown name raises with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import nearest


class Named(Protocol):
    """What can be registered: anything with a name."""

    @property
    def name(self) -> str:
        """The name it is found by."""


N = TypeVar("N", bound=Named, covariant=True)


class Registry(Mapping[str, N], Generic[N]):
    """Things by name, frozen.

    Parameters
    ----------
    what
        What is registered, in words, for messages.
    items
        The things, in the order in which they are listed.

    Raises
    ------
    ProblemError
        If two things have one name.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> kinds = Registry("kind of unit", [SimpleNamespace(name="mill"), SimpleNamespace(name="bof")])
    >>> list(kinds)
    ['mill', 'bof']
    >>> kinds.find("mil")
    Traceback (most recent call last):
    ferrolan.base.errors.ProblemError: no kind of unit 'mil'. Did you mean 'mill'?
    """

    def __init__(self, what: str, items: Iterable[N]) -> None:
        self._what = what
        self._items: dict[str, N] = {}
        for item in items:
            if item.name in self._items:
                raise ProblemError(f"two of {what} have the name {item.name!r}")
            self._items[item.name] = item

    def __getitem__(self, name: str) -> N:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def find(self, name: str) -> N:
        """The thing of that name, or ``ProblemError`` with the nearest known name."""
        if name not in self._items:
            raise ProblemError(f"no {self._what} {name!r}. {nearest(name, tuple(self._items))}")
        return self._items[name]
