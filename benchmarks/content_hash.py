"""Content hash of a month of samples against the hash of the same table written as Arrow IPC."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import polars as pl

from benchmarks.registry import Subject
from ferrolan.base.provenance import hash_table

_ROWS = 1_000_000  # about a month of 340 tags at 15 min
_random = np.random.default_rng(7)
_FRAME = pl.DataFrame(
    {
        "tag": _random.integers(0, 340, _ROWS, dtype=np.int32),
        "value": _random.normal(size=_ROWS),
        "status": np.zeros(_ROWS, dtype=np.int64),
        "seq": np.arange(_ROWS),
    }
)


def _ours() -> str:
    return hash_table(_FRAME)


def _peer() -> str:
    buffer = io.BytesIO()
    _FRAME.write_ipc(buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


SUBJECT = Subject(
    name="content hash, 1 M samples",
    station="base",
    ours=_ours,
    peer=_peer,
    peer_name="SHA-256 of Arrow IPC",
    note="four columns, 28 MB; the peer's hash depends on chunks and on the writer's version, ours does not",
)
