"""The counters of the collector in the text format of Prometheus, version 0.0.4.

``ferrolan_rows_stored_total{connector="scada"} 184213`` and its kin, each with a HELP and a TYPE line. A counter never
falls while the collector runs.

References
----------
Prometheus documentation, *Exposition formats*, section *Text-based format*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ferrolan import __version__
from ferrolan.collector.health import lag, silent_for
from ferrolan.collector.running import Running
from ferrolan.collector.vault import Vault
from ferrolan.sources.live import LinkState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class _Sample:
    """One number with its labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class _Family:
    """A metric: name, kind, what it is, and its numbers."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: Sequence[_Sample]


def exposition(running: Sequence[Running], vault: Vault, began: int, now: int, loop_lag: float) -> str:
    """Every metric, as text."""
    families = [
        _Family("ferrolan_build_info", "gauge", "Version of Ferrolan.", [_Sample({"version": __version__}, 1)]),
        _alone("ferrolan_start_time_seconds", "gauge", "When the collector started [s since 1970].", began / 1e6),
        _alone(
            "ferrolan_loop_lag_seconds", "gauge", "By how much a pause of the loop was too long last [s].", loop_lag
        ),
        _alone("ferrolan_historian_up", "gauge", "Whether the historian takes rows [1].", vault.state == "ready"),
        *_of_connections(running, now),
    ]
    return "".join(line for family in families if family.samples for line in _lines(family))


def _of_connections(running: Sequence[Running], now: int) -> Iterator[_Family]:
    for name, text in _COUNTED.items():
        found = [(one.link.name, float(one.counts[name])) for one in running]
        yield _each(f"ferrolan_{name}_total", "counter", text, found)
    for name, (text, value) in _COUNTERS.items():
        yield _each(f"ferrolan_{name}_total", "counter", text, [(one.link.name, value(one)) for one in running])
    for name, (text, value) in _GAUGES.items():
        yield _each(f"ferrolan_{name}", "gauge", text, [(one.link.name, value(one)) for one in running])
    silent = [(one.link.name, silent_for(one, now)) for one in running]
    yield _each("ferrolan_silent_seconds", "gauge", "Time since the last proof of life of the peer [s].", silent)
    ages = [(one.link.name, age) for one in running if (age := lag(one, now)) is not None]
    yield _each("ferrolan_lag_seconds", "gauge", "Age of the newest stored sample [s].", ages)
    states = [
        _Sample({"connector": one.link.name, "state": state}, (not one.failed and one.health.state == state))
        for one in running
        for state in get_args(LinkState)
    ]
    yield _Family("ferrolan_connector_state", "gauge", "1 for the state a link is in, 0 for the others.", states)
    figures = [
        _Sample({"connector": one.link.name, "figure": figure}, value)
        for one in running
        for figure, value in one.health.figures.items()
    ]
    yield _Family("ferrolan_connector_figure", "gauge", "Further figures of a kind of connection.", figures)


_COUNTED = {
    "received": "Rows the source delivered.",
    "duplicate": "Rows the source sent again, as its connector counts them.",
    "late": "Rows older than the newest of their tag, as the connector counts them.",
    "rejected": "Rows or cells that could not be taken.",
    "dropped": "Rows the source said it lost.",
    "reconnects": "Links that were made again.",
    "backfilled": "Rows fetched from the history of the source.",
    "gaps": "Gap rows.",
}
_Value = Callable[[Running], float]
_COUNTERS: Mapping[str, tuple[str, _Value]] = {
    "rows_kept": ("Rows that are on the disk.", lambda one: one.keeper.kept),
    "spool_commits": ("Writes of the spool, one fsync each.", lambda one: one.keeper.commits),
    "rows_stored": ("Rows the historian took.", lambda one: _over(one, "stored")),
    "rows_known": ("Rows dropped because they stood there.", lambda one: _over(one, "duplicate")),
    "rows_late": ("Stored rows older than the newest of their tag.", lambda one: _over(one, "late")),
    "rows_undeclared": ("Rows of tags that are declared no more.", lambda one: _over(one, "undeclared")),
    "rows_refused": ("Rows of files kept aside.", lambda one: one.keeper.refused.count),
    "connector_restarts": ("Starts of a connector that had failed.", lambda one: one.restarts),
    "spool_damage": ("Things that were wrong in the spool.", lambda one: len(one.spool.findings)),
}
_GAUGES: Mapping[str, tuple[str, _Value]] = {
    "tags": ("Tags of a connection.", lambda one: len(one.tags)),
    "faulty_tags": ("Tags that cannot be had.", lambda one: len(one.health.faults)),
    "spool_rows": ("Rows received and not stored.", lambda one: one.waiting),
    "spool_bytes": ("Size of the spool [byte].", lambda one: one.spool.size),
    "spool_room_ratio": ("Share of the spool's room that is left [1].", lambda one: one.spool.room),
}


def _over(one: Running, name: str) -> int:
    return 0 if one.over is None else int(getattr(one.over.counts, name))


def _alone(name: str, kind: Literal["counter", "gauge"], text: str, value: float) -> _Family:
    return _Family(name, kind, text, [_Sample({}, value)])


def _each(name: str, kind: Literal["counter", "gauge"], text: str, found: Sequence[tuple[str, float]]) -> _Family:
    return _Family(name, kind, text, [_Sample({"connector": who}, value) for who, value in found])


def _lines(family: _Family) -> Iterator[str]:
    text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {family.name} {text}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
        yield f"{family.name}{'{' + labels + '}' if labels else ''} {_number(sample.value)}\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value)) if value != int(value) else str(int(value))
