"""What a historian writes where it has no number, as status codes.

A PI export writes ``I/O Timeout`` where the interface lost its controller, ``Bad`` where the value failed and leaves a
cell empty where there is none. Such a text is data: it becomes a sample without a value that carries its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ferrolan.base.status import StatusCode

KNOWN_TEXTS: Mapping[str, StatusCode] = {
    "": StatusCode.BAD_NO_DATA,
    "bad": StatusCode.BAD,
    "bad input": StatusCode.BAD_SENSOR_FAILURE,
    "comm fail": StatusCode.BAD_NO_COMMUNICATION,
    "configure": StatusCode.BAD_CONFIGURATION_ERROR,
    "failed": StatusCode.BAD_DEVICE_FAILURE,
    "i/o timeout": StatusCode.BAD_TIMEOUT,
    "no data": StatusCode.BAD_NO_DATA,
    "not connect": StatusCode.BAD_NOT_CONNECTED,
    "out of serv": StatusCode.BAD_OUT_OF_SERVICE,
    "out of service": StatusCode.BAD_OUT_OF_SERVICE,
    "over range": StatusCode.BAD_SENSOR_FAILURE,
    "pt created": StatusCode.BAD_NO_DATA,
    "scan off": StatusCode.BAD_OUT_OF_SERVICE,
    "scan timeout": StatusCode.BAD_TIMEOUT,
    "shutdown": StatusCode.BAD_OUT_OF_SERVICE,
    "under range": StatusCode.BAD_SENSOR_FAILURE,
}
"""Status of the texts historians are known to write, in lower case; any other declared text is plainly Bad."""


def statuses(bad_texts: Iterable[str]) -> dict[str, int]:
    """Status of each declared bad text in lower case; an empty cell is always among them.

    Examples
    --------
    >>> {text: hex(status) for text, status in statuses(["I/O Timeout", "kaputt"]).items()}
    {'': '0x809b0000', 'i/o timeout': '0x800a0000', 'kaputt': '0x80000000'}
    """
    texts = ("", *(text.strip().lower() for text in bad_texts))
    return {text: int(KNOWN_TEXTS.get(text, StatusCode.BAD)) for text in texts}
