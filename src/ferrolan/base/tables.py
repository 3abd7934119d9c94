"""The declared schema of every table that crosses a seam between floors.

A table is a polars frame; what it must hold stands here once: column, type, unit, meaning. ``check`` refuses a frame
that differs, ``empty`` makes one without rows. A unit column named ``unit`` means that the unit differs by row; the
meaning says so. Times are UTC; a period is an interval [start, end) with a number.

A sample's way through this file: ``samples`` -> ``measurements`` -> ``account`` -> ``responses`` -> ``plan_flows``
and ``plan_limits`` -> ``concentrate_value`` -> the brief.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ferrolan.base.errors import TableError

TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """One column: its polars type, its unit (``""`` where it has none) and what it means."""

    dtype: pl.DataType | type[pl.DataType]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A declared table: its name, what a row is, and its columns in order."""

    name: str
    row: str
    columns: Mapping[str, Column]

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """The polars schema, in declared order."""
        return {name: column.dtype for name, column in self.columns.items()}

    def empty(self) -> pl.DataFrame:
        """A frame with the declared columns and no rows."""
        return pl.DataFrame(schema=self.schema)

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` in declared column order, or raise ``TableError`` naming every difference."""
        faults = [f"missing column {name!r}" for name in self.columns if name not in frame.columns]
        faults += [f"undeclared column {name!r}" for name in frame.columns if name not in self.columns]
        faults += [
            f"column {name!r} is {frame.schema[name]}, expected {column.dtype}"
            for name, column in self.columns.items()
            if name in frame.columns and frame.schema[name] != column.dtype
        ]
        if faults:
            raise TableError(f"table {self.name!r}: " + "; ".join(faults))
        return frame if frame.columns == list(self.columns) else frame.select(list(self.columns))


def _table(name: str, row: str, /, **columns: tuple[pl.DataType | type[pl.DataType], str, str]) -> Table:
    return Table(name, row, {key: Column(*spec) for key, spec in columns.items()})


_KIND = "flow | assay | stock | stock_assay | moisture | power | temperature | state"
_OBJECT = "stream, stock or unit the value belongs to"
_COMPONENT = "balanced component of an assay, else null"

SAMPLES = _table(
    "samples",
    "one value of one tag at one time, in the tag's canonical unit",
    tag=(pl.Int32, "", "number of the tag in the tag map"),
    time=(TIME, "", "time at the source"),
    value=(pl.Float64, "canonical unit of the tag", "value; null where there is none"),
    raw=(pl.Float64, "unit at the source", "value as it came; null where the conversion is the identity"),
    status=(pl.Int64, "", "32-bit OPC UA StatusCode in a signed 64-bit integer"),
    seq=(pl.Int64, "", "order of arrival; of two rows with one tag and time the higher one counts"),
    source=(pl.Int16, "", "number of the source: its place, or what the collector keeps for its name"),
)

SAMPLES_TEXT = _table(
    "samples_text",
    "one text or class of one tag at one time",
    tag=(pl.Int32, "", "number of the tag in the tag map"),
    time=(TIME, "", "time at the source"),
    text=(pl.String, "", "what stood there; null where there is none"),
    status=(pl.Int64, "", "32-bit OPC UA StatusCode in a signed 64-bit integer"),
    seq=(pl.Int64, "", "order of arrival; of two rows with one tag and time the higher one counts"),
    source=(pl.Int16, "", "number of the source: its place, or what the collector keeps for its name"),
)

AGGREGATES = _table(
    "aggregates",
    "one aggregate of one tag over one interval, as OPC 10000-13 defines it",
    tag=(pl.Int32, "", "number of the tag in the historian"),
    aggregate=(pl.String, "", "name of the aggregate in the standard, such as TimeAverage"),
    start=(TIME, "", "start of the interval"),
    end=(TIME, "", "end of the interval, not part of it"),
    time=(TIME, "", "time of the value: the start, or that of the sample found"),
    value=(pl.Float64, "see unit", "value; null where there is none"),
    unit=(pl.String, "", "unit of the value; ms of a duration, % of a share, 1 of a count"),
    status=(pl.Int64, "", "32-bit OPC UA StatusCode with the information bits of history"),
)

RESAMPLED = _table(
    "resampled",
    "one tag at one place of a regular grid",
    tag=(pl.Int32, "", "number of the tag in the historian"),
    start=(TIME, "", "start of the cell, or the instant"),
    end=(TIME, "", "end of the cell, not part of it; of an instant the instant"),
    value=(
        pl.Float64,
        "canonical unit of the tag",
        "mean over the cell's usable time, or value at the instant; else null",
    ),
    coverage=(pl.Float64, "1", "share of the cell with good data; of an instant 0 or 1"),
    quality=(pl.String, "", "good | uncertain | bad | absent"),
)

REGISTERED = _table(
    "registered",
    "one tag that a historian keeps, under the number of its samples",
    number=(pl.Int32, "", "number of the tag in the historian, from 1, given once and for good"),
    name=(pl.String, "", "name of the tag"),
    unit=(pl.String, "", "canonical unit of the stored values; empty for a text"),
    stepped=(pl.Boolean, "", "whether a value holds until the next one, else the points are joined by straight lines"),
)

REJECTED = _table(
    "rejected",
    "one raw row or cell that was not taken, kept with its reason",
    source=(pl.String, "", "name of the source"),
    file=(pl.String, "", "file or database"),
    line=(pl.Int64, "", "line or row from 1"),
    tag=(pl.String, "", "tag, or null where the whole row was refused"),
    found=(pl.String, "", "what stood there"),
    reason=(pl.String, "", "why it was not taken"),
)

REPAIRED = _table(
    "repaired",
    "one raw row, time or cell that was taken otherwise than it stands there, or with less trust",
    source=(pl.String, "", "name of the source"),
    file=(pl.String, "", "file or database"),
    line=(pl.Int64, "", "line or row from 1"),
    tag=(pl.String, "", "tag, or null where it is the whole row or its time"),
    found=(pl.String, "", "what stood there"),
    taken=(pl.String, "", "what was taken for it"),
    reason=(pl.String, "", "why, and under which declaration"),
)

REMARKS = _table(
    "remarks",
    "one thing found in a source that did not stop its reading",
    source=(pl.String, "", "name of the source"),
    file=(pl.String, "", "file or database"),
    line=(pl.Int64, "", "first line it stands on, 0 where the whole file is meant"),
    path=(pl.String, "", "column or field it is about"),
    found=(pl.String, "", "what was found"),
    expected=(pl.String, "", "what was expected"),
    way_out=(pl.String, "", "what to do"),
    code=(pl.String, "", "short stable name"),
)

TAKEN_COLUMNS = _table(
    "taken_columns",
    "one mapped column of a real file, and what was taken of it",
    tag=(pl.String, "", "tag"),
    column=(pl.String, "", "header of the column, or its number from 1"),
    number=(pl.Int32, "", "number of the tag in the historian"),
    unit=(pl.String, "", "canonical unit of the stored values; empty for a text, unknown where nobody knows it"),
    unit_at_source=(pl.String, "", "unit as it was declared"),
    stamp=(pl.String, "", "moment | start | end: what of its period the time marks"),
    rows=(pl.Int64, "", "samples made"),
    good=(pl.Int64, "", "of them good"),
    uncertain=(pl.Int64, "", "of them uncertain, stale ones among them"),
    bad=(pl.Int64, "", "of them bad"),
    stale=(pl.Int64, "", "of them held from an earlier time, not measured anew"),
    out_of_range=(pl.Int64, "", "of them outside the declared range"),
    repaired=(pl.Int64, "", "cells taken with less trust"),
    rejected=(pl.Int64, "", "cells not taken"),
    first=(TIME, "", "first time; null without samples"),
    last=(TIME, "", "last time; null without samples"),
    minimum=(pl.Float64, "see unit", "smallest value, bad ones left out; null without one"),
    maximum=(pl.Float64, "see unit", "largest value, bad ones left out; null without one"),
)

TAKEN_FILES = _table(
    "taken_files",
    "one file that real data were taken from, the mapping that says how among them",
    number=(pl.Int16, "", "number of the file, as the source of its samples; null for the mapping"),
    file=(pl.String, "", "name of the file, without its folder"),
    sha256=(pl.String, "", "SHA-256 of its bytes, in hexadecimal"),
    rows=(pl.Int64, "", "rows of data in it; null for the mapping"),
)

STALE_STRETCHES = _table(
    "stale_stretches",
    "one stretch over which a value stood still for longer than its tag allows",
    tag=(pl.String, "", "tag"),
    value=(pl.Float64, "canonical unit of the tag", "the value that stood"),
    start=(TIME, "", "first sample of the stretch, which was measured"),
    end=(TIME, "", "last sample of the stretch"),
    rows=(pl.Int64, "", "samples in the stretch, the measured one among them"),
    stale=(pl.Int64, "", "of them taken as held"),
)

INGEST = _table(
    "ingest",
    "one source and what was taken from it",
    source=(pl.String, "", "name of the source"),
    rows=(pl.Int64, "", "rows of data in the source"),
    samples=(pl.Int64, "", "samples made of them"),
    good=(pl.Int64, "", "samples with a good status"),
    uncertain=(pl.Int64, "", "samples with an uncertain status, out of range among them"),
    bad=(pl.Int64, "", "samples with a bad status"),
    out_of_range=(pl.Int64, "", "samples outside the range of their tag"),
    rejected=(pl.Int64, "", "rows and cells that were not taken"),
    repeated=(pl.Int64, "", "rows whose time stood there before"),
    backward=(pl.Int64, "", "rows whose time runs backwards"),
    silent=(pl.List(pl.String), "", "declared tags of which the source holds nothing"),
    undeclared=(pl.List(pl.String), "", "addresses the source holds that no tag names"),
)

MEASUREMENTS = _table(
    "measurements",
    "one quantity over one period",
    tag=(pl.String, "", "tag it came from"),
    kind=(pl.String, "", _KIND),
    object=(pl.String, "", _OBJECT),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "number of the period; a stock of number p is the stock at the start of period p"),
    value=(pl.Float64, "see unit", "time-weighted mean of a flow, mean of an assay, count of a stock; null if absent"),
    sigma=(pl.Float64, "see unit", "standard deviation of the value"),
    unit=(pl.String, "", "canonical unit of value and sigma"),
    coverage=(pl.Float64, "1", "share of the period with good data"),
    quality=(pl.String, "", "good | uncertain | below (the value is a detection limit) | bad | absent"),
)

ACCOUNT = _table(
    "account",
    "one reconciled quantity over one period",
    kind=(pl.String, "", "flow | assay | stock | stock_assay"),
    object=(pl.String, "", _OBJECT),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "number of the period; a stock of number p is the stock at the start of period p"),
    tag=(pl.String, "", "tag of the reading, or null where nothing was measured"),
    measured=(pl.Float64, "see unit", "reading, or null"),
    sigma=(pl.Float64, "see unit", "standard deviation of the reading, or null"),
    value=(pl.Float64, "see unit", "reconciled value, null where unobservable"),
    sd=(pl.Float64, "see unit", "standard deviation of the reconciled value, null where unobservable"),
    unit=(pl.String, "", "t/h, m3/h, GJ/h, 1 (mass fraction), kg/m3, t, K or GJ/t"),
    z=(pl.Float64, "1", "measurement test statistic, null where not redundant"),
    status=(pl.String, "", "redundant | nonredundant | observable | unobservable"),
    reason=(pl.String, "", "why it has that status, in words"),
)

CLOSURE = _table(
    "closure",
    "one balance of one node and component over all periods",
    node=(pl.String, "", "unit or stock"),
    component=(pl.String, "", "dry_mass or a balanced component"),
    inflow=(pl.Float64, "t", "as measured where every term is measured, else null"),
    outflow=(pl.Float64, "t", "as measured where every term is measured, else null"),
    accumulated=(pl.Float64, "t", "as measured where every term is measured, else null"),
    residual=(pl.Float64, "t", "inflow - outflow - accumulated, as measured"),
    sd=(pl.Float64, "t", "standard deviation of the residual from the stated sigmas"),
    z=(pl.Float64, "1", "nodal test statistic"),
    reconciled_residual=(pl.Float64, "t", "the same balance on reconciled values"),
)

BALANCE_TESTS = _table(
    "balance_tests",
    "one statistical test of the account",
    test=(pl.String, "", "global | measurement | bias"),
    statistic=(pl.Float64, "1", "observed statistic"),
    df=(pl.Int64, "", "degrees of freedom, or number of tests made"),
    critical=(pl.Float64, "1", "critical value at the stated level"),
    p_value=(pl.Float64, "1", "probability of a statistic at least as large without gross error"),
    level=(pl.Float64, "1", "family-wise level of the test"),
    passed=(pl.Boolean, "", "whether the data pass; null where there was nothing to test"),
)

SUSPECTS = _table(
    "suspects",
    "one meter that may carry a gross error; meters of one class cannot be told apart by any test",
    rank=(pl.Int32, "", "1 for the class with the largest statistic"),
    suspect_class=(pl.Int32, "", "number of the equivalence class"),
    kind=(pl.String, "", "flow | assay | stock | stock_assay, or auxiliary: it went into a reading of the class"),
    object=(pl.String, "", _OBJECT),
    component=(pl.String, "", _COMPONENT),
    tag=(pl.String, "", "tag of the meter"),
    z=(pl.Float64, "1", "square root of the generalised likelihood ratio statistic of a constant relative bias"),
    critical=(pl.Float64, "1", "critical value after correction for the number of tests"),
    bias=(pl.Float64, "1", "estimated relative bias of the reading"),
    bias_low=(pl.Float64, "1", "lower end of its 95 % interval"),
    bias_high=(pl.Float64, "1", "upper end of its 95 % interval"),
    p_global_without=(pl.Float64, "1", "p-value of the global test once this bias is allowed for"),
    echo=(pl.Boolean, "", "whether it stands out alone, but no more once the classes of smaller rank are allowed for"),
)

_METAL = {
    "scope_kind": (pl.String, "", "site | company | unit"),
    "scope": (pl.String, "", "name of the site, company or unit"),
    "component": (pl.String, "", "dry_mass, a balanced component, or a group of them such as REO"),
    "span": (pl.String, "", "period | account: one period, or all of them together"),
    "first": (pl.Int32, "", "number of the first period of the span"),
    "last": (pl.Int32, "", "number of its last period"),
    **{
        line + part: (pl.Float64, "t", meaning + words)
        for line, meaning in (
            ("opening", "in stock at the start of the first period"),
            ("receipts", "came in from outside the scope"),
            ("products", "went out as a commodity"),
            ("losses", "went out as tails, slag, dust, residue: as no commodity"),
            ("closing", "in stock at the end of the last period"),
            ("unaccounted", "U = opening + receipts - products - losses - closing"),
        )
        for part, words in (("", "; null where it is not known"), ("_u95", ": half width of its 95 % interval"))
    },
    "unaccounted_share": (pl.Float64, "1", "U over opening + receipts, null where there is neither"),
    "exceeds": (pl.Boolean, "", "whether |U| > U95, so that chance does not explain it; null where U is not known"),
    "reason": (pl.String, "", "why a line is null, and which units of the scope do not balance the component"),
}

METAL_PRIMARY = _table(
    "metal_primary",
    "one component in one scope over one span, from readings alone: what the meters say, unaccounted and all",
    **_METAL,
)

METAL_SECONDARY = _table(
    "metal_secondary",
    "one component in one scope over one span, reconciled: U is zero, what remains is how sure each line is",
    **_METAL,
)

RECOVERIES = _table(
    "recoveries",
    "share of what a scope took in of a component that went into one outgoing stream, by one method",
    scope_kind=(pl.String, "", "site | company | unit"),
    scope=(pl.String, "", "name of the site, company or unit"),
    component=(pl.String, "", "dry_mass, a balanced component, or a group of them such as REO"),
    product=(pl.String, "", "outgoing stream that carries a commodity"),
    span=(pl.String, "", "period | account"),
    first=(pl.Int32, "", "number of the first period of the span"),
    last=(pl.Int32, "", "number of its last period"),
    method=(
        pl.String,
        "",
        "primary (readings alone) | secondary (reconciled) | two_product | three_product (both of assays alone)",
    ),
    reconciled=(pl.Boolean, "", "whether all balances went into it; false for all methods but secondary"),
    recovery=(pl.Float64, "1", "component in the product per component worked up: receipts less growth of stocks"),
    u95=(pl.Float64, "1", "half width of its 95 % interval"),
    reason=(pl.String, "", "why it is null, or why a formula had to stand in"),
)

ACCURACY = _table(
    "accuracy",
    "how sure one accounting figure is, and how often it is checked, against what was asked",
    figure=(pl.String, "", "flow | content | stock | recovery"),
    object=(pl.String, "", "stream, stock or scope"),
    component=(pl.String, "", "dry_mass, a component or a group; null for a flow"),
    product=(pl.String, "", "outgoing stream of a recovery, else null"),
    boundary=(pl.Boolean, "", "whether a stream or stock counts at the boundary of the site or of a company"),
    readings=(pl.Int32, "", "readings behind it over the account; null for a recovery"),
    status=(
        pl.String,
        "",
        "worst class of its quantities: redundant | nonredundant | observable | unobservable; null for a recovery",
    ),
    redundancy=(
        pl.Float64,
        "1",
        "share of its readings' variance that the other meters take away, mean over them; 0 where nothing checks it",
    ),
    target=(pl.Float64, "1", "half width of the 95 % interval that was asked: relative; of a recovery absolute"),
    primary=(pl.Float64, "1", "what the readings alone reach, likewise; null where not all was measured"),
    secondary=(pl.Float64, "1", "what the reconciled account reaches, likewise; null where it is unobservable"),
    met=(pl.Boolean, "", "whether the reconciled account reaches the target; null without target or figure"),
)

_FIGURE = {
    "figure": (pl.String, "", "recovery | closure | metal | stock | gain"),
    "scope": (pl.String, "", "site, company, unit or stock it is a figure of"),
    "component": (pl.String, "", "component or group, null for the gain of the plan"),
    "product": (pl.String, "", "stream of a recovery or of metal made, else null"),
}

INFLUENCES = _table(
    "influences",
    "how far one meter moves one key figure of the account",
    **_FIGURE,
    tag=(pl.String, "", "meter, or the name of an error that several meters share"),
    shared=(pl.Boolean, "", "whether it is such a shared error"),
    influence=(
        pl.Float64,
        "see figure_unit",
        "change of the figure when the meter reads 1 % more all the time; of a shared error when it is one sigma more",
    ),
    share=(pl.Float64, "1", "share of the figure's variance that comes from it"),
    figure_unit=(pl.String, "", "unit of the figure: 1, t or ¤/a"),
    self_influence=(
        pl.Float64,
        "1",
        "share of its own reconciled value that a meter decides, mean over periods; 1 where nothing checks it",
    ),
)

METER_WORTH = _table(
    "meter_worth",
    "one change of one meter, and how much surer it makes one key figure",
    rank=(pl.Int32, "", "1 for the change that narrows the figure most"),
    tag=(pl.String, "", "meter; the name of a shared error; null where none is there yet"),
    kind=(pl.String, "", "flow | assay | stock | stock_assay | shared"),
    object=(pl.String, "", "stream or stock it reads, null for a shared error"),
    component=(pl.String, "", "component it reads, else null"),
    change=(
        pl.String,
        "",
        "halved (its sigma) | corrected (its suspected bias taken off) | bought (a meter where nothing is read today)",
    ),
    figure=(pl.String, "", "recovery | closure | metal | stock"),
    scope=(pl.String, "", "site, company, unit or stock it is a figure of"),
    figure_component=(pl.String, "", "component or group of the figure"),
    product=(pl.String, "", "stream of a recovery or of metal made, else null"),
    value=(pl.Float64, "see figure_unit", "the figure now; of a closure U over opening + receipts"),
    u95_now=(pl.Float64, "see figure_unit", "half width of its 95 % interval now"),
    u95_then=(pl.Float64, "see figure_unit", "the same after the change"),
    narrows=(pl.Float64, "1", "1 - u95_then / u95_now"),
    moves=(
        pl.Float64,
        "see figure_unit",
        "by how much the figure moves once the bias is taken off; null for other changes",
    ),
    sigma=(pl.Float64, "1", "relative sigma counted with after the change; of a shared error the factor 0.5"),
    figure_unit=(pl.String, "", "unit of the figure: 1 or t"),
)

METER_MONEY = _table(
    "meter_money",
    "one meter, and what its doubt means for the gain of the plan",
    rank=(pl.Int32, "", "1 for the meter with the largest share of the doubt, or the suspect that moves most money"),
    tag=(pl.String, "", "meter, or the name of an error that several meters share"),
    kind=(pl.String, "", "flow | assay | stock | stock_assay | power | shared"),
    object=(pl.String, "", "stream, stock or unit it reads, null for a shared error"),
    component=(pl.String, "", "component it reads, else null"),
    slope=(
        pl.Float64,
        "¤/a",
        "change of the plan's yearly gain when it reads 1 % more; of a shared error one sigma more",
    ),
    gain_sd=(pl.Float64, "¤/a", "standard deviation of the yearly gain that its own error causes"),
    share=(pl.Float64, "1", "share of the variance of the gain that comes from the account's meters"),
    all_sd=(pl.Float64, "¤/a", "standard deviation of the yearly gain from all meters together"),
    all_sd_halved=(pl.Float64, "¤/a", "the same after its sigma is halved"),
    bias=(pl.Float64, "1", "its suspected relative bias, else null"),
    moves=(pl.Float64, "¤/a", "by how much the planned gain moves when that bias is taken off: first order"),
    moves_resolved=(pl.Float64, "¤/a", "the same by solving the plan again; null where that was not done"),
    value_sd=(
        pl.Float64,
        "¤/t",
        "standard deviation of the buyer's average netback of a tonne of concentrate, caused by its own error, or null",
    ),
    value_moves=(
        pl.Float64,
        "¤/t",
        "by how much the buyer's average netback of a tonne of concentrate moves, else null",
    ),
)

GRADE = _table(
    "grade",
    "one ground for the grade of the account, worst first",
    grade=(pl.String, "", "A | B | C | D: of the whole account, the worst that any ground allows"),
    ground=(
        pl.String,
        "",
        "untested | unexplained | failed | suspect | unobservable | unaccounted | unchecked | missed | "
        "provisional | none",
    ),
    at_best=(pl.String, "", "best grade that this ground allows"),
    count=(pl.Int64, "", "how many there are; 0 where it is not to be counted"),
    of=(pl.List(pl.String), "", "tags, objects or components it concerns"),
)

_OF_QUANTITY = {
    "kind": (pl.String, "", _KIND),
    "object": (pl.String, "", _OBJECT),
    "component": (pl.String, "", _COMPONENT),
    "period": (pl.Int32, "", "number of the period; a stock of number p is the stock at the start of period p"),
}

PROVISIONAL = _table(
    "provisional",
    "one value that is not final yet, or gave way to a settled one",
    tag=(pl.String, "", "tag it came from"),
    **_OF_QUANTITY,
    authority=(pl.String, "", "estimate | provisional | final | agreed"),
    value=(pl.Float64, "see unit", "what the tag says"),
    sigma=(pl.Float64, "see unit", "its standard deviation"),
    unit=(pl.String, "", "canonical unit"),
    used=(pl.Boolean, "", "whether the account uses it"),
    restated_by=(pl.String, "", "tags of higher authority that took its place, null where it is used"),
    restated=(pl.Float64, "see unit", "what they say, their mean by weights 1 / sigma^2; null where it is used"),
    difference=(pl.Float64, "see unit", "restated - value, null where it is used"),
)

STOCK_TAKE = _table(
    "stock_take",
    "one signed physical count of a stock, beside what the account says without it",
    stock=(pl.String, "", "stock that was counted"),
    at=(TIME, "", "when it was counted"),
    period=(pl.Int32, "", "number of the period at whose start it counts"),
    count=(pl.Float64, "t", "what was counted"),
    count_u95=(pl.Float64, "t", "half width of its 95 % interval"),
    book=(pl.Float64, "t", "stock by the account without any count of it; null where that cannot see it"),
    book_u95=(pl.Float64, "t", "half width of its 95 % interval, null likewise"),
    difference=(pl.Float64, "t", "count - book, null likewise"),
    difference_u95=(pl.Float64, "t", "half width of the 95 % interval of the difference, null likewise"),
    exceeds=(pl.Boolean, "", "whether chance does not explain the difference at 95 %, null likewise"),
    method=(pl.String, "", "how it was counted"),
    who=(pl.String, "", "who signed it"),
)

ACCOUNT_CHANGES = _table(
    "account_changes",
    "one reconciled value that differs between two accounts",
    **_OF_QUANTITY,
    unit=(pl.String, "", "t/h, m3/h, GJ/h, 1 (mass fraction), kg/m3, t or K"),
    before=(pl.Float64, "see unit", "value in the first account, null where it has none"),
    after=(pl.Float64, "see unit", "value in the second account, null where it has none"),
    change=(pl.Float64, "see unit", "after - before, null where one is"),
    sd=(pl.Float64, "see unit", "standard deviation in the first account, of the second where that has none"),
    in_sds=(pl.Float64, "1", "size of the change in those standard deviations, null where one is"),
)

GROSS_ERRORS = _table(
    "gross_errors",
    "one thing that may be wrong, a meter or a node; biases, outliers and leaks compete in one list of classes",
    rank=(pl.Int32, "", "1 for the class found first: the largest statistic"),
    suspect_class=(pl.Int32, "", "number of the class; what the readings cannot tell apart is in one"),
    kind=(
        pl.String,
        "",
        "bias (relative, constant over the account) | offset (absolute, likewise) | outlier (one period) | leak (loss "
        "or gain of a node) | shared (an error several meters have in common) | auxiliary (a meter behind a reading)",
    ),
    object=(pl.String, "", "stream, stock or node, or the name of a shared error"),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "period of an outlier, else null"),
    tag=(pl.String, "", "tag of the meter, null for a leak"),
    carrier=(pl.String, "", "stream whose composition a leak has, null where mass alone is balanced"),
    z=(pl.Float64, "1", "square root of the generalised likelihood ratio, those of smaller rank allowed for"),
    critical=(pl.Float64, "1", "critical value after correction for the number of tests"),
    level=(pl.Float64, "1", "probability of any false name in the whole list"),
    confirmed=(pl.Float64, "1", "the same square root by solving again with this left free; null where not done"),
    share=(pl.Float64, "1", "relative bias of the reading, y = x (1 + share); null for other kinds"),
    share_low=(pl.Float64, "1", "lower end of its 95 % interval"),
    share_high=(pl.Float64, "1", "upper end of its 95 % interval"),
    size=(pl.Float64, "see unit", "error of the reading (mean over its periods), or loss of the node per hour"),
    size_low=(pl.Float64, "see unit", "lower end of its 95 % interval"),
    size_high=(pl.Float64, "see unit", "upper end of its 95 % interval"),
    unit=(pl.String, "", "unit of size; empty where the network does not know it"),
    in_sigmas=(pl.Float64, "1", "size over the meter's own stated sigma; null for a leak"),
    plausible=(pl.Boolean, "", "false where it would have to be far more of its sigmas off than another of its class"),
    parallel=(pl.Boolean, "", "whether no reading at all tells it from the first of its class; false: none at 95 %"),
    p_global_without=(pl.Float64, "1", "p-value of the global test once this is allowed for"),
    echo=(pl.Boolean, "", "whether it stands out alone, but no more once the classes of smaller rank are allowed for"),
    decides=(pl.String, "", "further measurement that would tell the members of the class apart; null where none does"),
    decides_kind=(pl.String, "", "flow | assay | stock | stock_assay | temperature: kind of that measurement"),
    decides_object=(pl.String, "", "stream or stock it reads"),
    decides_component=(pl.String, "", "component it reads, else null"),
    decides_by=(pl.Float64, "1", "by how many sigmas of such a reading the members predict it differently"),
)

ELIMINATION = _table(
    "elimination",
    "one step of a serial search for gross errors; the last row of a search says what stopped it",
    method=(pl.String, "", "elimination (readings left out) | compensation (errors allowed for)"),
    step=(pl.Int32, "", "number of the step, from 1"),
    kind=(pl.String, "", "bias | offset | outlier | leak | shared; null in the last row"),
    object=(pl.String, "", "stream, stock or node, or the name of a shared error"),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "period of an outlier, else null"),
    tag=(pl.String, "", "tag of the meter, null for a leak"),
    carrier=(pl.String, "", "stream whose composition a leak has, else null"),
    z=(pl.Float64, "1", "its statistic when it was taken"),
    critical=(pl.Float64, "1", "critical value after correction for the number of tests"),
    level=(pl.Float64, "1", "family-wise level of the critical value, and of the global test"),
    objective=(pl.Float64, "1", "sum of squared adjustments over sigma after the step"),
    degrees_of_freedom=(pl.Int64, "", "what is left to test after the step"),
    p_value=(pl.Float64, "1", "p-value of the global test after the step"),
    stopped=(
        pl.String,
        "",
        "global test passes | no candidate above its critical value | redundancy is spent | limit of steps; else null",
    ),
)

FAMILIES = _table(
    "families",
    "one member of a set of gross errors that together explain the data; sets of one family explain them as well",
    family=(pl.Int32, "", "number of the set, the best one first"),
    members=(pl.Int32, "", "how many members the set has"),
    kind=(pl.String, "", "bias | offset | outlier | leak | shared"),
    object=(pl.String, "", "stream, stock or node, or the name of a shared error"),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "period of an outlier, else null"),
    tag=(pl.String, "", "tag of the meter, null for a leak"),
    carrier=(pl.String, "", "stream whose composition a leak has, else null"),
    objective=(pl.Float64, "1", "sum of squared adjustments over sigma with the set allowed for"),
    degrees_of_freedom=(pl.Int64, "", "what is left to test"),
    p_value=(pl.Float64, "1", "p-value of the global test with the set allowed for"),
    level=(pl.Float64, "1", "level of the global test that the set passes"),
    lowest=(pl.Boolean, "", "whether no set of as many members explains more"),
    smaller=(pl.Boolean, "", "whether a part of the set passes the global test already"),
)

NODAL_TESTS = _table(
    "nodal_tests",
    "one balance on the readings as they are, of one node or of several merged across what is not measured",
    nodes=(pl.String, "", "node, or the merged nodes joined by +"),
    component=(pl.String, "", "dry_mass, energy or a balanced component"),
    period=(pl.Int32, "", "number of the period, null over the account"),
    residual=(pl.Float64, "t", "in - out - growth of stocks over the period or the account; GJ for energy"),
    sd=(pl.Float64, "t", "standard deviation of the residual from the readings' errors; GJ for energy"),
    z=(pl.Float64, "1", "size of the residual over its standard deviation"),
    critical=(pl.Float64, "1", "critical value after correction for the number of balances tested"),
    level=(pl.Float64, "1", "family-wise level"),
    p_value=(pl.Float64, "1", "of this balance alone"),
    passed=(pl.Boolean, "", "whether z is within the critical value"),
)

READING_TESTS = _table(
    "reading_tests",
    "one reading: how far it was moved, and whether that is too far",
    tag=(pl.String, "", "tag of the meter"),
    kind=(pl.String, "", "flow | assay | stock | stock_assay | temperature | quantity"),
    object=(pl.String, "", _OBJECT),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "number of the period"),
    adjustment=(pl.Float64, "1", "reading less reconciled value in units of its own sigma, shared errors taken off"),
    z=(pl.Float64, "1", "maximum-power measurement test; null where nothing checks the reading"),
    critical=(pl.Float64, "1", "critical value of z after correction for the number of checked readings"),
    level=(pl.Float64, "1", "family-wise level of the critical value"),
    passed=(pl.Boolean, "", "whether z is within its critical value; null where nothing checks the reading"),
    vdi=(pl.Float64, "1", "quality after VDI 2048: above 1 it contradicts at 95 %, each reading tested alone"),
)

ROBUST = _table(
    "robust",
    "one reading as a robust estimator sees it, which lets no single reading pull far",
    tag=(pl.String, "", "tag of the meter"),
    kind=(pl.String, "", "flow | assay | stock | stock_assay | temperature | quantity"),
    object=(pl.String, "", _OBJECT),
    component=(pl.String, "", _COMPONENT),
    period=(pl.Int32, "", "number of the period"),
    measured=(pl.Float64, "see unit", "reading"),
    value=(pl.Float64, "see unit", "value by least squares"),
    robust=(pl.Float64, "see unit", "value by the redescending estimator"),
    unit=(pl.String, "", "unit of the reading; empty where the network does not know it"),
    weight_convex=(pl.Float64, "1", "weight the convex estimator leaves the reading, 0 to 1"),
    weight=(pl.Float64, "1", "weight the redescending estimator leaves it, 0 to 1"),
    accused=(pl.Boolean, "", "whether the robust values leave it beyond the critical value"),
    suspect=(pl.Boolean, "", "whether least squares names its meter, in any class that is no echo"),
    agrees=(pl.Boolean, "", "whether the two say the same of its meter"),
)

MISSING_STREAMS = _table(
    "missing_streams",
    "one balance whose residual repeats from period to period, and the stream that would explain it",
    node=(pl.String, "", "node, or the merged nodes joined by +"),
    component=(pl.String, "", "dry_mass, energy or a balanced component"),
    direction=(pl.String, "", "leaves | enters: which way the stream that is not in the network would run"),
    flow=(pl.Float64, "t/h", "mean residual, of the component in question; GJ/h for energy"),
    flow_sd=(pl.Float64, "t/h", "its standard deviation; GJ/h for energy"),
    z=(pl.Float64, "1", "flow over its standard deviation"),
    critical=(pl.Float64, "1", "critical value after correction for the number of balances looked at"),
    level=(pl.Float64, "1", "family-wise level"),
    share=(pl.Float64, "1", "component in the missing stream; null for dry_mass and where mass is not balanced"),
    share_sd=(pl.Float64, "1", "its standard deviation"),
    periods=(pl.Int32, "", "periods looked at"),
    same_sign=(pl.Int32, "", "periods in which the residual has the sign of the mean"),
    consistent=(pl.Boolean, "", "whether the residuals differ from their mean by no more than chance"),
    resembles=(
        pl.String,
        "",
        "stream at the node of like composition: a bias of its meter explains as much; else null",
    ),
)

RESPONSES = _table(
    "responses",
    "what one unit of the reference input of a mode uses (-) or makes (+) of a commodity",
    unit=(pl.String, "", "unit of the plant"),
    mode=(pl.String, "", "mode of operation"),
    commodity=(pl.String, "", "commodity used or made"),
    coefficient=(pl.Float64, "see coefficient_unit", "amount per unit of the reference input, negative where used"),
    sd=(pl.Float64, "see coefficient_unit", "standard deviation; null where only declared without one"),
    coefficient_unit=(pl.String, "", "commodity unit per unit of the reference input"),
    origin=(pl.String, "", "reconciled | simulated | declared"),
    synthetic=(pl.Boolean, "", "whether the declared value is synthetic"),
    source=(pl.String, "", "source of a declared value, or the account's period"),
)

PLAN_FLOWS = _table(
    "plan_flows",
    "one commodity in one month of the plan",
    month=(pl.String, "", "ISO month"),
    commodity=(pl.String, "", "commodity"),
    owner=(pl.String, "", "company that holds it"),
    opening=(pl.Float64, "see unit", "stock at the start"),
    made=(pl.Float64, "see unit", "made by own units"),
    supplied=(pl.Float64, "see unit", "exogenous supply, given to the plan; negative where it is owed"),
    bought=(pl.Float64, "see unit", "bought outside"),
    received=(pl.Float64, "see unit", "received from the other company"),
    used=(pl.Float64, "see unit", "used by own units"),
    sold=(pl.Float64, "see unit", "sold outside"),
    sent=(pl.Float64, "see unit", "sent to the other company"),
    disposed=(pl.Float64, "see unit", "discarded"),
    closing=(pl.Float64, "see unit", "stock at the end"),
    unit=(pl.String, "", "unit of the commodity"),
    price=(pl.Float64, "¤ per unit", "shadow price: gain in the objective per unit more of this commodity"),
)

PLAN_ACTIVITIES = _table(
    "plan_activities",
    "one mode of one unit in one month of the plan",
    month=(pl.String, "", "ISO month"),
    unit=(pl.String, "", "unit of the plant"),
    mode=(pl.String, "", "mode of operation"),
    owner=(pl.String, "", "company"),
    throughput=(pl.Float64, "see throughput_unit", "reference input worked up in the month"),
    capacity=(pl.Float64, "see throughput_unit", "what the unit could work up in the month"),
    throughput_unit=(pl.String, "", "unit of the reference input"),
)

PLAN_LIMITS = _table(
    "plan_limits",
    "one binding limit of the plan and what one more unit of it is worth",
    limit=(pl.String, "", "what is limited: a unit's capacity, a quota, a market, a stock"),
    kind=(pl.String, "", "capacity | quota | market | stock | supply"),
    owner=(pl.String, "", "company it belongs to"),
    period=(pl.String, "", "ISO month, or the span of a quota"),
    limit_value=(pl.Float64, "see unit", "the limit"),
    used=(pl.Float64, "see unit", "how much of it the plan uses"),
    unit=(pl.String, "", "unit of the limit"),
    value_left=(
        pl.Float64,
        "¤ per unit",
        "loss per unit less, at the limit as it is; null where there is no plan with less",
    ),
    value_right=(
        pl.Float64,
        "¤ per unit",
        "gain per unit more, at the limit as it is; null where there is no plan with more",
    ),
    valid_down=(pl.Float64, "see unit", "how far down every unit is worth value_left within 1 %"),
    valid_up=(pl.Float64, "see unit", "how far up every unit is worth value_right within 1 %"),
    money=(
        pl.Float64,
        "¤",
        "gain from one per cent more of the limit (of a limit of 0: of what would be used without it), re-solved; "
        "the ranking of limits",
    ),
)

CONCENTRATE_VALUE = _table(
    "concentrate_value",
    "one answer to: what is a tonne of rare-earth concentrate worth, to whom, and how sure",
    measure=(
        pl.String,
        "",
        "marginal_right | marginal_left | marginal_beyond_left | netback | seller_minimum | buyer_maximum | published",
    ),
    party=(pl.String, "", "group | seller | buyer | market"),
    value=(pl.Float64, "¤/t", "at the declared basis; null where it does not exist"),
    low=(pl.Float64, "¤/t", "5 % quantile over the draws, null where there are none"),
    high=(pl.Float64, "¤/t", "95 % quantile over the draws, null where there are none"),
    valid_from=(
        pl.Float64,
        "t/a",
        "tonnes at the buyer's gate, own and foreign, from which the value holds, else null",
    ),
    valid_to=(pl.Float64, "t/a", "tonnes at the buyer's gate, own and foreign, up to which the value holds, else null"),
    grade=(pl.Float64, "1", "REO content of the tonne; it is dry, and the value without VAT"),
    source=(pl.String, "", "source id of a public value, else null"),
    period=(pl.String, "", "time a public value speaks of, else null"),
    confidence=(pl.String, "", "confidence of a public value, else null"),
    delivered_value=(pl.Float64, "¤/t", "a public value for the wet tonne as delivered, with VAT, else null"),
    delivered_grade=(pl.Float64, "1", "reconciled REO content of what was delivered, dry, else null"),
    delivered_moisture=(pl.Float64, "1", "measured moisture of what was delivered, else null"),
)

VALUE_DRAWS = _table(
    "value_draws",
    "one draw of recoveries, prices and costs, and the concentrate values that follow from it",
    draw=(pl.Int32, "", "number of the draw; 0 is the base"),
    recovery=(pl.Float64, "1", "REO in separated oxides per REO in concentrate"),
    lead_price=(pl.Float64, "¤/t", "price of the lead product (Pr-Nd oxide), without VAT"),
    marginal_right=(pl.Float64, "¤/t", "gain to the group from one tonne more"),
    marginal_left=(pl.Float64, "¤/t", "loss to the group from one tonne less"),
    buyer_marginal=(pl.Float64, "¤/t", "gain to the buyer alone from one tonne more"),
    netback=(pl.Float64, "¤/t", "average netback"),
    seller_minimum=(pl.Float64, "¤/t", "seller's minimum price"),
    buyer_maximum=(pl.Float64, "¤/t", "buyer's maximum price"),
    delivered=(pl.Float64, "t/a", "delivered by the joint plan"),
    binding_quotas=(pl.List(pl.String), "", "quotas that bind in this draw"),
)

WHAT_IF = _table(
    "what_if",
    "one declared change of the world, and what it does to the joint plan",
    question=(pl.String, "", "demand | expansion | intervention"),
    case=(pl.String, "", "name of the change in the document"),
    against=(pl.String, "", "case it is set against; null for the unchanged plan"),
    title=(pl.String, "", "the change in words"),
    gain=(pl.Float64, "¤/a", "gain of the re-solved plan against the unchanged one, or against that case"),
    low=(pl.Float64, "¤/a", "5 % quantile over the same draws as the concentrate's value, else null"),
    high=(pl.Float64, "¤/a", "95 % quantile over the same draws as the concentrate's value, else null"),
    base_gain=(pl.Float64, "¤/a", "gain of the plan it is set against"),
    covers=(pl.String, "", "what the answer covers, and what it does not"),
)

MARKET = _table(
    "market",
    "one commodity in one region under one scenario",
    scenario=(pl.String, "", "base, or the instrument that is on"),
    region=(pl.String, "", "region"),
    commodity=(pl.String, "", "commodity"),
    price=(pl.Float64, "¤/t", "market price, without VAT"),
    consumption=(pl.Float64, "t/a", "consumed"),
    production=(pl.Float64, "t/a", "produced from ore"),
    net_export=(pl.Float64, "t/a", "sold abroad less bought abroad"),
    disposed=(pl.Float64, "t/a", "discarded: made with the basket and not sold"),
)

MARKET_PARTIES = _table(
    "market_parties",
    "what one party gains under one scenario",
    scenario=(pl.String, "", "base, or the instrument that is on"),
    region=(pl.String, "", "region"),
    party=(pl.String, "", "consumers | producers | quota_holders | treasury"),
    surplus=(pl.Float64, "¤/a", "surplus of the party"),
)

CERTIFICATES = _table(
    "certificates",
    "one check that a solver's answer is one",
    station=(pl.String, "", "reconciliation | planning | market"),
    problem=(pl.String, "", "which solve"),
    check=(pl.String, "", "what was checked"),
    value=(pl.Float64, "1", "observed residual, relative"),
    tolerance=(pl.Float64, "1", "largest residual accepted"),
    passed=(pl.Boolean, "", "whether it was met"),
)

STATIONS = _table(
    "stations",
    "one station of the run",
    station=(pl.String, "", "document | raw data | historian | account | plan | concentrate | market | brief"),
    state=(pl.String, "", "done | no_data (nothing to read) | not_declared | not_asked"),
    reason=(pl.String, "", "why it was not done, else null"),
)

FINDINGS = _table(
    "findings",
    "one finding of the run, in money where it has a price",
    rank=(pl.Int32, "", "1 for the finding worth most money"),
    kind=(pl.String, "", "value | limit | meter | market"),
    subject=(pl.String, "", "commodity, limit or scenario it is about; the first tag of a class of meters"),
    limit_kind=(pl.String, "", "kind of the limit, else null"),
    tags=(pl.List(pl.String), "", "meters of the class, else empty"),
    step=(pl.String, "", "what the money is for: whole_trade | one_per_cent | scenario | without_meter"),
    money=(pl.Float64, "¤/a", "what that step is worth in a year, null where it has no price"),
    low=(pl.Float64, "¤/a", "lower end of its interval, else null"),
    high=(pl.Float64, "¤/a", "upper end of its interval, else null"),
    action=(pl.String, "", "decide | fix | watch"),
)

FACTS = _table(
    "facts",
    "one figure of the public record",
    file=(pl.String, "", "file of the record base"),
    section=(pl.String, "", "section in the file"),
    fact=(pl.String, "", "what the record is about: its id and qualifiers"),
    key=(pl.String, "", "which figure of the record"),
    value=(pl.Float64, "see unit", "the figure; null where it is known to be unknown"),
    low=(pl.Float64, "see unit", "lower end where the source gives a range"),
    high=(pl.Float64, "see unit", "upper end where the source gives a range"),
    text=(pl.String, "", "the figure where it is not a number"),
    unit=(pl.String, "", "unit as in the record"),
    basis=(pl.String, "", "mass basis or substance"),
    tax=(pl.String, "", "excl_VAT | usually_incl_VAT | not_stated"),
    period=(pl.String, "", "time spoken of"),
    source=(pl.String, "", "ids of the sources, comma separated"),
    confidence=(pl.String, "", "high | medium | low | derived"),
    recalled=(pl.Boolean, "", "whether it stands in no source"),
    as_of=(pl.String, "", "day of compilation"),
    note=(pl.String, "", "what must travel with the figure"),
)

SIMULATED_STREAMS = _table(
    "simulated_streams",
    "one stream of the simulated plant",
    stream=(pl.String, "", "stream; unit.port where a port leads nowhere"),
    source=(pl.String, "", "unit it leaves; null where it enters the plant"),
    target=(pl.String, "", "unit it enters; null where it leaves the plant"),
    form=(pl.String, "", "solids | metal | liquor | gas"),
    rate=(pl.Float64, "t/h", "mass of all species"),
    temperature=(pl.Float64, "K", "temperature"),
    enthalpy=(pl.Float64, "GJ/h", "enthalpy over the elements at 298.15 K"),
)

SIMULATED_SPECIES = _table(
    "simulated_species",
    "one species in one stream of the simulated plant, where it flows",
    stream=(pl.String, "", "stream"),
    species=(pl.String, "", "species of the textbook"),
    rate=(pl.Float64, "t/h", "mass of it"),
    fraction=(pl.Float64, "1", "its share of the stream's mass"),
)

SIMULATED_ELEMENTS = _table(
    "simulated_elements",
    "one element in one stream of the simulated plant, where it flows",
    stream=(pl.String, "", "stream"),
    element=(pl.String, "", "symbol"),
    rate=(pl.Float64, "t/h", "mass of it"),
    fraction=(pl.Float64, "1", "its share of the stream's mass"),
)

SIMULATED_UNITS = _table(
    "simulated_units",
    "one figure of one unit of the simulated plant",
    unit=(pl.String, "", "unit of the plant"),
    kind=(pl.String, "", "its kind"),
    sort=(pl.String, "", "energy | state | limit | closure"),
    figure=(pl.String, "", "what it is; of a limit the distance to it, negative beyond"),
    value=(pl.Float64, "see unit_of_value", "value"),
    unit_of_value=(pl.String, "", "unit of the value"),
)

SIMULATED_EXCHANGES = _table(
    "simulated_exchanges",
    "what one unit of the simulated plant draws or releases over the plant's fence",
    unit=(pl.String, "", "unit of the plant"),
    direction=(pl.String, "", "drawn | released"),
    substance=(pl.String, "", "what it is, such as sulfuric_acid or flue_gas"),
    rate=(pl.Float64, "t/h", "mass of it"),
    volume=(pl.Float64, "Nm3/h", "volume of a gas at 0 degC and 101.325 kPa; null of anything else"),
    temperature=(pl.Float64, "K", "temperature"),
    enthalpy=(pl.Float64, "GJ/h", "enthalpy over the elements at 298.15 K"),
)

SIMULATED_CLOSURE = _table(
    "simulated_closure",
    "the balance of one element, or of energy, over the fence of the simulated plant",
    balance=(pl.String, "", "symbol of the element, or energy"),
    entering=(pl.Float64, "see unit", "with feeds and everything drawn; of energy with power and heat"),
    leaving=(pl.Float64, "see unit", "with products and everything released; of energy with the losses"),
    missing=(pl.Float64, "1", "leaving less entering, over what enters (of energy: over what moves)"),
    unit=(pl.String, "", "t/h | GJ/h"),
)

SIMULATED_INTENSITIES = _table(
    "simulated_intensities",
    "what an owner of the simulated plant takes or lets go, a tonne of its product",
    owner=(pl.String, "", "owner of the units; its fence is the boundary"),
    figure=(pl.String, "", "what is counted, such as energy or sulfuric_acid"),
    per=(pl.String, "", "what it is divided by: t crude steel | t REO (in what leaves as a product)"),
    value=(pl.Float64, "see unit", "value"),
    unit=(pl.String, "", "unit of the value, a tonne of the product: t | GJ | MWh"),
    counts=(pl.String, "", "what is in it"),
)

MONTE_CARLO = _table(
    "monte_carlo",
    "one figure of the simulated plant under uncertain parameters",
    figure=(pl.String, "", "what it is"),
    unit=(pl.String, "", "its unit"),
    nominal=(pl.Float64, "see unit", "with the declared parameters"),
    mean=(pl.Float64, "see unit", "mean of the draws"),
    sd=(pl.Float64, "see unit", "standard deviation of the draws"),
    low=(pl.Float64, "see unit", "lower end of the interval"),
    median=(pl.Float64, "see unit", "median of the draws"),
    high=(pl.Float64, "see unit", "upper end of the interval"),
    level=(pl.Float64, "1", "share of the draws between low and high"),
    draws=(pl.Int64, "", "draws that gave an answer"),
    failed=(pl.Int64, "", "draws that gave none"),
)

SOBOL = _table(
    "sobol",
    "what one uncertain parameter explains of the variance of one figure of the simulated plant",
    figure=(pl.String, "", "what it is"),
    parameter=(pl.String, "", "unit.path"),
    first=(pl.Float64, "1", "share of the variance it explains alone"),
    first_half_width=(pl.Float64, "1", "half width of the interval of that share"),
    total=(pl.Float64, "1", "share of the variance that would go with it"),
    total_half_width=(pl.Float64, "1", "half width of the interval of that share"),
    level=(pl.Float64, "1", "level of the intervals"),
    runs=(pl.Int64, "", "runs of the plant"),
)

SYNERGY = _table(
    "synergy",
    "one point of a trade-off between iron and rare earths",
    lever=(pl.String, "", "what is moved: unit.path, or several together"),
    setting=(pl.Float64, "see setting_unit", "where it is put; of several the factor on their declared values"),
    setting_unit=(pl.String, "", "unit of the setting"),
    declared=(pl.Boolean, "", "whether this is the declared setting"),
    iron=(pl.Float64, "t/h", "iron in what counts as its products; null where there is no answer"),
    rare_earths=(pl.Float64, "t/h", "rare-earth oxides in what counts as their products; null likewise"),
    power=(pl.Float64, "MW", "electric power that the plant draws, less what it generates; null likewise"),
    money=(
        pl.Float64,
        "¤/h",
        "sales less purchases, disposal and utilities, where they have prices; null where nothing has",
    ),
    unpriced=(pl.String, "", "what crosses the fence without a price, power sold too, comma separated; null likewise"),
    broken=(pl.String, "", "limits that are broken, semicolon separated; null likewise"),
    fault=(pl.String, "", "why there is no answer; null where there is one"),
)

TRAIN_PROFILE = _table(
    "train_profile",
    "what a component does in one stage of a train of mixer-settlers",
    stage=(pl.Int32, "", "stage, counted from where the raffinate leaves"),
    component=(pl.String, "", "rare earth"),
    aqueous=(pl.Float64, "1", "what leaves the stage with the liquor, mol a mol of feed"),
    organic=(pl.Float64, "1", "what leaves the stage with the organic, mol a mol of feed"),
    aqueous_fraction=(pl.Float64, "1", "molar fraction of the liquor"),
    organic_fraction=(pl.Float64, "1", "molar fraction of the organic"),
)
TRAIN_OUTLETS = _table(
    "train_outlets",
    "a component in one outlet of a train of mixer-settlers",
    outlet=(pl.String, "", "outlet"),
    component=(pl.String, "", "rare earth"),
    amount=(pl.Float64, "1", "what leaves, mol a mol of feed"),
    fraction=(pl.Float64, "1", "molar fraction of the outlet"),
    recovery=(pl.Float64, "1", "share of the component's feed"),
)
TRAIN_COURSE = _table(
    "train_course",
    "an outlet of a train of mixer-settlers at one time of a start-up",
    time=(pl.Float64, "h", "time from the beginning"),
    outlet=(pl.String, "", "outlet"),
    component=(pl.String, "", "rare earth"),
    rate=(pl.Float64, "kmol/h", "what the outlet delivers"),
    fraction=(pl.Float64, "1", "molar fraction of what it delivers"),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        SAMPLES, SAMPLES_TEXT, AGGREGATES, RESAMPLED,
        REGISTERED, REJECTED, REPAIRED, REMARKS, TAKEN_COLUMNS, TAKEN_FILES, STALE_STRETCHES,
        INGEST, MEASUREMENTS, ACCOUNT, CLOSURE, BALANCE_TESTS, SUSPECTS, PROVISIONAL, STOCK_TAKE,
        ACCOUNT_CHANGES, METAL_PRIMARY, METAL_SECONDARY, RECOVERIES, ACCURACY,
        INFLUENCES, METER_WORTH, METER_MONEY, GRADE, GROSS_ERRORS, ELIMINATION, FAMILIES, NODAL_TESTS, READING_TESTS,
        ROBUST, MISSING_STREAMS, RESPONSES, PLAN_FLOWS, PLAN_ACTIVITIES, PLAN_LIMITS,
        CONCENTRATE_VALUE, VALUE_DRAWS, WHAT_IF, MARKET, MARKET_PARTIES, CERTIFICATES, FINDINGS, STATIONS, FACTS,
        TRAIN_PROFILE, TRAIN_OUTLETS, TRAIN_COURSE,
        SIMULATED_STREAMS, SIMULATED_SPECIES, SIMULATED_ELEMENTS, SIMULATED_UNITS, SIMULATED_EXCHANGES,
        SIMULATED_CLOSURE, SIMULATED_INTENSITIES, MONTE_CARLO, SOBOL, SYNERGY,
    )
}  # fmt: skip
"""Every declared table by name."""
