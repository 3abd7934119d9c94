"""Where raw data lies and how it is written: the declared layout of each source, never a guessed one.

A historian export has semicolons, decimal commas and ``01.03.2026 00:15``; a laboratory database has naive times in the
site's zone. Both are declared here and read in ``ferrolan.sources``.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from ferrolan.base.layout import Layout, SheetChoice, TextLayout, require_format
from ferrolan.base.schema import Count, Field, Model, Name, Text, WrongValue, after, shown
from ferrolan.base.secrets import Secret
from ferrolan.base.spans import Span

SQLITE = "sqlite:///"
"""How the URL of a SQLite file begins."""

SERVERS = ("postgresql://", "mysql://", "mariadb://")
"""How the URL of a database server begins."""

_PASSWORD = re.compile(
    r"^(postgresql|mysql|mariadb)://[^/?]*:(?!\d+[/?])[^?]*@|[?&](password|passwd|sslpassword|ssl_key_password)="
)


class CsvSource(TextLayout):
    """A text file with one column for each tag."""

    kind: Literal["csv"]
    """Values with a declared separator."""
    path: Text
    """File, relative to the document."""

    @after
    def _has_a_format(self) -> Self:
        return require_format(self)


class ExcelSource(Layout):
    """A sheet of an Excel workbook with one column for each tag; real dates need no time_format."""

    kind: Literal["excel"]
    """A workbook of Excel 2007 or later."""
    path: Text
    """File, relative to the document."""
    sheet: SheetChoice = SheetChoice()
    """Which sheet, and how it is read."""


class ParquetSource(Layout):
    """A Parquet file with one column for each tag; timestamps need no time_format."""

    kind: Literal["parquet"]
    """A wide table, as a data lake or another program writes it."""
    path: Text
    """File, relative to the document."""


class SqlSource(Model):
    """A table of a database with a time, one or more key columns and a value."""

    kind: Literal["sql"]
    """A database reached by a URL."""
    url: Text
    """URL of a SQLite file, such as ``sqlite:///raw/laboratory.sqlite``, its path counted from the document, or of a
    server, such as ``postgresql://reader@lims.works/assays`` or ``mysql://reader@mes.works/production``."""
    password: Secret | None = None
    """Where the password of that user stands; none where the server asks for none."""
    table: Name
    """Table or view."""
    time: Name
    """Column of the time."""
    keys: tuple[Name, ...]
    """Columns that together name a tag; an address joins their values with ``/``."""
    value: Name
    """Column of the value."""
    order: Name
    """Column that gives the order in which rows were written; a later row corrects an earlier one."""
    time_zone: Text | None = None
    """IANA zone of naive times; the site's zone where none is given."""
    every: Span | None = None
    """Time from one poll to the next, such as ``1 min``; where it is given ``ferrolan collect`` polls the table."""
    updated: Name | None = None
    """Column of the time of a row's last change, by which a poll finds what is new."""
    id: Name | None = None
    """Column that names a row, for rows with one time of change; ``order`` where none is given."""
    overlap: Span = "10 min"
    """How long after its time of change a row may become visible; the time before is read again in each poll."""
    page: Count = 5000
    """Most rows that are read at once."""
    compare: Span = "10 min"
    """Time from one comparison of days to the next, which finds deleted rows."""
    watch: Span = "7 d"
    """How far back days are compared."""

    @after
    def _is_reachable(self) -> Self:
        if not self.url.startswith((SQLITE, *SERVERS)):
            way_out = f"Write {SQLITE}<path>, or {SERVERS[0]}<user>@<host>/<database>"
            expected = "the URL of a SQLite file, a PostgreSQL or a MariaDB server"
            raise WrongValue("unknown_database", expected, way_out, shown(_masked(self.url)), ("url",))
        if _PASSWORD.search(self.url):
            way_out = "Take it out of the URL and write password: {env: NAME} or {file: PATH}"
            raise WrongValue("password_in_url", "a URL without a password", way_out, shown(_masked(self.url)), ("url",))
        if self.every is not None and self.updated is None:
            way_out = "Add updated: the column of the time of a row's last change"
            raise WrongValue("missing_key", "the column a poll goes by", way_out, "nothing", ("updated",))
        return self


Source = Annotated[CsvSource | ExcelSource | ParquetSource | SqlSource, Field(discriminator="kind")]
"""One declared source that is read in one go."""

FILE_KINDS = ("csv", "excel", "parquet", "sql")
"""Kinds of source that are read in one go."""


def _masked(url: str) -> str:
    """A URL without its password, which nobody wants in a message or a log: ``user:secret@`` becomes ``user:…@``."""
    return re.sub(r"([?&]\w*passw(?:or)?d=)[^&]*", r"\1…", re.sub(r"(://[^/:]*):.*@", r"\1:…@", url))
