"""What can go wrong, drawn once.

```
FerrolanError                      exit
├── DocumentError                  2    faults of a declared document, collected and raised once
├── SourceError                    4    a file or database that cannot be taken as declared
├── UnitError                      2    a unit that is unknown or of another dimension
├── TableError                     3    a table that does not have its declared columns
├── RecordError                    3    a kept run or a signed act that is not what its hash says
├── ProblemError                   3    an engine problem that is contradictory or ill-posed
├── NotConverged                   3    a solver that stopped without an answer; holds the last iterate
├── Infeasible                     3    a problem that provably has no answer
└── SurroundingsError              4    something the machine lacks: an extra, a font, a server
```

A *fault* says what, where, found, expected and the way out:
``ore_to_both.yaml:41  units.mill.capacity: expected a value above 0 t/h, got "-3 t/h". Give the nominal feed rate.``
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, with its address and the way out.

    ``file`` and ``line`` (from 1; 0 where the whole file is meant) say where, ``path`` which field, ``found`` and
    ``expected`` what, ``way_out`` what to do, ``code`` a short stable name such as ``unknown_key``. What a file holds
    must not break the line, turn it or command a terminal: such characters are kept as escapes.
    """

    file: str
    line: int
    path: str
    found: str
    expected: str
    way_out: str
    code: str

    def __post_init__(self) -> None:
        for name in ("file", "path", "found", "expected", "way_out"):
            object.__setattr__(self, name, _UNPRINTABLE.sub(_escaped, getattr(self, name)))

    def __str__(self) -> str:
        address = f"{self.file}:{self.line}" if self.line else self.file
        place = f"  {self.path}" if self.path else ""
        return f"{address}{place}: expected {self.expected}, got {self.found}. {self.way_out} [{self.code}]"


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


class FerrolanError(Exception):
    """Base of every error Ferrolan raises on purpose."""

    exit_code = 3


class FaultsError(FerrolanError):
    """An error that carries a list of faults, each with its address."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class DocumentError(FaultsError):
    """Faults of a declared document, all of them at once."""

    exit_code = 2


class SourceError(FaultsError):
    """A raw source that cannot be taken as it was declared."""

    exit_code = 4


class UnitError(FerrolanError):
    """A unit that is unknown, or of another dimension than the one expected."""

    exit_code = 2


class TableError(FerrolanError):
    """A table that crosses a seam without its declared columns."""


class RecordError(FaultsError):
    """A kept run or a signed act that is not what its hash says, with the file and line that break."""


class ProblemError(FerrolanError):
    """An engine problem that is contradictory, singular or ill-posed; the message names the parts."""


class NotConverged(FerrolanError):
    """A solver that stopped without an answer.

    ``last_iterate`` holds what it had, ``residual`` how far it was, so that a user can look.
    """

    def __init__(self, message: str, *, last_iterate: Any = None, residual: float | None = None) -> None:
        super().__init__(message)
        self.last_iterate = last_iterate  # Any: whatever the solver iterates on
        self.residual = residual


class Infeasible(FerrolanError):
    """A problem that provably has no answer; the message names the statements that clash."""


class SurroundingsError(FerrolanError):
    """Something this machine lacks: an extra, a font, a server. The message says how to get it."""

    exit_code = 4
