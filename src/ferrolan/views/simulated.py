"""A simulated plant in lines for a terminal: what it makes, draws and releases, that a tonne of product too, what is
beyond a limit, how it closes.

"Leaves: rail 1.21 Mt/a at 298 K" is a rate kept up for a year of 8760 h; nothing in it is a forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from ferrolan.base.language import _, ngettext
from ferrolan.base.units import HOURS_A_YEAR
from ferrolan.views.numbers import show

Tables = Mapping[str, pl.DataFrame]

MOST = 16
"""Lines of each kind that are told."""
_NOTHING = 1e-9  # t/h below which nothing flows


def plant_lines(title: str, tables: Tables, most: int = MOST) -> Iterator[str]:
    """The whole plant: its size, what leaves it and what it takes, that a tonne of product, what is beyond a limit, how well it closes."""
    streams, units = tables["simulated_streams"], tables["simulated_units"]
    yield _("{title}, simulated: {units} units, {streams} streams.").format(
        title=title, units=units["unit"].n_unique(), streams=streams.height
    )
    exchanges = tables["simulated_exchanges"]
    entering = _rates(streams.filter(pl.col("source").is_null()), "stream")
    leaving = _rates(streams.filter(pl.col("target").is_null()), "stream")
    yield from _listed(_("Enters"), entering, most)
    yield from _listed(_("Is drawn"), _rates(exchanges.filter(pl.col("direction") == "drawn"), "substance"), most)
    yield from _listed(_("Leaves"), leaving, most)
    yield from _listed(_("Is released"), _rates(exchanges.filter(pl.col("direction") == "released"), "substance"), most)
    yield from _power(units)
    yield from _intensities(tables["simulated_intensities"])
    yield from _beyond(units)
    yield from _closure(tables["simulated_closure"])


def unit_lines(unit: str, tables: Tables) -> Iterator[str]:
    """One unit: what enters and leaves it, and every figure of it."""
    streams = tables["simulated_streams"]
    for said, end in ((_("in"), "target"), (_("out"), "source")):
        for row in streams.filter(pl.col(end) == unit).iter_rows(named=True):
            rate, heat = show(row["rate"], "t/h").full, f"{row['temperature']:.0f} K"
            yield _("{unit} {direction}: {stream} {rate} at {temperature}").format(
                unit=unit, direction=said, stream=row["stream"], rate=rate, temperature=heat
            )
    for row in tables["simulated_exchanges"].filter(pl.col("unit") == unit).iter_rows(named=True):
        direction = _("draws") if row["direction"] == "drawn" else _("releases")
        yield f"{unit} {direction}: {row['substance']} {show(row['rate'], 't/h').full}"
    for row in tables["simulated_units"].filter(pl.col("unit") == unit).iter_rows(named=True):
        yield f"{unit} {_sort(row['sort'])}: {row['figure']} {_figure(row['value'], row['unit_of_value'])}"


def stream_lines(stream: str, tables: Tables, most: int = MOST) -> Iterator[str]:
    """One stream: its species, the largest first."""
    held = tables["simulated_species"].filter(pl.col("stream") == stream).sort("rate", descending=True)
    for row in held.head(most).iter_rows(named=True):
        share, rate = show(row["fraction"], "1").full, show(row["rate"], "t/h").full
        yield f"{stream}: {row['species']} {share}, {rate}"
    if held.height > most:
        yield _("{stream}: and {count} more species").format(stream=stream, count=held.height - most)


def _rates(frame: pl.DataFrame, name: str) -> list[tuple[str, float]]:
    """Rates by name [t/h], the largest first."""
    summed = frame.group_by(name).agg(pl.col("rate").sum()).filter(pl.col("rate") > _NOTHING)
    return [(row[0], row[1]) for row in summed.sort(["rate", name], descending=[True, False]).iter_rows()]


def _listed(said: str, rates: list[tuple[str, float]], most: int) -> Iterator[str]:
    for name, rate in rates[:most]:
        yearly = show(rate * HOURS_A_YEAR, "t/a").full
        yield f"{said}: {name.replace('_', ' ')} {show(rate, 't/h').full}, {yearly}"
    rest = rates[most:]
    if rest:
        tonnes = show(sum(rate for _name, rate in rest), "t/h").full
        yield ngettext("{said}: {count} more, {rate}", "{said}: {count} more, {rate} together", len(rest)).format(
            said=said, count=len(rest), rate=tonnes
        )


def _power(units: pl.DataFrame) -> Iterator[str]:
    drawn = units.filter(pl.col("sort") == "energy", pl.col("figure") == "power")["value"]
    if drawn.len():
        bought, made = float(drawn.clip(lower_bound=0.0).sum()), -float(drawn.clip(upper_bound=0.0).sum())
        yield _("Power: {drawn} drawn, {made} generated.").format(
            drawn=show(bought, "MW").full, made=show(made, "MW").full
        )


def _intensities(told: pl.DataFrame) -> Iterator[str]:
    """Every owner's figures a tonne of its product, and where the boundary lies."""
    for (owner, per), rows in told.group_by(["owner", "per"], maintain_order=True):
        product = str(per).removeprefix("t ")
        yield _(
            "A tonne of {product} of {owner}, counted at the fence of its own units: power generated counts as exported, nothing from before the gate is in it."
        ).format(product=product, owner=str(owner).replace("_", " "))
        for row in rows.iter_rows(named=True):
            figure = row["figure"].replace("_", " ")
            yield _("A tonne of {product}: {figure} {value}").format(
                product=product, figure=figure, value=show(row["value"], row["unit"]).full
            )


def _beyond(units: pl.DataFrame) -> Iterator[str]:
    """Every limit that is not kept."""
    for row in units.filter(pl.col("sort") == "limit", pl.col("value") < 0.0).iter_rows(named=True):
        yield _("Beyond a limit: {unit}, {limit}: {value}").format(
            unit=row["unit"], limit=row["figure"], value=_figure(row["value"], row["unit_of_value"])
        )


def _closure(closure: pl.DataFrame) -> Iterator[str]:
    worst = closure.sort(pl.col("missing").abs(), descending=True).row(0, named=True)
    yield _("Every element and the energy close; the worst, {balance}, to {missing} of what enters.").format(
        balance=worst["balance"], missing=f"{abs(worst['missing']):.0e}"
    )


def _sort(sort: str) -> str:
    return {"energy": _("energy"), "state": _("state"), "limit": _("distance to limit")}.get(sort, _("closure"))


def _figure(value: float, unit: str) -> str:
    return f"{value:.4g}" if unit == "1" else show(value, unit, digits=4).full
