"""How the collector is, in one document: what runs, what waits, and what needs a person.

``GET /health`` answers 200 while all is well and 503 when somebody must act: a link that is lost for a minute, a
connection that is up and silent, a spool that is nearly full, a historian that is away. ``needs`` says it in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from ferrolan import __version__
from ferrolan.collector.logs import Log
from ferrolan.collector.running import Running
from ferrolan.collector.vault import Vault

GRACE = 60.0
"""How long a link may be starting, waiting or lost before a person must look [s]."""
EXPECTED_LIFE = 300.0
"""How long a connected peer may give no proof of life where its connector expects nothing else [s]."""
_FAULTS_SHOWN = 1_000  # faulty tags a document names; their number is always told

Json = object


@dataclass(frozen=True)
class Report:
    """What ``/health`` says: ``status`` is *well*, *look* (something is not as declared) or *act*."""

    status: Literal["well", "look", "act"]
    document: Mapping[str, Json]


def report(
    name: str,
    began: int,
    now: int,
    running: Sequence[Running],
    vault: Vault,
    log: Log,
    others: Sequence[str] = (),
    *,
    insecure: bool = False,
) -> Report:
    """How everything is now; without secrets.

    Parameters
    ----------
    name
        Name of the document.
    began, now
        UTC since 1970 [us].
    running
        Every connection.
    vault, log
        The store and the log of the collector.
    others
        What else needs a person, in words.
    insecure
        Whether the line to the historian is open: not encrypted, or its server not checked.
    """
    act = [text for one in running for text in _needs(one, now)] + list(others)
    if vault.state != "ready":
        act.append(f"the historian is {vault.state} since {_time(vault.since)}: {vault.said or 'it is being opened'}")
    if log.lost:
        act.append(f"{log.lost} lines of the log were not written")
    look = [text for one in running for text in _remarks(one)]
    if insecure:
        look.append(
            "the historian: its url leaves the line to the server open: not encrypted, or the server not checked"
        )
    status: Literal["well", "look", "act"] = "act" if act else "look" if look else "well"
    document = {
        "status": status,
        "needs": [*act, *look],
        "name": name,
        "version": __version__,
        "started": _time(began),
        "now": _time(now),
        "connections": {one.link.name: _connection(one, now) for one in running},
        "historian": {"state": vault.state, "since": _time(vault.since), "said": vault.said, "insecure": insecure},
    }
    cleaned = log.cleaned(document)
    assert isinstance(cleaned, dict)
    return Report(status, cleaned)


def silent_for(one: Running, now: int) -> float:
    """How long the peer has given no proof of life [s]; 0 where it never gave one yet."""
    return max(now - one.health.proven, 0) / 1e6 if one.health.proven else 0.0


def lag(one: Running, now: int) -> float | None:
    """How old the newest stored sample is [s]; None before there is one."""
    newest = 0 if one.over is None else one.over.counts.newest
    return (now - newest) / 1e6 if newest else None


def _needs(one: Running, now: int) -> Iterator[str]:
    """What of a connection needs a person at once."""
    name, health = one.link.name, one.health
    stood = (now - health.since) / 1e6 if health.since else math.inf
    if one.failed:
        yield f"{name}: the connector failed ({one.restarts} times, last {_time(one.failed_at)}): {one.failed}"
    elif not one.through and health.state in ("starting", "waiting", "lost") and stood > GRACE and health.since:
        yield f"{name}: {health.state} since {_time(health.since)}: {health.said or 'no reason given'}"
    if health.state == "connected" and not one.through:
        expected = health.figures.get("expected_life", EXPECTED_LIFE)
        silent = silent_for(one, now) if health.proven else stood
        if expected < silent < math.inf:
            yield f"{name}: connected but silent for {silent:,.0f} s (expected a proof of life every {expected:,.0f} s)"
    if one.keeper.trouble:
        yield f"{name}: the spool cannot be written: {one.keeper.trouble}"
    elif one.spool.nearly_full:
        yield f"{name}: the spool is nearly full ({one.spool.room:.0%} of its room is left)"
    if one.unread:
        yield f"{name}: {one.waiting:,} rows wait because the spool cannot be read: {one.unread}"
    if one.trouble:
        yield f"{name}: {one.waiting:,} rows wait for the historian: {one.trouble}"
    for found in one.spool.findings:
        if found.lost:
            where = f"segment {found.segment} of the spool is damaged at byte {found.offset}: " if found.segment else ""
            yield f"{name}: {where}{found.said}"


def _remarks(one: Running) -> Iterator[str]:
    """What of a connection is not as declared, and stops nothing."""
    name, health = one.link.name, one.health
    if health.faults:
        tag, why = next(iter(health.faults.items()))
        yield f"{name}: {len(health.faults)} of {len(one.tags)} tags cannot be had, such as {tag}: {why}"
    if one.over is not None and one.over.counts.undeclared:
        yield f"{name}: {one.over.counts.undeclared} rows in the spool are of tags that are declared no more"
    if one.keeper.refused.count:
        yield f"{name}: {one.keeper.refused.count} rows could not be taken: see {one.keeper.refused.file}"


def _connection(one: Running, now: int) -> Mapping[str, Json]:
    health = one.health
    over = one.over.counts if one.over is not None else None
    return {
        "kind": one.link.kind,
        "state": "failed" if one.failed else "ended" if one.through else health.state,
        "since": _time(one.failed_at if one.failed else health.since),
        "said": one.failed or health.said,
        "proven": _time(health.proven),
        "silent_for_s": silent_for(one, now),
        "lag_s": lag(one, now),
        "tags": len(one.tags),
        "counts": {
            **one.counts,
            "kept": one.keeper.kept,
            "refused": one.keeper.refused.count,
            "stored": over.stored if over else 0,
            "dropped_as_known": over.duplicate if over else 0,
            "stored_late": over.late if over else 0,
            "undeclared": over.undeclared if over else 0,
            "restarts": one.restarts,
        },
        "figures": {name: value if math.isfinite(value) else None for name, value in health.figures.items()},
        "faults": dict(list(health.faults.items())[:_FAULTS_SHOWN]),
        "faulty_tags": len(health.faults),
        "spool": {
            "rows": one.waiting,
            "bytes": one.spool.size,
            "room": one.spool.room,
            "trouble": one.keeper.trouble,
            "found": [vars(found) for found in one.spool.findings],
        },
    }


def _time(moment: int) -> str | None:
    """A moment [us since 1970] as a text; None where it never was."""
    return datetime.fromtimestamp(moment / 1e6, UTC).isoformat(timespec="seconds") if moment else None
