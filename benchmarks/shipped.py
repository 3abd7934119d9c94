"""The run of the shipped example, for subjects that need its tables: made in a process of its own.

What a run needs in memory then does not hide what the subject itself needs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from ferrolan.records import runs
from ferrolan.records.runs import Run


def run() -> tuple[Run, bytes]:
    """The kept run, its tables in memory, and its brief."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ferrolan", "run", "--quiet", "--out", folder]
        subprocess.run(command, check=True, capture_output=True)
        (record,) = Path(folder).glob("*/run.json")
        return runs.read(record.parent), (record.parent / "brief.html").read_bytes()
