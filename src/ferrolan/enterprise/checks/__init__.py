"""Whether the parts of a document fit each other: every name that is used is declared, every unit has streams.

A stream to a unit that nobody declared, a mode that makes an unknown commodity, a meter that is mapped twice. The
checks read the plain data, not the validated models, so that they speak up also where another entry is broken; where a
whole section is broken its names are not asked for. One module a part of the document.
"""

from __future__ import annotations

from collections.abc import Iterator

from ferrolan.base.schema import Problem
from ferrolan.enterprise.checks.commerce import check_commerce
from ferrolan.enterprise.checks.exactness import check_correlated, check_exactness
from ferrolan.enterprise.checks.market import check_market
from ferrolan.enterprise.checks.names import Entry, Names
from ferrolan.enterprise.checks.plant import check_plant
from ferrolan.enterprise.checks.simulation import check_simulation, with_simulated
from ferrolan.enterprise.checks.tag_rows import check_tags
from ferrolan.enterprise.checks.values import check_values
from ferrolan.enterprise.checks.yields import check_yields
from ferrolan.enterprise.units import Kinds

__all__ = ["check_correlated", "check_references", "check_tags"]


def check_references(data: Entry, kinds: Kinds) -> Iterator[Problem]:
    """Every place of the YAML file that does not fit another one.

    Parameters
    ----------
    data
        Plain data of the document.
    kinds
        Kinds of unit that it may name.
    """
    names = Names.of(data)
    yield from check_simulation(data, names, kinds)
    data = with_simulated(data)
    yield from check_plant(data, names, kinds)
    yield from check_exactness(data, names)
    yield from check_yields(data)
    yield from check_commerce(data, names)
    yield from check_market(data, names)
    yield from check_values(data, names)
