"""The embedded historian: a folder that one process owns, with a hot file and sealed days.

``Archive(Path("historian"))`` is the store; ``open_reader`` asks whoever owns the folder, or opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferrolan.historian.embedded.archive import Archive
from ferrolan.historian.embedded.owner import Owner, in_use, owner_of
from ferrolan.historian.seam import Reader

__all__ = ["Archive", "Owner", "open_reader", "owner_of"]


@contextmanager
def open_reader(folder: Path) -> Iterator[Reader]:
    """Whoever can answer for a folder: the store itself where nobody owns it, else its owner at its address.

    Raises
    ------
    SurroundingsError
        If a process owns the folder that answers nobody, or does not answer.
    """
    owner = owner_of(folder)
    if owner is None:
        with Archive(folder) as archive:
            yield archive
    elif owner.address:
        from ferrolan.historian.remote import RemoteHistorian  # only where somebody has to be asked

        yield RemoteHistorian(owner.address)
    else:
        raise in_use(folder, owner)
