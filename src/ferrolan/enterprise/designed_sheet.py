"""A train sheet completed with what a design found: stages, organic and scrub, each flow with its origin.

``pr_nd.yaml`` keeps every line and comment of its own; ``stages: {extraction: 13, scrub: 20}`` and the two flows with
``own: true`` and a note that says they were designed take the place of those it had, or stand at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ferrolan.base.errors import DocumentError, Fault
from ferrolan.enterprise.train_sheet import Loaded

_KEYS = ("stages", "organic", "scrub")
_TOP = re.compile(r"(?P<key>[A-Za-z_]+)\s*:")


def completed(loaded: Loaded, extraction: int, scrub_stages: int, organic: float, scrub: float, note: str) -> str:
    """The text of a sheet with a train.

    Parameters
    ----------
    loaded
        The sheet that was designed.
    extraction, scrub_stages
        Stages, the feed's counted as extraction.
    organic, scrub
        Flows [mol a mol of feed].
    note
        What is said of the origin of the two flows.

    Raises
    ------
    DocumentError
        If the sheet is written in one pair of braces, so that no line of it can be replaced.
    """
    text = loaded.text
    if text.lstrip().startswith("{"):
        found, expected, way_out = "one pair of braces", "a key a line", "Write it as lines to have it completed"
        raise DocumentError([Fault(str(loaded.path), 1, "", found, expected, way_out, "wrong_train")])
    kept = "".join(_without(text.splitlines(keepends=True), _KEYS))
    lines = [f"stages: {{extraction: {extraction}, scrub: {scrub_stages}}}"]
    lines += [f'{name}: {{value: {value!r}, own: true, note: "{note}"}}' for name, value in _flows(organic, scrub)]
    return kept.rstrip("\n") + "\n" + "\n".join(lines) + "\n"


def _flows(organic: float, scrub: float) -> tuple[tuple[str, float], ...]:
    return ("organic", organic), ("scrub", scrub)


def _without(lines: Iterable[str], keys: tuple[str, ...]) -> Iterator[str]:
    """The lines of a sheet but for the named keys at its top, each with what is indented below it."""
    dropped = False
    for line in lines:
        if line[:1].strip() and not line.startswith("#"):
            found = _TOP.match(line)
            dropped = found is not None and found["key"] in keys
        if not dropped or line.startswith("#"):
            yield line
