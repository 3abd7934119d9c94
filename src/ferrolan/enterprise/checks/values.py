"""Whether every value can be used: its source is of the public record, its currency has a rate, its tax a rate too.

``source: udn_2026`` is none; did you mean ``udn_2026_01``? A price of ``98.95 USD/t`` needs a
``USD`` among ``enterprise.exchange_rates``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.base.schema import Problem
from ferrolan.enterprise.checks.names import Entry, Names, Path, entry_of, known_name
from ferrolan.facts import Source
from ferrolan.facts import sources as public_sources


def check_values(data: Entry, names: Names) -> Iterator[Problem]:
    """Problems of every value: its citation, its currency, its value-added tax."""
    known = public_sources()
    taxed = "vat_rate" in entry_of(data, "enterprise")
    for path, entry in _mappings(data, ()):
        if isinstance(entry.get("source"), str):
            yield from _citation(str(entry["source"]), (*path, "source"), known)
        if path[:2] != ("enterprise", "exchange_rates"):
            yield from _currency(path, entry.get("value"), names)
        if entry.get("vat") == "included" and not taxed:
            way_out = "Add enterprise.vat_rate"
            yield Problem((*path, "vat"), "missing_key", "no 'vat_rate'", "a rate of value-added tax", way_out)


def _mappings(node: object, path: Path) -> Iterator[tuple[Path, Entry]]:
    """Every mapping of a document with its path, an outer one before those inside."""
    if isinstance(node, Mapping):
        yield path, node
        for key, value in node.items():
            yield from _mappings(value, (*path, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _mappings(value, (*path, position))


def _currency(path: Path, written: object, names: Names) -> Iterator[Problem]:
    """A problem if an amount of money is in a currency that is neither the document's nor has a rate."""
    if not isinstance(written, str) or names.currencies is None:
        return
    try:
        currency = units.canonical_unit(units.parse(written)[1]).split("/")[0]
    except UnitError:
        return  # the schema says so
    if currency in units.CURRENCIES and currency not in names.currencies:
        way_out = f"Add {currency} to enterprise.exchange_rates"
        yield Problem(path, "no_exchange_rate", f"an amount in {currency}", "a currency with a declared rate", way_out)


def _citation(source: str, path: Path, known: Mapping[str, Source]) -> Iterator[Problem]:
    yield from known_name(path, source, tuple(known), "a source of the public record", "unknown_source_id")
    if source in known and known[source].use:
        way_out = "Cite the source the figure comes from, or mark the value synthetic"
        found = f"{source!r}, marked {known[source].use}"
        yield Problem(path, "unusable_source", found, "a source that may carry a figure", way_out)
