"""The command line, in this process or in one of its own.

A process of its own takes three seconds to import what this one has already: ``ferrolan`` runs a command here, with its
own arguments, folder, language and streams, through the same ``main``; ``in_a_process`` is for what only a process can show.
"""

from __future__ import annotations

import io
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from ferrolan.base import language
from ferrolan.cli import main


def ferrolan(*arguments: object, cwd: Path, text: bool = True) -> CompletedProcess:
    """Run a command in this process; what it leaves behind is what stands in the folder, and nothing else."""
    command = ["ferrolan", *map(str, arguments)]
    with _streams() as (out, error), _surroundings(command, cwd):
        code = _ended(error)
    printed, said = out.buffer.getvalue(), error.buffer.getvalue().decode()
    return CompletedProcess(command, code, printed.decode() if text else printed, said)


def in_a_process(*arguments: object, cwd: Path, stdout: int | io.TextIOBase = subprocess.PIPE) -> CompletedProcess:
    """Run ``python -m ferrolan`` as a person does."""
    command = [sys.executable, "-m", "ferrolan", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


def _ended(error: io.TextIOWrapper) -> int:
    """The exit code; an exception that nobody turned into a message is a traceback and 1, as the interpreter does it."""
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:
        traceback.print_exc(file=error)
        return 1
    return 0


@contextmanager
def _streams() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Standard output and error that are no terminal and have a buffer of bytes beneath."""
    out, error = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(error):
        yield out, error


@contextmanager
def _surroundings(command: list[str], cwd: Path) -> Iterator[None]:
    """Arguments, folder, an unknown terminal and English; as they were before, afterwards."""
    with ExitStack() as stack:
        stack.enter_context(chdir(cwd))
        stack.enter_context(patch.object(sys, "argv", command))
        stack.enter_context(patch.object(sys, "stdin", io.StringIO()))
        stack.enter_context(patch.dict("os.environ", {"COLUMNS": "80"}))
        stack.enter_context(patch.object(language, "_catalogue", language._catalogue))
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", "Cyclopts application invoked without tokens")
        yield
