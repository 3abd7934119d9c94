"""What a view must know besides the tables: titles, spans, names, public citations. Frozen, filled by whoever ran.

The brief of ``ore_to_both`` for March 2026 says "steel company" where the tables say ``steel``, and names the exchange
announcement behind the published transfer price of 2026Q1; both come from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ferrolan.base.errors import ProblemError
from ferrolan.base.provenance import Json

_SPELLED = {
    "prnd": "Pr-Nd",
    "ndpr": "Nd-Pr",
    "reo": "REO",
    "hrc": "HRC",
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
    """A price the plan uses: as it was quoted, and as it counts (without VAT, in the document's currency).

    ``side`` is ``buy | sell | use``, the last of what is bought in any amount, such as power; ``vat`` is ``included | excluded | none``; ``source`` an id of the source catalogue, or None where it is synthetic;
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
    side: str = "sell"


@dataclass(frozen=True)
class QuotedLimit:
    """A limit the plan keeps to, as the document declares it; ``name`` and ``kind`` are those of ``plan_limits``.

    ``written`` is the number as it stands there, with its scale; ``source`` an id of the source catalogue, or None where
    it is synthetic or the plant's own; ``note`` what must travel with it, such as that no nameplate is published.
    """

    name: str
    kind: str
    written: str
    note: str = ""
    source: str | None = None
    synthetic: bool = False
    period: str = ""


@dataclass(frozen=True)
class Scenario:
    """A market scenario: an instrument of a region and its step.

    ``share`` is the limit of a quota as a share of the base case's exports or production, or the rate of a tariff;
    ``each`` says whether every commodity is limited by itself, instead of all by one tonnage; ``note`` is what the
    document takes for granted in it.
    """

    name: str
    instrument: str
    region: str
    share: float
    each: bool = False
    synthetic: bool = False
    note: str = ""


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
        ISO month of the account, such as ``"2026-03"``; None where there is no account.
    plan_months
        ISO months of the plan, first to last.
    run_id, code_version, data_cut, seed
        Identity of the run; ``data_cut`` is the end of the data as text, with its zone, None where there are none.
    synthetic
        Whether the plant and its raw data are synthetic.
    seller, buyer
        Keys of the companies that sell and buy the concentrate; None where none is valued.
    concentrate
        Commodity the seller delivers; None where none is valued.
    home
        Region of the market in which the enterprise lies; None where no market is declared.
    currency
        Currency of every result: what ``¤`` stands for in a declared unit.
    costs
        What the declared costs hold: ``variable`` ones alone, or ``cash`` costs with the fixed ones.
    covers
        What the plan's gain covers and what it does not, in the words of the document; empty where it says nothing.
    synthetic_rates
        Currencies whose exchange rate is synthetic.
    industries
        What the enterprise makes, ``rare_earths`` or ``steel`` or both: which part of the public record concerns it.
    made_up, declared
        How many values of the document are synthetic, and how many it declares.
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
    limits
        Limits the plan keeps to, as declared.
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
    month: str | None
    plan_months: tuple[str, ...]
    run_id: str
    code_version: str
    data_cut: str | None
    seed: int
    synthetic: bool
    seller: str | None = None
    buyer: str | None = None
    concentrate: str | None = None
    home: str | None = None
    currency: str = "CNY"
    costs: str = "variable"
    covers: str = ""
    synthetic_rates: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    made_up: int = 0
    declared: int = 0
    owners: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    published: tuple[Quarter, ...] = ()
    prices: tuple[QuotedPrice, ...] = ()
    limits: tuple[QuotedLimit, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    citations: Mapping[str, str] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()
    rare_earths: tuple[str, ...] = ()
    hours: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """The context as JSON can say it, so that a kept run can be written again."""
        told: Json = asdict(self)
        return told

    @classmethod
    def from_json(cls, told: Json) -> Context:
        """The context that ``to_json`` told.

        Raises
        ------
        ProblemError
            If a field is missing, unknown or of another shape.
        """
        try:
            return cls(**_read(told))
        except (TypeError, ValueError, AttributeError) as error:
            raise ProblemError(f"this is not the context of a run: {error}") from error

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


_PARTS = {
    "published": Quarter,
    "prices": QuotedPrice,
    "limits": QuotedLimit,
    "scenarios": Scenario,
    "streams": Stream,
}


def _read(told: Json) -> dict[str, Any]:  # Any: the fields of Context, each with its own type
    """Fields of a context with their lists as tuples, and their parts as what they are."""
    if not isinstance(told, Mapping):
        raise TypeError(f"expected an object, got {type(told).__name__}")
    values: dict[str, Any] = dict(told)
    unknown = set(values) - {item.name for item in fields(Context)}
    if unknown:
        raise ValueError(f"unknown fields {sorted(unknown)}")
    for name, value in values.items():
        if name in _PARTS:
            values[name] = tuple(_PARTS[name](**part) for part in value)
        elif isinstance(value, list | tuple):
            values[name] = tuple(value)
    return values


def subscripted(formula: str) -> str:
    """A formula with its digits as subscripts: ``La2O3`` becomes ``La₂O₃``."""
    return formula.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def spelled(key: str) -> str:
    """A key as a reader says it: ``prnd_oxide`` is Pr-Nd oxide, ``La2O3`` has its indices low."""
    if key.lower() not in _SPELLED and _FORMULA.fullmatch(key):
        return subscripted(key)
    return " ".join(_SPELLED.get(word.lower(), word) for word in key.split("_"))
