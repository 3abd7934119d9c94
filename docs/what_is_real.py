"""Writes the tables of docs/explanation/what-is-real.md from the shipped documents and the public record.

``python docs/what_is_real.py`` writes them between their two marks; a test compares the page with what they say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import ferrolan
from ferrolan import facts
from ferrolan.base.schema import Sourced
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.origins import declared_values

PAGE = Path(__file__).parent / "explanation" / "what-is-real.md"
EXAMPLES = Path(ferrolan.__file__).parent / "examples"
ORIGINS = ("published", "derived", "synthetic")
WHAT = {
    "enterprise": "tax, exchange rates",
    "units": "capacities, yields, costs",
    "commodities": "prices, limits, stocks",
    "utilities": "power, acid, lime",
    "transfers": "limits of deliveries",
    "quotas": "what the state allows",
    "plan": "",
    "uncertainty": "how much prices and costs may be off",
    "concentrate": "the tonne that is valued",
    "market": "mines, demands, elasticities, scenarios",
    "what_if": "the questions that are asked",
    "virtual_plant": "the faults that are planted",
}
"""Sections that declare values, in the order of a document, and what stands there."""


def page(text: str) -> str:
    """The page with its tables written anew."""
    for mark, table in {"documents": _documents(), "record": _record()}.items():
        form = f"<!-- {mark}: written by docs/what_is_real.py -->\n\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- {mark}: .*?<!-- end -->", lambda _, form=form: form, text, flags=re.S)
    return text


def documents() -> Mapping[str, Enterprise]:
    """Every shipped enterprise by name."""
    files = sorted(folder / f"{folder.name}.yaml" for folder in EXAMPLES.iterdir())
    return {file.stem: ferrolan.load(file) for file in files if file.is_file()}


def counts(document: Enterprise) -> Mapping[str, Counter[str]]:
    """How many values of each section are published, derived and synthetic."""
    found = {section: Counter(_origin(v) for _, v in declared_values(getattr(document, section))) for section in WHAT}
    return {section: counter for section, counter in found.items() if counter.total()}


def _origin(value: Sourced) -> str:
    """Published as it stands; derived from a published figure by arithmetic or a scale; or made up."""
    if value.synthetic:
        return "synthetic"
    return "derived" if value.confidence == "derived" or value.scale != 1.0 else "published"


def _documents() -> str:
    sections = [
        "| document | section | what stands there | published | derived | synthetic |",
        "|---|---|---|---|---|---|",
    ]
    for name, document in documents().items():
        told = counts(document)
        sections += [_row("", f"`{section}`", WHAT[section], counter) for section, counter in told.items()]
        sections.insert(len(sections) - len(told), _row(f"**{name}**", "all", "", sum(told.values(), Counter())))
    return "\n".join(sections) + "\n"


def _row(document: str, section: str, what: str, counter: Counter[str]) -> str:
    return f"| {document} | {section} | {what} | " + " | ".join(str(counter[origin]) for origin in ORIGINS) + " |"


def _record() -> str:
    by_tier = Counter(source.tier for source in facts.sources().values() if not source.use)
    meaning = {
        1: "official, or a filing",
        2: "trade press, a price agency, reviewed work",
        3: "an aggregator",
        4: "unreliable",
    }
    rows = "".join(f"| {tier} | {meaning[tier]} | {by_tier[tier]} |\n" for tier in sorted(meaning))
    return f"| tier | what it is | sources |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
