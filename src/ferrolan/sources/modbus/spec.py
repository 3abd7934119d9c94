"""The entry of a Modbus connection in a document.

``{kind: modbus, host: 10.0.3.17, numbering: modicon, period: 2 s}`` polls a gateway every two seconds; the tag map says
``3/holding:40001:float32``. A meter behind it that is slower, or that takes fewer registers at once, has its own line
under ``units``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import Check, Field, Model, Text, Whole, WrongValue, after
from ferrolan.base.spans import Span

Order = Literal["abcd", "cdab", "badc", "dcba"]
"""How the four bytes A B C D of a number, highest first, stand in two registers."""

Numbering = Literal["zero_based", "one_based", "modicon"]
"""How a list of registers counts."""

Registers = Annotated[int, Check(least=1, most=125), Field(strict=True)]
"""A number of registers of one request: the protocol allows 125."""

Bits = Annotated[int, Check(least=1, most=2000), Field(strict=True)]
"""A number of coils or inputs of one request: the protocol allows 2,000."""


class ModbusUnit(Model):
    """What one unit behind the address needs otherwise than the rest."""

    unit: Annotated[int, Check(least=0, most=255), Field(strict=True)]
    """Number of the unit (slave), as the tag map has it before the ``/``."""
    time_out: Span | None = None
    """How long its answer may take."""
    most: Registers | None = None
    """Most registers it answers at once."""
    most_bits: Bits | None = None
    """Most coils or discrete inputs it answers at once."""
    order: Order | None = None
    """Order of its bytes."""


class ModbusSource(Model):
    """A Modbus/TCP device or gateway, polled; only functions 1 to 4, which read, are ever sent."""

    kind: Literal["modbus"]
    """Modbus over TCP."""
    host: Text
    """Name or address of the device or gateway."""
    port: Annotated[int, Check(least=1, most=65535), Field(strict=True)] = 502
    """Its port."""
    numbering: Numbering
    """How the list of registers counts: ``zero_based`` as on the wire, ``one_based``, or ``modicon``: 40001 is the
    first holding register, 30001 the first input register, 10001 the first discrete input, 00001 the first coil."""
    period: Span = "1 s"
    """Time from poll to poll; a poll that would begin while the last one runs is left out and counted."""
    time_out: Span = "1 s"
    """How long an answer may take."""
    order: Order = "abcd"
    """Order of the bytes of numbers longer than a register: ``abcd`` highest first, ``cdab`` words exchanged, ``badc``
    bytes exchanged, ``dcba`` lowest first."""
    most: Registers = 125
    """Most registers of one request."""
    most_bits: Bits = 2000
    """Most coils or discrete inputs of one request."""
    join: Annotated[Whole, Check(least=0, most=124)] = 0
    """So many registers that nobody wants may be read to join two blocks; 0 reads wanted ones alone."""
    retry_most: Span = "1 min"
    """Longest pause between two tries to reach what does not answer."""
    units: tuple[ModbusUnit, ...] = ()
    """Units that need other settings."""

    @after
    def _names_each_unit_once(self) -> Self:
        numbers = [unit.unit for unit in self.units]
        twice = next((place for place, number in enumerate(numbers) if number in numbers[:place]), None)
        if twice is not None:
            way_out = "Write one entry for each unit"
            raise WrongValue("repeated", "each unit once", way_out, str(numbers[twice]), ("units", twice, "unit"))
        return self

    def settings(self, unit: int) -> ModbusUnit:
        """What counts for a unit, its own settings before the common ones."""
        own = next((one for one in self.units if one.unit == unit), ModbusUnit(unit=0))
        return ModbusUnit.model_construct(
            unit=unit,
            time_out=own.time_out or self.time_out,
            most=own.most or self.most,
            most_bits=own.most_bits or self.most_bits,
            order=own.order or self.order,
        )
