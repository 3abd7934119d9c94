"""What a run found, in a few lines for a terminal. The brief says the same from the same tables, with more room.

``Concentrate: the rare-earth company can pay up to 46,300 CNY/t, the steel company needs 730; published 26,834 (2026Q1).``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from ferrolan.base.language import _

Tables = Mapping[str, pl.DataFrame]


def lines(tables: Tables) -> Iterator[str]:
    """One line a finding: the account, its suspects, the concentrate, the limits that bind."""
    yield from _account(tables["balance_tests"], tables["suspects"])
    yield from _concentrate(tables["concentrate_value"])
    yield from _quota(tables["value_draws"])
    yield from _limits(tables["plan_limits"])
    yield from _rejected(tables["rejected"])


def needs_a_person(tables: Tables) -> bool:
    """Whether the run found something that somebody must look at: a suspect meter, or a check that failed."""
    return tables["suspects"].height > 0 or not tables["certificates"]["passed"].all()


def _account(tests: pl.DataFrame, suspects: pl.DataFrame) -> Iterator[str]:
    for row in tests.filter(pl.col("test") == "global").iter_rows(named=True):
        verdict = _("passes") if row["passed"] else _("fails")
        yield _("Account: the global test {verdict} (J {j:.1f}, {df} degrees of freedom, limit {limit:.1f}).").format(
            verdict=verdict, j=row["statistic"], df=row["df"], limit=row["critical"]
        )
    for (_number,), members in suspects.group_by(["suspect_class"], maintain_order=True):
        yield _suspect(members)


def _suspect(members: pl.DataFrame) -> str:
    """A class of suspects; the first member stands for all, since no test can tell them apart."""
    first = members.row(0, named=True)
    tags = _(" or ").join(members["tag"])
    if first["echo"]:
        return _("{tags} stands out too, but only as an echo of the former.").format(tags=tags)
    if first["bias"] is None or first["bias_low"] is None or first["bias_high"] is None:
        return _("Suspect: {tags}, z {z:.1f} against {limit:.1f}; the size of its bias is not determined.").format(
            tags=tags, z=first["z"], limit=first["critical"]
        )
    return _("Suspect: {tags} reads {bias:+.1%} ({low:+.1%} to {high:+.1%}), z {z:.1f} against {limit:.1f}.").format(
        tags=tags,
        bias=first["bias"],
        low=first["bias_low"],
        high=first["bias_high"],
        z=first["z"],
        limit=first["critical"],
    )


def _concentrate(value: pl.DataFrame) -> Iterator[str]:
    for row in value.iter_rows(named=True):
        if row["value"] is None:
            continue
        text = _("{measure}, {party}: {value:,.0f} CNY/t").format(
            measure=_(row["measure"].replace("_", " ").capitalize()),
            party=_(row["party"]),
            value=row["value"] + 0.0,
        )
        if row["low"] is not None:
            text += _(" (90 % interval {low:,.0f} to {high:,.0f})").format(low=row["low"] + 0.0, high=row["high"] + 0.0)
        yield text


def _quota(draws: pl.DataFrame) -> Iterator[str]:
    drawn = draws.filter(pl.col("draw") > 0)
    if drawn.is_empty():
        return
    counts = drawn.group_by("binding_quota").len().sort("len", descending=True)
    shares = ", ".join(
        _("{name} {share:.0%}").format(name=name, share=count / drawn.height) for name, count in counts.iter_rows()
    )
    yield _("Quota that binds, share of {count} draws: {shares}.").format(count=drawn.height, shares=shares)


def _limits(limits: pl.DataFrame) -> Iterator[str]:
    worth = limits.filter(pl.col("money") > 0).sort("money", descending=True).head(3)
    for row in worth.iter_rows(named=True):
        yield _("Limit: 1 % more of {limit} ({kind}) is worth {money:,.1f} million CNY/a.").format(
            limit=row["limit"], kind=_(row["kind"]), money=row["money"] / 1e6
        )


def _rejected(rejected: pl.DataFrame) -> Iterator[str]:
    if rejected.height:
        yield _("Raw data: {count} rows or cells were not taken; they are kept in the table 'rejected'.").format(
            count=rejected.height
        )
