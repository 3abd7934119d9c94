"""The fact base as one table: every figure of the shipped YAML files, with period, unit, source and confidence.

A record of the files is a mapping with a ``source``; it may hold several figures. ``{q: 2026Q1, price: 26834, step:
536.68, source: cnyes_2026_01, ...}`` in ``prices.yaml`` becomes two rows: section ``concentrate_related_party``, fact
``quarterly``, keys ``price`` and ``step``, period ``2026Q1``. The rules:

1. ``section`` is the file's top-level key; ``fact`` is the path below it, the record's id, metric or name, and its
   qualifiers as ``group=NRE kind=plan``; a year in the path is the period.
2. ``low`` and ``high`` stand beside ``value``; ``points: {2023: 93}`` is one row a point; other mappings likewise.
3. Text, lists, dates and flags stand in ``text``; parameters of a policy event have keys ``params.<name>``.
4. A null stays null: it says *known to be unknown*, and its note says why.
5. A record whose note says *do not ship as fact* is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from typing import Any

import polars as pl
import yaml

from ferrolan.base.errors import TableError
from ferrolan.base.provenance import Citation
from ferrolan.base.showing import Shown
from ferrolan.base.tables import FACTS

FILES = ("baogang", "demand", "kpis", "peers", "policy_events", "prices", "production", "quotas", "steel")
"""Files of the record, without ending."""

_Row = dict[str, Any]  # Any: a YAML scalar, checked against FACTS when the table is built
_HEAD = {"schema_version", "as_of", "horizon", "unit", "sections", "metric_keys", "boundary_warnings", "unknown"}
_NAMES = ("id", "metric", "name")
_QUALIFIERS = (
    "product", "item", "region", "country", "company", "group", "actor", "site", "market", "stage", "scope", "kind",
    "tier", "batch", "vintage", "instrument", "moisture",
)  # fmt: skip
_TEXTS = ("formula", "definition", "status", "fields", "functions")
_TIMES = ("year", "period", "q", "date", "from")
_ABOUT = {
    "source",
    "confidence",
    "note",
    "recalled",
    "unit",
    "tax",
    "basis",
    "date_confidence",
    "params",
    "low",
    "high",
}
_DESCRIPTIVE = {*_NAMES, *_QUALIFIERS, *_TEXTS, *_TIMES, *_ABOUT}
_YEAR = re.compile(r"(FY)?\d{4}(-.*)?")
_MONEY = re.compile(r"RMB|CNY|USD|EUR|AUD|KRW|JPY|INR|usd|aud|eur|inr|rmb")
_MASS_OF = re.compile(r"(?:k|M|G)?(?:t|g)_(.+)")
_WITHHELD = "do not ship as fact"


@dataclass(frozen=True)
class Source(Shown):
    """A source of the record.

    ``tier`` is 1 official or filing, 2 trade press, wire, price agency or reviewed paper, 3 aggregator, 4 unreliable;
    ``read`` says how far it was read; ``use`` is ``never`` or ``context_only`` where it must not carry a record.
    """

    id: str
    publisher: str
    date: str | None
    url: str | None
    tier: int
    read: str
    note: str = ""
    use: str = ""


@dataclass(frozen=True)
class Fact(Shown):
    """One figure with everything that must travel with it; see ``base.tables.FACTS`` for the columns."""

    file: str
    section: str
    fact: str
    key: str
    value: float | None
    low: float | None
    high: float | None
    text: str | None
    unit: str
    basis: str | None
    tax: str | None
    period: str | None
    source: str
    confidence: str
    recalled: bool
    as_of: str
    note: str | None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Where it stands."""
        return tuple(cite(source) for source in self.source.split(","))


@cache
def load() -> pl.DataFrame:
    """Every figure of the public record, as the table ``facts``.

    Examples
    --------
    >>> load().filter(pl.col("fact") == "quarterly", pl.col("key") == "price").height
    20
    """
    rows = [row for name in FILES for row in _rows(name)]
    return FACTS.check(pl.DataFrame(rows, schema=FACTS.schema, orient="row"))


def find(
    *,
    file: str | None = None,
    section: str | None = None,
    fact: str | None = None,
    key: str | None = None,
    period: str | None = None,
) -> pl.DataFrame:
    """The figures that match every condition given; no condition matches all.

    Examples
    --------
    >>> find(file="quotas", section="by_group", fact="group=NRE", period="2023")["value"].to_list()
    [178650.0, 163234.0]
    """
    wanted = {"file": file, "section": section, "fact": fact, "key": key, "period": period}
    return load().filter([pl.col(name) == value for name, value in wanted.items() if value is not None])


def one(
    *,
    file: str | None = None,
    section: str | None = None,
    fact: str | None = None,
    key: str | None = None,
    period: str | None = None,
) -> Fact:
    """The one figure that matches.

    Raises
    ------
    TableError
        If none matches, or several do.

    Examples
    --------
    >>> price = one(file="prices", fact="quarterly", key="price", period="2026Q1")
    >>> price.value, price.unit, price.tax, str(price.citations[0])
    (26834.0, 'RMB_per_t', 'excl_VAT', 'cnyes 2026-01')
    """
    found = find(file=file, section=section, fact=fact, key=key, period=period)
    if found.height != 1:
        asked = {"file": file, "section": section, "fact": fact, "key": key, "period": period}
        named = ", ".join(f"{name}={value!r}" for name, value in asked.items() if value is not None)
        raise TableError(f"facts: expected one figure for {named}, found {found.height}; say more or use find()")
    return Fact(**found.row(0, named=True))


@cache
def sources() -> Mapping[str, Source]:
    """Every source by its id, also those that must not carry a record.

    Examples
    --------
    >>> sources()["usgs_mcs2026"].tier
    1
    """
    return {name: _source(name, raw) for name, raw in _yaml("sources")["sources"].items()}


def cite(source: str) -> Citation:
    """The citation of a source by its id.

    Raises
    ------
    TableError
        If the record has no such source.
    """
    if source not in sources():
        raise TableError(f"facts: no source {source!r}; its sources stand in facts/data/sources.yaml")
    found = sources()[source]
    return Citation(found.id, found.publisher, found.date, found.url, found.tier, found.read, found.note)


def _source(name: str, raw: Mapping[str, Any]) -> Source:
    return Source(
        id=name,
        publisher=raw["publisher"],
        date=raw["date"],
        url=raw["url"],
        tier=raw["tier"],
        read=raw["read"],
        note=raw.get("note", ""),
        use=raw.get("use", ""),
    )


def _rows(name: str) -> Iterator[_Row]:
    """Every figure of one file."""
    document = _yaml(name)
    for section, part in document.items():
        if section in _HEAD:
            continue
        defaults = {"unit": document.get("unit"), **document.get("sections", {}).get(section, {})}
        for path, record in _records(part, ()):
            if _WITHHELD not in record.get("note", ""):
                shared = {"file": name, "section": section, "as_of": str(document["as_of"])}
                yield from _figures(path, record, defaults, shared)


def _records(part: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every mapping with a source below ``part``, with the keys that lead to it."""
    if isinstance(part, Mapping) and "source" in part:
        yield path, part
    elif isinstance(part, Mapping):
        for key, below in part.items():
            yield from _records(below, (*path, str(key)))
    elif isinstance(part, list):
        for below in part:
            yield from _records(below, path)


def _figures(
    path: tuple[str, ...], record: Mapping[str, Any], defaults: Mapping[str, Any], shared: Mapping[str, str]
) -> Iterator[_Row]:
    """The figures of one record."""
    unit = record.get("unit", defaults.get("unit"))
    about: _Row = {
        **shared,
        "fact": _name(path, record),
        "unit": unit,
        "basis": _basis(unit, record.get("basis", defaults.get("basis"))),
        "tax": record.get("tax", defaults.get("tax")) if _MONEY.search(unit) else None,
        "period": _period(path, record),
        "source": ",".join([record["source"]] if isinstance(record["source"], str) else record["source"]),
        "confidence": record["confidence"],
        "recalled": bool(record.get("recalled", False)),
        "note": _note(record),
    }
    low, high = record.get("low"), record.get("high")
    for key, period, content in _stated(record):
        bounds = {"low": low, "high": high} if key == "value" else {"low": None, "high": None}
        text = None if content is None or _is_number(content) else _text(content)
        yield {
            **about,
            **bounds,
            "key": key,
            "value": content if _is_number(content) else None,
            "text": text,
            "period": period or about["period"],
        }


def _stated(record: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """Key, own period and content of everything a record states."""
    if "value" not in record and ("low" in record or "high" in record):
        yield "value", None, None
    for key, content in record.items():
        if key not in _DESCRIPTIVE:
            yield from _series(key, content)
    for key, content in record.get("params", {}).items():
        yield f"params.{key}", None, content
    for key in _TEXTS:
        if key in record and (key != "definition" or " " in record[key]):
            yield key, None, record[key]


def _series(key: str, content: Any) -> Iterator[tuple[str, str | None, Any]]:
    if not isinstance(content, Mapping):
        yield key, None, content
        return
    for inner, value in content.items():
        if _YEAR.fullmatch(str(inner)):
            yield key, str(inner), value
        else:
            yield f"{key}.{inner}", None, value


def _name(path: tuple[str, ...], record: Mapping[str, Any]) -> str:
    parts = [key for key in path if not _YEAR.fullmatch(key)]
    parts += [str(record[key]) for key in _NAMES if key in record]
    qualifiers = [f"{key}={record[key]}" for key in _QUALIFIERS if key in record]
    if "definition" in record and " " not in record["definition"]:
        qualifiers.append(f"definition={record['definition']}")
    return " ".join(["/".join(parts), *qualifiers]).strip()


def _period(path: tuple[str, ...], record: Mapping[str, Any]) -> str | None:
    """The time a record speaks of: ``2023``, ``2025-Jan-Sep``, ``2022-batch2``, ``2026Q1``, ``2026-01-09``."""
    years = [key for key in path if _YEAR.fullmatch(key)]
    year, part = record.get("year", years[-1] if years else None), record.get("period")
    if part is not None and part != "year":
        whole = _YEAR.match(str(part)) or year is None
        return str(part) if whole else f"{year}-{part}"
    for key in ("q", "date"):
        if record.get(key) is not None:
            return str(record[key])
    if record.get("from") is not None:
        return f"from {record['from']}"
    return None if year is None else str(year)


def _basis(unit: str, declared: Any) -> str | None:
    """Mass basis or substance: as declared, else what follows a mass in the unit (``t_REO_per_year`` is REO)."""
    if isinstance(declared, str):
        return declared
    found = [match[1] for part in unit.split("_per_") if (match := _MASS_OF.fullmatch(part))]
    return found[0] if found else None


def _note(record: Mapping[str, Any]) -> str | None:
    notes = [record["note"]] if "note" in record else []
    if "date_confidence" in record:
        notes.append(f"confidence of the date: {record['date_confidence']}")
    if "recalled" in record and record["recalled"] is not True:
        notes.append(f"recalled: {_text(record['recalled'])}")
    return "; ".join(notes) or None


def _is_number(content: Any) -> bool:
    return isinstance(content, (int, float)) and not isinstance(content, bool)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return ", ".join(str(part) for part in content)
    return str(content).lower() if isinstance(content, bool) else str(content)


@cache
def _yaml(name: str) -> Mapping[str, Any]:  # Any: YAML; the record's shape is checked by the tests of this room
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = package_files("ferrolan.facts").joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.load(text, Loader=loader)  # a safe loader, the one in C where there is one
    return document
