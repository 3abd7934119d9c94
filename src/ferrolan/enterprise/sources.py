"""Where raw data lies and how it is written: the declared dialect of each source, never a guessed one.

A historian export has semicolons, decimal commas and ``01.03.2026 00:15``; a laboratory database has naive times in the
site's zone. Both are declared here and read in ``ferrolan.sources``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import Field, Model, Name, Text, WrongValue, after, shown

SQLITE = "sqlite:///"
"""How the URL of a SQLite file begins."""


class CsvSource(Model):
    """A CSV file with one time column and one column for each tag."""

    kind: Literal["csv"]
    """Comma-separated values, with a declared separator."""
    path: Text
    """File, relative to the document."""
    separator: Annotated[str, Field(min_length=1, max_length=1)]
    """One character between cells."""
    decimal: Literal[",", "."]
    """Decimal mark."""
    encoding: Text
    """Encoding of the text, such as utf-8-sig."""
    time_column: Text
    """Header of the time column."""
    time_format: Text
    """Format of the time, in the notation of strftime."""
    time_zone: Text | None = None
    """IANA zone of the times; the site's zone where none is given."""
    bad_texts: tuple[Text, ...] = ()
    """Texts that stand where there is no value."""


class SqlSource(Model):
    """A table of a database with a time, one or more key columns and a value."""

    kind: Literal["sql"]
    """A database reached by an SQLAlchemy URL."""
    url: Text
    """URL of a SQLite file, such as ``sqlite:///raw/laboratory.sqlite``; a relative path counts from the document."""
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

    @after
    def _is_a_file(self) -> Self:
        if not self.url.startswith(SQLITE):
            way_out = f"Export the table to a SQLite file and write {SQLITE}<path>"
            raise WrongValue("unknown_database", "the URL of a SQLite file", way_out, shown(self.url), ("url",))
        return self


Source = Annotated[CsvSource | SqlSource, Field(discriminator="kind")]
"""One declared source."""
