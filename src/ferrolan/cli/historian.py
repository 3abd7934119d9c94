"""Commands on a historian: whether it is sound, its days sealed, its samples out to a file and in from one.

``ferrolan historian check plant.yaml`` reads every sealed file again; ``ferrolan historian export historian --tag
mill.jt1 --start 2026-03-01 --end 2026-04-01 --to march.parquet`` writes a month. What is named is a folder, or a
document that declares one. Reading asks the collector where that owns the folder; sealing, importing and checking need
it free.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter

from ferrolan import verbs
from ferrolan.assembly import historian as declared
from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.language import _, ngettext, use
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json, print_rows
from ferrolan.historian import transfer
from ferrolan.historian.embedded import Archive, open_reader
from ferrolan.historian.seam import Reader, Store
from ferrolan.records.exports import records

Place = Annotated[Path, Parameter(help="Folder of a historian, or a document that declares one.")]
Tag = Annotated[tuple[str, ...], Parameter(name="--tag", help="Name of a tag; may be repeated. All if none is named.")]
Start = Annotated[datetime | None, Parameter(help="First time, UTC.")]
End = Annotated[datetime | None, Parameter(help="Time before which it ends, UTC.")]

_EVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def check(place: Place = Path("historian"), *, output: Output = SPOKEN) -> int:
    """Look for every damage of a historian; exit 1 if there is any."""
    use(output.language)
    with _archive(place) as archive:
        faults, days = archive.check(), archive.days()
    if output.json:
        print_json({"days": records(days), "faults": [vars(fault) for fault in faults]})
        return FINDING if faults else OK
    for fault in faults:
        print(fault)
    sealed = days.filter(pl.col("generation") > 0)
    said = ngettext("{count} sealed day, {rows} rows: ", "{count} sealed days, {rows} rows: ", sealed.height)
    told = said.format(count=sealed.height, rows=sealed["rows"].sum())
    print(
        told
        + (ngettext("{count} fault", "{count} faults", len(faults)).format(count=len(faults)) if faults else _("sound"))
    )
    return FINDING if faults else OK


def seal(
    place: Place = Path("historian"),
    *,
    before: Annotated[
        datetime | None, Parameter(help="Only days that ended by then, UTC; by now if not given.")
    ] = None,
    output: Output = SPOKEN,
) -> int:
    """Seal every whole day: sorted, compressed, read back, and only then taken out of the hot file."""
    use(output.language)
    with _archive(place) as archive:
        sealed = archive.seal(_utc(before) if before else datetime.now(UTC))
    _tell(sealed, output)
    return OK


def retire(
    place: Place,
    before: Annotated[datetime, Parameter(help="Days that ended by then are dropped, UTC.")],
    *,
    output: Output = SPOKEN,
) -> int:
    """Drop old days for good; the audit keeps a line, and the last row of each tag stays known."""
    use(output.language)
    with _archive(place) as archive:
        dropped = archive.retire(_utc(before))
    _tell(dropped, output)
    return OK


def tags(place: Place = Path("historian"), *, output: Output = SPOKEN) -> int:
    """List the registered tags with their numbers and units."""
    use(output.language)
    with _reader(place) as reader:
        _tell(reader.registered(), output)
    return OK


def show(
    place: Place = Path("historian"),
    *,
    tag: Tag = (),
    at: Annotated[datetime | None, Parameter(help="An instant, UTC; now if not given.")] = None,
    output: Output = SPOKEN,
) -> int:
    """Show the value of tags at an instant, with its status and age."""
    use(output.language)
    instant = _utc(at) if at else datetime.now(UTC)
    with _reader(place) as reader:
        registered = reader.registered()
        chosen = registered.filter(pl.col("name").is_in(tag)) if tag else registered
        rows = reader.at(chosen["number"].to_list(), instant)
    seconds = (pl.lit(instant) - pl.col("time")).dt.total_microseconds() / 1e6
    named = chosen.join(rows, left_on="number", right_on="tag").with_columns(age_s=seconds.round(3))
    _tell(named.select("name", "time", "value", "unit", "status", "age_s"), output)
    return OK


def export(
    place: Place = Path("historian"),
    *,
    to: Annotated[Path, Parameter(help="File, .parquet or .csv.")],
    tag: Tag = (),
    start: Start = None,
    end: End = None,
    output: Output = SPOKEN,
) -> int:
    """Write the samples of tags and a span to a file, each with its unit, status and order of arrival."""
    use(output.language)
    first, last = _utc(start) if start else _EVER[0], _utc(end) if end else _EVER[1]
    with _reader(place) as reader:
        table = transfer.exported(reader, tag or None, first, last)
    transfer.write(table, to)
    _count(table.height, to, output)
    return OK


def take(
    place: Place,
    file: Annotated[Path, Parameter(help="File, .parquet or .csv.")],
    *,
    output: Output = SPOKEN,
) -> int:
    """Take the samples of an exported file into a historian; they count as what came late."""
    use(output.language)
    table = transfer.read(file)
    with _store(place) as store:
        rows = transfer.imported(store, table, datetime.now(UTC))
    _count(rows, file, output)
    return OK


@contextmanager
def _archive(place: Path) -> Iterator[Archive]:
    """The embedded historian of a folder or document, owned while the command runs."""
    with _store(place) as store:
        if not isinstance(store, Archive):
            fault = Fault(
                str(place), 0, "historian", "a server", "an embedded historian", "Ask the server.", "served_historian"
            )
            raise SurroundingsError(str(fault))
        yield store


@contextmanager
def _store(place: Path) -> Iterator[Store]:
    if _is_document(place):
        with closing(declared.open_store(verbs.load(place))) as store:
            yield store
        return
    with Archive(_there(place)) as archive:
        yield archive


@contextmanager
def _reader(place: Path) -> Iterator[Reader]:
    with declared.open_reader(verbs.load(place)) if _is_document(place) else open_reader(_there(place)) as reader:
        yield reader


def _is_document(place: Path) -> bool:
    return place.suffix in {".yaml", ".yml"}


def _there(place: Path) -> Path:
    """A folder that is there: no command makes a historian by a slip of the pen."""
    if not place.is_dir():
        way_out = "Name the folder of a historian, or a document."
        fault = Fault(str(place), 0, "", "nothing", "the folder of a historian", way_out, "missing_folder")
        raise SurroundingsError(str(fault))
    return place


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _tell(table: pl.DataFrame, output: Output) -> None:
    if output.json:
        print_json({"rows": records(table)})
        return
    rows = [tuple("" if cell is None else _cell(cell) for cell in row) for row in table.iter_rows()]
    print_rows([tuple(table.columns), *rows])


def _cell(cell: object) -> str:
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def _count(rows: int, file: Path, output: Output) -> None:
    if output.json:
        print_json({"rows": rows, "file": str(file)})
    else:
        print(ngettext("{rows} row: {file}", "{rows} rows: {file}", rows).format(rows=rows, file=file))
