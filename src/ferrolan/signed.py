"""The signed acts an account hangs on: which meters are out, which stocks were counted, whether the month is locked.

For example: WT-214 was signed out of March with a reason; every later run of March leaves it out and says so, its
identity holds a hash of the act, and a locked March with another account is refused. Acts are read here and signed in
``ferrolan.acts``: the engine suggests, a person signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ferrolan.assembly import sources
from ferrolan.base.errors import RecordError
from ferrolan.base.provenance import RunIdentity, hash_json, hash_table
from ferrolan.enterprise.document import Enterprise
from ferrolan.records import exclusions, periods, runs, stock_takes
from ferrolan.records.changes import account_changes
from ferrolan.records.exclusions import Exclusion
from ferrolan.records.stock_takes import StockTake
from ferrolan.results import NEEDED, Only, Tables

LEDGER = "acts.jsonl"
"""The ledger of signed acts, in the folder of all runs."""


@dataclass(frozen=True)
class Signed:
    """Signed acts that an account hangs on: meters that are out, stocks that were counted."""

    excluded: tuple[Exclusion, ...] = ()
    counted: tuple[StockTake, ...] = ()

    @property
    def hashes(self) -> Mapping[str, str]:
        """Hashes of the acts by name, for the identity of a run; none where nothing was signed."""
        found = {}
        if self.excluded:
            found["excluded meters"] = hash_json([[item.tag, item.reason, item.who] for item in self.excluded])
        if self.counted:
            taken = self.counted
            found["stock takes"] = hash_json(
                [[t.stock, t.at.isoformat(), t.value, t.sigma, t.method, t.reason, t.who] for t in taken]
            )
        return found


def signed_acts(enterprise: Enterprise, ledger: Path, only: Only | None = None) -> Signed:
    """What is signed of the account's month; nothing where no account is asked for."""
    if enterprise.account is None or "raw data" not in NEEDED[only]:
        return Signed()
    subject = (ledger, enterprise.name, enterprise.account.month)
    return Signed(exclusions.active(*subject), stock_takes.active(*subject))


def signed_then(enterprise: Enterprise, ledger: Path, hashes: Mapping[str, str]) -> Signed:
    """What was signed when a kept run was made, by its hashes; where the ledger never stood so, what is signed now."""
    subject = (ledger, enterprise.name, enterprise.require_account().month)
    now = signed_acts(enterprise, ledger)
    excluded = [Signed(excluded=item) for item in ((), *exclusions.states(*subject))]
    counted = [Signed(counted=item) for item in ((), *stock_takes.states(*subject))]
    return Signed(
        next((item.excluded for item in excluded if _same(item, "excluded meters", hashes)), now.excluded),
        next((item.counted for item in counted if _same(item, "stock takes", hashes)), now.counted),
    )


def keep_lock(
    enterprise: Enterprise, out: Path, identity: RunIdentity, tables: Tables, *, dry_run: bool
) -> pl.DataFrame:
    """Refuse to keep another account of a locked month than the locked one; a dry run says it among its remarks."""
    ledger, remarks = out / LEDGER, tables["remarks"]
    lock = periods.locked(ledger, enterprise.name, enterprise.require_account().month)
    if lock is None:
        return remarks
    former = _locked_account(out, lock)
    changes = None if former is None else account_changes(former, tables["account"])
    try:
        periods.refuse_restatement(ledger, lock, hash_table(tables["account"]), identity.inputs, changes)
    except RecordError as error:
        if not dry_run:
            raise
        return pl.concat([remarks, sources.remark_rows("account", error.faults)])
    return remarks


def _same(signed: Signed, name: str, hashes: Mapping[str, str]) -> bool:
    return signed.hashes.get(name) == hashes.get(name)


def _locked_account(out: Path, lock: periods.Lock) -> pl.DataFrame | None:
    """The account that was locked, where its run is still kept and whole."""
    if lock.run not in runs.names(out):
        return None
    with suppress(RecordError):
        kept = runs.read(out / lock.run)
        return kept.tables["account"] if kept.hashes.get("account") == lock.account else None
    return None
