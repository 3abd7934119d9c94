"""What a train of mixer-settlers does, in lines for a terminal.

"Raffinate: Pr 99.84 %, wanted 99.9 %." and how far each section is above the least flow that parts the pair.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from ferrolan.assembly.train_design import Proposal
from ferrolan.assembly.trains import CutFactor
from ferrolan.base.language import _, ngettext
from ferrolan.process.cascade.startup import StartUp
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Profile
from ferrolan.views.numbers import NBSP

Sides = Mapping[str, tuple[str, ...]]
Wanted = Mapping[str, float]

_ROUND_OFF = 1e-9
_NINES = 1e-7  # smallest impurity that is shown as one [1]


def profile_lines(profile: Profile) -> Iterator[str]:
    """A steady state without a sheet: what each outlet holds, and how far it is from what cannot be done."""
    train = profile.train
    yield _("{stages} stages, organic {organic}, scrub {scrub}.").format(
        stages=train.stages, organic=f"{train.organic_load:.4g}", scrub=f"{train.scrub:.4g}"
    )
    for outlet, amounts in profile.outlets.items():
        fractions = (amounts / amounts.sum()).tolist()
        held = sorted(zip(fractions, train.components, strict=True), reverse=True)
        parts = ", ".join(f"{name} {share(fraction)}" for fraction, name in held)
        yield f"{outlet_name(outlet)}: {parts}"
    yield from _pinch(profile)


def designed_lines(title: str, found: Proposal, sides: Sides, wanted: Wanted) -> Iterator[str]:
    """A design: its stages, flows and reagents, what it makes, how far it is from what cannot be done, and why so."""
    profile, train = found.profile, found.profile.train
    below = train.feeds[0].stage
    yield _("{title}, {goal}: {extraction} extraction and {scrub} scrub stages.").format(
        title=title, goal=_goal(found.goal), extraction=below, scrub=train.stages - below
    )
    yield _(
        "Organic S {organic}, scrub W {scrub} mol a mol of feed; at least {least_organic} and {least_scrub}."
    ).format(
        organic=f"{train.organic_load:.4g}",
        scrub=f"{train.scrub:.4g}",
        least_organic=f"{found.least.organic:.4g}",
        least_scrub=f"{found.least.scrub:.4g}",
    )
    yield _("Base {base}, scrub acid {scrub_acid}, strip acid {strip_acid} mol a mol of feed.").format(
        **{name: f"{amount:.4g}" for name, amount in found.reagents.items()}
    )
    for outlet, components in sides.items():
        yield _purity(outlet, components, profile.purity(outlet, *components), wanted[outlet])
        yield "  " + _recovery(profile, outlet, components)
    yield from _pinch(profile)
    yield from _grounds(found, sides)


def rated_lines(title: str, profile: Profile, sides: Sides, wanted: Wanted) -> Iterator[str]:
    """A train that stands: its flows, what it makes, and how far it is from what cannot be done."""
    train = profile.train
    yield _("{title}: {stages} stages, organic {organic}, scrub {scrub} mol a mol of feed.").format(
        title=title, stages=train.stages, organic=f"{train.organic_load:.4g}", scrub=f"{train.scrub:.4g}"
    )
    for outlet, components in sides.items():
        yield _purity(outlet, components, profile.purity(outlet, *components), wanted[outlet])
        yield "  " + _recovery(profile, outlet, components)
    yield from _pinch(profile)
    closure = float(np.abs(profile.closure).max())
    yield _("Every component closes to {closure} of its feed; {iterations} iterations.").format(
        closure=f"{closure:.0e}", iterations=profile.iterations
    )


def ground_lines(system: str | None, cut: tuple[str, str], factor: CutFactor, efficiency: float) -> Iterator[str]:
    """On what the answer rests: the separation factor of the pair, how well it is known, and the stage efficiency."""
    pair = f"{cut[1]}/{cut[0]}"
    if factor.span is None:
        yield _(
            "It rests on a separation factor {pair} of {value}, your own, and on stage efficiency {efficiency}."
        ).format(pair=pair, value=f"{factor.value:.3g}", efficiency=f"{100.0 * efficiency:g}{NBSP}%")
        return
    low, high = factor.span
    yield _(
        "It rests on a separation factor {pair} of {value} ({low} to {high} within one standard deviation; {system}, {status}) "
        "and on stage efficiency {efficiency}: fit both to stage assays before you build."
    ).format(
        pair=pair, value=f"{factor.value:.3g}", low=f"{low:.3g}", high=f"{high:.3g}", system=system,
        status=factor.status, efficiency=f"{100.0 * efficiency:g}{NBSP}%",
    )  # fmt: skip


def started_lines(title: str, found: StartUp, sides: Sides, wanted: Wanted) -> Iterator[str]:
    """A start-up: when each product is on grade for good, and what was off grade before."""
    course = found.course
    yield _("{title}: {hours} h followed in {steps} steps.").format(
        title=title, hours=f"{course.times[-1]:.0f}", steps=course.steps
    )
    for outlet, components in sides.items():
        yield _purity(outlet, components, float(course.purity(outlet, *components)[-1]), wanted[outlet])
        hours, off = found.hours_to_grade[outlet], float(found.off_grade[outlet].sum())
        if np.isfinite(hours):
            yield "  " + _("on grade from {hours} h on; {off} kmol off grade before").format(
                hours=f"{hours:.0f}", off=f"{off:.4g}"
            )
        else:
            yield "  " + _("not on grade at the end; {off} kmol off grade").format(off=f"{off:.4g}")
    held = course.in_process_inventory[-1]
    stock = ", ".join(f"{name} {amount:.4g}" for name, amount in zip(course.components, held.tolist(), strict=True))
    yield _("In the stages at the end: {stock} kmol.").format(stock=stock)


def share(value: float) -> str:
    """A purity [1] in per cent, its impurity to two figures.

    Examples
    --------
    >>> [share(value).replace(chr(160), " ") for value in (0.9998927, 0.9999, 0.62)]
    ['99.989 %', '99.990 %', '62.00 %']
    """
    impurity = max(1.0 - value, _NINES)
    decimals = max(2, 1 - math.floor(math.log10(100.0 * impurity) + _ROUND_OFF))
    return f"{100.0 * value:.{decimals}f}{NBSP}%"


def outlet_name(name: str) -> str:
    """An outlet in words."""
    known = {RAFFINATE: _("Raffinate"), PRODUCT: _("Organic product")}
    return known.get(name, name.replace("_", " "))


def _goal(goal: str) -> str:
    known = {"stages": _("fewest stages"), "reagent": _("least reagent"), "volume": _("least volume")}
    return known[goal]


def _grounds(found: Proposal, sides: Sides) -> Iterator[str]:
    """Why the design is as it is, and what the formulae alone would have given."""
    if found.first is not None:
        said = _("By formula: {reason}") if found.simulated == 1 else _("Begun by formula: {reason}")
        for reason in found.first.reasons:
            yield said.format(reason=reason)
    if found.by_formula is not None:
        train = found.by_formula.train
        below = train.feeds[0].stage
        parts = ", ".join(
            f"{' + '.join(group)} {share(found.by_formula.purity(outlet, *group))}" for outlet, group in sides.items()
        )
        yield _("The formulae's {extraction} + {scrub} stages, simulated, would make {parts}.").format(
            extraction=below, scrub=train.stages - below, parts=parts
        )
    count = found.simulated
    if count > 1:
        yield ngettext("{count} train simulated.", "{count} trains simulated.", count).format(count=count)


def _purity(outlet: str, components: tuple[str, ...], found: float, wanted: float) -> str:
    return _("{outlet}: {components} {found}, wanted {wanted}").format(
        outlet=outlet_name(outlet), components=" + ".join(components), found=share(found), wanted=share(wanted)
    )


def _recovery(profile: Profile, outlet: str, components: tuple[str, ...]) -> str:
    parts = ", ".join(f"{name} {share(profile.recovery(outlet, name))}" for name in components)
    return _("recovered: {parts}").format(parts=parts)


def _pinch(profile: Profile) -> Iterator[str]:
    """Distance of each section to the least flow that parts the pair."""
    for section, distance in profile.distance_to_pinch.items():
        percent = f"{100.0 * abs(distance):.0f}{NBSP}%"
        text = (
            _("The {section} section runs {percent} above the least flow that parts the pair.")
            if distance >= 0.0
            else _("The {section} section is pinched: {percent} below the least flow; no number of stages helps.")
        )
        yield text.format(section=_("extraction") if section == "extraction" else _("scrub"), percent=percent)
