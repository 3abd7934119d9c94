"""What was done to a historian that takes rows away, a line each: chained, so that no line can be changed unseen.

``{"number": 3, "at": "2026-03-01T00:05:00+00:00", "what": "retired", "until": "2016-03-01", "rows": 86400, ...}``
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ferrolan.base.errors import Fault
from ferrolan.base.provenance import Json, hash_json
from ferrolan.historian.embedded.durable import append_line

AUDIT = "audit.jsonl"
_GENESIS = "0" * 64


def note(folder: Path, done: Mapping[str, Json]) -> None:
    """Add a line that says what was done, now.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    """
    lines = _lines(folder / AUDIT)
    before = str(json.loads(lines[-1])["hash"]) if lines else _GENESIS
    said: dict[str, Json] = {"number": len(lines) + 1, "at": datetime.now(UTC).isoformat(), **done, "before": before}
    append_line(folder / AUDIT, {**said, "hash": hash_json(said)})


def broken(folder: Path) -> Fault | None:
    """The first line that is not what its hash says, or does not follow the one before it."""
    before = _GENESIS
    for number, line in enumerate(_lines(folder / AUDIT), 1):
        try:
            said = json.loads(line)
            digest = said.pop("hash")
            sound = digest == hash_json(said) and said["before"] == before and said["number"] == number
        except (ValueError, KeyError, AttributeError, TypeError):
            sound = False
        if not sound:
            way_out = "Find out who changed it; restore it from a copy."
            expected = "a line that follows the one before it"
            return Fault(str(folder / AUDIT), number, "", "another one", expected, way_out, "changed_audit")
        before = digest
    return None


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
