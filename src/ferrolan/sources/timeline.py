"""The times of a table's rows: read as declared, checked against their neighbours, and brought to UTC.

An energy meter stamps the end of each quarter hour, and its 00:00 with the day that just ended: time runs back by 1,425
minutes once a day. Declared as ``midnight: ends_day`` every such row is moved on by a day and listed as repaired; not
declared, the rows stay where they are written and the remark names the key. A format with day and month exchanged
parses the first twelve days of every month; the months that jump give it away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import polars as pl

from ferrolan.base.errors import Fault
from ferrolan.base.tables import TIME
from ferrolan.sources.clock import TWICE, in_order, to_utc
from ferrolan.sources.dialect import SPREADSHEET, Dialect
from ferrolan.sources.grid import Grid
from ferrolan.sources.source import bounded, counted, refusal

EARLIEST = datetime(1900, 1, 1)
"""First time that is believed, local or UTC: no plant kept digital records before, and what lies before it is a year
of two digits read as one of four, an empty date (0001-01-01) or the zero of a spreadsheet."""

LATEST = datetime(2200, 1, 1)
"""First time that is no longer believed: databases write 9999-12-31 for "still valid", which is no time of a sample;
the plans of a plant end long before, and a date of a spreadsheet's 1900 system is past it only by mistake."""

OUTSIDE = f"wrong_time: no time of a sample, for it lies outside {EARLIEST.year} to {LATEST.year}"
"""Reason of a row whose time lies before ``EARLIEST`` or not before ``LATEST``."""

_REGULAR = 0.75  # share of the steps that must be one and the same to be the length of a period
_MOST = 0.5  # share of refused times above which the declaration is wrong, and not the cells
_JUMP = timedelta(
    days=20
)  # between neighbouring rows: no month is shorter, and no series with many rows a day skips it
_LOCAL = pl.Datetime("us")
_LATE = r"(^|[^0-9:])24:00((?::00(?:[.,]0+)?)?(?:$|[^0-9:.,]))"  # the hour 24 of a time, and no part of another time
_SERIALS = (20_000.0, 80_000.0)  # days of a spreadsheet from 1954 to 2119
_SAMPLED = 20  # first times on which a format is tried before it is proposed
_PROPOSED = 2  # formats a fault names: day and month may be either way round
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日",
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%y/%m/%d", "%d-%b-%y",
)  # fmt: skip
_OFFSET = re.compile(r"(?:[+-][0-9]{2}:?[0-9]{2}|Z)$")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")
_REFUSED_SCHEMA = {"line": pl.Int64, "found": pl.String, "reason": pl.String}
_REPAIRED_SCHEMA = {"line": pl.Int64, "found": pl.String, "taken": pl.String, "reason": pl.String}


@dataclass(frozen=True)
class Timeline:
    """When each row of a table was.

    Parameters
    ----------
    rows
        Rows with a time, in the order of the table: row (from 0), line, time [UTC].
    refused
        Rows without: line, found, reason.
    repaired
        Rows whose time is not the written one: line, found, taken, reason.
    remarks
        What was found and did not stop the reading.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    repaired: pl.DataFrame
    remarks: tuple[Fault, ...]


def timeline(grid: Grid, dialect: Dialect, position: int | None) -> Timeline:
    """Times of the rows of a table.

    Parameters
    ----------
    grid
        The table.
    dialect
        How its times are written.
    position
        Position of the time column; None where the rows are counted from ``dialect.start``.

    Raises
    ------
    SourceError
        If most times cannot be read as declared, or only with day and month exchanged do they run in order.
    """
    if position is None:
        return _at_starts(grid, dialect, _counted(grid, dialect))
    text = grid.column(position)
    local = _parsed(text, dialect.time_format, grid.moments.get(position), ends_day=dialect.midnight == "ends_day")
    far = outside(local)
    local = local.set(far, None)
    _check_format(grid, dialect, text, local, far)
    _check_day_and_month(grid, dialect, text, local, far, moments=position in grid.moments)
    moved = _moved(local, dialect)
    frame, told = _instants(grid, dialect, text, moved, far)
    if position in grid.moments:
        frame = _with_serials(frame)
    rows = frame.drop_nulls("time").select("row", "line", "time")
    refused = frame.filter(pl.col("time").is_null()).select("line", "found", "reason")
    remarks = (
        *far_remark(grid.file, dialect.time_column, refused),
        *_backward(grid, dialect, text, local, rows),
        *_repeated(grid, rows),
        *_clock_changes(grid, refused),
        *_told(grid, dialect, told),
    )
    return _at_starts(grid, dialect, Timeline(rows, refused, _repaired(grid, text, local, moved), remarks))


def _at_starts(grid: Grid, dialect: Dialect, times: Timeline) -> Timeline:
    """Times with those that mark the end of a period at its start, from which its value holds."""
    if dialect.stamp != "end" or times.rows.is_empty():
        return times
    step, remarks = dialect.step, times.remarks
    if step is None:
        step = _kept_step(grid, times.rows)
        way_out = f"Moved back by {step}, the step that the rows keep; declare step to be sure."
        found = "stamp: end without the length of the periods"
        remark = Fault(grid.file, 0, "step", found, "step, the length of a period", way_out, "undeclared_step")
        remarks = (*remarks, remark)
    return replace(times, rows=times.rows.with_columns(time=pl.col("time") - step), remarks=remarks)


def _kept_step(grid: Grid, rows: pl.DataFrame) -> timedelta:
    """The step between neighbouring times that most of them keep, or the refusal of rows that keep none."""
    steps = rows["time"].unique().sort().diff().drop_nulls()
    counts = steps.value_counts(sort=True)
    if counts.is_empty() or counts["count"][0] < _REGULAR * len(steps):
        raise refusal(
            grid.file, 0, "step", "rows that keep no step", "step, the length of the periods stamped at their end",
            "Declare step, such as 15 min, or stamp: moment.", "missing_step",
        )  # fmt: skip
    kept = counts["time"][0]
    assert isinstance(kept, timedelta)
    return kept


def _counted(grid: Grid, dialect: Dialect) -> Timeline:
    """Times of rows that have none: so many steps after the start; a row that was refused takes its step too."""
    first, reason = to_utc(pl.Series([dialect.start], dtype=_LOCAL), dialect.time_zone)
    if first[0] is None:
        raise refusal(grid.file, 0, "start", str(dialect.start), "one instant", f"{reason[0]}.", "bad_dialect")
    taken = sorted([*grid.lines, *(line for line, _, _ in grid.ragged)])
    steps = np.searchsorted(np.array(taken, dtype=np.int64), np.array(grid.lines, dtype=np.int64))
    step = (dialect.step or timedelta()) // timedelta(microseconds=1)
    _check_steps(grid, dialect, int(first.dt.timestamp("us")[0]) + int(steps.max(initial=0)) * step)
    time = first.dt.timestamp("us")[0] + steps.astype(np.int64) * step
    rows = pl.DataFrame({"line": grid.lines}, schema={"line": pl.Int64}).with_row_index("row")
    rows = rows.with_columns(time=pl.Series(time, dtype=pl.Int64).cast(TIME))
    return Timeline(rows, _empty(_REFUSED_SCHEMA), _empty(_REPAIRED_SCHEMA), ())


def _check_steps(grid: Grid, dialect: Dialect, last: int) -> None:
    """Refuse a start and a step that lead out of the believed times; ``last`` is that of the last row [us]."""
    first = dialect.start or EARLIEST
    if EARLIEST <= first < LATEST and last < int(LATEST.replace(tzinfo=UTC).timestamp()) * 1_000_000:
        return
    raise refusal(
        grid.file, 0, "start", f"{first} and {counted(len(grid.lines), 'row')} with a step of {dialect.step}",
        f"times from {EARLIEST.year} to {LATEST.year}", "Correct the start or the step.", "bad_dialect",
    )  # fmt: skip


def outside(time: pl.Series) -> pl.Series:
    """Whether a time, local or UTC, is one that is not believed; false where there is none (n,).

    Examples
    --------
    >>> outside(pl.Series([datetime(26, 3, 1), datetime(2026, 3, 1), None, datetime(9999, 12, 31)])).to_list()
    [True, False, False, True]
    """
    if not isinstance(time.dtype, pl.Datetime):
        return pl.repeat(False, len(time), eager=True)
    naive = time.dt.replace_time_zone(None) if time.dtype.time_zone == "UTC" else time
    return (~naive.is_between(EARLIEST, LATEST, closed="left")).fill_null(False)


def far_remark(file: str, path: str, refused: pl.DataFrame) -> Iterator[Fault]:
    """One remark on the rows that were refused as ``OUTSIDE`` (line, found, reason)."""
    far = refused.filter(pl.col("reason") == OUTSIDE)
    if not far.is_empty():
        yield Fault(
            file, int(far["line"][0]), path,
            f'{counted(far.height, "row")} with a time outside {EARLIEST.year} to {LATEST.year}, '
            f'the first "{bounded(far["found"][0])}"',
            "times of samples",
            "Such dates often stand for no date: these rows are refused; correct them in the source.", "wrong_time",
        )  # fmt: skip


def _parsed(text: pl.Series, time_format: str, moments: pl.Series | None, *, ends_day: bool) -> pl.Series:
    """Local times (or instants, where the format holds an offset), null where there is none."""
    if time_format in SPREADSHEET:
        days = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        micros = (days * 86_400).round().cast(pl.Int64, strict=False) * 1_000_000
        read = SPREADSHEET[time_format] + micros.cast(pl.Duration("us"))
    elif time_format:
        read = text.str.to_datetime(time_format, time_unit="us", strict=False)
        read = _with_late(text, time_format, read) if ends_day else read
    else:
        read = pl.Series([None], dtype=_LOCAL).new_from_index(0, len(text))
    return read if moments is None else moments.zip_with(moments.is_not_null(), read)


def _with_late(text: pl.Series, time_format: str, read: pl.Series) -> pl.Series:
    """Times with 24:00 read as the 00:00 that ends the written day; what can be read as it is written stays."""
    late = read.is_null() & text.str.contains(_LATE)
    if not late.any():
        return read
    midnight = text.str.replace(_LATE, "${1}00:00${2}").str.to_datetime(time_format, time_unit="us", strict=False)
    return midnight.zip_with(late, read)


def _moved(local: pl.Series, dialect: Dialect) -> pl.Series:
    """Local times with 00:00 at the end of the written day, where that is declared."""
    return local if dialect.midnight == "starts_day" else _with_midnight_moved(local)


def _with_midnight_moved(local: pl.Series) -> pl.Series:
    day = pl.col("local").dt.truncate("1d")
    moved = pl.when(pl.col("local") == day).then(pl.col("local") + timedelta(days=1)).otherwise("local")
    return pl.DataFrame({"local": local}).select(local=moved)["local"]


def _instants(
    grid: Grid, dialect: Dialect, text: pl.Series, local: pl.Series, far: pl.Series
) -> tuple[pl.DataFrame, pl.Series]:
    """One row a row of the table: row, line, found, time, reason; and whether its order told the time (n,)."""
    told = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(local))
    if isinstance(local.dtype, pl.Datetime) and local.dtype.time_zone is not None:
        time, reason = local.cast(TIME), pl.Series([None], dtype=pl.String).new_from_index(0, len(local))
    else:
        time, reason, told = in_order(local, dialect.time_zone)
    frame = pl.DataFrame({"line": grid.lines, "found": text, "time": time, "reason": reason, "far": far})
    frame = frame.with_row_index("row")
    unread = f"not a time of the format {dialect.time_format}" if dialect.time_format else "not a date"
    midnight = f"{unread}; 24:00 is read where midnight: ends_day is declared"
    late = pl.col("found").str.contains(_LATE)
    unread_reason = pl.when(late).then(pl.lit(midnight)).otherwise(pl.lit(unread))
    frame = frame.with_columns(
        pl.when("far").then(pl.lit(OUTSIDE)).otherwise(pl.col("reason").fill_null(unread_reason)).alias("reason")
    )
    return frame, told


def _with_serials(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a column of dates, those that hold a number refused as what they probably are: a date without format."""
    reason = "a number among dates: declare time_format: spreadsheet, which reads both, or format the cell as a date"
    serial = pl.col("time").is_null() & _days(pl.col("found")).is_between(*_SERIALS).fill_null(False)
    return frame.with_columns(reason=pl.when(serial).then(pl.lit(reason)).otherwise("reason"))


def _days(text: pl.Expr) -> pl.Expr:
    return text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)


def _repaired(grid: Grid, text: pl.Series, local: pl.Series, moved: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({"line": grid.lines, "found": text, "local": local, "moved": moved})
    return frame.filter(pl.col("local") != pl.col("moved")).select(
        "line",
        "found",
        taken=pl.col("moved").dt.strftime("%Y-%m-%d %H:%M"),
        reason=pl.lit("midnight: ends_day is declared, 00:00 ends the written day"),
    )


def _check_format(grid: Grid, dialect: Dialect, text: pl.Series, local: pl.Series, far: pl.Series) -> None:
    if local.null_count() <= _MOST * len(local):
        return
    hint, unread = _format_hint(dialect, text), local.null_count() - int(far.sum())
    if not hint and local.count() and unread <= _MOST * len(local):
        return  # most times are no times of samples, however they are read: they are refused row by row
    first = local.is_null().arg_max() or 0
    expected = f"a time of the format {dialect.time_format}" if dialect.time_format else "a date"
    expected += f" from {EARLIEST.year} to {LATEST.year}" if far[first] else ""
    raise refusal(
        grid.file, grid.lines[first], dialect.time_column, f'"{bounded(text[first])}"', expected,
        f"Declare the time format of the file.{hint}", "wrong_time_format",
    )  # fmt: skip


def _format_hint(dialect: Dialect, text: pl.Series) -> str:
    """Another format that reads every time, or at least the first of them."""
    for candidate in (*_variants(dialect.time_format), *SPREADSHEET):
        read = _believed(text, candidate)
        if candidate in SPREADSHEET:
            days = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
            if days.is_between(*_SERIALS).sum() > _MOST * len(text):
                example = read.drop_nulls()[0]
                return f' These are days as a spreadsheet counts them: "{candidate}" reads {example:%Y-%m-%d %H:%M}.'
        elif read.null_count() == 0:
            return f' "{candidate}" reads every time.'
    first = text.filter(text != "").head(_SAMPLED)
    found = _proposed(first) if len(first) else []
    if not found:
        return ""
    several = "; which of them, only the source can say" if len(found) > 1 else ""
    return f" The first {counted(len(first), 'time')} can be read as {' or as '.join(found)}{several}."


def _proposed(first: pl.Series) -> list[str]:
    """Common formats that read every time of a sample, each another way."""
    found: dict[str, pl.Series] = {}
    for candidate in _common(offset=bool(_OFFSET.search(first[0])), joined="T" if "T" in first[0] else " "):
        read = _believed(first, candidate)
        if not read.null_count() and not any(read.equals(other) for other in found.values()):
            found[f'"{candidate}"'] = read
        if len(found) == _PROPOSED:
            break
    return list(found)


def _believed(text: pl.Series, time_format: str) -> pl.Series:
    """Times as a format reads them, null where that gives none that can be believed."""
    read = _parsed(text, time_format, None, ends_day=False)
    return read.set(outside(read), None)


@lru_cache(maxsize=4)
def _common(*, offset: bool, joined: str) -> tuple[str, ...]:
    """Formats that exports are seen with: with an offset or without, a ``T`` or a space before the hour."""
    forms = [f"{day}{joined}{clock}" for day in _DATES for clock in _CLOCKS]
    if offset:
        return tuple(f"{form}{mark}" for form in forms for mark in ("%z", "%#z"))
    return (*_DATES, *forms, "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%H:%M %d.%m.%Y", "%H:%M:%S %d.%m.%Y")


def _variants(time_format: str) -> Iterator[str]:
    """The format with a year of two digits, or of four, and with day and month exchanged."""
    for one, other in (("%Y", "%y"), ("%y", "%Y")):
        if one in time_format:
            yield time_format.replace(one, other)
    yield from _exchanged(time_format)


def _exchanged(time_format: str) -> Iterator[str]:
    """The format with day and month exchanged, where it has both as numbers."""
    if "%d" in time_format and "%m" in time_format:
        yield time_format.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def _check_day_and_month(
    grid: Grid, dialect: Dialect, text: pl.Series, local: pl.Series, far: pl.Series, *, moments: bool
) -> None:
    """Refuse times that run in order, and that all can be read, only with day and month exchanged.

    Rows whose time is not believed anyway (``far``) say nothing of the format.
    """
    for other in () if moments else _exchanged(dialect.time_format):
        read = _parsed(text, other, None, ends_day=dialect.midnight == "ends_day")
        far = far | outside(read)
        read = read.set(far, None)
        if (read.is_null() & ~far).any():
            return
        declared, exchanged = _moved(local, dialect), _moved(read, dialect)
        unread = int((local.is_null() & ~far).sum())
        if not unread and _disorder(declared) <= _disorder(exchanged):
            return
        first = int(((local.is_null() & ~far) if unread else _odd(declared)).arg_max() or 0)
        found = counted(unread, "unreadable time") if unread else "times that jump by months or run backwards"
        raise refusal(
            grid.file, grid.lines[first], dialect.time_column, f'{found}, the first "{bounded(text[first])}"',
            f"times of the format {dialect.time_format} in order",
            f'Day and month may be exchanged: the format "{other}" reads every time, in order.', "ambiguous_date",
        )  # fmt: skip


def _odd(local: pl.Series) -> pl.Series:
    """Rows that lie before the one above, or more than a jump after it though several rows share a day."""
    step = local.diff()
    back = step < timedelta()
    if local.dt.date().n_unique() == len(local):  # one row a day, or a month: steps of a month are no sign of anything
        return back.fill_null(False)
    return (back | (step > _JUMP)).fill_null(False)


def _disorder(local: pl.Series) -> int:
    return int(_odd(local).sum())


def _backward(grid: Grid, dialect: Dialect, text: pl.Series, local: pl.Series, rows: pl.DataFrame) -> Iterator[Fault]:
    back = rows.filter(backward(pl.col("time")))
    if back.is_empty():
        return
    line = int(back["line"][0])
    found = (
        f'{counted(back.height, "row")} whose time lies before an earlier one, the first "{text[int(back["row"][0])]}"'
    )
    yield Fault(
        grid.file, line, dialect.time_column, found, "times that rise", _way_forward(dialect, local), "time_backwards"
    )


def _way_forward(dialect: Dialect, local: pl.Series) -> str:
    written, moved = local.drop_nulls(), _with_midnight_moved(local.drop_nulls())
    if dialect.midnight == "starts_day" and _falls(moved) < _falls(written):
        return "Declare midnight: ends_day, if 00:00 is the end of the day that is written."
    if dialect.midnight == "ends_day" and _falls(written) < _falls(moved):
        return "Declare midnight: starts_day: as it is written 00:00 starts its day."
    return "Check the clock of the source, or sort the export by time."


def _falls(local: pl.Series) -> int:
    return int((local.diff() < timedelta()).sum())


def _repeated(grid: Grid, rows: pl.DataFrame) -> Iterator[Fault]:
    again = rows.filter(~pl.col("time").is_first_distinct())
    if not again.is_empty():
        found = f"{counted(again.height, 'row')} with a time that an earlier row has"
        way_out = "The later row counts; export each time once."
        yield Fault(grid.file, int(again["line"][0]), "", found, "each time once", way_out, "time_repeated")


def _clock_changes(grid: Grid, refused: pl.DataFrame) -> Iterator[Fault]:
    changed = refused.filter(pl.col("reason").str.starts_with("this local time"))
    if changed.is_empty():
        return
    twice = int(changed["reason"].str.contains(TWICE, literal=True).sum())
    never = changed.height - twice
    found = f"{counted(twice, 'row')} in the hour that occurs twice, {never} in the hour that does not exist"
    way_out = "Export in UTC or with the offset of each time (%z), or declare the zone the clock really keeps."
    yield Fault(grid.file, int(changed["line"][0]), "", found, "times that name one instant", way_out, "clock_change")


def _told(grid: Grid, dialect: Dialect, told: pl.Series) -> Iterator[Fault]:
    """Say so where the hour that occurs twice was told by the order of its rows."""
    if told.any():
        found = f"{counted(int(told.sum()), 'row')} in the hour that occurs twice, in order"
        way_out = "The first pass was taken as summer time, the second as winter time; export in UTC to be sure."
        line = int(grid.lines[told.arg_max() or 0])
        yield Fault(grid.file, line, dialect.time_column, found, "times that name one instant", way_out, "clock_change")


def backward(time: pl.Expr) -> pl.Expr:
    """Whether a time lies before the latest of those above it."""
    return time < time.cum_max().shift(1)


def _empty(schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)
