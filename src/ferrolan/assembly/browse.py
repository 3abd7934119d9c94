"""What the sources of a document hold, asked of each in its own way: a browse, a list of columns, a list of keys.

``scada`` is an OPC UA server: it is browsed, and says units and ranges. ``plant_historian`` is a file: its columns are
listed. Nothing is read beyond that, and nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

from ferrolan.assembly.catalogue import connections
from ferrolan.assembly.connectors import links
from ferrolan.assembly.sources import dialect, on_server, source_file, sql_table
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.schema import nearest, read, shown
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sources import CsvSource, ExcelSource, ParquetSource
from ferrolan.sources import excel, files, parquet, sql
from ferrolan.sources.browsed import Found
from ferrolan.sources.declared import cell_dialect, sheet
from ferrolan.sources.live import Connector, Place
from ferrolan.sources.source import Discovery, Source

OPC_UA = "opc.tcp://"
"""How the address of an OPC UA server begins."""


def held(document: Enterprise, source: str) -> tuple[Found, ...]:
    """What a source of the document holds.

    Raises
    ------
    DocumentError
        If the document has no such source.
    SourceError, SurroundingsError
        If the source cannot be reached, is not as declared, or needs what is not installed.
    """
    live = {link.name: link for link in links(document)}
    if source in live:
        return asyncio.run(_browsed(live[source].connect()))
    if source not in document.sources:
        known = (*document.sources, *document.connections)
        fault = Fault(
            str(document.path), 0, "sources", shown(source), "a source of the document", nearest(source, known),
            "unknown_source",
        )  # fmt: skip
        raise DocumentError([fault])
    return _listed(_file_source(document, source).discover())


def is_made(document: Enterprise, source: str) -> bool:
    """Whether the file of a source is made by the document's virtual plant, so that there is nothing to be asked."""
    if document.virtual_plant is None or source not in document.sources or on_server(document, source):
        return False
    files = (name for name in document.sources if not on_server(document, name))
    return not any(source_file(document, name, document.path.parent).exists() for name in files)


def held_at(
    url: str, folder: Path, table: str | None = None, *, insecure: bool = False
) -> tuple[str, tuple[Found, ...]]:
    """What a server or database without a document holds.

    Parameters
    ----------
    url
        Its address: ``opc.tcp://...`` of an OPC UA server, asked as nobody, or that of a database.
    folder
        Folder with the certificates that are trusted, in ``pki``.
    table
        Table of the database; not needed where a single one can be a table of samples.
    insecure
        Ask an OPC UA server without any security.

    Returns
    -------
    A name for the source, and what it holds.

    Raises
    ------
    DocumentError
        If it is no such address, or the table is not there.
    SourceError, SurroundingsError
        As ``held``.
    """
    if url.startswith(OPC_UA):
        return "server", asyncio.run(_browsed(_anonymous(url, folder, insecure=insecure)))
    if "://" not in url:
        way_out = "Write it like opc.tcp://host:4840, sqlite:///laboratory.sqlite or postgresql://reader@host/database"
        raise DocumentError([Fault("--url", 0, "", shown(url), "a server or a database", way_out, "wrong_url")])
    chosen = _table(url, table)
    return chosen.table, _listed(sql.SqlSource(chosen, 0, chosen.table).discover())


def _anonymous(url: str, folder: Path, *, insecure: bool) -> Connector:
    kind = connections()["opcua"]
    spec, problems = read(kind.spec, {"kind": "opcua", "url": url, "anonymous": True, "insecure": insecure})
    if spec is None or problems:
        raise DocumentError(
            [
                Fault("--url", 0, ".".join(map(str, one.path)), one.found, one.expected, one.way_out, one.code)
                for one in problems
            ]
        )
    return kind.connect(spec, Place("browsed", folder, trust=Path("pki")))


def _table(url: str, wanted: str | None) -> sql.SqlTable:
    """The long table of a database: the one that is named, or the only one that can be one."""
    fit = [made for one in sql.describe(sql.Database(url)) if (made := _long(url, one)) is not None]
    named = [table for table in fit if wanted in (None, table.table)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(table.table for table in fit)
    way_out = f"Name one with --source: {names}" if names else "Make a view with a time, a value and key columns"
    found = shown(wanted) if wanted else f"{len(fit)} of them"
    raise DocumentError([Fault("--url", 0, "", found, "one table with a time, keys and a value", way_out, "no_table")])


def _long(url: str, described: sql.Described) -> sql.SqlTable | None:
    """A table read as samples: its first time and value, all its keys; None where one of them is missing."""
    roles: dict[str, list[str]] = {}
    for column in described.columns:
        roles.setdefault(column.role, []).append(column.name)
    if not all(roles.get(role) for role in ("time", "value", "key")):
        return None
    time, value = roles["time"][0], roles["value"][0]
    return sql.SqlTable(url, described.table, time, tuple(roles["key"]), value, "UTC", time)


async def _browsed(connector: Connector) -> tuple[Found, ...]:
    """What a peer says of itself; of one that cannot be browsed the addresses alone."""
    browse = cast("Callable[[], Awaitable[Sequence[Found]]] | None", getattr(connector, "browse", None))
    if browse is not None:
        return tuple(await browse())
    return _listed(await connector.discover())


def _listed(discovery: Discovery) -> tuple[Found, ...]:
    return tuple(Found(one.address, one.address) for one in discovery.addresses)


def _file_source(document: Enterprise, name: str) -> Source:
    declared, number = document.sources[name], list(document.sources).index(name)
    path, zone = source_file(document, name, document.path.parent), document.enterprise.time_zone
    if isinstance(declared, CsvSource):
        return files.CsvSource(path, dialect(document, declared), number, name)
    if isinstance(declared, ExcelSource):
        return excel.ExcelSource(path, sheet(declared.sheet), cell_dialect(declared, zone), number, name)
    if isinstance(declared, ParquetSource):
        return parquet.ParquetSource(path, cell_dialect(declared, zone), number, name)
    return sql.SqlSource(sql_table(document, declared, path), number, name)
