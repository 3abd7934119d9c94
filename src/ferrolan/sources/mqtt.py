"""Plain MQTT with JSON: one value of a topic's payload is a tag.

A scale publishes ``{"t": "2026-03-01T08:15:00Z", "belts": [{"rate": 412.5}]}`` under ``mill/scales``; the address
``mill/scales#belts[0].rate`` is its rate, and the document says that ``t`` is the time, in ISO form. A payload that is
a bare number has the address ``mill/feed#``. A value without a time has that of its arrival and is uncertain; a
retained message tells of the past and is no new sample.

References
----------
OASIS, MQTT Version 5.0. RFC 8259 (JSON).
"""

from __future__ import annotations

from typing import Literal

from ferrolan.base.extras import needs
from ferrolan.base.schema import Model, Text
from ferrolan.base.spans import Span
from ferrolan.sources.broker import Broker
from ferrolan.sources.live import Connector, ConnectorKind, Place


class PayloadMap(Model):
    """How the payloads of some topics are read."""

    topic: Text
    """Topics it holds for; ``+`` stands for one level, ``#`` at the end for all further ones."""
    time: Text | None = None
    """Where the time stands, such as ``head.t``; not given where there is none, then values are uncertain."""
    time_format: Literal["iso", "s", "ms", "us"] = "iso"
    """ISO 8601, or seconds, milliseconds or microseconds since 1970."""
    time_zone: Text | None = None
    """IANA zone of ISO times that name none; the site's zone where none is given."""
    type: Literal["number", "boolean"] = "number"
    """What the values of tags of numbers are; a boolean becomes 0 or 1."""
    unit: Text | None = None
    """Unit of the values, checked against the one the tag map declares."""


class MqttSource(Broker):
    """A broker of MQTT whose payloads are JSON."""

    kind: Literal["mqtt"]
    """Topics are subscribed; nothing is ever published."""
    payloads: tuple[PayloadMap, ...] = ()
    """How payloads are read; the first entry whose topic fits counts."""
    silence: Span | None = None
    """After how long without a message a topic's values are no longer known."""
    listen: Span = "10 s"
    """How long topics are listened to when the source is asked what it holds."""
    discover: Text = "#"
    """Topics that are listened to then."""


def connect(spec: MqttSource, place: Place) -> Connector:
    """The connector of a declared broker.

    Raises
    ------
    SurroundingsError
        If a library of the extra ``connect`` is missing.
    """
    with needs("connect"):
        from ferrolan.sources.mqtt_json.connector import MqttConnector
    return MqttConnector(spec, place)


KIND = ConnectorKind(
    name="mqtt",
    title="MQTT with JSON",
    address="topic#path of the value in its JSON, such as mill/scales#belts[0].rate",
    spec=MqttSource,
    connect=connect,
)
