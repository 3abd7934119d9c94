"""The historian on a database server, for a works that has one: the same questions, the same answers, another home.

The collector of a steel works appends two thousand rows and the position of its spool in one transaction of PostgreSQL;
a colleague's ``ferrolan run`` on another machine reads the month with a role that may only select. What the two tables
hold is said in ``statements``; the embedded historian needs no server and is what a works begins with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrolan.base.extras import needs

if TYPE_CHECKING:
    from ferrolan.historian.server.postgres import PostgresHistorian


def open_server(
    url: str, *, password: str = "", schema: str = "ferrolan", write: bool = True, patience: float = 60.0
) -> PostgresHistorian:
    """Open the historian of a PostgreSQL server.

    Parameters
    ----------
    url
        Such as ``postgresql://collector@db.works:5432/plant?sslmode=verify-full``, without a password.
    password
        The text of the declared secret; empty where the server asks for none or ``.pgpass`` has it.
    schema
        Schema that holds the tables; made if it is not there and ``write`` is set.
    write
        Whether this process owns the historian. There is one owner at a time; readers need no more than the right to
        select, and there may be any number.
    patience
        Longest time one statement may take [s].

    Raises
    ------
    SurroundingsError
        If the library is missing, the server cannot be reached or refuses, or another process owns the historian.
    SourceError
        If the schema holds something else.
    """
    with needs("connect"):
        from ferrolan.historian.server.postgres import PostgresHistorian
    return PostgresHistorian(url, password=password, schema=schema, write=write, patience=patience)
