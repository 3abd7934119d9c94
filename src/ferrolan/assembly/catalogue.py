"""What kinds of unit and of live connection there are: one line for each, handed to ``enterprise.load``.

The document may say ``kind: flotation`` because ``flotation.KIND`` stands here; neither the loader nor the planner
knows the list.
"""

from __future__ import annotations

from ferrolan.base.registry import Registry
from ferrolan.process.unit import UnitKind
from ferrolan.process.units import (
    acid_roast,
    blast_furnace,
    bof,
    calcination,
    caster,
    coke_oven,
    dissolution,
    flotation,
    gas_network,
    ladle_furnace,
    magnet_plant,
    magnetic_separation,
    mill,
    molten_salt,
    neutralisation,
    pellet_plant,
    polishing_powder,
    power_plant,
    precipitation,
    roast_leach,
    rolling_mill,
    separation,
    sinter_plant,
    splitter,
    stockpile,
    strip_casting,
    sx_cascade,
    water_leach,
)
from ferrolan.sources import folder, modbus, mqtt, opcua, replay, sparkplug
from ferrolan.sources.live import ConnectorKind


def connections() -> Registry[ConnectorKind]:
    """Every kind of live connection by name.

    Examples
    --------
    >>> connections()["replay"].title
    'replay of a file'
    """
    return Registry(
        "kind of connection", (opcua.KIND, modbus.KIND, folder.KIND, replay.KIND, mqtt.KIND, sparkplug.KIND)
    )


def kinds() -> Registry[UnitKind]:
    """Every kind of unit by name, in the order of the flowsheet.

    Examples
    --------
    >>> kinds()["blast_furnace"].title
    'blast furnace'
    """
    return Registry(
        "kind of unit",
        (
            stockpile.KIND,
            splitter.KIND,
            mill.KIND,
            magnetic_separation.KIND,
            flotation.KIND,
            pellet_plant.KIND,
            sinter_plant.KIND,
            coke_oven.KIND,
            blast_furnace.KIND,
            bof.KIND,
            ladle_furnace.KIND,
            caster.KIND,
            rolling_mill.KIND,
            gas_network.KIND,
            power_plant.KIND,
            roast_leach.KIND,
            acid_roast.KIND,
            water_leach.KIND,
            neutralisation.KIND,
            precipitation.KIND,
            dissolution.KIND,
            separation.KIND,
            sx_cascade.KIND,
            calcination.KIND,
            molten_salt.KIND,
            strip_casting.KIND,
            magnet_plant.KIND,
            polishing_powder.KIND,
        ),
    )
