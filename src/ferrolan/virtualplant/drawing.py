"""What is drawn of a plant: where every stream comes from and goes to, which are liquors, what is balanced.

The plant has its own copy of the drawing, so that an error in a document's drawing cannot hide. Example: the flotation
feed leaves the tails splitter for flotation, and no dry mass is lost in either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ferrolan.virtualplant.material import COMPONENTS


@dataclass(frozen=True)
class Drawing:
    """A plant on paper.

    ``lines`` gives the ends (from, to) of every stream, along the flow of the plant; ``liquors`` are the streams that
    are measured by volume; ``conserves_mass`` the units, stocks apart, whose dry mass closes; ``components`` what the
    plant knows of.
    """

    lines: Mapping[str, tuple[str | None, str | None]]
    liquors: frozenset[str]
    conserves_mass: frozenset[str]
    components: tuple[str, ...]

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Every unit and stock."""
        return tuple(dict.fromkeys(end for ends in self.lines.values() for end in ends if end is not None))

    def inlets(self, unit: str) -> list[str]:
        """Streams that enter a unit."""
        return [stream for stream, (_, target) in self.lines.items() if target == unit]

    def outlets(self, unit: str) -> list[str]:
        """Streams that leave a unit."""
        return [stream for stream, (source, _) in self.lines.items() if source == unit]


_LINES: Mapping[str, tuple[str | None, str | None]] = {  # stream: (from, to)
    "ore_mined": (None, "ore_stockpile"),
    "mill_feed": ("ore_stockpile", "mill"),
    "ground_ore": ("mill", "magnetic_separation"),
    "iron_concentrate": ("magnetic_separation", "iron_concentrate_store"),
    "magnetic_tails": ("magnetic_separation", "tails_splitter"),
    "flotation_feed": ("tails_splitter", "flotation"),
    "tails_to_pond": ("tails_splitter", None),
    "re_concentrate": ("flotation", "re_concentrate_store"),
    "flotation_tails": ("flotation", None),
    "pellet_feed": ("iron_concentrate_store", "pellet_plant"),
    "pellets": ("pellet_plant", "blast_furnace"),
    "pellet_dust": ("pellet_plant", None),
    "purchased_ore": (None, "blast_furnace"),
    "coke": (None, "blast_furnace"),
    "hot_metal": ("blast_furnace", "bof"),
    "bf_slag": ("blast_furnace", None),
    "bf_dust": ("blast_furnace", None),
    "scrap": (None, "bof"),
    "liquid_steel": ("bof", "caster"),
    "bof_slag": ("bof", None),
    "bof_dust": ("bof", None),
    "slab": ("caster", "rolling_mill"),
    "caster_crop": ("caster", "bof"),
    "rolled_steel": ("rolling_mill", None),
    "rolling_crop": ("rolling_mill", "bof"),
    "mill_scale": ("rolling_mill", None),
    "concentrate_feed": ("re_concentrate_store", "roast_leach"),
    "leach_liquor": ("roast_leach", "separation"),
    "leach_residue": ("roast_leach", None),
    "lace_liquor": ("separation", "lace_calciner"),
    "prnd_liquor": ("separation", "prnd_calciner"),
    "segy_liquor": ("separation", "segy_calciner"),
    "raffinate": ("separation", None),
    "lace_oxide": ("lace_calciner", None),
    "lace_filtrate": ("lace_calciner", None),
    "prnd_oxide": ("prnd_calciner", None),
    "prnd_filtrate": ("prnd_calciner", None),
    "segy_oxide": ("segy_calciner", None),
    "segy_filtrate": ("segy_calciner", None),
}

ORE_TO_BOTH = Drawing(
    lines=_LINES,
    liquors=frozenset(
        {"leach_liquor", "raffinate"}
        | {f"{product}_{form}" for product in ("lace", "prnd", "segy") for form in ("liquor", "filtrate")}
    ),
    conserves_mass=frozenset({"mill", "magnetic_separation", "tails_splitter", "flotation", "caster"}),
    components=COMPONENTS,
)
"""The plant of the example *ore to both*."""
