"""Filling a gap from the server's own history: newest first, in bounded pages, and only as far as it truly goes.

An hour without a link is 3,600 temperatures a tag. They are asked page by page from the end of the gap back to its
begin; a server that cuts an answer short without saying so is asked again from where it stopped. The row that said
*nothing is known* is withdrawn only where the history holds a value from before the gap, for an empty or young history
proves nothing.

References
----------
OPC Foundation, OPC 10000-11, section 6.4.3 (ReadRawModifiedDetails: reverse order, continuation points, bounds).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import numpy as np

from ferrolan.base.status import StatusCode
from ferrolan.sources.opcua.login import LinkFailed
from ferrolan.sources.opcua.session import Asked, Page, Session
from ferrolan.sources.opcua.wire import Values, chosen, joined

_AT_ONCE = 200_000  # values a call may bring
_LARGEST = 2**20  # values of one tag asked at once, where all of a page have one time
_NEVER = 1  # us since 1970: as far back as a history is asked for one value
_UNSUPPORTED = {0x800B0000, 0x80720000, 0x80710000, 0x803D0000, 0x80400000}  # service, operation; not implemented


def unsupported(error: LinkFailed) -> bool:
    """Whether a call failed because the server has no history at all."""
    return getattr(error.__cause__, "code", None) in _UNSUPPORTED


async def pages(
    session: Session, asked: Sequence[Asked], first: int, last: int, page: int
) -> AsyncIterator[tuple[Values, Mapping[int, int]]]:
    """The history of tags from ``last`` back to ``first`` [us since 1970], in pages.

    Parameters
    ----------
    session
        Whose server is asked.
    asked
        The tags, their handles being places.
    first, last
        The stretch, both ends included.
    page
        Values of one tag asked at once.

    Yields
    ------
    Values of some of the tags, and the status the server gave for each of these.
    """
    width = max(1, min(session.limits.history, _AT_ONCE // page))
    for start in range(0, len(asked), width):
        waiting = {one.handle: (one, last, page) for one in asked[start : start + width]}
        while waiting:
            found = await _next(session, list(waiting.values()), first)
            yield _together(found, first, last), {one.asked.handle: one.status for one in found}
            waiting = {
                one.asked.handle: rest
                for one in found
                if (rest := _rest(one, *waiting[one.asked.handle][1:])) is not None
            }


async def known_before(session: Session, asked: Sequence[Asked], instant: int) -> set[int]:
    """Handles of the tags of which the history holds a value at or before an instant [us since 1970]."""
    if not asked:
        return set()
    found = await session.history(asked, instant, _NEVER, 1)
    return {one.asked.handle for one in found if _good(one) and (one.values.sourced <= instant).any()}


def _good(page: Page) -> bool:
    return page.status < StatusCode.BAD and len(page.values) > 0


async def _next(session: Session, waiting: Sequence[tuple[Asked, int, int]], first: int) -> list[Page]:
    """The next page of each tag; those that go on at the same time are asked together."""
    found: list[Page] = []
    for last, page in sorted({(one[1], one[2]) for one in waiting}):
        together = [one for one, at, size in waiting if (at, size) == (last, page)]
        found += await session.history(together, last, first, page)
    return found


def _rest(page: Page, last: int, size: int) -> tuple[Asked, int, int] | None:
    """What is still to be asked of a tag: by its point, or from its oldest value where an answer was cut short."""
    asked, values = page.asked, page.values
    if page.status >= StatusCode.BAD:
        return None
    if page.point:
        return Asked(asked.handle, asked.node, page.point), last, size
    if len(values) < size or asked.point is not None:
        return None
    oldest = int(values.sourced.min())
    if oldest < last:
        return Asked(asked.handle, asked.node), oldest, size
    return (Asked(asked.handle, asked.node), last, size * 2) if size < _LARGEST else None


def _together(found: Sequence[Page], first: int, last: int) -> Values:
    values = joined([one.values for one in found])
    times = np.where(values.sourced > 0, values.sourced, values.served)
    return chosen(values, (times >= first) & (times <= last))
