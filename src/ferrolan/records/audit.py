"""Signed acts: who did what, from what to what, and why; appended, chained, never changed.

When a metallurgist excludes belt scale WT-214 from March's account, one line is added that holds who, what
(``exclude_meter``), before, after, the reason and the run. Each line carries the SHA-256 of the line before, so that a
change in the middle breaks every line after it. A chain cannot see that its *end* was cut off: keep the last hash
elsewhere and hand it to ``verify``. It proves order and integrity, not a person's identity: that is the login's
business. The clock of an act is the caller's, that of ``sign`` the machine's. An act counts once ``append`` has
returned: then it is on the disk; where the disk refuses, the ledger is as it was.

Crosby, S. A. & Wallach, D. S. (2009), "Efficient data structures for tamper-evident logging", USENIX Security.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from ferrolan.base.errors import Fault, RecordError, SurroundingsError
from ferrolan.base.provenance import Json, canonical_json, hash_json
from ferrolan.base.surroundings import storing

GENESIS = "0" * 64
"""What stands for the hash before the first act."""


@dataclass(frozen=True)
class Act:
    """One signed act. ``before`` and ``after`` are JSON values; ``at`` is a time with a zone."""

    at: datetime
    who: str
    what: str
    before: Json
    after: Json
    reason: str
    run: str


@dataclass(frozen=True)
class Entry:
    """An act in its place: number from 1, hash of the entry before, own hash."""

    number: int
    act: Act
    previous: str
    hash: str


def append(ledger: Path, act: Act) -> Entry:
    """Add an act to the end of a ledger, after verifying what stands there.

    Raises
    ------
    RecordError
        If the ledger is broken, or the act lacks a name, a subject, a reason or a time zone.
    SurroundingsError
        If the disk refuses; the ledger is unchanged then.
    """
    _refuse_incomplete(ledger, act)
    with storing(ledger):
        ledger.parent.mkdir(parents=True, exist_ok=True)
        with ledger.open("a+b", buffering=0) as stream, _alone(stream):
            stream.seek(0)
            entries = _parse(ledger, stream.read())
            entry = _seal(len(entries) + 1, act, entries[-1].hash if entries else GENESIS)
            _add(stream, _line(entry).encode())
    return entry


def sign(ledger: Path, what: str, before: Json, after: Json, *, who: str, reason: str, run: str = "") -> Entry:
    """Add an act of this moment to the end of a ledger; see ``append``."""
    return append(ledger, Act(datetime.now(UTC), who, what, before, after, reason, run))


def verify(ledger: Path, *, last: str | None = None) -> tuple[Entry, ...]:
    """Read a ledger and check every hash and every link.

    Parameters
    ----------
    ledger
        The file; one that does not exist holds no act.
    last
        Hash of an act known to be in the ledger, kept elsewhere; it reveals a cut end.

    Raises
    ------
    RecordError
        Naming the first line that is not what its hash says.
    """
    entries = _parse(ledger, _content(ledger))
    if last is not None and last not in {GENESIS, *(entry.hash for entry in entries)}:
        end = entries[-1].hash if entries else "no act"
        raise _broken(ledger, len(entries), f"an end at {end}", f"an act with hash {last}", "cut_end")
    return entries


def _content(ledger: Path) -> bytes:
    """What stands in a ledger, while nobody writes it."""
    try:
        with storing(ledger), ledger.open("rb") as stream, _alone(stream, shared=True):
            return stream.read()
    except SurroundingsError:
        if not ledger.exists():
            return b""
        raise


def _refuse_incomplete(ledger: Path, act: Act) -> None:
    missing = [name for name in ("who", "what", "reason") if not getattr(act, name).strip()]
    missing += ["time zone of at"] if act.at.tzinfo is None else []
    if missing:
        raise _broken(ledger, 0, "no " + ", no ".join(missing), "a signed act with its reason", "incomplete_act")


def _seal(number: int, act: Act, previous: str) -> Entry:
    return Entry(number, act, previous, hash_json({"number": number, "act": _act_json(act), "previous": previous}))


def _act_json(act: Act) -> Json:
    return {
        "at": act.at.astimezone(UTC).isoformat(),
        "who": act.who,
        "what": act.what,
        "before": act.before,
        "after": act.after,
        "reason": act.reason,
        "run": act.run,
    }


def _line(entry: Entry) -> str:
    return (
        canonical_json(
            {"number": entry.number, "act": _act_json(entry.act), "previous": entry.previous, "hash": entry.hash}
        )
        + "\n"
    )


def _add(stream: IO[bytes], line: bytes) -> None:
    """Write a line at the end and bring it to the disk; if the disk takes only a part of it, take that away again."""
    end = stream.seek(0, os.SEEK_END)
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[stream.write(rest) :]
        os.fsync(stream.fileno())
    except OSError:
        with suppress(OSError):
            stream.truncate(end)
        raise


def _parse(ledger: Path, content: bytes) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    previous = GENESIS
    for number, raw in enumerate(_lines(content), start=1):
        if not raw.endswith(b"\n"):
            raise _broken(ledger, number, f"{len(raw)} bytes without an end of line", "a whole signed act", "torn_act")
        entry, line = _entry(ledger, number, raw)
        if entry.previous != previous:
            raise _broken(ledger, number, f"previous {entry.previous}", f"previous {previous}", "broken_chain")
        sealed = _sealed(ledger, number, entry.act, previous)
        if entry != sealed or _line(sealed) != line:
            raise _broken(ledger, number, f"hash {entry.hash}", f"hash {sealed.hash}", "changed_act")
        entries.append(entry)
        previous = entry.hash
    return tuple(entries)


def _lines(content: bytes) -> list[bytes]:
    """Lines with their ends; a line feed alone ends one, for a reason may hold any other separator."""
    *whole, rest = content.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def _entry(ledger: Path, number: int, line: bytes) -> tuple[Entry, str]:
    try:
        text = line.decode()
        raw: dict[str, Any] = json.loads(text)  # Any: JSON; a wrong shape raises below
        act = {**raw["act"], "at": datetime.fromisoformat(raw["act"]["at"])}
        return Entry(raw["number"], Act(**act), raw["previous"], raw["hash"]), text
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        found = repr(line[:60].decode(errors="replace"))
        raise _broken(ledger, number, found, "a whole signed act", "unreadable_act") from error


def _sealed(ledger: Path, number: int, act: Act, previous: str) -> Entry:
    try:
        return _seal(number, act, previous)
    except (ValueError, TypeError, OverflowError) as error:  # a number or time that no act can hold
        raise _broken(ledger, number, str(error), "a whole signed act", "unreadable_act") from error


def _broken(ledger: Path, line: int, found: str, expected: str, code: str) -> RecordError:
    way_out = {
        "incomplete_act": "Say who acts, what is done, why, and when.",
        "cut_end": "Acts are missing at the end: restore the file from a copy.",
        "torn_act": "Its writing was cut off, so it was never confirmed; the acts before it are whole. Copy the file, "
        "remove this line and sign again; if the act was confirmed, the file was changed: restore it from a copy.",
    }.get(code, "The file was changed from this line on: restore it from a copy, and find out who could write it.")
    return RecordError([Fault(str(ledger), line, "", found, expected, way_out, code)])


@contextmanager
def _alone(stream: IO[bytes], *, shared: bool = False) -> Iterator[None]:
    """Hold the file against writers of this machine, or with other readers; the lock ends with the stream."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    yield
