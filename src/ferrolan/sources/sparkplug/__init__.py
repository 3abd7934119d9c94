"""Sparkplug B: a host application for edge nodes behind an MQTT broker.

Furnace1 says at its birth which metrics it has, and from then on sends what changes. A metric's address is
``group/node/metric``, or ``group/node/device/metric`` for one of a device. The state machine is ``host`` and ``node``,
pure; ``payload`` is the wire format; ``connector`` ties them to a line.
"""

from __future__ import annotations

from ferrolan.base.extras import needs
from ferrolan.sources.live import Connector, ConnectorKind, Place
from ferrolan.sources.sparkplug.spec import SparkplugSource

__all__ = ["KIND", "SparkplugSource", "connect"]


def connect(spec: SparkplugSource, place: Place) -> Connector:
    """The connector of a declared broker.

    Raises
    ------
    SurroundingsError
        If a library of the extra ``connect`` is missing.
    """
    with needs("connect"):
        from ferrolan.sources.sparkplug.connector import SparkplugConnector
    return SparkplugConnector(spec, place)


KIND = ConnectorKind(
    name="sparkplug",
    title="Sparkplug B host",
    address="group/node/metric, or group/node/device/metric such as Works/Furnace1/Hearth/Temperature/North",
    spec=SparkplugSource,
    connect=connect,
)
