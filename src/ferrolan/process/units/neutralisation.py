"""Neutralisation: magnesia or lime into a sulphate liquor, so that iron, phosphorus and thorium leave it.

A leach liquor at pH 1 with 40 kg/m3 of rare-earth oxides and 5 kg/m3 of iron is brought to pH 4: iron falls first as
phosphate, for as long as there is phosphoric acid, then as hydroxide; thorium falls as hydroxide, and a little of the
rare earths with it. Magnesia leaves magnesium sulphate in the liquor, lime leaves gypsum in the residue. How much of
each falls is declared, as fitted shares; how much base that takes follows from the stoichiometry.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.firing import steam
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import rounded
from ferrolan.process.phases import concentration, of_form, ratio
from ferrolan.process.reaction import Reaction, change
from ferrolan.process.residue import ThoriumLimit, thorium_distance
from ferrolan.process.unit import LIQUOR, SOLIDS, Figure, Made, Materials, Port, UnitKind


class NeutralisationSpec(Model):
    """What falls when a liquor is neutralised."""

    base: Literal["magnesia", "lime"]
    """Base: magnesia, MgO, or lime, CaO."""
    excess: Annotated[Sourced, Unit("1", least=0.0)]
    """Base beyond what the reactions take, over that [1]; it leaves with the residue."""
    acid: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the free sulphuric acid that is neutralised [1]."""
    phosphorus: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the phosphoric acid that falls as iron phosphate, as far as there is iron [1]."""
    iron: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the iron that falls, as phosphate first and then as hydroxide [1]."""
    thorium: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the thorium that falls as hydroxide [1]."""
    rare_earths_lost: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the rare earths that falls as hydroxide with the residue [1]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of liquor and residue [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of liquor [MWh/t]."""
    thorium_limit: ThoriumLimit | None = None
    """Most thorium that the residue may hold. None where no limit is declared."""


_BASES = {  # name of the base, its species, what it becomes, water that takes a tonne-mole
    "magnesia": ("periclase", "magnesia_sulfate", 0.0),
    "lime": ("lime", "gypsum", 2.0),
}


def operate(spec: NeutralisationSpec, inlets: Materials) -> Made:
    """Let fall what falls, take the base that this takes, and part residue from liquor."""
    feed = inlets["feed"]
    made = change(feed.amounts, _steps(spec, feed.amounts))
    place = materials.place(_BASES[spec.base][0])
    base = Material.of({_BASES[spec.base][0]: -float(made[place]) * (1.0 + spec.excess.value)})
    amounts = rounded(feed.amounts + made + base.amounts, feed.mass)
    liquor = of_form(amounts, "liquor", spec.temperature.value)
    residue = Material("solids", amounts - liquor.amounts, spec.temperature.value)
    power = spec.power.value * feed.mass
    return Made(
        {"liquor": liquor, "residue": residue},
        drawn={spec.base: base},
        power=power,
        heat=steam((feed, base), (liquor, residue), power),
        states={
            "rare earths in the liquor": Figure(concentration(liquor, "REO"), "kg/m3"),
            "iron in the liquor": Figure(concentration(liquor, "Fe"), "kg/m3"),
            "recovery of rare earths": Figure(ratio(liquor.component("REO"), feed.component("REO")), "1"),
            "thorium oxide in the residue": Figure(residue.component("ThO2"), "t/h"),
            "thorium oxide a tonne of residue": Figure(residue.grade("ThO2"), "1"),
        },
        limits=thorium_distance(spec.thorium_limit, residue),
    )


@cache
def _reaction(base: str, reactants: str, bases: float, products: str, water: float = 0.0) -> Reaction:
    """A reaction that takes ``bases`` of the base and gives as much of its sulphate, and ``water`` of water."""
    oxide, sulphate, bound = _BASES[base]
    given = water - bases * bound
    side = f" + {given:g} water" if given > 0.0 else ""
    taken = f" + {-given:g} water" if given < 0.0 else ""
    more = f" + {products}" if products else ""
    return Reaction.of(f"{reactants} + {bases:g} {oxide}{taken} -> {bases:g} {sulphate}{more}{side}")


def _steps(spec: NeutralisationSpec, amounts: Floats) -> list[tuple[Reaction, float]]:
    base = spec.base
    as_phosphate = _iron_as_phosphate(spec, amounts)
    as_hydroxide = max(spec.iron.value - as_phosphate, 0.0)
    lost = spec.rare_earths_lost.value
    return [
        (_reaction(base, "sulfuric_acid_aq", 1.0, "", water=1.0), spec.acid.value),
        (_reaction(base, "iron_sulfate + 2 phosphoric_acid", 3.0, "2 iron_phosphate", water=3.0), as_phosphate),
        (_reaction(base, "iron_sulfate", 3.0, "2 iron_hydroxide", water=-3.0), as_hydroxide),
        (_reaction(base, "thorium_sulfate", 2.0, "thorium_hydroxide", water=-2.0), spec.thorium.value),
        *((_reaction(base, one, 3.0, product, water=-3.0), lost) for one, product in _HYDROXIDES),
    ]


def _iron_as_phosphate(spec: NeutralisationSpec, amounts: Floats) -> float:
    """Share of the iron sulphate that falls as phosphate [1]."""
    iron, acid = (_kmol(amounts, name) for name in ("iron_sulfate", "phosphoric_acid"))
    return min(ratio(0.5 * spec.phosphorus.value * acid, iron), 1.0)


def _kmol(amounts: Floats, name: str) -> float:
    place = materials.place(name)
    return float(amounts[place]) * 1000.0 / float(materials.MOLAR_MASS[place])


_HYDROXIDES = tuple((f"sulfate_{symbol}", f"2 hydroxide_{symbol}") for symbol in materials.RARE_EARTHS)


KIND = UnitKind(
    name="neutralisation",
    title="neutralisation",
    description="Brings iron, phosphorus and thorium of a sulphate liquor into a residue with magnesia or lime.",
    inlets=LIQUOR,
    outlets=LIQUOR | SOLIDS,
    spec=NeutralisationSpec,
    ports=(
        Port("feed", "in", LIQUOR, "Sulphate liquor."),
        Port("liquor", "out", LIQUOR, "Purified liquor."),
        Port("residue", "out", SOLIDS, "Phosphates and hydroxides, dry, with thorium and the base left over."),
    ),
    operate=operate,
    parameters=("acid", "phosphorus", "iron", "thorium", "rare_earths_lost", "power"),
)
