"""Whether the market and the questions fit the rest: regions, traded commodities, what a question changes.

A demand in a region that nobody declared; *what if* the capacity of a unit that the plant does not have.
"""

from __future__ import annotations

from collections.abc import Iterator

from ferrolan.base.schema import Problem
from ferrolan.enterprise.checks.names import (
    Entry,
    Names,
    Path,
    each_in,
    entry_of,
    known_commodity,
    known_components,
    known_name,
    known_region,
    known_traded,
    texts_in,
)


def check_market(data: Entry, names: Names) -> Iterator[Problem]:
    """Problems of the market and of the questions put to the plan."""
    yield from _market(data, names)
    yield from _what_if(data, names)


def _market(data: Entry, names: Names) -> Iterator[Problem]:
    market = entry_of(data, "market")
    for key in ("home", "export_control"):
        yield from known_region(("market", key), market.get(key), names)
    yield from _basket(market, names)
    for product, traded in entry_of(market, "products").items():
        yield from known_commodity(("market", "products", product), product, names)
        yield from known_traded(("market", "products", product), traded, names)
    for section in ("mines", "demands", "scenarios"):
        for name, entry in each_in(market, section):
            path = ("market", section, name)
            yield from known_region((*path, "region"), entry.get("region"), names)
            yield from known_traded((*path, "commodity"), entry.get("commodity"), names)
            for traded in entry_of(entry, "basket"):
                yield from known_traded((*path, "basket", traded), traded, names)


def _basket(market: Entry, names: Names) -> Iterator[Problem]:
    basket = entry_of(market, "basket")
    for traded in basket:
        yield from known_traded(("market", "basket", traded), traded, names)
        yield from known_components(("market", "basket", traded), texts_in(basket, traded), names)
    for traded in (names.traded or ()) if basket else ():
        if traded not in basket:
            way_out = f"Add {traded!r} with the components it is made of"
            yield Problem(("market", "basket"), "missing_key", f"no {traded!r}", "every traded commodity", way_out)


def _what_if(data: Entry, names: Names) -> Iterator[Problem]:
    cases = [name for name, _ in each_in(data, "what_if")]
    for name, case in each_in(data, "what_if"):
        path: Path = ("what_if", name)
        others = [other for other in cases if other != name]
        yield from known_name((*path, "against"), case.get("against"), others, "another case", "unknown_case")
        for commodity in entry_of(case, "prices"):
            yield from known_commodity((*path, "prices", commodity), commodity, names)
        for commodity in entry_of(case, "purchases"):
            yield from _bought(data, (*path, "purchases", commodity), commodity, names)
        for unit in entry_of(case, "capacities"):
            yield from known_name((*path, "capacities", unit), unit, names.units, "a unit of the plant", "unknown_unit")
        for quota in entry_of(case, "quotas"):
            yield from known_name((*path, "quotas", quota), quota, names.quotas, "a declared quota", "unknown_quota")


def _bought(data: Entry, path: Path, commodity: str, names: Names) -> Iterator[Problem]:
    yield from known_commodity(path, commodity, names)
    declared = entry_of(entry_of(data, "commodities"), commodity)
    if declared and "buy" not in declared:
        way_out = f"Add 'buy' to commodities.{commodity}, or remove the change"
        yield Problem(
            path, "unknown_commodity", f"{commodity!r}, which cannot be bought", "a bought commodity", way_out
        )
