"""Lengths of time in the entry of a source, for every kind of live connection; see ``ferrolan.base.spans``."""

from __future__ import annotations

from ferrolan.base.spans import Span, seconds

__all__ = ["Span", "seconds"]
