"""A folder in which files are dropped: the exports of a laboratory, of a weighbridge, of a meter reading company.

Each file is taken once, whatever its name; a file that grew is taken as far as it is new, a corrected one again. Rows
that cannot be taken are kept with their line and reason, and nothing in the folder is ever moved, changed or deleted.
"""

from __future__ import annotations

from ferrolan.sources.folder.spec import FolderSource
from ferrolan.sources.folder.watch import Folder
from ferrolan.sources.live import ConnectorKind, Place

__all__ = ["KIND", "Folder", "FolderSource"]


def _connect(spec: FolderSource, place: Place) -> Folder:
    return Folder(spec, place)


KIND = ConnectorKind(
    name="folder",
    title="watched folder",
    address="header of the column, or its number from 1 where there is no header",
    spec=FolderSource,
    connect=_connect,
)
"""The kind as the catalogue lists it."""
