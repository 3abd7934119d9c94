"""The public record: quotas, prices, output, demand, policy, peers, KPI definitions, each figure with its source.

Example: the transfer price of rare-earth concentrate in 2026Q1 is 26,834 RMB/t without VAT, dry, at 50 % REO, stated by
cnyes on 2026-01. A figure that is known to be unpublished stands here as null; it is never filled in.
"""

from ferrolan.facts.record import Fact, Source, cite, find, load, one, sources

__all__ = ["Fact", "Source", "cite", "find", "load", "one", "sources"]
