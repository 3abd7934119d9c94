"""One year of a market of eight regions and seventeen commodities, with an export quota and a producer with conduct."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from benchmarks.registry import Subject
from ferrolan.market import Arc, Demand, MarketProblem, Mine, apply, clear
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.program import build, scaled

REGIONS, COMMODITIES, MINES = 8, 17, 24


def _market(seed: int) -> MarketProblem:
    """Synthetic: prices over four decades, baskets in which the dear commodities are rare."""
    draw = np.random.default_rng(seed)
    regions = tuple(f"region {number}" for number in range(REGIONS))
    goods = tuple(f"commodity {number:02}" for number in range(COMMODITIES))
    price = dict(zip(goods, 10.0 ** draw.uniform(3.3, 6.3, COMMODITIES), strict=True))
    demands = tuple(
        Demand.through(region, good, price[good] * draw.uniform(0.9, 1.1), 2e9 / price[good], draw.uniform(0.2, 0.9))
        for region in regions
        for good in goods
    )
    mines = tuple(
        Mine(
            f"mine {number:02}",
            regions[number % REGIONS],
            {good: 0.6 * draw.uniform(0.5, 1.0) * 2e3 / price[good] for good in goods},
            cost=draw.uniform(5e3, 2e4),
            cost_slope=draw.uniform(0.02, 0.2),
            capacity=draw.uniform(2e4, 2e5),
        )
        for number in range(MINES)
    )
    arcs = tuple(
        Arc(origin, destination, good, draw.uniform(0.01, 0.05) * price[good])
        for origin in regions
        for destination in regions
        for good in goods
        if origin != destination
    )
    market = MarketProblem(regions, goods, demands, mines, arcs, conduct={regions[1]: 0.3})
    return apply(market, [ExportQuota(regions[0], dict.fromkeys(goods, 1.15), 5e3)])


PROBLEM = _market(20260301)


def _ours() -> object:
    return clear(PROBLEM)


def _clarabel() -> object:
    import clarabel

    program = scaled(build(PROBLEM))
    bounded = np.flatnonzero(np.isfinite(program.upper))
    size = len(program.cost)
    unit = sparse.eye_array(size, format="csr")
    rows = sparse.vstack([program.balance, program.limits, -unit, unit[bounded]], format="csc")
    right = np.concatenate([np.zeros(program.balance.shape[0]), program.limit, np.zeros(size), program.upper[bounded]])
    cones = [
        clarabel.ZeroConeT(program.balance.shape[0]),
        clarabel.NonnegativeConeT(len(program.limit) + size + len(bounded)),
    ]
    options = clarabel.DefaultSettings()
    options.verbose = False
    options.max_threads = 1
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = 1e-11
    hessian = sparse.csc_matrix(sparse.diags_array(program.hessian))
    answer = clarabel.DefaultSolver(hessian, program.cost, sparse.csc_matrix(rows), right, cones, options).solve()
    if str(answer.status) not in ("Solved", "AlmostSolved"):
        raise RuntimeError(f"Clarabel: {answer.status}")
    return answer


SUBJECT = Subject(
    name="market",
    station="market",
    ours=_ours,
    peer=_clarabel,
    peer_name="clarabel",
    note=(
        f"{REGIONS} regions, {COMMODITIES} commodities, {MINES} mines, one year, an export quota and a conduct of 0.3; "
        "synthetic. Both sides build the same scaled arrays and are asked for 1e-11 on one thread; ours also polishes, "
        "certifies and tabulates."
    ),
)
