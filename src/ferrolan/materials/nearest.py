"""Refusing a name nobody knows, with the nearest that exist: ``magnetit`` is answered by ``magnetite``."""

from __future__ import annotations

from collections.abc import Iterable

from ferrolan.base.errors import ProblemError


def unknown(what: str, found: str, known: Iterable[str], way_out: str) -> ProblemError:
    """The error for an unknown name.

    Parameters
    ----------
    what
        What was asked for: ``species``, ``element``.
    found
        The name given.
    known
        Every name that exists.
    way_out
        What to do when none of them is meant.

    Examples
    --------
    >>> print(unknown("species", "magnetit", ["hematite", "magnetite"], "Add a row."))
    species: "magnetit" is not known. Nearest: magnetite, hematite. Add a row.
    """
    from difflib import get_close_matches  # only an error needs it

    names = {name.lower(): name for name in known}
    close = [names[name] for name in get_close_matches(found.lower(), names, n=3, cutoff=0.5)]
    hint = f" Nearest: {', '.join(close)}." if close else ""
    return ProblemError(f'{what}: "{found}" is not known.{hint} {way_out}')
