"""Meters, drives and small controllers that speak Modbus over TCP, polled; nothing is ever written.

A gateway with twelve energy meters is one connection: each meter is a unit, each value an address such as
``3/holding:40001:float32``. The library that speaks the protocol is loaded when a connection is made.
"""

from __future__ import annotations

from ferrolan.base.extras import needs
from ferrolan.sources.live import ConnectorKind, Place
from ferrolan.sources.modbus.poll import Modbus
from ferrolan.sources.modbus.spec import ModbusSource, ModbusUnit

__all__ = ["KIND", "Modbus", "ModbusSource", "ModbusUnit"]


def _connect(spec: ModbusSource, place: Place) -> Modbus:
    with needs("connect"):
        from ferrolan.sources.modbus.wire import Wire
    return Modbus(spec, place, lambda: Wire(spec.host, spec.port))


KIND = ConnectorKind(
    name="modbus",
    title="Modbus device or gateway",
    address="unit/area:number:type:order, such as 3/holding:40001:float32",
    spec=ModbusSource,
    connect=_connect,
)
"""The kind as the catalogue lists it."""
