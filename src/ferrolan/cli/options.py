"""Options that mean the same in every command: where runs lie, how much is said, in which form.

``--json`` prints one JSON document on standard output and nothing else there; ``--quiet`` drops the progress display.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """How a command speaks."""

    json: Annotated[bool, Parameter(negative="", help="Print one JSON document.")] = False
    """One JSON document on standard output."""
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress display.")] = False
    """No progress display."""
    debug: Annotated[bool, Parameter(negative="", help="Show the traceback of an error.")] = False
    """Traceback of an error; read from the arguments by ``ending.main``."""
    language: Annotated[str, Parameter(help="Language of messages and brief.")] = "en"
    """Language of messages and brief."""


@Parameter(name="*")
@dataclass(frozen=True)
class Journey:
    """What a run depends on beside its document, and where it is kept."""

    out: Annotated[Path, Parameter(help="Folder of all runs.")] = Path("runs")
    """Folder of all runs."""
    month: Annotated[
        str | None,
        Parameter(name=["--month", "--period"], help="ISO month of the account (without one, first of the plan)."),
    ] = None
    """ISO month of the account; an account can be told of one of its periods, ``2026-03:2`` or ``2``."""
    seed: Annotated[int | None, Parameter(help="Seed of the draws, in place of the document's.")] = None
    """Seed of the draws."""
    dry_run: Annotated[bool, Parameter(negative="", help="Compute everything and keep nothing.")] = False
    """Compute everything and keep nothing."""


Runs = Annotated[Path, Parameter(help="Folder of all runs.")]
"""Where runs and the ledger of signed acts lie."""
Who = Annotated[str, Parameter(help="Who signs.")]
"""Name under a signed act."""
Why = Annotated[str, Parameter(help="Why.")]
"""Reason of a signed act."""
Month = Annotated[str | None, Parameter(name=["--month", "--period"], help="ISO month, in place of the document's.")]
"""Month of the account that an act is about."""

SPOKEN, KEPT = Output(), Journey()
"""The defaults."""
