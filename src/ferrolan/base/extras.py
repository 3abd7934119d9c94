"""Libraries that come with an extra: they are loaded when they are asked for, and a missing one says how to get it.

``import ferrolan`` and a document with an OPC UA server need no library of OPC UA; ``ferrolan collect`` does, and on a
machine without it says ``pip install "ferrolan[connect]"`` instead of a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ferrolan.base.errors import Fault, SurroundingsError


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Load libraries of an extra in the block, such as ``with needs("connect"): import asyncua``.

    Parameters
    ----------
    extra
        Name of the extra, as in ``pip install "ferrolan[connect]"``.

    Raises
    ------
    SurroundingsError
        If a library is missing; a module of our own that is missing stays the ``ImportError`` it is.

    Examples
    --------
    >>> with needs("connect"):
    ...     import a_library_nobody_has
    Traceback (most recent call last):
    ferrolan.base.errors.SurroundingsError: a_library_nobody_has: expected a library of ferrolan[connect], got nothing \
installed. Get it: pip install "ferrolan[connect]". [missing_extra]
    """
    try:
        yield
    except ImportError as error:
        library = (error.name or "a library").partition(".")[0]
        if library == "ferrolan":
            raise
        way_out = f'Get it: pip install "ferrolan[{extra}]".'
        expected, found = f"a library of ferrolan[{extra}]", "nothing installed"
        raise SurroundingsError(str(Fault(library, 0, "", found, expected, way_out, "missing_extra"))) from error
