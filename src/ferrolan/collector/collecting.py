"""``ferrolan collect`` as a function: load the document, start the collector, and wait for its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.assembly.connectors import secrets_in
from ferrolan.assembly.historian import open_store, place_of
from ferrolan.base.errors import DocumentError, Fault, FerrolanError
from ferrolan.base.secrets import Secret
from ferrolan.collector.http import LOCAL, refuse_missing
from ferrolan.collector.logs import Level, Log
from ferrolan.collector.service import PORT, Collector, Ended, Settings, Started, folder_of
from ferrolan.enterprise.load import load


def collect(
    document: Path,
    out: Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    seconds: float | None = None,
    log: Path | None = None,
    level: Level = "info",
    once: bool = False,
    announce: Callable[[Started], None] = lambda _started: None,
) -> Ended:
    """Collect every live source of a document into its historian until stopped by SIGINT or SIGTERM.

    Parameters
    ----------
    document
        The document.
    out
        Folder of the collector; ``collected/<name>`` beside the document where none is given.
    host, port
        Where it answers; port 0 is a free one.
    token
        Where the token of its readers stands: ``env:NAME`` or ``file:PATH``. Another address than this machine's own
        asks for one.
    seconds
        How long it runs [s]; until stopped where nothing is given.
    log
        File of the log; standard error where none is given.
    level
        The least level that is logged.
    once
        Whether it ends when every source has come to its end, as a replay does.
    announce
        Called when everything has been started.

    Raises
    ------
    DocumentError
        With the faults of the document, or if it has nothing to collect.
    SurroundingsError
        If another collector holds the folder, another process the historian, the address is taken, or the disk
        refuses.
    """
    path = Path(document)
    enterprise = load(path, kinds(), connections())
    text = _token(token, host, path)
    secrets = secrets_in(enterprise)
    refuse_missing()
    folder = folder_of(enterprise, out)
    settings = Settings(folder, host, port, text, seconds, once)
    said = Log(log, [*secrets, *([text] if text else [])], least=level)
    with said.with_others():
        try:
            collector = Collector(enterprise, lambda: open_store(enterprise), settings, said)
            return asyncio.run(collector.run(lambda started: announce(_placed(started, place_of(enterprise)))))
        except FerrolanError as error:
            raise _without_secrets(error, said) from None
        finally:
            said.close()


def _placed(started: Started, historian: str) -> Started:
    return replace(started, historian=f"{historian} ({started.historian})")


def _token(token: str | None, host: str, document: Path) -> str:
    """The text of the token; empty where none is asked for and nobody else can ask."""
    if token is None:
        if host in LOCAL:
            return ""
        way_out = "Add --token env:NAME or --token file:PATH, and tell your readers; or leave --host out."
        raise DocumentError([Fault("--host", 0, "", host, "a token with another address", way_out, "missing_token")])
    kind, _, place = token.partition(":")
    if kind not in ("env", "file") or not place:
        way_out = "Write env:NAME or file:PATH: the token itself has no place on a command line."
        raise DocumentError([Fault("--token", 0, "", "another text", "where a token stands", way_out, "wrong_secret")])
    secret = Secret(env=place) if kind == "env" else Secret(file=place)
    return secret.read(document.parent)


def _without_secrets(error: FerrolanError, log: Log) -> FerrolanError:
    """The same error; of one whose text names a secret, one that does not."""
    if log.hidden(str(error)) == str(error):
        return error
    made = type(error).__new__(type(error))
    Exception.__init__(made, log.hidden(str(error)))
    made.__dict__.update(faults=())
    return made
