"""From an account to fitted units: a planted truth comes back, and what the account cannot see keeps its prior."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan import verbs
from ferrolan.assembly.calibration import calibrated, seen, with_calibrated
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sites import Account
from ferrolan.process.flowsheet import FlowsheetSolution, solve
from ferrolan.reconciliation import MASS, Network, Node, Reading, Reconciled, Stream, reconcile

from .simulated_plant import written

COMPONENTS = ("Fe", "SiO2", "La2O3", "CeO2", "Nd2O3")
TRUTH = {
    "rougher.floats.bastnaesite.ultimate": 0.87,
    "rougher.entrained": 0.045,
    "magnets.weak.recovery.magnetite": 0.93,
}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Enterprise:
    loaded = verbs.load(written(tmp_path_factory.mktemp("plant")))
    account = Account(month="2026-03", every="7 d", components=COMPONENTS)
    return loaded.model_copy(update={"account": account})


def account_of(document: Enterprise, truth: FlowsheetSolution, seed: int, relative: float = 0.004) -> Reconciled:
    """Flow and assays of every stream read with errors, and reconciled."""
    rng = np.random.default_rng(seed)
    readings = []
    for name in document.streams:
        material = truth.streams[name]
        figures = [("flow", None, material.mass), *(("assay", c, material.grade(c)) for c in COMPONENTS)]
        for kind, component, value in figures:
            sigma = max(relative * value, 1e-6)
            read = value + sigma * float(rng.standard_normal())
            readings.append(Reading(kind, name, component, 0, read, sigma, f"{kind}-{name}-{component}"))
    dividers = {"tails_splitter": "splitter"}
    nodes = tuple(Node(name, (MASS, *COMPONENTS), dividers.get(name, "junction")) for name in document.units)
    streams = tuple(Stream(name, stream.from_, stream.to) for name, stream in document.streams.items())
    return reconcile(Network(streams, nodes, COMPONENTS, (168.0,), tuple(readings)))


def test_a_planted_truth_comes_back_within_what_the_fit_says(document: Enterprise) -> None:
    sheet = flowsheet_of(document)
    truth = solve(sheet.with_parameters(TRUTH))
    fits = calibrated(document, account_of(document, truth, seed=5), solve(sheet))
    assert fits.left == {}
    assert set(fits.units) == {"magnets", "rougher", "scavenger"}
    rougher, magnets = fits.units["rougher"], fits.units["magnets"]
    sd = dict(zip(rougher.names, rougher.sd.tolist(), strict=True))
    assert rougher.parameters["entrained"] == pytest.approx(0.045, abs=3.0 * sd["entrained"])
    assert sd["entrained"] < 0.001  # 0.004 before
    recovery = magnets.parameters["weak.recovery.magnetite"]
    assert recovery == pytest.approx(0.93, abs=3.0 * magnets.sd[magnets.names.index("weak.recovery.magnetite")])
    assert rougher.chi2 < rougher.expected + 5.0 * (2.0 * max(rougher.expected, 1.0)) ** 0.5


def test_the_fitted_plant_does_what_the_account_saw(document: Enterprise) -> None:
    sheet = flowsheet_of(document)
    truth = solve(sheet.with_parameters(TRUTH))
    fits = calibrated(document, account_of(document, truth, seed=6), solve(sheet))
    fitted, declared = solve(flowsheet_of(with_calibrated(document, fits.units))), solve(sheet)
    for stream, component in (("re_concentrate", "Nd2O3"), ("re_concentrate", "SiO2"), ("iron_concentrate", "Fe")):
        wanted = truth.streams[stream].component(component)
        before = abs(declared.streams[stream].component(component) / wanted - 1.0)
        after = abs(fitted.streams[stream].component(component) / wanted - 1.0)
        assert after < max(0.25 * before, 0.01)


def test_an_account_that_knows_nothing_leaves_the_prior_and_says_so(document: Enterprise) -> None:
    sheet = flowsheet_of(document)
    declared = solve(sheet)
    vague = account_of(document, declared, seed=7, relative=30.0)
    fits = calibrated(document, vague, declared)
    for fit in fits.units.values():
        assert set(fit.unseen) == set(fit.names)


def test_recoveries_of_one_outlet_and_of_the_other_hang_together(document: Enterprise) -> None:
    sheet = flowsheet_of(document)
    found = seen(document, account_of(document, solve(sheet), seed=8), sheet.unit("rougher"), {})
    assert found is not None
    of = [place for place, item in enumerate(found.observations) if item.component == "Nd2O3"]
    one, other = of
    spread = found.covariance
    assert found.values[one] + found.values[other] == pytest.approx(1.0, abs=1e-6)
    assert spread[one, other] / np.sqrt(spread[one, one] * spread[other, other]) == pytest.approx(-1.0, abs=1e-3)


def test_without_a_prior_nothing_is_fitted(document: Enterprise) -> None:
    simulation = document.require_simulation().model_copy(update={"relative_sd": None})
    bare = document.model_copy(update={"simulation": simulation})
    declared = solve(flowsheet_of(bare))
    assert calibrated(bare, account_of(document, declared, seed=9), declared).units == {}


def test_metered_power_is_an_observation_of_its_own(document: Enterprise) -> None:
    sheet = flowsheet_of(document)
    declared = solve(sheet)
    metered = {"mill": (1.05 * declared.units["mill"].power * 168.0, 5.0)}
    fits = calibrated(document, account_of(document, declared, seed=10), declared, metered)
    assert fits.units["mill"].parameters["power"] == pytest.approx(1.05 * 0.021, rel=0.01)
