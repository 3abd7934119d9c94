"""How a command ends: its exit code, and an error as a message people read or as JSON.

A faulty document lists its faults with file and line and exits 2; a full disk says so and exits 4. A traceback is shown
with ``--debug`` alone.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

from ferrolan.base.errors import FaultsError, FerrolanError
from ferrolan.base.language import _, ngettext
from ferrolan.base.surroundings import refused
from ferrolan.cli.app import app

OK, FINDING, USAGE, SURROUNDINGS, INTERRUPTED = 0, 1, 2, 4, 130


def main() -> None:
    """Entry point: run a command, turn a Ferrolan error into its message and exit code."""
    try:
        code = app(result_action="return_value")
        sys.stdout.flush()
    except FerrolanError as error:
        _tell(error)
        code = error.exit_code
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D at a question
        print(_("Stopped; nothing of this run is kept."), file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `ferrolan run | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OK
    except OSError as error:
        _tell(refused(error.filename or "ferrolan", error))
        code = SURROUNDINGS
    sys.exit(code if isinstance(code, int) else OK)


def _tell(error: FerrolanError) -> None:
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    if "--json" in sys.argv:
        print(json.dumps({"error": _as_data(error)}, ensure_ascii=False, indent=2))
        return
    if isinstance(error, FaultsError):
        count = len(error.faults)
        print(ngettext("{count} fault:", "{count} faults:", count).format(count=count), file=sys.stderr)
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return
    print(f"{type(error).__name__}: {error}", file=sys.stderr)


def _as_data(error: FerrolanError) -> dict[str, object]:
    faults = error.faults if isinstance(error, FaultsError) else ()
    told = {"type": type(error).__name__, "exit_code": error.exit_code, "message": str(error)}
    return {**told, "faults": [vars(fault) for fault in faults]}
