"""The clock of a run: which station is at work, and how long each one took. Never part of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

from ferrolan.records.runs import Clock


@dataclass
class StationClock:
    """Announces stations and keeps how long each took [s].

    Examples
    --------
    >>> clock = StationClock(print)
    >>> with clock("plan"):
    ...     pass
    plan
    >>> list(clock.read().seconds)
    ['plan']
    """

    announce: Callable[[str], None] | None
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, station: str) -> Iterator[None]:
        """Announce a station and time what happens in it."""
        if self.announce is not None:
            self.announce(station)
        begun = perf_counter()
        yield
        self.seconds[station] = perf_counter() - begun

    def read(self) -> Clock:
        """The clock so far, for the record."""
        return Clock(self.started, dict(self.seconds))
