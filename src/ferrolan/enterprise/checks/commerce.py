"""Whether what is traded fits together: owners, transfers between two of them, quotas, the concentrate question.

A transfer from a company to itself, a quota that counts a commodity nobody makes.
"""

from __future__ import annotations

from collections.abc import Iterator

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.base.schema import DRY_MASS, Problem
from ferrolan.enterprise.checks.names import (
    Entry,
    Names,
    Path,
    each_in,
    entry_of,
    known_commodity,
    known_components,
    known_name,
    known_owner,
    texts_in,
)
from ferrolan.enterprise.checks.yields import amount


def check_commerce(data: Entry, names: Names) -> Iterator[Problem]:
    """Problems of commodities, stocks, transfers, quotas, the plan, its uncertainty and the concentrate question."""
    yield from _commodities(data, names)
    yield from _outlets(data)
    yield from _stocks(data)
    yield from _plan(data)
    yield from _uncertainty(data, names)
    yield from _concentrate(data, names)


def _commodities(data: Entry, names: Names) -> Iterator[Problem]:
    for name, commodity in each_in(data, "commodities"):
        path: Path = ("commodities", name)
        yield from known_owner((*path, "owner"), commodity.get("owner"), names)
        basis = commodity.get("basis")
        listed = [basis] if isinstance(basis, str) else texts_in(commodity, "basis")
        yield from known_components((*path, "basis"), listed, names, DRY_MASS, lined=isinstance(basis, list))
    for name, transfer in each_in(data, "transfers"):
        yield from _transfer(data, ("transfers", name), transfer, names)
    for name, quota in each_in(data, "quotas"):
        path = ("quotas", name)
        yield from known_owner((*path, "owner"), quota.get("owner"), names)
        for counted in entry_of(quota, "counts"):
            yield from known_commodity((*path, "counts", counted), counted, names)
            yield from _made_somewhere(data, (*path, "counts", counted), counted)


def _outlets(data: Entry) -> Iterator[Problem]:
    """What is made must go somewhere: a by-product without an outlet stops the unit that makes it."""
    modes = [
        (unit_name, mode_name, mode)
        for unit_name, unit in each_in(data, "units")
        for mode_name, mode in each_in(unit, "modes")
    ]
    used = {name for _, _, mode in modes for name in (*entry_of(mode, "uses"), str(mode.get("reference")))}
    used |= {str(transfer.get("from")) for _, transfer in each_in(data, "transfers")}
    for unit_name, mode_name, mode in modes:
        for made in entry_of(mode, "makes"):
            commodity = entry_of(entry_of(data, "commodities"), made)
            if commodity and made not in used and not {"sell", "dispose", "stock"} & set(commodity):
                found = f"{made!r}, which can be neither sold, used, stored, sent nor discarded"
                way_out = f"Add 'sell' or 'dispose' to commodities.{made}, or a unit that uses it"
                path: Path = ("units", unit_name, "modes", mode_name, "makes", made)
                yield Problem(path, "no_outlet", found, "a product that goes somewhere", way_out)


def _made_somewhere(data: Entry, path: Path, counted: str) -> Iterator[Problem]:
    """A quota counts what modes make; what is only bought or received is no output of anybody here."""
    modes = [mode for _, unit in each_in(data, "units") for _, mode in each_in(unit, "modes")]
    if not modes or any(counted in entry_of(mode, "makes") for mode in modes):
        return
    if counted in entry_of(data, "commodities"):
        made = sorted({name for mode in modes if mode.get("reference") == counted for name in entry_of(mode, "makes")})
        way_out = f"Count what a mode makes from it: {', '.join(made)}" if made else "Count what a mode makes"
        yield Problem(path, "not_made", f"{counted!r}, which no mode makes", "a commodity that a mode makes", way_out)


def _transfer(data: Entry, path: Path, transfer: Entry, names: Names) -> Iterator[Problem]:
    owners = []
    for end in ("from", "to"):
        yield from known_commodity((*path, end), transfer.get(end), names)
        owners.append(entry_of(entry_of(data, "commodities"), str(transfer.get(end))).get("owner"))
    if owners[0] is not None and owners[0] == owners[1]:
        found = f"{owners[0]!r} at both ends"
        way_out = "A transfer is between two companies; inside one use the same commodity"
        yield Problem(path, "same_owner", found, "two owners", way_out)


def _stocks(data: Entry) -> Iterator[Problem]:
    """Every stock has one opening, the account's or a declared one, and room for what it begins and ends with."""
    seen = [unit.get("stocks") for _, unit in each_in(data, "units")] if "account" in data else []
    for name, commodity in each_in(data, "commodities"):
        if "stock" not in commodity:
            continue
        path: Path = ("commodities", name, "stock")
        declared = "opening" in entry_of(commodity, "stock")
        if name in seen and declared:
            way_out = "Remove 'opening': the plan starts from the account's closing stock"
            yield Problem((*path, "opening"), "unknown_key", "the key 'opening'", "the account's own", way_out)
        if name not in seen and not declared:
            way_out = f"Add 'opening', or an account with a stockpile of {name!r}"
            yield Problem(path, "missing_key", "no 'opening'", "a stock from which the plan starts", way_out)
        yield from _room(path, entry_of(commodity, "stock"))


def _room(path: Path, stock: Entry) -> Iterator[Problem]:
    """Whether a stock begins and ends within its maximum."""
    maximum = amount(entry_of(stock, "maximum"))
    for key in ("opening", "closing_minimum"):
        tonnes = amount(entry_of(stock, key))
        if maximum is not None and tonnes is not None and tonnes > maximum * (1.0 + 1e-9):
            expected = f"at most the maximum, {maximum:,.10g} t"
            yield Problem(
                (*path, key), "out_of_range", f"{tonnes:,.10g} t", expected, f"Lower {key!r}, or raise 'maximum'"
            )


def _plan(data: Entry) -> Iterator[Problem]:
    plan = entry_of(data, "plan")
    if plan and "account" not in data and "starts" not in plan:
        way_out = "Add 'starts', such as 2026-04"
        yield Problem(("plan",), "missing_key", "no 'starts'", "a first month, where there is no account", way_out)
    if "account" in data and "starts" in plan:
        way_out = "Remove 'starts': the plan follows the month of the account"
        yield Problem(("plan", "starts"), "unknown_key", "the key 'starts'", "the month after the account", way_out)


def _uncertainty(data: Entry, names: Names) -> Iterator[Problem]:
    for name in entry_of(entry_of(data, "uncertainty"), "relative_sd"):
        yield from known_commodity(("uncertainty", "relative_sd", name), name, names)


def _concentrate(data: Entry, names: Names) -> Iterator[Problem]:
    section = entry_of(data, "concentrate")
    path: Path = ("concentrate",)
    transfer = section.get("transfer")
    yield from known_name((*path, "transfer"), transfer, names.transfers, "a declared transfer", "unknown_transfer")
    yield from known_commodity((*path, "lead_product"), section.get("lead_product"), names)
    currency = entry_of(data, "enterprise").get("currency")
    if "published" in section and currency in units.CURRENCIES and currency != "CNY":
        way_out = "Remove 'published': the public series is in CNY"
        yield Problem((*path, "published"), "wrong_currency", f"a document in {currency}", "one in CNY", way_out)
    yield from _traded_basis(data, section)


def _traded_basis(data: Entry, section: Entry) -> Iterator[Problem]:
    """The grade that is valued is the one at which both ends of the transfer count their tonnes."""
    grade = _fraction(entry_of(section, "grade").get("value"))
    ends = entry_of(entry_of(data, "transfers"), str(section.get("transfer")))
    for end in ("from", "to"):
        commodity = str(ends.get(end))
        per = entry_of(entry_of(data, "commodities"), commodity).get("per")
        if grade is not None and isinstance(per, int | float) and abs(per - grade) > 1e-9:
            path: Path = ("commodities", commodity, "per")
            yield Problem(path, "wrong_basis", str(per), f"the grade of concentrate.grade, {grade:g}", "Use one grade")


def _fraction(written: object) -> float | None:
    """A fraction as written, such as ``50 %``; None where it is none, which the schema says."""
    if isinstance(written, int | float):
        return float(written)
    try:
        return units.to_canonical(*units.parse(str(written)))
    except UnitError:
        return None
