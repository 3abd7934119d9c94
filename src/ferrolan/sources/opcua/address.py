"""The address of a variable on an OPC UA server, as a tag map writes it.

``ns=2;s=BF1.TI4201`` names a node by the number of its namespace, ``nsu=http://bf1.example/tags;s=BF1.TI4201`` by the
namespace's URI, whose number may be another after each start of the server. ``ns=2;s=BF1.Profile|[3]`` is the fourth
element of an array.

References
----------
OPC Foundation, OPC 10000-6, section 5.3.1.10 (NodeId and its text); OPC 10000-4, section 7.27 NumericRange.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass

from ferrolan.sources.source import bounded, refusal

_RANGE = r"(?:\|\[(\d+(?::\d+)?(?:,\d+(?::\d+)?)*)\])?"
_ADDRESS = re.compile(r"(?:(?:ns=(\d{1,5})|nsu=(.+?));)?([isgb])=(.+?)" + _RANGE, re.DOTALL)
_LARGEST = {"ns": 2**16, "i": 2**32}


@dataclass(frozen=True)
class Address:
    """A node: its namespace by number or URI, kind of identifier (i, s, g or b), identifier and index range."""

    namespace: int
    uri: str
    kind: str
    identifier: int | str | uuid.UUID | bytes
    range: str = ""


def parse(text: str) -> Address:
    """Read an address.

    Raises
    ------
    SourceError
        If it is none: what was found, and how one is written.

    Examples
    --------
    >>> parse("ns=2;s=BF1.TI4201").identifier
    'BF1.TI4201'
    >>> parse("nsu=http://bf1.example/;i=7|[3]").range
    '3'
    """
    match = _ADDRESS.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        number, uri, kind, identifier, index = match.groups()
        namespace = _below(number or "0", "ns")
        return Address(namespace, uri or "", kind, _identifier(kind, identifier), index or "")
    except (ValueError, binascii.Error) as error:
        raise refusal(
            "", 0, "address", bounded(repr(text)), "the address of an OPC UA node",
            "Write it like ns=2;s=BF1.TI4201, or nsu=http://bf1.example/;s=BF1.TI4201.", "wrong_address",
        ) from error  # fmt: skip


def _identifier(kind: str, text: str) -> int | str | uuid.UUID | bytes:
    if kind == "i":
        return _below(text, "i")
    if kind == "g":
        return uuid.UUID(text)
    return base64.b64decode(text, validate=True) if kind == "b" else text


def _below(text: str, what: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number < _LARGEST[what]:
        raise ValueError(text)
    return number
