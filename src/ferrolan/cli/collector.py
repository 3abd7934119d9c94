"""``ferrolan collect``: every live source of a document into its historian, until somebody stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.language import _, use
from ferrolan.base.schema import WrongValue, shown
from ferrolan.base.spans import seconds
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json, print_rows
from ferrolan.collector import collecting
from ferrolan.collector.service import PORT, Ended, Started


def collect(
    document: Path,
    *,
    out: Annotated[Path | None, Parameter(help="Its folder (collected/NAME beside the document).")] = None,
    port: Annotated[int, Parameter(help="Port of /health, /metrics and the readers; 0 is a free one.")] = PORT,
    host: Annotated[str, Parameter(help="Address it answers at; another one asks for a token.")] = "127.0.0.1",
    token: Annotated[str | None, Parameter(help="Where the readers' token stands: env:NAME or file:PATH.")] = None,
    length: Annotated[str | None, Parameter(name="--for", help='How long, such as "10 min"; without it, on.')] = None,
    log: Annotated[Path | None, Parameter(help="File of the log, as JSON lines (standard error).")] = None,
    level: Annotated[Literal["debug", "info", "warning", "error"], Parameter(help="Least level logged.")] = "info",
    once: Annotated[bool, Parameter(negative="", help="End when every source has come to its end.")] = False,
    output: Output = SPOKEN,
) -> int:
    """Collect every live source of a document into its historian; stop it with Ctrl-C."""
    use(output.language)
    ended = collecting.collect(
        document,
        out,
        host=host,
        port=port,
        token=token,
        seconds=None if length is None else _length(length),
        log=log,
        level=level,
        once=once,
        announce=lambda started: _started(started, output),
    )
    _ended(ended, output)
    return FINDING if ended.waiting else OK


def _length(text: str) -> float:
    try:
        return seconds(text)
    except WrongValue as error:
        way_out = 'Write number and unit, such as "10 s" or "2 h".'
        fault = Fault("--for", 0, "", shown(text), "a time with its unit", way_out, "wrong_unit")
        raise DocumentError([fault]) from error


def _started(started: Started, output: Output) -> None:
    if output.json:
        print_json({"address": started.url, "folder": str(started.folder), "historian": started.historian})
        return
    rows = [(_("connection"), _("kind"), _("tags"))]
    print_rows([*rows, *((one.name, one.kind, str(one.tags)) for one in started.connections)])
    print()
    print(_("Historian: {place}").format(place=started.historian))
    print(_("Folder:    {path}").format(path=started.folder))
    print(_("Health:    {url}/health").format(url=started.url), flush=True)


def _ended(ended: Ended, output: Output) -> None:
    if output.json:
        print_json({key: getattr(ended, key) for key in ("received", "stored", "known", "waiting", "needs")})
        return
    print()
    text = _("Stopped: {received} rows received, {stored} stored, {known} known already, {waiting} waiting.")
    print(text.format(received=ended.received, stored=ended.stored, known=ended.known, waiting=ended.waiting))
    for need in ended.needs:
        print(f"  {need}")
