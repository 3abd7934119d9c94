"""A train sheet designed: the train that does what it asks with the fewest stages, the least reagent or volume.

``feed: {Pr: 0.23, Nd: 0.77}``, ``cut: [Pr, Nd]`` and two purities become 33 stages with their organic and scrub, by Xu
Guangxian's ratios and simulated. A sheet that already has stages and flows is where the search begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ferrolan.assembly.trains import factors_of, feed_of, train_of
from ferrolan.base.errors import DocumentError, Fault, Infeasible, ProblemError
from ferrolan.enterprise.train_sheet import Loaded
from ferrolan.process.cascade.design import Design, design
from ferrolan.process.cascade.minimum import Minimum, minimum_flows
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.search import Found, Requirement, fewest_stages, least_reagent, least_volume
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Profile, Train

Goal = Literal["stages", "reagent", "volume"]
"""Fewest stages, least scrub acid and base, or least volume of mixers."""

_DIGITS = 12  # decimals of a flow in a sheet: what is printed, written and simulated again is the same


@dataclass(frozen=True, eq=False)
class Proposal:
    """A train that does what a sheet asks.

    ``profile`` is its steady state; ``least`` the minimum flows of the cut for a feed of one; ``first`` the design by
    formula that the search began from, None where the sheet had a train; ``by_formula`` the steady state with as many
    stages as the formulae give, None where they give none; ``simulated`` how many trains the search looked at.
    """

    goal: Goal
    profile: Profile
    least: Minimum
    first: Design | None
    by_formula: Profile | None
    simulated: int

    @property
    def reagents(self) -> Mapping[str, float]:
        """Base, scrub acid and strip acid [mol a mol of feed]: three mol for each mol of rare earth."""
        train = self.profile.train
        fed, product = float(train.fed.sum()), train.organic_load - train.scrub
        amounts = {"base": train.organic_load, "scrub_acid": train.scrub, "strip_acid": product}
        return {name: 3.0 * amount / fed for name, amount in amounts.items()}


def sides_of(loaded: Loaded) -> Mapping[str, tuple[str, ...]]:
    """The components that belong into each of the two products."""
    components, _alpha = factors_of(loaded)
    at = components.index(loaded.sheet.cut[1])
    return {RAFFINATE: components[:at], PRODUCT: components[at:]}


def proposal(
    loaded: Loaded, goal: Goal = "stages", *, organic: float | None = None, scrub: float | None = None
) -> Proposal:
    """Design the train of a sheet.

    Parameters
    ----------
    loaded
        The sheet.
    goal
        What there should be least of.
    organic, scrub
        One of the two, where it is given [mol a mol of feed]; else Xu's optimum, or what the sheet has.

    Raises
    ------
    DocumentError
        If no factor is known for a component, the cut parts no neighbours, or draws stand in a sheet without stages.
    Infeasible
        If flows are below the minimum or a purity is out of reach, with what would do.
    ProblemError
        If organic and scrub are both given.
    """
    components, alpha = factors_of(loaded)
    least = minimum_flows(alpha, feed_of(loaded, components), len(sides_of(loaded)[PRODUCT]))
    first = None if loaded.sheet.exists else _first(loaded, organic, scrub)
    begin = (
        _given(loaded, organic, scrub) if first is None else replace(first.train, efficiency=loaded.sheet.efficiency)
    )
    try:
        found = _search(loaded, goal, begin, first)
    except Infeasible as error:
        text = f"{error} Least flows of the cut: W {least.scrub:.6g}, S {least.organic:.6g}."
        raise Infeasible(text) from error
    profile = rate(_written(found.train))
    return Proposal(goal, profile, least, first, _by_formula(first, loaded), found.simulated)


def _first(loaded: Loaded, organic: float | None, scrub: float | None) -> Design:
    """The design by formula of a sheet without stages."""
    sheet = loaded.sheet
    if sheet.draws:
        expected, way_out = (
            "stages, organic and scrub beside draws",
            "Give a train to begin from, or leave out the draws",
        )
        found = "draws of no train"
        raise DocumentError([Fault(str(loaded.path), 0, "draws", found, expected, way_out, "wrong_train")])
    components, alpha = factors_of(loaded)
    return design(
        components,
        alpha,
        feed_of(loaded, components),
        sides_of(loaded)[PRODUCT],
        purity_organic=sheet.purity.heavy,
        purity_raffinate=sheet.purity.light,
        organic=organic,
        scrub=scrub,
    )


def _given(loaded: Loaded, organic: float | None, scrub: float | None) -> Train:
    """The train of a sheet that has one, with another organic or scrub; what leaves with the organic stays."""
    train = train_of(loaded)
    if organic is not None and scrub is not None:
        raise ProblemError(
            f"flows: organic less scrub is the product; give one of the two, not {organic:g} and {scrub:g}"
        )
    product = train.organic_load - train.scrub
    if organic is not None:
        return replace(train, organic_load=organic, scrub=organic - product)
    return train if scrub is None else replace(train, organic_load=scrub + product, scrub=scrub)


def _search(loaded: Loaded, goal: Goal, begin: Train, first: Design | None) -> Found:
    wanted = {RAFFINATE: loaded.sheet.purity.light, PRODUCT: loaded.sheet.purity.heavy}
    required = [Requirement(name, group, wanted[name]) for name, group in sides_of(loaded).items()]
    if goal == "volume":
        return least_volume(begin, required)
    if goal == "reagent" and first is None:
        return least_reagent(begin, required)
    perfect = first is not None and loaded.sheet.efficiency == 1.0
    fewest = Found(begin, first.profile, 1) if first is not None and perfect else fewest_stages(begin, required)
    if goal == "stages":
        return fewest
    found = least_reagent(fewest.train, required)
    return Found(found.train, found.profile, fewest.simulated + found.simulated)


def _written(train: Train) -> Train:
    """The train with flows as a sheet has them."""
    return replace(train, organic_load=round(train.organic_load, _DIGITS), scrub=round(train.scrub, _DIGITS))


def _by_formula(first: Design | None, loaded: Loaded) -> Profile | None:
    """The steady state with the stages that the corrected formulae give, rounded up."""
    if first is None:
        return None
    counts = np.array([first.corrected.extraction, first.corrected.scrub])
    if not np.isfinite(counts).all():
        return None
    below, above = (max(int(count), 1) for count in np.ceil(counts))
    feed = replace(first.train.feeds[0], stage=below)
    stages = below + above
    return rate(replace(first.train, stages=stages, feeds=(feed,), efficiency=loaded.sheet.efficiency))
