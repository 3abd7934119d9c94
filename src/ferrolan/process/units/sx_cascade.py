"""Solvent extraction: a chloride liquor parted by a train of mixer-settlers into a light and a heavy liquor.

Ninety stages part praseodymium-neodymium from lanthanum-cerium: the saponified organic takes the more extractable ones,
acid scrubs it towards the product end and strips it there. The profile is that of `process.cascade` at steady state.

Over the fence the rare earths only change places: the organic that enters carries S moles a mole of feed in exchange
for ammonia or soda, scrub W and product S - W are freed by hydrochloric acid, so base and acid are both ``3 S`` moles a
mole of feed (and base for the free acid of the feed), and leave as ammonium or sodium chloride. That is the chain of
acid, ammonia and salt a tonne of oxide that the states tell.

A train has set flows, or it holds its purities: then the product rate follows from the balance of the heavy ones,
``(f - (1 - P_light)) / (P_heavy - (1 - P_light))``, and the scrub is the least at which the train makes it that pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from scipy.optimize import brentq

from ferrolan import materials
from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.base.schema import Count, Model, Sourced, Table, Text, Unit, WrongValue, after, nearest
from ferrolan.process.cascade import Draw, Feed, Profile, SeparationFactors, Train, minimum_flows, rate
from ferrolan.process.cascade.design import product_shares
from ferrolan.process.cascade.search import Requirement
from ferrolan.process.material import Floats, Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.phases import concentration, ratio, without_water
from ferrolan.process.reaction import Reaction, change
from ferrolan.process.unit import LIQUOR, Figure, Made, Materials, Port, UnitKind

RareEarth = Literal["La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Y"]


class MiddleDraw(Model):
    """A third product, drawn between the ends."""

    stage: Count
    """Stage it is drawn from, counted from the raffinate end."""
    phase: Literal["aqueous", "organic"]
    """Phase it is drawn from; an organic draw is stripped."""
    rate: Annotated[Sourced, Unit("1", above=0.0)]
    """Rare earths drawn per mole of rare earths in the feed [kmol/kmol]."""


class Purities(Model):
    """What both products are to be."""

    heavy: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mole fraction of the heavy ones in the organic product [1]."""
    light: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mole fraction of the others in the raffinate [1]."""


class SxCascadeSpec(Model):
    """How a train of mixer-settlers parts rare earths."""

    heavy: tuple[RareEarth, ...]
    """Rare earths that are to leave with the organic product: the most extractable ones."""
    system: Text | None = None
    """System of separation factors of `ferrolan.materials`. None where ``factors`` gives them."""
    factors: Table[Annotated[Sourced, Unit("1", above=0.0)]] = Table({})
    """The plant's own extractabilities against any one reference, by rare earth [1]; in place of ``system``."""
    extraction_stages: Count
    """Stages from the raffinate end to that where the feed enters."""
    scrub_stages: Count
    """Stages from there to the end where the organic product leaves."""
    product: Annotated[Sourced, Unit("1", above=0.0)] | None = None
    """Organic product over what the feed holds of ``heavy`` [kmol/kmol]: 1 takes just as much. With ``scrub``."""
    scrub: Annotated[Sourced, Unit("1", above=0.0)] | None = None
    """Rare earths W that the scrub acid takes off, per mole of rare earths in the feed [kmol/kmol]."""
    purities: Purities | None = None
    """Purities to hold with as little acid as they take, in place of ``product`` and ``scrub``."""
    efficiency: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Murphree's stage efficiency [1]; 1 for stages at equilibrium."""
    middle: MiddleDraw | None = None
    """A third product. None where there is none."""
    base: Literal["ammonia", "caustic_soda"]
    """Base that saponifies the organic."""
    base_strength: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of NH3 or NaOH in the solution it is dosed as [1]; drawn are the pure base, and its water apart."""
    acid_strength: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of HCl in the acid that is bought [1]; drawn are pure HCl, and its water apart."""
    acid_used_strength: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of HCl in scrub and strip acid, after dilution [1]."""
    acid_excess: Annotated[Sourced, Unit("1", least=0.0)]
    """Strip acid beyond what the product takes, over that [1]; it stays free in the products that are stripped."""
    salt_apart: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the salt, with its water, that leaves as waste water of a saponification apart [1]; else with light."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of rare-earth oxides in the feed [MWh/t]."""

    @after
    def _has_factors(self) -> Self:
        if not self.heavy:
            raise WrongValue(
                "empty", "at least one rare earth", "Name those that leave with the organic", "none", ("heavy",)
            )
        if (self.system is None) == (not self.factors):
            way_out = "Keep 'system' for published factors, 'factors' for the plant's own"
            raise WrongValue(
                "two_origins", "either a system or factors", way_out, "both" if self.factors else "neither"
            )
        self._has_flows()
        if self.system is not None and self.system not in materials.separation_systems():
            known = materials.separation_systems()
            raise WrongValue("unknown_system", "a known system", nearest(self.system, known), self.system, ("system",))
        unknown = [name for name in self.factors if name not in materials.RARE_EARTHS]
        if unknown:
            way_out = nearest(unknown[0], materials.RARE_EARTHS)
            raise WrongValue("unknown_rare_earth", "a rare earth", way_out, unknown[0], ("factors", unknown[0]))
        if self.acid_used_strength.value > self.acid_strength.value:
            way_out = "Dilution makes acid weaker: lower it, or buy stronger acid"
            found = self.acid_used_strength.written
            raise WrongValue(
                "out_of_range", "acid no stronger than what is bought", way_out, found, ("acid_used_strength",)
            )
        return self

    def _has_flows(self) -> None:
        declared = [one is not None for one in (self.product, self.scrub)]
        if any(declared) == (self.purities is not None) or any(declared) != all(declared):
            way_out = (
                "Keep 'product' and 'scrub' for a train with set flows, 'purities' for one that holds its purities"
            )
            found = "both" if self.purities else "not all of them"
            raise WrongValue("two_ways", "either product and scrub, or purities", way_out, found)
        if self.purities is not None and self.middle is not None:
            way_out = "Give 'product' and 'scrub', or leave the third product out"
            raise WrongValue("two_ways", "purities of two products alone", way_out, "a third", ("middle",))


def operate(spec: SxCascadeSpec, inlets: Materials) -> Made:
    """Part the rare earths by the train's profile, and account for base, acid, salt and water."""
    circuit = Circuit(spec, _chlorides(inlets["feed"]))
    shares, profile = circuit.shares
    parted = {name: circuit.feed.take(shares[name])[0] for name in ("light", "middle", "heavy")}
    reagents = Reagents(circuit)
    outlets = _liquors(circuit, reagents, parted)
    (base, of_base), (acid, of_acid) = without_water(reagents.base), without_water(reagents.bought)
    return Made(
        outlets,
        drawn={spec.base: base, "hydrochloric_acid": acid, "water": mixed((of_base, of_acid, reagents.dilution))},
        power=spec.power.value * circuit.feed.component("REO"),
        states=_states(circuit, reagents, outlets),
        limits=_limits(profile),
        residual=profile.residual if profile else 0.0,
        iterations=profile.iterations if profile else 1,
    )


@dataclass(frozen=True, eq=False)
class Circuit:
    """A train at work on a feed: what is known of it."""

    spec: SxCascadeSpec
    feed: Material

    @cached_property
    def kmol(self) -> Mapping[str, float]:
        """Rare earths of the feed that are present [kmol/h]: what is less than round-off of the others is not."""
        found = {symbol: _kmol(self.feed, f"chloride_{symbol}") for symbol in materials.RARE_EARTHS}
        least = _ROUND_OFF * sum(found.values())
        return {symbol: amount for symbol, amount in found.items() if amount > least}

    @cached_property
    def total(self) -> float:
        """Rare earths of the feed [kmol/h]."""
        return sum(self.kmol.values())

    @cached_property
    def fraction(self) -> float:
        """Mole fraction of the heavy ones in the feed [1]."""
        return ratio(sum(amount for symbol, amount in self.kmol.items() if symbol in self.spec.heavy), self.total)

    @property
    def product(self) -> float:
        """Organic product, per mole of feed [1]."""
        return self.flows[0]

    @property
    def scrub(self) -> float:
        """Rare earths W that scrub acid takes off, per mole of feed [1]."""
        return self.flows[1]

    @cached_property
    def flows(self) -> tuple[float, float]:
        """Organic product and scrub, per mole of feed [1], as declared or as the purities ask for."""
        spec = self.spec
        if spec.purities is None:
            assert spec.product is not None and spec.scrub is not None  # or it was refused
            return spec.product.value * self.fraction, spec.scrub.value
        if not 0.0 < self.fraction < 1.0:
            return self.fraction, 0.0
        product, _ = product_shares(self.fraction, spec.purities.heavy.value, spec.purities.light.value)
        return product, self._scrub_for(product, spec.purities.heavy.value)

    def _scrub_for(self, product: float, purity: float) -> float:
        """Scrub W at which the product is as pure as asked for; its rate makes the raffinate so too.

        Raises
        ------
        Infeasible
            If no scrub does it with these stages.
        """
        components, alpha = self.factors
        heavy = tuple(symbol for symbol in components if symbol in self.spec.heavy)
        asked = Requirement("organic_product", heavy, purity)
        least = minimum_flows(alpha, [self.kmol[symbol] / self.total for symbol in components], len(heavy)).scrub

        last: Profile | None = None

        def gap(logarithm: float) -> float:
            nonlocal last
            last = rate(self.train_at(product, math.exp(logarithm)), last)
            return asked.shortfall(last)

        bracket = _bracket(gap, math.log(least))
        if bracket is None:
            times = math.exp(gap(math.log(least) + _REACH))
            raise Infeasible(
                f"purities: with {self.spec.extraction_stages} + {self.spec.scrub_stages} stages and any scrub the "
                f"heavy product holds {times:.3g} times the impurity allowed; add stages or ask for less"
            )
        low, high = bracket
        return math.exp(brentq(gap, low, high, xtol=1e-12, rtol=1e-14)) if low < high else math.exp(low)

    @property
    def exchanged(self) -> float:
        """Rare earths S that base brings into the organic, and acid takes off again [kmol/h]."""
        return (self.product + self.scrub + self.drawn_organic) * self.total

    @property
    def drawn_organic(self) -> float:
        """Rare earths of an organic middle draw, per mole of feed [1]."""
        middle = self.spec.middle
        return middle.rate.value if middle is not None and middle.phase == "organic" else 0.0

    @cached_property
    def shares(self) -> tuple[Mapping[str, Floats], Profile | None]:
        """Share of each species (species,) that leaves by each outlet, and the profile of the train.

        Where the feed holds rare earths of one side of the cut alone, there is nothing to part and no profile.
        """
        sides = {symbol in self.spec.heavy for symbol in self.kmol}
        if len(sides) < 2:
            name = "heavy" if True in sides else "light"
            return {outlet: _IS_CHLORIDE * float(outlet == name) for outlet in ("light", "middle", "heavy")}, None
        profile = rate(self.train_at(*self.flows))
        left = np.sum(list(profile.outlets.values()), axis=0)
        names = {"light": "raffinate", "middle": "middle", "heavy": "organic_product"}
        return {
            outlet: self._by_species(outlet, profile.train.components, profile.outlets.get(name, 0.0 * left) / left)
            for outlet, name in names.items()
        }, profile

    def _by_species(self, outlet: str, components: tuple[str, ...], shares: Floats) -> Floats:
        """Share of each species (species,) that leaves by an outlet; what is not parted leaves by its own side."""
        sides = {symbol: "heavy" if symbol in self.spec.heavy else "light" for symbol in materials.RARE_EARTHS}
        whole = {symbol: float(outlet == side) for symbol, side in sides.items()}
        parted = whole | dict(zip(components, shares.tolist(), strict=True))
        return _by_species(tuple(parted), np.array(list(parted.values())))

    def train_at(self, product: float, scrub: float) -> Train:
        """The train, for one mole of feed, with an organic product and a scrub [kmol/kmol]."""
        spec, (components, alpha) = self.spec, self.factors
        fed = np.array([self.kmol[symbol] for symbol in components]) / self.total
        middle = spec.middle
        draws = () if middle is None else (Draw("middle", middle.stage, middle.rate.value, middle.phase),)
        return Train(
            components,
            spec.extraction_stages + spec.scrub_stages,
            (Feed(spec.extraction_stages, fed),),
            organic_load=product + scrub + self.drawn_organic,
            scrub=scrub,
            chemistry=SeparationFactors(alpha),
            draws=draws,
            efficiency=spec.efficiency.value,
        )

    @cached_property
    def factors(self) -> tuple[tuple[str, ...], Floats]:
        """Rare earths that are present, and their extractabilities [1].

        Raises
        ------
        ProblemError
            If one has no factor, or one of ``heavy`` is less extractable than one that is not.
        """
        spec, present = self.spec, tuple(self.kmol)
        if spec.system is not None:
            system = materials.separation_factors(spec.system).among(present)
            components, alpha = system.components, system.alpha
        else:
            missing = [symbol for symbol in present if symbol not in spec.factors]
            if missing:
                raise ProblemError(f"factors: the feed holds {', '.join(missing)}, of which no factor is declared.")
            components, alpha = present, np.array([spec.factors[symbol].value for symbol in present])
        heavy = np.array([symbol in spec.heavy for symbol in components])
        if alpha[heavy].min() <= alpha[~heavy].max():
            least, most = (
                components[int(np.argmin(np.where(heavy, alpha, np.inf)))],
                components[int(np.argmax(np.where(heavy, 0.0, alpha)))],
            )
            raise ProblemError(
                f"heavy: {least} is not extracted better than {most}, which is to stay; name the most extractable ones."
            )
        return components, alpha


@dataclass(frozen=True, eq=False)
class Reagents:
    """Base, acid and salt of a circuit."""

    circuit: Circuit

    @property
    def free_acid(self) -> float:
        """Hydrochloric acid that the feed brings, which base takes up [kmol/h]."""
        return _kmol(self.circuit.feed, "hydrochloric_acid")

    @cached_property
    def base(self) -> Material:
        """Base as bought."""
        kmol = _EQUIVALENTS * self.circuit.exchanged + self.free_acid
        return _solution(_BASES[self.circuit.spec.base], kmol, self.circuit.spec.base_strength.value)

    @cached_property
    def scrub(self) -> Material:
        """Scrub acid as used."""
        circuit = self.circuit
        kmol = _EQUIVALENTS * circuit.scrub * circuit.total
        return _solution("hydrochloric_acid", kmol, circuit.spec.acid_used_strength.value)

    @cached_property
    def strip(self) -> Material:
        """Strip acid as used, with its excess."""
        circuit = self.circuit
        kmol = _EQUIVALENTS * (circuit.product + circuit.drawn_organic) * circuit.total
        return _solution(
            "hydrochloric_acid", kmol * (1.0 + circuit.spec.acid_excess.value), circuit.spec.acid_used_strength.value
        )

    @cached_property
    def bought(self) -> Material:
        """Acid as bought."""
        kmol = _kmol(self.scrub, "hydrochloric_acid") + _kmol(self.strip, "hydrochloric_acid")
        return _solution("hydrochloric_acid", kmol, self.circuit.spec.acid_strength.value)

    @cached_property
    def dilution(self) -> Material:
        """Water that dilutes the acid that is bought to that which is used."""
        used = self.scrub.amount("water") + self.strip.amount("water")
        return Material.of({"water": max(used - self.bought.amount("water"), 0.0)}, "liquor")

    @cached_property
    def salt(self) -> Material:
        """Salt of the base, with the water that the base brought and the reaction made."""
        kmol = _EQUIVALENTS * self.circuit.exchanged + self.free_acid
        met = self.base.plus(_solution("hydrochloric_acid", kmol, 1.0))
        made = change(met.amounts, [(_SALTS[self.circuit.spec.base], 1.0)])
        return Material("liquor", rounded(met.amounts + made, met.mass))

    @cached_property
    def excess(self) -> Material:
        """Strip acid left over."""
        share = self.circuit.spec.acid_excess.value / (1.0 + self.circuit.spec.acid_excess.value)
        return Material.of({"hydrochloric_acid": self.strip.amount("hydrochloric_acid") * share}, "liquor")


def _liquors(circuit: Circuit, reagents: Reagents, parted: Mapping[str, Material]) -> dict[str, Material]:
    """What leaves: rare earths as parted, with water, free acid and salt, as warm as all that enters is together."""
    to_middle = ratio(circuit.drawn_organic, circuit.drawn_organic + circuit.product)
    stripped = reagents.excess.amounts + _water(reagents.strip)
    liquor = _others(circuit.feed) + _water(reagents.scrub)
    beside = _drawn_water(circuit, liquor)
    apart = circuit.spec.salt_apart.value
    amounts = {
        "light": parted["light"].amounts + liquor - beside + (1.0 - apart) * reagents.salt.amounts,
        "middle": parted["middle"].amounts + beside + to_middle * stripped,
        "heavy": parted["heavy"].amounts + (1.0 - to_middle) * stripped,
        "waste_water": apart * reagents.salt.amounts,
    }
    size = circuit.feed.mass
    temperature = mixed((circuit.feed, reagents.base, reagents.bought, reagents.dilution)).temperature
    return {name: Material("liquor", rounded(one, size), temperature) for name, one in amounts.items()}


def _others(feed: Material) -> Floats:
    """What the feed holds beside rare earths and the acid that base takes up (species,) [t/h]."""
    others = np.where(_IS_CHLORIDE > 0.0, 0.0, feed.amounts)
    others[materials.place("hydrochloric_acid")] = 0.0
    return others


def _water(solution: Material) -> Floats:
    return Material.of({"water": solution.amount("water")}).amounts


def _drawn_water(circuit: Circuit, liquor: Floats) -> Floats:
    """Water that an aqueous middle draw takes along, by its part of the rare earths in the liquor (species,) [t/h]."""
    middle = circuit.spec.middle
    aqueous = middle is not None and middle.phase == "aqueous"
    share = middle.rate.value / (1.0 + circuit.scrub) if middle is not None and aqueous else 0.0
    return share * Material.of({"water": float(liquor[materials.place("water")])}).amounts


def _states(circuit: Circuit, reagents: Reagents, outlets: Mapping[str, Material]) -> dict[str, Figure]:
    feed, heavy, light = circuit.feed.component("REO"), outlets["heavy"], outlets["light"]
    named = [materials.oxide_of(symbol) for symbol in circuit.spec.heavy]
    there, fed = (sum(one.component(oxide) for oxide in named) for one in (heavy, circuit.feed))
    lost = sum(light.component(oxide) for oxide in named)
    waste = outlets["waste_water"].mass
    base, salt = _BASES[circuit.spec.base], "ammonium_chloride" if circuit.spec.base == "ammonia" else "sodium_chloride"
    return {
        "purity of the heavy product": Figure(ratio(there, heavy.component("REO")), "1"),
        "purity of the light product": Figure(1.0 - ratio(lost, light.component("REO")), "1"),
        "recovery to the heavy product": Figure(ratio(there, fed), "1"),
        "organic load S": Figure(ratio(circuit.exchanged, circuit.total), "kmol/kmol"),
        "scrub W": Figure(circuit.scrub, "kmol/kmol"),
        "base a tonne of oxides": Figure(ratio(reagents.base.amount(base), feed), "t/t"),
        "acid a tonne of oxides": Figure(ratio(reagents.bought.amount("hydrochloric_acid"), feed), "t/t"),
        "salt a tonne of oxides": Figure(ratio(reagents.salt.amount(salt), feed), "t/t"),
        "waste water a tonne of oxides": Figure(ratio(waste, feed), "t/t"),
        "rare earths in the heavy product": Figure(concentration(heavy, "REO"), "kg/m3"),
    }


def _limits(profile: Profile | None) -> dict[str, Figure]:
    """Distance of each section to its least flow [1]: below it no number of stages makes pure products."""
    distances = profile.distance_to_pinch if profile else {}
    return {f"{section} beyond its least flow": Figure(value, "1") for section, value in distances.items()}


_REACH = 4.5  # how far from the logarithm of the least scrub of a sharp cut a purity is looked for
_STRIDE = 0.25
_TRACE = 1e-9  # of the rare earths, that may be something else
_ROUND_OFF = 1e-15  # of the rare earths: a train is not asked what it makes of less
_EQUIVALENTS = 3.0  # charge of a rare earth in a chloride
_BASES = {"ammonia": "ammonia_water", "caustic_soda": "sodium_hydroxide"}
_SALTS = {
    "ammonia": Reaction.of("hydrochloric_acid + ammonia_water -> ammonium_chloride"),
    "caustic_soda": Reaction.of("hydrochloric_acid + sodium_hydroxide -> sodium_chloride + water"),
}


def _bracket(gap: Callable[[float], float], start: float) -> tuple[float, float] | None:
    """Two logarithms of the scrub between which a falling gap changes sign; None where it stays positive.

    Both are the lowest where the gap is negative even there.
    """
    step = _STRIDE if gap(start) > 0.0 else -_STRIDE
    at = start
    while abs(at - start) < _REACH:
        at += step
        if (gap(at) > 0.0) != (step > 0.0):
            return min(at, at - step), max(at, at - step)
    return None if step > 0.0 else (at, at)


def _by_species(components: tuple[str, ...], shares: Floats) -> Floats:
    found = np.zeros(len(materials.SPECIES))
    for symbol, share in zip(components, shares, strict=True):
        found[materials.place(f"chloride_{symbol}")] = min(share, 1.0)
    return found


_IS_CHLORIDE = _by_species(materials.RARE_EARTHS, np.ones(len(materials.RARE_EARTHS)))


def _kmol(material: Material, name: str) -> float:
    place = materials.place(name)
    return float(material.amounts[place]) * 1000.0 / float(materials.MOLAR_MASS[place])


def _chlorides(feed: Material) -> Material:
    """The feed itself.

    Raises
    ------
    ProblemError
        If it holds rare earths that are no chloride: the train would not see them.
    """
    others = Material("liquor", np.where(_IS_CHLORIDE > 0.0, 0.0, feed.amounts))
    if others.component("RE") > _TRACE * feed.component("RE"):
        worst = int(np.argmax(others.amounts * (materials.COMPOSITION @ materials.basis("RE"))))
        raise ProblemError(
            f"feed: {materials.SPECIES[worst].name} is no chloride; dissolve the rare earths in hydrochloric acid first"
        )
    return feed


def _solution(name: str, kmol: float, strength: float) -> Material:
    """A dissolved reagent with the water it brings."""
    pure = kmol * float(materials.MOLAR_MASS[materials.place(name)]) / 1000.0
    return Material.of({name: pure, "water": pure * (1.0 / strength - 1.0)}, "liquor")


KIND = UnitKind(
    name="sx_cascade",
    title="solvent-extraction train",
    description="Parts the rare earths of a chloride liquor in mixer-settlers, with the acid, base and salt of it.",
    inlets=LIQUOR,
    outlets=LIQUOR,
    spec=SxCascadeSpec,
    ports=(
        Port("feed", "in", LIQUOR, "Chloride liquor."),
        Port("light", "out", LIQUOR, "Raffinate: what the organic does not take, and salt."),
        Port("heavy", "out", LIQUOR, "Organic product, stripped."),
        Port("middle", "out", LIQUOR, "A third product, where one is drawn.", optional=True),
        Port("waste_water", "out", LIQUOR, "Salt of a saponification apart.", optional=True),
    ),
    operate=operate,
    parameters=("product", "scrub", "purities.heavy", "purities.light", "efficiency", "acid_excess", "power"),
)
