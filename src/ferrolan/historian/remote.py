"""A historian that another process owns, read through that process.

The collector owns the embedded historian and answers at ``http://127.0.0.1:8732``; ``ferrolan run`` on the same machine
asks it for the month, with the same questions and the same answers as if it had opened the folder itself.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from itertools import pairwise
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import polars as pl

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.tables import REGISTERED, SAMPLES, SAMPLES_TEXT

ARROW = "application/vnd.apache.arrow.stream"
"""Content type of an Arrow IPC stream."""
TOKEN = "FERROLAN_TOKEN"
"""Variable of the environment with the token of a collector that asks for one."""
MOST_TAGS = 1_000_000
"""Tags one question may name."""
_RANGES_AT_ONCE = 1_000  # of tags in one address
_SHORTEST = timedelta(days=1)  # stretch of time that is asked for at once
_MOST_ANSWERS = 400  # of one question; a year has 365
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RemoteHistorian:
    """Reads a historian through the collector that owns it; see ``historian.seam.Reader``.

    Parameters
    ----------
    url
        Address of the collector, such as ``http://127.0.0.1:8732``.
    token
        Its token, where it asks for one; the variable ``FERROLAN_TOKEN`` counts where none is given.
    patience
        Longest time one answer may take [s].

    Raises
    ------
    SurroundingsError
        If the address is none of HTTP; of every question, if nobody answers or the answer is a refusal.
    """

    def __init__(self, url: str, token: str = "", *, patience: float = 120.0) -> None:
        self._url, self._patience = url.rstrip("/"), patience
        self._token = token or os.environ.get(TOKEN, "")
        self._opener = build_opener(ProxyHandler({}), _NoRedirect())
        if not self._url.startswith(("http://", "https://")):
            way_out = "Write it like http://127.0.0.1:8732."
            raise self._fault("another address", "the address of a collector", way_out, "wrong_collector")

    def registered(self) -> pl.DataFrame:
        """Every registered tag (schema REGISTERED), by number."""
        return REGISTERED.check(self._frame("registered", {}))

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning samples of the tags with a time in ``[start, end)``; withdrawn ones are left out."""
        return SAMPLES.check(self._over("samples", tags, start, end, SAMPLES.empty()))

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Samples in ``[start, end)`` that lost against a later one of the same tag and time, for the audit."""
        return SAMPLES.check(self._over("superseded", tags, start, end, SAMPLES.empty()))

    def texts(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning texts (schema SAMPLES_TEXT) of the tags with a time in ``[start, end)``."""
        return SAMPLES_TEXT.check(self._over("texts", tags, start, end, SAMPLES_TEXT.empty()))

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag at or before an instant; a tag without one has no row."""
        return self._at("at", tags, instant)

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag before an instant; a tag without one has no row."""
        return self._at("before", tags, instant)

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The first winning sample of each tag at or after an instant; a tag without one has no row."""
        return self._at("since", tags, instant)

    def count(self) -> int:
        """Number of stored rows, superseded and withdrawn ones included."""
        return int(json.loads(self._get("count", {}))["count"])

    def close(self) -> None:
        """Nothing is held open; the collector goes on."""

    def _at(self, name: str, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        asked = {"instant": str(_us(instant))}
        pages = [self._frame(name, {"tags": part, **asked}) for part in _parts(tags)]
        return SAMPLES.check(pl.concat([SAMPLES.empty(), *pages]).sort("tag", "time"))

    def _over(self, name: str, tags: Iterable[int], start: datetime, end: datetime, none: pl.DataFrame) -> pl.DataFrame:
        """A stretch of time, a day or so at once, and less of it where the collector has no room for the answer."""
        pages = [
            page
            for part in _parts(tags)
            for first, last in _days(start, end)
            for page in self._pieces(name, part, first, last)
        ]
        order = [column for column in ("tag", "time", "seq", "source", "status") if column in none.columns]
        return pl.concat([none, *pages]).sort(order, maintain_order=True)

    def _pieces(self, name: str, tags: str, start: datetime, end: datetime) -> Iterator[pl.DataFrame]:
        """The answer in as many pieces as it needs: half the tags at a time, and half the time of a single one."""
        try:
            yield self._frame(name, {"tags": tags, "start": str(_us(start)), "end": str(_us(end))})
        except _TooMuch:
            for fewer, first, last in _halves(tags, start, end):
                yield from self._pieces(name, fewer, first, last)
            if _us(end) - _us(start) < 2 and len(parted(tags)) == 1:
                raise

    def _frame(self, name: str, asked: Mapping[str, str]) -> pl.DataFrame:
        return pl.read_ipc_stream(io.BytesIO(self._get(name, asked)))

    def _get(self, name: str, asked: Mapping[str, str]) -> bytes:
        request = Request(f"{self._url}/{name}?{urlencode(asked)}")
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=self._patience) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            raise self._refused(error.code, _said(error)) from error
        except (URLError, HTTPException, OSError) as error:
            raise self._gone(str(getattr(error, "reason", error))) from error

    def _refused(self, status: int, said: str) -> SurroundingsError:
        if status == 413:
            way_out = "Ask for a shorter time, or for fewer tags at a time."
            fault = Fault(self._url, 0, "", f'413 "{said}"', "an answer it has room for", way_out, "answer_too_large")
            return _TooMuch(str(fault))
        if status in (401, 403):
            way_out = f"Set {TOKEN} to the token the collector was started with, or ask on its own machine."
            return self._fault(f'{status} "{said}"', "the right to read there", way_out, "no_access")
        return self._fault(f'{status} "{said}"', "an answer", "Look at its /health.", "no_answer")

    def _gone(self, said: str) -> SurroundingsError:
        way_out = "Start the collector, or correct the address."
        return self._fault(f'"{said}"', "a collector that answers", way_out, "collector_gone")

    def _fault(self, found: str, expected: str, way_out: str, code: str) -> SurroundingsError:
        return SurroundingsError(str(Fault(self._url, 0, "", found, expected, way_out, code)))


class _TooMuch(SurroundingsError):
    """The collector has no room for an answer."""


class _NoRedirect(HTTPRedirectHandler):
    """A collector sends nobody elsewhere."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


def joined(tags: Iterable[int]) -> str:
    """Numbers as ranges.

    Examples
    --------
    >>> joined([9, 1, 2, 3])
    '1-3,9'
    """
    return ",".join(_ranges(tags))


def parted(text: str) -> Sequence[int]:
    """Numbers of ranges, as ``joined`` writes them.

    Raises
    ------
    ValueError
        If it is none, or they are more than ``MOST_TAGS``.

    Examples
    --------
    >>> parted("1-3,9")
    [1, 2, 3, 9]
    """
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal() and len(part) <= 30):
            raise ValueError("tags: expected numbers and ranges such as 1-5,9")
        low, high = int(first), int(last or first)
        if len(found) + high - low + 1 > MOST_TAGS or high >= 2**31:
            raise ValueError(f"tags: expected at most {MOST_TAGS} numbers")
        found += range(low, high + 1)
    return found


def _ranges(tags: Iterable[int]) -> Iterator[str]:
    wanted = sorted(set(tags))
    breaks = [place for place, (one, other) in enumerate(pairwise(wanted), 1) if other != one + 1]
    for start, end in pairwise([0, *breaks, len(wanted)]):
        if start < end:
            first, last = wanted[start], wanted[end - 1]
            yield str(first) if first == last else f"{first}-{last}"


def _parts(tags: Iterable[int]) -> Iterator[str]:
    """Ranges of tags, as many as an address may hold at a time."""
    ranges = list(_ranges(tags))
    for first in range(0, len(ranges), _RANGES_AT_ONCE):
        yield ",".join(ranges[first : first + _RANGES_AT_ONCE])


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    step = max(_SHORTEST, (end - start) / _MOST_ANSWERS)
    while start < end:
        last = end if end - start <= step else start + step
        yield start, last
        start = last


def _halves(tags: str, start: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Two smaller questions; none where a question is of one tag at one instant."""
    numbers = parted(tags)
    if len(numbers) > 1:
        middle = len(numbers) // 2
        yield joined(numbers[:middle]), start, end
        yield joined(numbers[middle:]), start, end
    elif (moments := _us(end) - _us(start)) > 1:
        between = start + timedelta(microseconds=moments // 2)
        yield tags, start, between
        yield tags, between, end


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _said(error: HTTPError) -> str:
    """What the collector says of a refusal."""
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return error.reason or "no reason"
