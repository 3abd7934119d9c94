"""How sure a simulated plant is, in lines for a terminal.

"amount of mass in rail: 138 t/h declared, 95 % of the draws between 131 and 144" and which number explains most of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from ferrolan.base.language import _, ngettext
from ferrolan.views.numbers import show

MOST = 3
"""Numbers that are told of each figure, the most telling first."""


def draws_lines(title: str, tables: Mapping[str, pl.DataFrame], faults: Mapping[int, str]) -> Iterator[str]:
    """Every figure with its interval, which numbers decide it, and draws without an answer with the first reason."""
    drawn = tables["monte_carlo"]
    count = int(drawn["draws"][0]) + len(faults)
    yield ngettext("{title}, {count} draw.", "{title}, {count} draws.", count).format(title=title, count=count)
    for row in drawn.iter_rows(named=True):
        ends = (row["low"], row["high"])
        low, high = (show(end, row["unit"], digits=4).full for end in ends)
        yield _("{figure}: {nominal} declared, mean {mean}, {level} of the draws between {low} and {high}").format(
            figure=row["figure"].replace("_", " "),
            nominal=show(row["nominal"], row["unit"], digits=4).full,
            mean=show(row["mean"], row["unit"], digits=4).full,
            level=show(row["level"], "1", digits=2).full,
            low=low,
            high=high,
        )
        yield from _deciding(tables.get("sobol"), row["figure"])
    if faults:
        number, reason = next(iter(sorted(faults.items())))
        yield ngettext(
            "{count} draw gave no answer; number {number}: {reason}",
            "{count} draws gave no answer, the first, number {number}: {reason}",
            len(faults),
        ).format(count=len(faults), number=number, reason=reason)


def _deciding(indices: pl.DataFrame | None, figure: str) -> Iterator[str]:
    """The numbers that explain most of a figure's variance."""
    if indices is None:
        return
    found = indices.filter(pl.col("figure") == figure).sort("total", descending=True).head(MOST)
    for row in found.iter_rows(named=True):
        alone, width = (show(row[name], "1", digits=2).full for name in ("first", "first_half_width"))
        yield "  " + _("{parameter} explains {alone} ± {width} alone, {total} with all others").format(
            parameter=row["parameter"], alone=alone, width=width, total=show(row["total"], "1", digits=2).full
        )
