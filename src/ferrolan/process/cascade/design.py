"""Design of a train after Xu Guangxian: flows from the optimum ratios, stages from his formulae, then simulated.

Two rare earths in equal parts, separation factor 2, to be 99.9 and 99.99 % pure: the scrub section controls, its mixed
extraction ratio is the square root of the factor, W is 1.21 and S 1.71 mol per mol of feed, and the formulae give 24
and 21 stages. They are for two groups; of more components they say how far above Underwood's minimum for the two
neighbours that are cut the flows should be, and the simulator then counts the stages. At f'_A = 1/(1 + sqrt(beta)) the
optimum ratios are the minimum flows, thus infinitely many stages: wherever they come near, the design backs off.

J. Zhang, B. Zhao, B. Schreiner, Separation Hydrometallurgy of Rare Earth Elements, Springer 2016,
doi:10.1007/978-3-319-28235-0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.base.showing import Shown
from ferrolan.process.cascade.minimum import Minimum, minimum_flows
from ferrolan.process.cascade.search import MOST_STAGES, Requirement, fewest_stages
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Feed, Floats, Profile, SeparationFactors, Train

_VALENCE = 3.0
"""Mol of acid or base per mol of a trivalent rare earth."""
_BACK_OFF = 0.7
"""Exponent k of W = 1/(beta^k - 1): the expert rule's middle, 0.5 to 0.9."""
_MARGIN = 1.1
"""W over its minimum below which the optimum ratios are not followed; at 1.1 a section is about three times as long."""
_BACKED_OFF = 1.2
"""W over its minimum at least, once backed off."""
_FRACTIONS = 1e-6
"""How far fractions of a feed may be from one together: what six decimals leave."""


@dataclass(frozen=True)
class Flows:
    """Ratios of a binary design, for a feed of one.

    ``extracted`` f'_A and ``left`` f'_B [mol/mol]; ``organic`` S and ``scrub`` W [mol/mol]; ``ratio`` E_M and
    ``scrub_ratio`` E'_M, organic over aqueous in the extraction and in the scrub section [1]; ``controlled`` by
    "extraction", "scrub", "back-off" or "given".
    """

    extracted: float
    left: float
    organic: float
    scrub: float
    ratio: float
    scrub_ratio: float
    controlled: str


@dataclass(frozen=True)
class StageCounts:
    """Stages by formula: ``extraction`` n with the feed stage, ``scrub`` m; not rounded."""

    extraction: float
    scrub: float


@dataclass(frozen=True, eq=False)
class Design(Shown):
    """A train that was designed and simulated.

    ``train`` and its ``profile``; ``flows`` and ``minimum`` for a feed of one; ``simple`` and ``corrected`` stages by
    formula, of more components for the two keys alone, infinite or negative where it has no answer; ``asked`` and
    ``simulated`` purities by outlet [1];
    ``reagents`` maps base, scrub acid and strip acid to [mol/mol of feed]; ``distance_to_pinch`` by section [1];
    ``reasons`` say in words why it is as it is.
    """

    train: Train
    profile: Profile
    flows: Flows
    minimum: Minimum
    simple: StageCounts
    corrected: StageCounts
    asked: dict[str, float]
    simulated: dict[str, float]
    reagents: dict[str, float]
    distance_to_pinch: dict[str, float]
    reasons: tuple[str, ...]


def product_shares(fraction: float, purity_organic: float, purity_raffinate: float) -> tuple[float, float]:
    """Organic and aqueous product f'_A and f'_B per mol of feed, for A's ``fraction`` and both purities [1].

    Raises
    ------
    Infeasible
        If a product would have to be poorer than the feed.
    """
    poor = 1.0 - purity_raffinate
    if not poor < fraction < purity_organic:
        raise Infeasible(
            f"purities: the feed holds {fraction:.6g} of the extracted group; the organic product must be purer "
            f"({purity_organic:.6g}) and the raffinate poorer in it ({poor:.6g}). Ask for more than the feed has."
        )
    extracted = (fraction - poor) / (purity_organic - poor)
    return extracted, 1.0 - extracted


def optimum_flows(
    beta: float, extracted: float, *, scrub_beta: float | None = None, exponent: float | None = None
) -> Flows:
    """S and W by Xu's optimum ratios, or by the back-off rule W = 1/(beta^k - 1) when an ``exponent`` k is given."""
    left, washed = 1.0 - extracted, beta if scrub_beta is None else scrub_beta
    root, scrub_root = math.sqrt(beta), math.sqrt(washed)
    if exponent is not None:
        return _ratios(extracted, 1.0 / (min(beta, washed) ** exponent - 1.0), "back-off")
    if left > root / (1.0 + root):
        return _ratios(extracted, left / (root - 1.0) - extracted, "extraction")
    return _ratios(extracted, extracted / (scrub_root - 1.0), "scrub")


def stage_counts(
    beta: float,
    fraction: float,
    flows: Flows,
    purity_organic: float,
    purity_raffinate: float,
    *,
    scrub_beta: float | None = None,
    feed_stage: float | None = None,
) -> tuple[StageCounts, StageCounts]:
    """Stages by the simple and by the corrected formula.

    ``feed_stage`` is A's fraction in the liquor of the feed stage [1]; without it the composition that is in balance
    with what the organic takes from a liquor like the feed.
    """
    washed = beta if scrub_beta is None else scrub_beta
    concentrate = math.log(purity_raffinate / (1.0 - purity_raffinate) * fraction / (1.0 - fraction))
    purify = math.log(purity_organic / (1.0 - purity_organic) * (1.0 - fraction) / fraction)
    if not (beta * flows.ratio > 1.0 and washed > flows.scrub_ratio):
        raise Infeasible(
            f"flows: S {flows.organic:.6g} and W {flows.scrub:.6g} leave no driving force (beta E_M "
            f"{beta * flows.ratio:.4g}, beta'/E'_M {washed / flows.scrub_ratio:.4g}, both must be above 1). Raise both."
        )
    per_extraction, per_scrub = math.log(beta * flows.ratio), math.log(washed / flows.scrub_ratio)
    simple = StageCounts(concentrate / per_extraction, purify / per_scrub)
    at_feed = _feed_stage(beta, fraction, flows, purity_raffinate) if feed_stage is None else feed_stage
    last = purity_organic / (washed - (washed - 1.0) * purity_organic)
    limit_b = (beta * flows.ratio - 1.0) / (beta - 1.0)
    limit_a = (washed / flows.scrub_ratio - 1.0) / (washed - 1.0)
    extraction = simple.extraction + _log_ratio(limit_b - purity_raffinate, limit_b - (1.0 - at_feed))
    scrub = simple.scrub + _log_ratio(limit_a - last, limit_a - at_feed) - 1.0
    return simple, StageCounts(extraction, scrub)


def _log_ratio(one: float, other: float) -> float:
    return math.log(abs(one / other)) if other else math.inf


def design(
    components: tuple[str, ...],
    alpha: ArrayLike,
    feed: ArrayLike,
    extracted: tuple[str, ...],
    *,
    purity_organic: float,
    purity_raffinate: float,
    organic: float | None = None,
    scrub: float | None = None,
    exponent: float | None = None,
) -> Design:
    """Design a train that extracts some components from the others.

    Parameters
    ----------
    components, alpha, feed : (C,)
        Names, extractabilities against any one reference [1], molar fractions of the aqueous feed [1].
    extracted
        Components of the organic product; the most extractable ones.
    purity_organic, purity_raffinate
        Share of the extracted group in the organic product, of the others in the raffinate [1].
    organic, scrub
        S or W when one of them is given [mol/mol of feed]; else by Xu's optimum, backed off near the minimum.
    exponent
        k of the back-off rule, if it is to be used in any case.

    Raises
    ------
    Infeasible
        If flows given are below the minimum and the purities are out of reach there, naming the section, the minima and
        the way out; if a purity is out of reach with any number of stages that is searched.
    ProblemError
        If fractions do not sum to one, a purity, flow or exponent is no number in its range, or the extracted group is
        not the most extractable.

    Examples
    --------
    >>> found = design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), purity_organic=0.999, purity_raffinate=0.9999)
    >>> round(found.flows.organic, 3), round(found.flows.scrub, 3), found.train.stages
    (1.709, 1.208, 46)
    """
    _check_asked(purity_organic, purity_raffinate, organic, scrub, exponent)
    factors, fractions = np.asarray(alpha, dtype=np.float64), np.asarray(feed, dtype=np.float64)
    heavy = _checked(components, factors, fractions, extracted)
    least = minimum_flows(factors, fractions, len(extracted))
    fraction = float(fractions[heavy].sum())
    product, _ = product_shares(fraction, purity_organic, purity_raffinate)
    beta = float(factors[least.heavy_key] / factors[least.light_key])
    keys_least = 1.0 / (beta - 1.0)
    flows, reasons = _chosen(beta, product, least, keys_least, organic, scrub, exponent)
    reasons.append(f"minimum flows of the cut: W_min {least.scrub:.6g}, S_min {least.organic:.6g}.")
    as_keys = _ratios(product, flows.scrub / least.scrub * keys_least, flows.controlled)
    simple, corrected = _counts(beta, fraction, as_keys, purity_organic, purity_raffinate)
    begin = Train(
        components, *_begin(corrected, simple, fractions), flows.organic, flows.scrub, SeparationFactors(factors)
    )
    try:
        found = fewest_stages(begin, _requirements(components, extracted, purity_organic, purity_raffinate))
    except Infeasible as error:
        raise Infeasible(_pinched(components, least, flows) or f"{error}{_too_many(simple, corrected)}") from error
    reasons.append(_stages_in_words(found.train, corrected))
    return Design(
        found.train,
        found.profile,
        flows,
        least,
        simple,
        corrected,
        {PRODUCT: purity_organic, RAFFINATE: purity_raffinate},
        {
            PRODUCT: found.profile.purity(PRODUCT, *extracted),
            RAFFINATE: found.profile.purity(RAFFINATE, *(name for name in components if name not in extracted)),
        },
        {
            "base": _VALENCE * flows.organic,
            "scrub_acid": _VALENCE * flows.scrub,
            "strip_acid": _VALENCE * flows.extracted,
        },
        dict(found.profile.distance_to_pinch),
        tuple(reasons),
    )


def _chosen(
    beta: float,
    product: float,
    least: Minimum,
    keys_least: float,
    organic: float | None,
    scrub: float | None,
    exponent: float | None,
) -> tuple[Flows, list[str]]:
    if organic is not None and scrub is not None:
        raise ProblemError(
            f"flows: S - W is the organic product, {product:.6g}, so give S or W and not both "
            f"(got {organic:g} and {scrub:g})."
        )
    if organic is not None or scrub is not None:
        given = scrub if scrub is not None else (organic or 0.0) - product
        return _ratios(product, given, "given"), [f"W {given:.6g} and S {given + product:.6g} as given."]
    if exponent is not None:
        factor = optimum_flows(beta, product, exponent=exponent).scrub / keys_least
        why = f"backed off as asked, W = 1/(beta^k - 1) with k {exponent:g}"
        return _ratios(product, factor * least.scrub, "back-off"), [f"{why}: {factor:.3g} times the minimum."]
    best = optimum_flows(beta, product)
    factor = best.scrub / keys_least
    if factor >= _MARGIN:
        why = f"the {best.controlled} section controls: its optimum ratio gives W {factor:.3g} times the minimum"
        return _ratios(product, factor * least.scrub, best.controlled), [f"{why}."]
    rule = max(optimum_flows(beta, product, exponent=_BACK_OFF).scrub / keys_least, _BACKED_OFF)
    why = f"the optimum ratios give W {factor:.3g} times the minimum, too near; backed off to {rule:.3g} times"
    return _ratios(product, rule * least.scrub, "back-off"), [f"{why}."]


def _counts(
    beta: float, fraction: float, flows: Flows, purity_organic: float, purity_raffinate: float
) -> tuple[StageCounts, StageCounts]:
    """Stages by formula; infinitely many where the flows leave no driving force for pure products."""
    try:
        return stage_counts(beta, fraction, flows, purity_organic, purity_raffinate)
    except Infeasible:  # poorer products may still be had: the simulation decides
        none = StageCounts(math.inf, math.inf)
        return none, none


def _pinched(components: tuple[str, ...], least: Minimum, flows: Flows) -> str:
    """What to say of flows below the minimum, at which the products asked for cannot be had."""
    if flows.scrub > least.scrub:
        return ""
    keys = f"{components[least.heavy_key]}/{components[least.light_key]}"
    return (
        f"scrub section: W {flows.scrub:.6g} is {flows.scrub / least.scrub:.3g} of its minimum for the cut {keys}, "
        f"W_min {least.scrub:.6g}, S_min {least.organic:.6g}: it pinches at the feed and no number of stages gives "
        f"pure products. Take W above {least.scrub:.6g} and S = W + {flows.extracted:.6g}, {_MARGIN:g} times W_min "
        "or more for a train of bearable length."
    )


def _too_many(simple: StageCounts, corrected: StageCounts) -> str:
    """What the formulae say where they give more stages than a search goes to."""
    counts = corrected if _is_answer(corrected) else simple
    if not MOST_STAGES < counts.extraction + counts.scrub < math.inf:
        return ""
    return (
        f" The formulae for the two keys give {counts.extraction:.0f} + {counts.scrub:.0f} stages, and {MOST_STAGES} "
        "are the most that are searched: the separation factor is too near to one for what is asked."
    )


def _is_answer(counts: StageCounts) -> bool:
    return math.isfinite(counts.extraction + counts.scrub) and min(counts.extraction, counts.scrub) > 0.0


def _begin(corrected: StageCounts, simple: StageCounts, fractions: Floats) -> tuple[int, tuple[Feed, ...]]:
    """Stages and feed of the first train to simulate, by formula; a hundred each where the formula has no answer."""
    counts = corrected if math.isfinite(corrected.extraction + corrected.scrub) else simple
    below, above = (round(min(max(count, 2.0), 100.0)) for count in (counts.extraction, counts.scrub))
    return below + above, (Feed(below, fractions),)


def _requirements(
    components: tuple[str, ...], extracted: tuple[str, ...], purity_organic: float, purity_raffinate: float
) -> tuple[Requirement, Requirement]:
    others = tuple(name for name in components if name not in extracted)
    return Requirement(PRODUCT, extracted, purity_organic), Requirement(RAFFINATE, others, purity_raffinate)


def _stages_in_words(train: Train, corrected: StageCounts) -> str:
    below = train.feeds[0].stage
    gave = f"gave {corrected.extraction:.1f} + {corrected.scrub:.1f}" if _is_answer(corrected) else "give no count here"
    words = f"{below} extraction and {train.stages - below} scrub stages, simulated"
    return f"{words}; the corrected formulae for the two keys {gave}."


def _ratios(extracted: float, scrub: float, controlled: str) -> Flows:
    if not scrub > 0.0:
        raise Infeasible(f"scrub: W would be {scrub:.6g}, expected above 0. Raise S above the product {extracted:.6g}.")
    organic = scrub + extracted
    return Flows(extracted, 1.0 - extracted, organic, scrub, organic / (scrub + 1.0), organic / scrub, controlled)


def _feed_stage(beta: float, fraction: float, flows: Flows, purity_raffinate: float) -> float:
    """A's fraction in the liquor of the feed stage, from the operating line at a liquor like the feed."""
    organic = ((flows.scrub + 1.0) * fraction - flows.left * (1.0 - purity_raffinate)) / flows.organic
    return organic / (beta - (beta - 1.0) * organic)


def _check_asked(
    purity_organic: float, purity_raffinate: float, organic: float | None, scrub: float | None, exponent: float | None
) -> None:
    for name, purity in (("purity_organic", purity_organic), ("purity_raffinate", purity_raffinate)):
        if not 0.0 < purity < 1.0:
            raise ProblemError(
                f"{name}: expected a share between 0 and 1, got {purity:g}. No train makes a product that holds "
                "nothing else: ask for as many nines as you need."
            )
    for name, flow in (("organic", organic), ("scrub", scrub), ("exponent", exponent)):
        if flow is not None and not (math.isfinite(flow) and flow > 0.0):
            raise ProblemError(f"{name}: expected a finite number above 0, got {flow:g}. Leave it out if it is open.")


def _checked(components: tuple[str, ...], factors: Floats, fractions: Floats, extracted: tuple[str, ...]) -> list[int]:
    repeated = [name for group in (components, extracted) for name in group if group.count(name) > 1]
    if repeated:
        raise ProblemError(
            f"components and extracted: expected each name once, got {repeated[0]!r} again. Name it once."
        )
    for name, values in (("separation factors", factors), ("feed", fractions)):
        if values.shape != (len(components),):
            raise ProblemError(f"{name}: expected one for each of {', '.join(components)}, got {values.size}.")
        if not (np.isfinite(values) & (values > 0.0)).all():
            at = int(np.flatnonzero(~(np.isfinite(values) & (values > 0.0)))[0])
            raise ProblemError(f"{name}, {components[at]}: expected a number above 0, got {values[at]:g}.")
    if abs(float(fractions.sum()) - 1.0) > _FRACTIONS:
        raise ProblemError(f"feed: expected fractions that sum to 1, got {fractions.sum():.6g}. Divide by their sum.")
    missing = [name for name in extracted if name not in components]
    if missing or not 0 < len(extracted) < len(components):
        raise ProblemError(
            f"extracted: expected some but not all of {', '.join(components)}, got {', '.join(extracted) or 'none'}."
        )
    order = np.argsort(-factors, kind="stable")
    first = {components[at] for at in order[: len(extracted)]}
    if first != set(extracted):
        passed_over = ", ".join(sorted(set(extracted) - first))
        raise ProblemError(
            f"extracted: the organic takes {', '.join(sorted(first - set(extracted)))} before {passed_over}. "
            "Cut between neighbours in the order of extraction."
        )
    return [components.index(name) for name in extracted]
