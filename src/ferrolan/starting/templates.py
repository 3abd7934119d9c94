"""What a new document is made of: a shipped example with another head, its own figures marked synthetic.

A steel works begins with ``examples/steel_works``: comments, streams and tags stay; name, title, zone, currency and
month are the user's; and what the example says of *its* plant (units, commodities, quotas) is made up for another
one, so every such value becomes ``synthetic: true`` until it is replaced, and what is said of somebody else's works
goes; a technical note, such as *62 % Fe*, stays. Figures of the world around (market, rates,
grades) keep their source. An outside analyst begins with ``analyst.yaml`` beside this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferrolan.base.units import CURRENCIES
from ferrolan.starting.schema import SCHEMA_FILE

_EXAMPLES = Path(__file__).parent.parent / "examples"
_PLANT = ("units", "commodities", "utilities", "transfers", "quotas")
_PER_USD = {"USD": 1.0, "CNY": 7.2878, "AUD": 1.53, "EUR": 0.9}  # rough: every rate made of them is marked synthetic
_THEIRS = r"(?:Baotou|Northern Rare Earth|Baosteel|\bpublished\b|planned deliveries)"
"""What a note or a comment of the examples says of the works they are taken from, and not of the user's."""

_CAPACITIES = "the capacity of each unit under 'units', then the prices under 'commodities'; the rest can wait"


@dataclass(frozen=True)
class Kind:
    """One kind of business: where its template lies, and what a user replaces first."""

    template: Path
    first: str

    @property
    def tags(self) -> Path | None:
        """The template's tag map, if it reads plant data."""
        path = self.template.with_name("tags.csv")
        return path if path.is_file() else None


KINDS: Mapping[str, Kind] = {
    "both": Kind(_EXAMPLES / "ore_to_both" / "ore_to_both.yaml", _CAPACITIES),
    "steel": Kind(_EXAMPLES / "steel_works" / "steel_works.yaml", _CAPACITIES),
    "rare_earth": Kind(_EXAMPLES / "rare_earth_works" / "rare_earth_works.yaml", _CAPACITIES),
    "analyst": Kind(
        Path(__file__).parent / "analyst.yaml",
        "the capacity and the cost under 'units', then the prices under 'commodities', each with its source",
    ),
}
"""Kinds of business: steel and rare earths from one ore, one of the two, or a company seen from outside."""


@dataclass(frozen=True)
class Head:
    """What a user says of the new document."""

    name: str
    title: str
    time_zone: str
    currency: str
    month: str


def document(kind: Kind, head: Head) -> str:
    """The text of a new document.

    Parameters
    ----------
    kind
        Kind of business.
    head
        Name, title, zone, currency and month, all of them valid.
    """
    text = _without_intro(kind.template.read_text(encoding="utf-8"))
    text = _set(text, "name", head.name)
    text = _set(text, "title", json.dumps(head.title, ensure_ascii=False))
    text = _set(text, "  time_zone", head.time_zone)
    text = _in_currency(text, head.currency)
    text = _set(text, "  month" if kind.tags else "  starts", head.month)
    if kind.tags:
        text = _with_raw_files(_as_synthetic(text))
    return _banner(kind, head) + text


def _banner(kind: Kind, head: Head) -> str:
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        f"# {head.title}",
        "#",
        f"# REPLACE FIRST: {kind.first}.",
        "# A value marked 'synthetic: true' is made up, and so is every result that hangs on it. Replace the number,",
        "# and the mark by 'own: true' for a figure of yours (say in 'note' where from) or by 'source: <id>' for a",
        "# public one (the ids: docs/reference/public_record.md, or the completion of an editor).",
        "# Each value carries its unit; any unit of the same dimension will do: 330 t/h, 7.92 kt/d, 2.89 Mt/a.",
        f"# After each change: ferrolan check {head.name}.yaml. Then: ferrolan run {head.name}.yaml",
    ]
    return "\n".join(lines) + "\n\n"


def _without_intro(text: str) -> str:
    """The text from its first key on: what stands above speaks of the example."""
    return text[re.search(r"^ferrolan:", text, re.MULTILINE).start() :]  # type: ignore[union-attr]  # every document has it


def _set(text: str, key: str, value: str) -> str:
    """The text with another value of a key that stands on a line of its own; a comment behind it stays."""
    changed, times = re.subn(rf"^{key}: [^#\n]*?(?=\s*(?:#|$))", lambda _: f"{key}: {value}", text, count=1, flags=re.M)
    assert times == 1, f"the template has no line {key!r}"
    return changed


def _as_synthetic(text: str) -> str:
    """The text with every value of the plant marked synthetic; figures of the world around keep their source."""
    section, lines = "", []
    for line in text.splitlines():
        top = re.match(r"(\w+):", line)
        section = top[1] if top else section
        lines.append(_marked(line) if section in _PLANT else line)
    return "\n".join(lines) + "\n"


def _marked(line: str) -> str:
    """A line with 'synthetic: true' in place of where its values come from, and no word of whose they were."""
    line = re.sub(rf',\s*note: "[^"]*{_THEIRS}[^"]*"', "", line)
    line = re.sub(rf"\s+# .*{_THEIRS}.*$", "", line)
    line = re.sub(r"\b(?:source: \w+|own: true)", "synthetic: true", line)
    return re.sub(r',\s*(?:confidence: \w+|period: (?:"[^"]*"|[^,}"]+))', "", line)


def _in_currency(text: str, currency: str) -> str:
    """The text with results in another currency, and a rate for each one that its values are written in."""
    if re.search(rf"^  currency: {currency}\b", text, re.M):
        return text
    text = _set(text, "  currency", currency)
    text = re.sub(r"^  exchange_rates:.*\n(?:    .*\n)*", "", text, flags=re.M)
    text = re.sub(r"^  published: .*\n", "", text, flags=re.M)  # a public series in the template's currency
    used = [other for other in CURRENCIES if other != currency and re.search(rf"\b{other}/", text)]
    return re.sub(r"^(  time_zone: .*\n)", lambda found: found[1] + _rates(currency, used), text, count=1, flags=re.M)


def _rates(currency: str, used: Sequence[str]) -> str:
    mark = 'synthetic: true, note: "rough; take the rate of your month"'
    rates = {other: f"{_PER_USD[currency] / _PER_USD[other]:.4g} {currency}/{other}" for other in used}
    lines = (f"    {other}: {{value: {rate}, {mark}}}" for other, rate in rates.items())
    return "".join(f"{line}\n" for line in ("  exchange_rates:", *lines)) if used else ""


def _with_raw_files(text: str) -> str:
    """The text with a word above ``virtual_plant`` on how to put one's own files in its place."""
    lines = (
        "# Your own raw files: put them into the folder raw/, say under 'sources' how they are written and in tags.csv",
        "# which column is which meter, and delete the two lines of 'virtual_plant'. Until then these make a synthetic",
        "# month; they know this flowsheet alone: streams, stocks and tags keep their names until yours are there.",
    )
    return re.sub(r"^virtual_plant:", "\n".join(lines) + "\nvirtual_plant:", text, count=1, flags=re.M)
