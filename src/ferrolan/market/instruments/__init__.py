"""One file per instrument of policy; the contract stands in `ferrolan.market.instrument`."""

from __future__ import annotations
