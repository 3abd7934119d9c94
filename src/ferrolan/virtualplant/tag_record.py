"""What the plant needs to know of a tag, and nothing more.

``enterprise``'s tag satisfies it, and so does any record with these attributes. Example: WT-214, kept in the historian
as ``BY.WT-214.PV``, the flow of ``flotation_feed`` in t/h dry, 1 % relative.
"""

from __future__ import annotations

from typing import Protocol


class TagRecord(Protocol):
    """One instrument as the tag map declares it."""

    @property
    def tag(self) -> str:
        """Name of the tag."""

    @property
    def source(self) -> str:
        """Name of the source it is kept in."""

    @property
    def address(self) -> str:
        """Column header, or the two keys of a table joined by a slash."""

    @property
    def kind(self) -> str:
        """Kind of quantity: flow, assay, stock, power and so on."""

    @property
    def object(self) -> str:
        """Stream, stock or unit."""

    @property
    def component(self) -> str | None:
        """Component of an assay."""

    @property
    def unit(self) -> str:
        """Unit at the source."""

    @property
    def basis(self) -> str:
        """``wet`` where a flow is weighed with its water, else ``dry``."""

    @property
    def method(self) -> str:
        """How an account takes it: ``time_mean``, ``mean`` or ``at_start``."""

    @property
    def sigma_relative(self) -> float:
        """Standard deviation of a period's value, as a fraction [1]; 0 where there is none."""

    @property
    def sigma_absolute(self) -> float:
        """Standard deviation of a period's value [canonical unit]; 0 where there is none."""

    @property
    def lo(self) -> float | None:
        """Smallest value the instrument can show [canonical unit]."""

    @property
    def hi(self) -> float | None:
        """Largest value the instrument can show [canonical unit]."""
