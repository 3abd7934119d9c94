"""The log of the collector: one JSON object a line, without secrets.

``{"time": "2026-03-01T08:14:02.113Z", "level": "warning", "event": "link_lost", "connector": "scada", "said": "..."}``
is read by people and by whatever gathers logs. The texts of every secret a document names, and the password of any URL,
are taken out of a line before it is written, whoever wrote it: libraries log through here as well.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal

from ferrolan.base.secrets import hidden
from ferrolan.base.surroundings import storing

Level = Literal["debug", "info", "warning", "error"]
LARGEST = 20 * 2**20
"""Size of a log file from which on a new one is begun [byte]; the last ``KEPT`` stay."""
KEPT = 5
_LEVELS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ONCE_IN = 3_600.0  # the same text of a library is written once in so long [s]
_TEXTS = 1_000  # texts of libraries that are remembered
_LONGEST = 4_000  # characters of one text of a line
_COMMANDING = re.compile("[\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")


class Log:
    """Where the collector says what happens.

    Parameters
    ----------
    file
        The log file, which is changed for a new one when it is large; standard error where none is given.
    secrets
        Texts that stand in no line.
    least
        Lines below this level are left out.

    Raises
    ------
    SurroundingsError
        If the file cannot be written.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> Log(stream=stream, secrets=["rust"]).say("error", "no_login", "scada", said="password rust refused")
    >>> json.loads(stream.getvalue())["said"]
    'password … refused'
    """

    def __init__(
        self,
        file: Path | None = None,
        secrets: Iterable[str] = (),
        *,
        least: Level = "info",
        stream: object | None = None,
    ) -> None:
        self._secrets, self._least = tuple(secrets), _LEVELS[least]
        self._counting = threading.Lock()
        self.lost = 0  # lines the disk did not take
        if file is None:
            self._handler: logging.Handler = logging.StreamHandler(stream or sys.stderr)  # type: ignore[arg-type]
        else:
            with storing(file):
                file.parent.mkdir(0o700, parents=True, exist_ok=True)
                self._handler = _File(file, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(message)s"))
        setattr(self._handler, "handleError", self._lost)  # noqa: B010  # a full disk stops no collector

    def hidden(self, text: str) -> str:
        """A text without the secrets."""
        return hidden(text, self._secrets)

    def cleaned(self, found: object) -> object:
        """A value for JSON without secrets in it; in the text of it some could hide behind an escape."""
        if isinstance(found, str):
            shown = self.hidden(found).encode(errors="replace").decode()  # half a character fits into no line
            return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
        if isinstance(found, dict):
            return {self.hidden(str(name)): self.cleaned(value) for name, value in found.items()}
        if isinstance(found, list | tuple | set | frozenset):
            return [self.cleaned(value) for value in found]
        return found if found is None or isinstance(found, bool | int | float) else self.hidden(str(found))

    def say(self, level: Level, event: str, connector: str | None = None, **fields: object) -> None:
        """Write one line.

        Parameters
        ----------
        level
            How bad it is.
        event
            What happened, a short stable name.
        connector
            Name of the connection it is about.
        fields
            What else is known: numbers, texts, lists.
        """
        if _LEVELS[level] < self._least:
            return
        about = {} if connector is None else {"connector": connector}
        line: dict[str, object] = {"time": _now(), "level": level, "event": event, **about, **fields}
        text = json.dumps(self.cleaned(line), ensure_ascii=False, default=str)
        self._handler.handle(logging.makeLogRecord({"msg": "%s", "args": (harmless(self.hidden(text)),)}))

    @contextmanager
    def with_others(self) -> Iterator[None]:
        """Take what libraries say into this log while the block lasts: warnings and worse, each text once an hour."""
        root, other = logging.getLogger(), _Others(self)
        before = root.handlers[:]
        root.handlers[:] = [other]
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.handlers[:] = before

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

    def _lost(self, _record: logging.LogRecord) -> None:
        with self._counting:
            self.lost += 1


class _File(RotatingFileHandler):
    """A log file for its owner alone; where a person gave others the right to read it, so may they the next."""

    def _open(self) -> TextIOWrapper:
        older = Path(f"{self.baseFilename}.1")
        rights = stat.S_IMODE(older.stat().st_mode) if older.exists() else 0o600
        opened = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, rights)
        return os.fdopen(opened, "a", encoding=self.encoding)


class _Others(logging.Handler):
    """Brings what libraries log into ours."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._said: dict[tuple[str, str], tuple[float, int]] = {}  # when a text was last written, and repeated since

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        repeated = self._repeated((record.name, text))
        if repeated is None:
            return
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        failed = {} if record.exc_info is None else {"error": repr(record.exc_info[1])}
        again = {"repeated": repeated} if repeated else {}
        self._log.say(level, "library", None, library=record.name, said=text, **failed, **again)

    def _repeated(self, key: tuple[str, str]) -> int | None:
        """How often a text was left out since it was last written; None where it is left out now."""
        written, left_out = self._said.get(key, (-math.inf, 0))
        now = time.monotonic()
        if now - written < _ONCE_IN:
            self._said[key] = written, left_out + 1
            return None
        if len(self._said) >= _TEXTS:
            self._said.clear()
        self._said[key] = now, 0
        return left_out


def harmless(text: str) -> str:
    r"""A JSON text whose characters command no terminal and turn no line: such are written as JSON's own escapes.

    Examples
    --------
    >>> harmless('{"said": "\x9b2J"}')
    '{"said": "\\u009b2J"}'
    """
    return _COMMANDING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
