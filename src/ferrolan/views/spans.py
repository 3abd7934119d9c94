"""Periods of an account in words: "period 2, 15 to 21 March 2026".

Periods are numbered from 0, as in every table; their lengths stand in the context, the first begins with the month.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import accumulate

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import name, say
from ferrolan.views.context import Context
from ferrolan.views.words import month_name


def days(context: Context, period: int) -> tuple[date, date] | None:
    """First and last local day of a period; None where the context does not know it."""
    if context.month is None or not 0 <= period < len(context.hours):
        return None
    start = datetime.fromisoformat(f"{context.month}-01") + timedelta(hours=_CLOCK)
    edges = [start + timedelta(hours=hours) for hours in accumulate(context.hours, initial=0.0)]
    return edges[period].date(), (edges[period + 1] - timedelta(hours=2 * _CLOCK)).date()


def period_name(context: Context, period: int) -> Markup:
    """A period with its days."""
    found = days(context, period)
    if found is None:
        return say(_("period {number}"), number=name(str(period)))
    first, last = (name(day.isoformat()) for day in found)
    form = _("period {number} ({first})") if found[0] == found[1] else _("period {number} ({first} to {last})")
    return say(form, number=name(str(period)), first=first, last=last)


def span_name(context: Context, period: int | None) -> Markup:
    """The month of the account, or one period of it."""
    month = say("{month}", month=name(month_name(context.month or "")))
    if period is None:
        return month
    return say(_("{month}, {period}"), month=month, period=period_name(context, period))


_CLOCK = 1.0  # hours by which a change of the clock may shift an edge
