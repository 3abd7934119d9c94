"""What was taken of real files, in a few lines for a terminal: taken, repaired, held, refused, and what to do.

``Taken: 35 040 rows of 1 file, 210 240 numbers: 206 919 good, 3 321 uncertain, 0 bad.`` Every line stands for rows of a
table that is kept, so nothing is said here that cannot be looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import polars as pl

from ferrolan.base.language import _, ngettext
from ferrolan.views.numbers import GROUP

_MOST = 12  # lines of one kind; the rest is counted
_ONE_FILE_EACH = 3  # files up to which each has a line of its own

Tables = Mapping[str, pl.DataFrame]


def lines(tables: Tables) -> Iterator[str]:
    """One line a finding, the same for a dry run and a real one.

    Parameters
    ----------
    tables
        The tables of ``ferrolan.taking.Taken``.
    """
    yield _taken(tables["ingest"])
    yield from _columns(tables["taken_columns"])
    yield from _files(tables["ingest"])
    yield from repaired_lines(tables["repaired"])
    yield from _held(tables["taken_columns"], tables["stale_stretches"])
    yield from _ranges(tables["taken_columns"])
    yield from refused_lines(tables["rejected"])
    yield from _left_out(tables["ingest"])
    yield from remark_lines(tables["remarks"])
    yield _provenance(tables["taken_files"])


def repaired_lines(repaired: pl.DataFrame) -> Iterator[str]:
    """What was taken otherwise than it stood, reason by reason, each with the first place."""
    for row in _by_reason(repaired, pl.first("taken")):
        yield _(
            'Repaired or doubted, {count} ×: {reason}. First on line {line} of {file}: "{found}" taken as {taken}.'
        ).format(**row)


def refused_lines(rejected: pl.DataFrame) -> Iterator[str]:
    """What was not taken, reason by reason, each with the first place; that nothing was refused is said."""
    if rejected.is_empty():
        yield _("Refused: nothing.")
    for row in _by_reason(rejected):
        yield _('Refused, {count} ×: {reason}. First on line {line} of {file}: "{found}".').format(**row)


def remark_lines(remarks: pl.DataFrame) -> Iterator[str]:
    """What a person should look at, and what to do."""
    for row in remarks.head(_MOST).iter_rows(named=True):
        place = f"{_name(row['file'])}:{row['line']}" if row["line"] else _name(row["file"])
        place = " ".join(part for part in (place, row["path"]) if part)
        yield _("Look at {place}: {found}. {way_out}").format(place=place, found=row["found"], way_out=row["way_out"])
    yield from _more(remarks.height - _MOST)


def _taken(ingest: pl.DataFrame) -> str:
    files = ngettext("{rows} rows of {files} file", "{rows} rows of {files} files", ingest.height)
    counts = {name: _number(ingest[name].sum()) for name in ("samples", "good", "uncertain", "bad")}
    rows = files.format(rows=_number(ingest["rows"].sum()), files=_number(ingest.height))
    return _("Taken: {rows}, {samples} numbers: {good} good, {uncertain} uncertain, {bad} bad.").format(
        rows=rows, **counts
    )


def _columns(columns: pl.DataFrame) -> Iterator[str]:
    timed = columns.drop_nulls("first")
    if timed.is_empty():
        return
    texts = timed.filter(pl.col("unit") == "").height
    span = {"first": _moment(timed["first"].min()), "last": _moment(timed["last"].max())}
    if texts:
        yield _("Tags: {tags}, {texts} of them texts, from {first} to {last} UTC.").format(
            tags=_number(timed.height), texts=_number(texts), **span
        )
    else:
        yield _("Tags: {tags}, from {first} to {last} UTC.").format(tags=_number(timed.height), **span)


def _files(ingest: pl.DataFrame) -> Iterator[str]:
    """A line for each file where there are few of them."""
    if not 1 < ingest.height <= _ONE_FILE_EACH:
        return
    for row in ingest.iter_rows(named=True):
        yield "  " + _("{source}: {rows} rows.").format(source=row["source"], rows=_number(row["rows"]))


def _by_reason(frame: pl.DataFrame, *more: pl.Expr) -> Iterator[dict[str, object]]:
    counts = frame.group_by("reason", maintain_order=True).agg(
        pl.len().alias("count"), pl.first("line", "file", "found"), *more
    )
    for row in counts.sort("count", descending=True, maintain_order=True).iter_rows(named=True):
        yield row | {"count": _number(row["count"]), "file": _name(row["file"])}


def _held(columns: pl.DataFrame, stretches: pl.DataFrame) -> Iterator[str]:
    """Held values: a line for each tag whose longest stretch is long, and how many there are in all."""
    held = columns.filter(pl.col("stale") > 0)
    if held.is_empty():
        return
    one = "Held, not measured: {stale} of {rows} numbers of {tags} tag; they are uncertain."
    many = "Held, not measured: {stale} of {rows} numbers of {tags} tags; they are uncertain."
    yield ngettext(one, many, held.height).format(
        stale=_number(held["stale"].sum()), rows=_number(held["rows"].sum()), tags=_number(held.height)
    )
    longest = stretches.sort("rows", descending=True, maintain_order=True).unique(
        "tag", keep="first", maintain_order=True
    )
    for row in longest.head(_MOST).iter_rows(named=True):
        yield "  " + _("{tag}: {rows} readings of one value, from {start} to {end} UTC.").format(
            tag=row["tag"], rows=_number(row["rows"]), start=_moment(row["start"]), end=_moment(row["end"])
        )
    yield from _more(longest.height - _MOST)


def _ranges(columns: pl.DataFrame) -> Iterator[str]:
    for row in columns.filter(pl.col("out_of_range") > 0).iter_rows(named=True):
        one, many = (
            "Out of range: {count} number of {tag}; it is uncertain.",
            "Out of range: {count} numbers of {tag}; they are uncertain.",
        )
        count = row["out_of_range"]
        yield ngettext(one, many, count).format(count=_number(count), tag=row["tag"])


def _left_out(ingest: pl.DataFrame) -> Iterator[str]:
    names = ingest["undeclared"].explode().drop_nulls().unique(maintain_order=True).to_list()
    if names:
        shown = ", ".join(names[:_MOST])
        yield _("Not mapped, so not read: {names}.").format(names=shown)
        yield from _more(len(names) - _MOST)


def _provenance(files: pl.DataFrame) -> str:
    """By which mapping: the hashes of it and of every file stand in a table."""
    mapping = files.filter(pl.col("number").is_null()).row(0, named=True)
    return _("By {mapping}, SHA-256 {short}…; that of each file is in the table taken_files.").format(
        mapping=mapping["file"], short=mapping["sha256"][:12]
    )


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield "  " + _("and {count} more").format(count=_number(count))


def _number(count: object) -> str:
    return f"{count or 0:,}".replace(",", GROUP)


def _moment(time: object) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if isinstance(time, datetime) else ""


def _name(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]
