"""The one door to pymodbus: a connection on which only the four functions that read can be sent.

A request that a unit refuses comes back from pymodbus as a value, not as an error; here it is a ``Refused`` with the
code the device gave. A unit that does not answer in its time is ``Silent``, a line that broke ``Broken``.

References
----------
MODBUS Application Protocol Specification V1.1b3, modbus.org, 2012: 7 exception responses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from ferrolan.sources.cancelling import heed_cancelling
from ferrolan.sources.modbus.answers import Broken, Refused, Silent

_NEVER = 2**31  # unanswered requests after which pymodbus would hang up by itself
_LONGEST = 86_400.0  # its own time-out [s]; ours is the one that counts


class Wire:
    """A connection to one device or gateway; not safe for two tasks at once."""

    def __init__(self, host: str, port: int) -> None:
        self._client = AsyncModbusTcpClient(host, port=port, reconnect_delay=0, retries=0, timeout=_LONGEST)
        self._client.set_max_no_responses(_NEVER)

    async def open(self, time_out: float) -> None:
        """Connect within a time [s].

        Raises
        ------
        Broken
            If nobody takes the connection.
        """
        try:
            async with asyncio.timeout(time_out):
                made = await self._client.connect()
        except (TimeoutError, OSError, ModbusException) as error:
            raise Broken("nobody answers") from error
        heed_cancelling()
        if not made:
            raise Broken("the connection is refused")

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    async def read(self, unit: int, area: str, first: int, count: int, time_out: float) -> Sequence[int | bool]:
        """Registers or bits of one unit.

        Raises
        ------
        Refused
            If the unit answers with an exception, or with less than was asked for.
        Silent
            If it does not answer in ``time_out`` [s].
        Broken
            If the line is gone.
        """
        if not self._client.connected:
            raise Broken("the line is gone")
        try:
            async with asyncio.timeout(time_out):
                answer = await self._asked(unit, area, first, count)
        except TimeoutError as error:
            if not self._client.connected:
                raise Broken("the line is gone") from error
            raise Silent(f"no answer within {time_out:g} s") from error
        except (ConnectionException, OSError) as error:
            raise Broken("the line is gone") from error
        except ModbusException as error:
            raise Silent("an answer that cannot be read") from error
        heed_cancelling()
        return _content(answer, area, count)

    def _asked(self, unit: int, area: str, first: int, count: int) -> Awaitable[ModbusPDU]:
        client = self._client
        if area == "coil":
            return client.read_coils(first, count=count, device_id=unit)
        if area == "discrete":
            return client.read_discrete_inputs(first, count=count, device_id=unit)
        if area == "input":
            return client.read_input_registers(first, count=count, device_id=unit)
        return client.read_holding_registers(first, count=count, device_id=unit)


def _content(answer: ModbusPDU, area: str, count: int) -> Sequence[int | bool]:
    if answer.isError():
        raise Refused(int(getattr(answer, "exception_code", 0) or 0))
    found: Sequence[int | bool] = answer.bits if area in ("coil", "discrete") else answer.registers
    if len(found) < count:
        raise Refused(0)
    return found
