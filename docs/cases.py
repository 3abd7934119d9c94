"""Writes docs/explanation/cases.md from the folders of ``cases/``, so that the page cannot fall behind.

``python docs/cases.py`` writes it; a test compares it with the folders.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

Told = dict[str, Any]  # Any: a TOML document

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "cases.md"
ENGINES = {
    "reconciliation": "Reconciliation",
    "planning": "Planning",
    "market": "Market",
    "historian": "Historian",
    "process": "Process",
}
STATUS = {
    "verified": "recomputed by two independent routes, or read at the source, and met",
    "published": "the printed value is met",
    "recomputed": "the arithmetic is sound, but an input or the printed value was recalled",
    "quoted": "read in a second source that names its own; the range or value is met",
    "recalled": "from memory; it was then met by an independent solve, so look the page up before you quote it",
    "closed form": "derived, and met by the solver",
    "computed": "an independent solve of ours alone; the printed value was not seen",
    "worked by hand": "our own example, in the comment of the case",
}
_HEAD = """# Published cases

Every engine is held to problems that others have posed and answered. A case is a folder in `cases/`: its source, its
data retyped, the answer, how close the answer must be met and why just so close. A test runs each through the engine a
run uses. This page is made of these folders.

What a status means:

"""
_MISSING = """## What the engines cannot tell yet

Problems that were looked at and left out, because telling them would have bent them.

- **Reconciliation**: no published case with assays and a printed optimum was found: there generated networks and a
  second solver (CasADi's IPOPT on a writing of its own) take its place. A log-mean temperature difference or another
  function that is no polynomial cannot be told.
- **Planning**: pooling, where a quality of what is mixed is unknown (Haverly, Adhya and others), whole numbers of
  units, and risk in the objective.
- **Market**: demand that does not answer to the price (Dantzig's transport), demand of constant elasticity and costs
  that are not straight lines (Murphy, Sherali and Soyster 1982; Harker 1988), leaders and their followers, capacity
  chosen before demand is known.
- **Historian**: the ten aggregates of OPC 10000-13 that its machine-readable examples leave out, such as TimeAverage2
  or EndBound: laws and a slow writing by definition take their place.
- **Process**: it has no solver. A unit is a row of coefficients; cascades of solvent extraction, columns and furnaces
  have published answers, and nothing here that would find them.
"""


def cases_page() -> str:
    """The page as Markdown."""
    words = "".join(f"- *{word}*: {meaning}.\n" for word, meaning in STATUS.items())
    return _HEAD + words + "\n" + "".join(_section(engine, title) for engine, title in ENGINES.items()) + _MISSING


def cases(engine: str) -> dict[str, Told]:
    """Every case of an engine, by its folder."""
    folders = sorted(path.parent for path in (ROOT / "cases" / engine).glob("*/case.toml"))
    return {folder.name: tomllib.loads((folder / "case.toml").read_text(encoding="utf-8")) for folder in folders}


def _section(engine: str, title: str) -> str:
    told = cases(engine)
    rows = "".join(
        f"| `{name}`: {_cell(one['title'])} | {_cell(one['proves'])} | {_allowed(one)} | {_cell(one['status'])} |\n"
        for name, one in told.items()
    )
    head = "| case | what it proves | deviation allowed | status |\n|---|---|---|---|\n"
    return f"## {title}\n\n{head}{rows}\nSources, and why just so close:\n\n{_sources(told)}\n"


def _allowed(told: Told) -> str:
    if "tolerance" in told:
        return f"{told['tolerance']:g} unit in the last digit given"
    if "tolerance_rel" in told:
        return f"{told['tolerance_rel']:g} relative"
    size = told["tolerance_abs"]
    parts = size.items() if isinstance(size, dict) else [("", size)]
    return ", ".join(f"{what.replace('_', ' ')} {most:g}".strip() for what, most in parts) + " absolute"


def _sources(told: dict[str, Told]) -> str:
    """A line for every source; cases of one source share it."""
    names: dict[str, list[str]] = {}
    for name, one in told.items():
        names.setdefault(_source(one), []).append(f"`{name}`")
    return "".join(f"- {', '.join(shared)}: {source}\n" for source, shared in names.items())


def _source(told: Told) -> str:
    doi = told.get("doi", "")
    parts = [told["source"], told.get("page", ""), f"[doi:{doi}](https://doi.org/{doi})" if doi else ""]
    where = "; ".join(_plain(part).rstrip(".") for part in parts if part)
    return f"{where}. *Tolerance:* {_plain(told['tolerance_reason']).rstrip('.')}."


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """One line, with stars that are products and no emphasis."""
    return " ".join(text.split()).replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(cases_page(), encoding="utf-8")
