"""What a peer holds at one address, as it describes it itself: the ground of a proposed tag map.

An OPC UA server says of ``ns=2;s=BF1.TI4201`` that it is called *Hot metal temperature*, is a Double in degrees Celsius
between 0 and 1,700, and is historized; a person then decides whether it becomes a tag, and under which name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """One address of a peer.

    Parameters
    ----------
    name
        Name the peer shows.
    address
        Address as a tag map writes it.
    path
        Names from the root down to it, itself included.
    data_type
        Type of its values as the peer names it, such as ``Double``; empty where it does not say.
    unit_code, unit_text
        UNECE common code of its unit, such as ``CEL``, and the unit as the peer shows it; empty where it does not say.
    lo, hi
        Range of its values in that unit, where the peer states one.
    description
        What the peer says of it.
    stepped
        Whether a value holds until the next one; None where nothing speaks for either.
    historized
        Whether the peer keeps a history of it; None where it does not say.
    """

    name: str
    address: str
    path: tuple[str, ...] = ()
    data_type: str = ""
    unit_code: str = ""
    unit_text: str = ""
    lo: float | None = None
    hi: float | None = None
    description: str = ""
    stepped: bool | None = None
    historized: bool | None = None
