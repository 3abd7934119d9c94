"""What a view must know besides the tables: titles, spans, names, public citations. Frozen, filled by whoever ran.

The brief of ``ore_to_both`` for March 2026 says "steel company" where the tables say ``steel``, and names the exchange
announcement behind the published transfer price of 2026Q1; both come from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SPELLED = {
    "prnd": "Pr-Nd",
    "lace": "La-Ce",
    "segy": "Sm-Eu-Gd-Y",
    "re": "rare-earth",
    "bf": "blast-furnace",
    "bof": "BOF",
}
_FORMULA = re.compile(r"([A-Z][a-z]?\d*)+")


@dataclass(frozen=True)
class Quarter:
    """A published quarterly transfer price [CNY/t, dry, without VAT, at the published grade]; null where not public.

    ``source`` is an id of the source catalogue.
    """

    quarter: str
    price: float | None
    source: str
    confidence: str = ""


@dataclass(frozen=True)
class QuotedPrice:
    """A price the plan uses: as it was quoted, and as it counts (without VAT, in CNY per tonne).

    ``vat`` is ``included | excluded | none``; ``source`` an id of the source catalogue, or None where it is synthetic;
    ``note`` what must travel with it, such as its grade and place.
    """

    commodity: str
    quoted: float
    quoted_unit: str
    vat: str
    used: float
    used_unit: str = "CNY/t"
    source: str | None = None
    period: str = ""
    synthetic: bool = False
    note: str = ""


@dataclass(frozen=True)
class Scenario:
    """A market scenario: an instrument of a region, its limit as a share of the base case's exports.

    ``each`` says whether every commodity is limited by itself, instead of all by one tonnage.
    """

    name: str
    instrument: str
    region: str
    share: float
    each: bool = False
    synthetic: bool = False


@dataclass(frozen=True)
class Stream:
    """Ends of a stream; None is the world outside. ``commodity`` is what a sold stream is sold as."""

    name: str
    source: str | None
    target: str | None
    commodity: str | None = None


@dataclass(frozen=True)
class Context:
    """Everything a view may say that is no result.

    Parameters
    ----------
    title
        Title of the enterprise.
    month
        ISO month of the account, such as ``"2026-03"``.
    plan_months
        ISO months of the plan, first to last.
    run_id, code_version, data_cut, seed
        Identity of the run; ``data_cut`` is the end of the data as text, with its zone.
    synthetic
        Whether the plant and its raw data are synthetic.
    seller, buyer
        Keys of the companies that sell and buy the concentrate.
    concentrate
        Commodity the seller delivers.
    home
        Region of the market in which the enterprise lies.
    owners
        Title of each company by key, such as ``{"steel": "steel company"}``.
    names
        Display names of commodities, units, streams, quotas, regions, scenarios, by key, or by ``kind:key`` for limits
        (``"quota:separation": "separation quota"``, ``"capacity:bof": "capacity of the converters"``); without an entry
        the key's underscores become spaces and its abbreviations are spelled out.
    published
        Quarterly published transfer prices, oldest first.
    prices
        Prices the plan uses.
    scenarios
        Scenarios of the market beside its base case.
    citations
        Readable citation by source id, such as ``{"udn_2025_10": "UDN 2025-10-10"}``.
    streams
        Ends of the streams, for the way of the rare earths.
    rare_earths
        Balanced components that make up REO.
    hours
        Length of each period of the account [h].
    notes
        What else a reader must know, in full sentences: what is synthetic, which figures are old.
    """

    title: str
    month: str
    plan_months: tuple[str, ...]
    run_id: str
    code_version: str
    data_cut: str
    seed: int
    synthetic: bool
    seller: str
    buyer: str
    concentrate: str
    home: str
    owners: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    published: tuple[Quarter, ...] = ()
    prices: tuple[QuotedPrice, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    citations: Mapping[str, str] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()
    rare_earths: tuple[str, ...] = ()
    hours: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def owner(self, key: str | None) -> str:
        """Title of a company, or the key itself."""
        return self.owners.get(key or "", self.name(key))

    def name(self, key: str | None) -> str:
        """Display name of anything declared: ``re_concentrate`` becomes ``re concentrate`` if nobody says better."""
        return self.names.get(key or "") or spelled(key or "")

    def citation(self, sources: str | None) -> str:
        """Readable citations of comma-separated source ids."""
        ids = [part.strip() for part in (sources or "").split(",") if part.strip()]
        return "; ".join(self.citations.get(source, source) for source in ids)


def subscripted(formula: str) -> str:
    """A formula with its digits as subscripts: ``La2O3`` becomes ``La₂O₃``."""
    return formula.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def spelled(key: str) -> str:
    """A key as a reader says it: ``prnd_oxide`` is Pr-Nd oxide, ``La2O3`` has its indices low."""
    if key.lower() not in _SPELLED and _FORMULA.fullmatch(key):
        return subscripted(key)
    return " ".join(_SPELLED.get(word.lower(), word) for word in key.split("_"))
