"""OPC UA: the servers of control systems, subscribed, read and asked for their history, and never written to.

A blast furnace's server offers ``ns=2;s=BF1.TI4201``; ``kind: opcua`` in a document makes it a source, and a row of the
tag map with that address a tag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrolan.base.extras import needs
from ferrolan.sources.live import Connector, ConnectorKind, Place
from ferrolan.sources.opcua.spec import OpcUaSpec

if TYPE_CHECKING:
    from ferrolan.sources.opcua.connector import OpcUaConnector

__all__ = ["KIND", "connect"]


def connect(spec: OpcUaSpec, place: Place) -> OpcUaConnector:
    """The connector of a server.

    Raises
    ------
    SurroundingsError
        If the library is not installed, or the folder of certificates cannot be made.
    """
    with needs("connect"):
        from ferrolan.sources.opcua.connector import OpcUaConnector
    return OpcUaConnector(spec, place)


def _connect(spec: OpcUaSpec, place: Place) -> Connector:
    return connect(spec, place)


KIND = ConnectorKind(
    name="opcua",
    title="OPC UA server",
    address="a node, such as ns=2;s=BF1.TI4201 or nsu=http://bf1.example/;s=BF1.TI4201",
    spec=OpcUaSpec,
    connect=_connect,
)
"""The kind of an OPC UA server."""
