"""The questions of ``ferrolan init``, one after the other, each with a proposal.

On a terminal the command line asks; elsewhere flags and proposals stand. ``ask`` is handed in, so that a test can
answer; an answer that cannot be taken is asked again with what is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from ferrolan.base.errors import Fault
from ferrolan.base.units import CURRENCIES
from ferrolan.starting.begin import changes_clock, check, spelt
from ferrolan.starting.templates import KINDS

ORDER = ("kind", "name", "title", "time_zone", "currency", "month")
"""What is asked, in order; the arguments of ``init``."""


@dataclass(frozen=True)
class Question:
    """One question: its key, what an empty answer means, what may be chosen, and what was wrong the time before."""

    key: str
    proposed: str
    choices: tuple[str, ...] = ()
    fault: Fault | None = None


Ask = Callable[[Question], str]


def answers(folder: Path, given: Mapping[str, str], *, ask: Ask | None = None, now: datetime) -> dict[str, str]:
    """The arguments of ``init``: what is given, then what is answered, else what is proposed.

    Parameters
    ----------
    folder
        Folder of the new document; its name is proposed as the document's.
    given
        Answers that are not asked for, by key; ``init`` checks them.
    ask
        Asks one question and returns the answer; without it nothing is asked.
    now
        The time, with a zone: its month is proposed for a plan, the one before it for an account.

    Examples
    --------
    >>> from datetime import UTC
    >>> answers(Path("my works"), {"time_zone": "UTC"}, now=datetime(2026, 4, 2, tzinfo=UTC))["month"]
    '2026-03'
    """
    said = dict(given)
    for key in ORDER:
        if key not in said:
            proposed = proposals(folder, said, now=now)[key]
            said[key] = _asked(ask, key, proposed, said) if ask is not None else proposed
    return {key: said[key] for key in ORDER}


def proposals(folder: Path, said: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """What is proposed for each question, given what was said so far."""
    kind = KINDS.get(said.get("kind", ""), KINDS["both"])
    zone = said.get("time_zone") or machine_zone()
    name = said.get("name") or spelt(folder.absolute().name)
    local = now.astimezone(ZoneInfo(zone)) if zone in available_timezones() else now
    own = re.search(r"^  currency: (\w+)", kind.template.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "kind": "both",
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "time_zone": zone,
        "currency": own[1] if own else CURRENCIES[0],
        "month": _whole_month(local, zone) if kind.tags else f"{local:%Y-%m}",
    }


def _whole_month(now: datetime, zone: str) -> str:
    """The last whole month before a time in which no clock changes."""
    month = f"{now.replace(day=1) - timedelta(days=1):%Y-%m}"
    while zone in available_timezones() and changes_clock(month, zone):
        month = f"{datetime.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"
    return month


def machine_zone(localtime: Path = Path("/etc/localtime")) -> str:
    """The machine's time zone, from ``TZ`` or its link into the zone database; UTC where neither says."""
    said = os.environ.get("TZ", "").removeprefix(":")
    linked = str(localtime.resolve()).partition("zoneinfo/")[2]
    known = available_timezones()
    return next((zone for zone in (said, linked) if zone in known), "UTC")


def _asked(ask: Ask, key: str, proposed: str, said: Mapping[str, str]) -> str:
    choices = {"kind": tuple(KINDS), "currency": CURRENCIES}.get(key, ())
    question = Question(key, proposed, choices)
    while True:
        answer = ask(question).strip() or proposed
        faults = check(key, {**said, key: answer})
        if not faults:
            return answer
        question = Question(key, proposed, choices, faults[0])
