"""What a device answers when it does not answer: exception codes, silence, a line that is gone, and their statuses.

Code 2 (illegal address) says that the tag map is wrong, code 11 (the target device failed to respond) that the meter
behind a gateway is off: the one is mended at a desk, the other in the field.

References
----------
MODBUS Application Protocol Specification V1.1b3, modbus.org, 2012: 7 exception responses. OPC 10000-6, annex A.2:
BadResourceUnavailable.
"""

from __future__ import annotations

from ferrolan.base.status import StatusCode

_RESOURCE_UNAVAILABLE = 0x80040000

_MEANINGS: dict[int, tuple[str, int]] = {
    0: ("less than was asked for", StatusCode.BAD_DEVICE_FAILURE),
    1: ("illegal function", StatusCode.BAD_CONFIGURATION_ERROR),
    2: ("illegal address", StatusCode.BAD_CONFIGURATION_ERROR),
    3: ("illegal value", StatusCode.BAD_CONFIGURATION_ERROR),
    4: ("device failure", StatusCode.BAD_DEVICE_FAILURE),
    5: ("acknowledged, not done yet", _RESOURCE_UNAVAILABLE),
    6: ("device busy", _RESOURCE_UNAVAILABLE),
    7: ("negative acknowledge", StatusCode.BAD_DEVICE_FAILURE),
    8: ("memory parity error", StatusCode.BAD_DEVICE_FAILURE),
    10: ("gateway path unavailable", StatusCode.BAD_NOT_CONNECTED),
    11: ("target device does not respond", StatusCode.BAD_TIMEOUT),
}
_OF_A_REGISTER = (0, 2, 3, 4, 8)  # codes that may be owed to one register of the block
_OF_THE_UNIT = (10, 11)  # codes by which a gateway says that the unit does not answer


class Unanswered(Exception):  # a state of the peer, not a mistake of ours
    """A request without its values: why, and the status that their samples have."""

    status: int = int(StatusCode.BAD)


class Refused(Unanswered):
    """A device that answers with an exception; ``code`` is 0 where it sent less than was asked for."""

    def __init__(self, code: int) -> None:
        said, self.status = _MEANINGS.get(code, ("unknown exception", int(StatusCode.BAD)))
        self.code = code
        super().__init__(f"exception {code}: {said}" if code else said)

    @property
    def of_a_register(self) -> bool:
        """Whether one register of several may be at fault."""
        return self.code in _OF_A_REGISTER

    @property
    def of_the_unit(self) -> bool:
        """Whether the whole unit does not answer."""
        return self.code in _OF_THE_UNIT


class Silent(Unanswered):
    """A unit that does not answer in its time."""

    status = int(StatusCode.BAD_TIMEOUT)


class Broken(Unanswered):
    """A line that is gone."""

    status = int(StatusCode.BAD_NO_COMMUNICATION)
