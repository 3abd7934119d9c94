"""The historian a document declares, opened: a folder of our own, or a database server the plant has.

``historian: {path: historian}`` is the folder ``historian`` beside the document. One process owns it, as a rule the
collector; whoever else asks is answered by the owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferrolan.base.errors import Fault, SourceError
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.historian import PostgresHistorian
from ferrolan.historian.seam import Reader, Store


def open_store(document: Enterprise, folder: Path | None = None) -> Store:
    """Open the historian of a document to write to it; this process owns it then.

    Parameters
    ----------
    document
        The loaded document.
    folder
        Folder from which a relative path counts; the document's where none is given.

    Raises
    ------
    SurroundingsError
        If another process owns it, the server cannot be reached, or the disk refuses.
    """
    declared = document.historian
    if isinstance(declared, PostgresHistorian):
        from ferrolan.historian.server import open_server

        return open_server(declared.url, password=_password(document, declared))
    from ferrolan.historian.embedded import Archive

    return Archive(_folder(document, folder))


@contextmanager
def open_reader(document: Enterprise, folder: Path | None = None) -> Iterator[Reader]:
    """The historian of a document to read from: opened where it is free, else through the process that owns it.

    Raises
    ------
    SourceError
        If nothing was collected yet.
    SurroundingsError
        If its owner does not answer, the server cannot be reached, or the disk refuses.
    """
    declared = document.historian
    if isinstance(declared, PostgresHistorian):
        from ferrolan.historian.server import open_server

        store = open_server(declared.url, password=_password(document, declared), write=False)
        try:
            yield store
        finally:
            store.close()
        return
    from ferrolan.historian.embedded import open_reader as open_archive

    place = _folder(document, folder)
    if not place.is_dir():
        way_out = f"Collect first: ferrolan collect {document.path}."
        expected = "a historian that something was collected into"
        raise SourceError([Fault(str(place), 0, "historian", "no such folder", expected, way_out, "nothing_collected")])
    with open_archive(place) as reader:
        yield reader


def place_of(document: Enterprise) -> str:
    """Where the historian of a document is, for a person: a folder, or an address without its password."""
    declared = document.historian
    return declared.url if isinstance(declared, PostgresHistorian) else str(_folder(document, None))


def _folder(document: Enterprise, folder: Path | None) -> Path:
    declared = document.historian
    assert not isinstance(declared, PostgresHistorian)
    return (document.path.parent if folder is None else folder) / declared.path


def _password(document: Enterprise, declared: PostgresHistorian) -> str:
    return "" if declared.password is None else declared.password.read(document.path.parent)
