"""Who owns what, in which currency and time zone, and which month is accounted for.

The example has two owners of one flowsheet: a steel company up to the rare-earth concentrate and a rare-earth company
behind it.
"""

from __future__ import annotations

import difflib
import re
from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from ferrolan.base.errors import UnitError
from ferrolan.base.schema import Model, Name, Seed, Sourced, Table, Text, Unit, WrongValue, after, shown
from ferrolan.base.units import parse, same_dimension, to_canonical
from ferrolan.enterprise.exactness import Correlation, KnownValue, SharedError, Targets

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class Owner(Model):
    """One of the companies that own units and commodities."""

    title: Text
    """Name in a sentence, such as *rare-earth company*."""
    covers: Text
    """What belongs to it, in words."""


class EnterpriseSection(Model):
    """The enterprise as a whole."""

    currency: Literal["CNY", "USD", "AUD", "EUR"]
    """Currency of every result."""
    time_zone: Text
    """IANA time zone of the site, and of sources that declare none."""
    owners: Table[Owner]
    """The companies by name."""
    vat_rate: Annotated[Sourced, Unit("1", least=0.0, most=1.0)] | None = None
    """Rate of value-added tax [1]; needed where a price includes it."""
    exchange_rates: Table[Sourced] = Table({})
    """The document's currency per unit of another, by that currency, such as 7.2 CNY/USD for USD [CNY/USD]."""

    @after
    def _has_a_known_zone(self) -> Self:
        if self.time_zone not in available_timezones():
            way_out = zone_way_out(self.time_zone)
            raise WrongValue("unknown_zone", "an IANA time zone", way_out, shown(self.time_zone), ("time_zone",))
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)

    @after
    def _has_rates_in_its_currency(self) -> Self:
        for name, rate in self.exchange_rates.items():
            _check_rate(name, rate, self.currency)
        return self


class Account(Model):
    """The material account: its month, how it is cut, what it balances."""

    month: Text
    """ISO month, such as 2026-03."""
    every: Text
    """Length of a period, such as 7 d; the last one of a month may be shorter."""
    components: tuple[Name, ...]
    """What is balanced besides dry mass, as contained mass."""
    groups: Table[tuple[Name, ...]] = Table({})
    """Names for several components together, such as REO."""
    shared_errors: Table[SharedError] = Table({})
    """Errors that several tags have in common, by name; a tag names them in its column ``shared``."""
    correlations: tuple[Correlation, ...] = ()
    """Errors of two tags that hang together otherwise."""
    known: tuple[KnownValue, ...] = ()
    """Exact values, each in a unit of its kind [t/h or m3/h or 1 or kg/m3 or t or K]."""
    targets: Targets | None = None
    """Accuracy to be reached."""

    @after
    def _has_a_month(self) -> Self:
        require_month(self.month, "month")
        return self

    @after
    def _has_a_length(self) -> Self:
        if not self.period > timedelta(hours=1) / 2:
            way_out = "Write it like 7 d or 24 h"
            raise WrongValue("wrong_unit", "a length of time", way_out, shown(self.every), ("every",))
        return self

    @property
    def period(self) -> timedelta:
        """Length of a period; zero where ``every`` is no length of time."""
        try:
            number, unit = parse(self.every)
        except UnitError:
            return timedelta(0)
        return timedelta(hours=to_canonical(number, unit)) if same_dimension(unit, "h") else timedelta(0)


class MeterFault(Model):
    """A meter of the synthetic month that reads wrong on purpose."""

    tag: Text
    """The meter."""
    bias: Annotated[Sourced, Unit("1", above=-1.0)]
    """Its constant relative error [1]."""


class VirtualPlant(Model):
    """The generator of a synthetic raw month; a real plant has none."""

    seed: Seed
    """Seed of everything that is random in the raw month."""
    plant: Literal["ore_to_both", "bayan_obo_complex"] = "ore_to_both"
    """Which plant makes it; a document may fence a part of it."""
    faults: tuple[MeterFault, ...] = ()
    """Meters that read wrong; the generator's own one where none is declared."""


def require_month(text: str | None, key: str) -> None:
    """Raise ``WrongValue`` at ``key`` unless the text is an ISO month, or there is none."""
    if text is not None and not _MONTH.fullmatch(text):
        raise WrongValue("wrong_month", "an ISO month", "Write it like 2026-03", shown(text), (key,))


def zone_way_out(zone: str) -> str:
    """What to write in place of an unknown time zone: the one that was meant, some of the same continent, or examples.

    Examples
    --------
    >>> zone_way_out("Shanghai"), zone_way_out("Mars/Base")
    ("Did you mean 'Asia/Shanghai'?", "Give a name such as 'Asia/Shanghai', 'Europe/Berlin' or 'UTC'")
    """
    zones = sorted(available_timezones())
    city = zone.rsplit("/", maxsplit=1)[-1].strip().replace(" ", "_").casefold()
    meant = [name for name in zones if city and name.rsplit("/", maxsplit=1)[-1].casefold() == city]
    meant = meant or difflib.get_close_matches(zone, zones, n=1, cutoff=0.75)
    if meant:
        return f"Did you mean {meant[0]!r}?"
    alike = [name for name in zones if name.startswith(f"{zone.split('/')[0]}/")]
    near = difflib.get_close_matches(zone, alike, n=3, cutoff=0.0)
    *first, last = near if len(near) > 1 else ("Asia/Shanghai", "Europe/Berlin", "UTC")
    return f"Give a name such as {', '.join(map(repr, first))} or {last!r}"


def _check_rate(name: str, rate: Sourced, currency: str) -> None:
    unit = f"{currency}/{name}"
    if rate.unit != unit or rate.value <= 0:
        at = ("exchange_rates", name)
        raise WrongValue("wrong_unit", f"a rate above 0 {unit}", f"Give {name} in {unit}", shown(rate.written), at)
