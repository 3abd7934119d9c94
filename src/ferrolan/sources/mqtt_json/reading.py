"""Values and times in a JSON payload, at declared places.

``belts[0].rate`` of ``{"belts": [{"rate": 412.5}]}`` is 412.5. A path is names joined by dots and places in lists in
brackets, counted from 0; the empty path is the payload itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ferrolan.sources.live import Json
from ferrolan.sources.mqtt import PayloadMap
from ferrolan.sources.source import bounded, refusal

Path = tuple[str | int, ...]

_STEP = re.compile(r"(?:^|(?<=.)\.)([^.\[\]]+)|\[(\d+)\]|(.)", re.DOTALL)
_TICKS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_800_000_000  # the year 10000 [us]
_WAY_OUT = "Write topic#path, such as mill/scales#belts[0].rate; a bare number is topic#."


class WrongJson(ValueError):
    """A payload, a time or a value that is not what was declared."""


class Absent(WrongJson):
    """Nothing stands at a path."""


@dataclass(frozen=True)
class Address:
    """A value: the topic it comes under and its path in the payload."""

    topic: str
    path: Path


def address(text: str) -> Address:
    """Read an address of the tag map.

    Raises
    ------
    SourceError
        If it is none.

    Examples
    --------
    >>> address("mill/scales#belts[0].rate").path
    ('belts', 0, 'rate')
    """
    topic, mark, rest = text.partition("#")
    steps = path(rest)
    if not topic or not mark or "+" in topic or steps is None:
        raise refusal("tag map", 0, text, "no value of a topic", "topic#path", _WAY_OUT, "wrong_address")
    return Address(topic, steps)


def path(text: str) -> Path | None:
    """The steps of a path; None where it cannot be one."""
    steps: list[str | int] = []
    for found in _STEP.finditer(text):
        if found[3] is not None:
            return None
        steps.append(int(found[2]) if found[2] is not None else found[1])
    return tuple(steps)


def payload(content: bytes) -> Json:
    """The JSON of a message.

    Raises
    ------
    WrongJson
        If it is none.
    """
    try:
        found: Json = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise WrongJson(f"no JSON: {bounded(str(error))}") from None
    return found


def at(found: Json, steps: Path) -> Json:
    """What stands at a path.

    Raises
    ------
    Absent
        If nothing does.
    """
    for step in steps:
        match found, step:
            case dict(), str() if step in found:
                found = found[step]
            case list(), int() if step < len(found):
                found = found[step]
            case _:
                raise Absent(f"nothing at {shown(steps)}")
    return found


def number(found: Json, kind: str) -> float | None:
    """A value as a number; null stays None.

    Raises
    ------
    WrongJson
        If it is another thing than was declared.
    """
    if found is None:
        return None
    if isinstance(found, bool) != (kind == "boolean") or not isinstance(found, int | float):
        raise WrongJson(f"expected a {kind}")
    try:
        value = float(found)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise WrongJson("a number beyond all bounds")
    return value


def text(found: Json) -> str | None:
    """A value as a text: texts as they are, anything else as JSON; null stays None."""
    return found if isinstance(found, str) or found is None else json.dumps(found)


def moment(found: Json, how: PayloadMap, zone: str) -> int:
    """A time [us since 1970] as it is declared.

    Raises
    ------
    WrongJson
        If it is none.
    """
    if how.time_format == "iso":
        return _iso(found, how.time_zone or zone)
    if isinstance(found, bool) or not isinstance(found, int | float) or found != found:
        raise WrongJson(f"expected a time in {how.time_format}, got {bounded(json.dumps(found))}")
    ticks = _TICKS[how.time_format]
    if not 0 < found < _LATEST / ticks:
        raise WrongJson(f"a time that cannot be: {bounded(json.dumps(found))}")
    return round(found * ticks)


def fits(pattern: str, topic: str) -> bool:
    """Whether a topic is one of those a pattern with ``+`` and ``#`` stands for.

    Examples
    --------
    >>> fits("mill/+/rate", "mill/belt/rate"), fits("mill/#", "mill"), fits("mill/+", "mill/a/b")
    (True, True, False)
    """
    wanted, parts = pattern.split("/"), topic.split("/")
    for place, want in enumerate(wanted):
        if want == "#":
            return True
        if place >= len(parts) or want not in ("+", parts[place]):
            return False
    return len(wanted) == len(parts)


def shown(steps: Sequence[str | int]) -> str:
    """A path as it is written."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".") or "the payload"


def _no_number(constant: str) -> Json:
    raise ValueError(f"{constant} is no JSON")


def _iso(found: Json, zone: str) -> int:
    try:
        time = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        time = None
    if time is None:
        raise WrongJson(f"expected an ISO time, got {bounded(json.dumps(found))}")
    if time.tzinfo is None:
        time = time.replace(tzinfo=ZoneInfo(zone))
    try:
        return (time.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        raise WrongJson("a time that cannot be") from None
