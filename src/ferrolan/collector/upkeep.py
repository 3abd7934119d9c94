"""What is done for the store once a day: whole days are sealed, and what is kept no longer is retired.

At half past midnight (UTC) yesterday's samples of the furnace become one sorted file; with ``keep: 10 a`` the day ten
years ago is let go. A store that offers neither is left alone; one that refuses is asked again an hour later.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from ferrolan.base.errors import FerrolanError
from ferrolan.base.spans import duration
from ferrolan.collector.logs import Log
from ferrolan.collector.vault import Vault
from ferrolan.historian.seam import Store
from ferrolan.sources.live import Clock

AFTER_MIDNIGHT = timedelta(minutes=30)
"""When a day is sealed: late rows of its last minutes have come by then."""
_AGAIN = 3_600.0  # pause after a refusal, and between two looks at the clock at most [s]


class Upkeep:
    """The daily work on a store.

    Parameters
    ----------
    vault
        The store.
    keep
        How long samples are kept, such as ``10 a``; for ever where nothing is said (None).
    clock, log
        The clock and the log of the collector.
    """

    def __init__(self, vault: Vault, keep: str | None, clock: Clock, log: Log) -> None:
        self._vault, self._keep, self._clock, self._log = vault, keep, clock, log

    async def run(self) -> None:
        """Do the day's work when the day is over, until cancelled."""
        done: datetime | None = None
        while True:
            await self._vault.ready.wait()
            now = datetime.fromtimestamp(self._clock.now() / 1e6, UTC)
            today = (now - AFTER_MIDNIGHT).replace(hour=0, minute=0, second=0, microsecond=0)
            if today != done:
                done = today if await self._work(today) else done
            next_day = (today + timedelta(days=1) + AFTER_MIDNIGHT - now).total_seconds()
            await self._clock.sleep(min(max(next_day, 1.0), _AGAIN))

    async def _work(self, today: datetime) -> bool:
        """Seal what ended before today, and retire what is kept no longer; whether the store did it."""
        try:
            await self._vault.write(lambda store: _called(store, "seal", today))
            if self._keep is not None:
                before = today - duration(self._keep)
                self._say_retired(await self._vault.write(lambda store: _called(store, "retire", before)))
        except (FerrolanError, OSError) as error:
            self._log.say("error", "upkeep_failed", said=str(error))
            return False
        self._log.say("info", "upkeep_done", before=today.isoformat())
        return True

    def _say_retired(self, dropped: object) -> None:
        """Say how many rows were let go; nothing where none were."""
        if isinstance(dropped, pl.DataFrame) and dropped.height:
            self._log.say("info", "retired", rows=int(dropped["rows"].sum()))


def _called(store: Store, verb: str, before: datetime) -> object:
    act = getattr(store, verb, None)
    return None if act is None else act(before)
