"""Every fault of a simulated plant: where, found, expected, way out; and what it may leave out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.enterprise.load import load
from tests.assembly.simulated_plant import DOCUMENT, written


@dataclass(frozen=True)
class Break:
    """One replaced text and the fault that must come of it; ``at`` is found in the broken file, once."""

    code: str
    old: str
    new: str
    at: str
    path: str
    found: str
    expected: str
    way_out: str


PORTS = "ports: {concentrate: iron_concentrate, tails: magnetic_tails}"
ROUGHER = "ports: {feed: [to_flotation, scavenged], concentrate: re_concentrate, tails: rougher_tails}"
SHARES = "spec: {shares: {to_flotation: {value: 70 %, synthetic: true}}}"
MILL_RUN = "run: {reference: ore, simulated: true, cost: {value: 9 CNY/t, synthetic: true}}"
POWER = "power: {price: {value: 430 CNY/MWh, synthetic: true}, metered_by: power}"
BREAKS = [
    Break("wrong_sum", "      rest: quartz\n", "", "species:", "simulation.feeds.ore.species", "0.665", "fractions that sum to 1", "rest: quartz"),
    Break("wrong_sum", "{value: 14 %, s", "{value: 84 %, s", "species:", "simulation.feeds.ore.species", "1.365", "sum to no more than 1", "Correct them"),
    Break("unknown_species", "bastnaesite_Ce:", "bastnaesite_Cer:", "bastnaesite_Cer", "simulation.feeds.ore.species.bastnaesite_Cer", '"bastnaesite_Cer"', "a species of the textbook", "Did you mean 'bastnaesite_Ce'?"),
    Break("unknown_species", "rest: quartz", "rest: quarz", "rest: quarz", "simulation.feeds.ore.rest", '"quarz"', "a species of the textbook", "Did you mean 'quartz'?"),
    Break("listed_twice", "rest: quartz", "rest: fluorite", "rest: fluorite", "simulation.feeds.ore.rest", '"fluorite" twice', "a species without a fraction", "Remove one"),
    Break("wrong_unit", "rate: {value: 300 t/h", "rate: {value: 300 kWh", "300 kWh", "simulation.feeds.ore.rate", "300 kWh", "t/h", "t/h"),
    Break("unknown_stream", "    ore:\n      rate", "    oar:\n      rate", "    oar:", "simulation.feeds.oar", '"oar"', "a stream of the document", "Did you mean 'ore'?"),
    Break("not_fed", "    ore:\n      rate", "    to_pond:\n      rate", "mill_feed: {", "streams.mill_feed", "nothing about 'mill_feed', which enters 'mill'", "a feed", "Add simulation.feeds.mill_feed"),
    Break("not_a_feed", "    ore:\n      rate", "    ground_ore:\n      rate", "    ground_ore:", "simulation.feeds.ground_ore", "'ground_ore', which 'mill' makes", "no simulated unit makes", "Remove it"),
    Break("unknown_port", PORTS, PORTS.replace("tails:", "tailings:"), "tailings", "units.magnets.ports.tailings", '"tailings"', "a port of a magnetic separation", "Did you mean 'tails'?"),
    Break("unconnected_port", ", tails: rougher_tails}", "}", "concentrate: re_concentrate}", "units.rougher.ports", "nothing at 'tails'", "a stream that leaves by 'tails'", "Add tails: <stream>"),
    Break("unconnected_stream", "feed: [to_flotation, scavenged]", "feed: to_flotation", "feed: to_flotation,", "units.rougher.ports", "'scavenged' on no port", "every stream that enters 'rougher' on a port", "feed"),
    Break("unknown_stream", "feed: [to_flotation, scavenged]", "feed: [to_flotation, scavenged, to_pond]", "scavenged, to_pond", "units.rougher.ports.feed", '"to_pond"', "a stream that enters 'rougher'", "Known are"),
    Break("listed_twice", "concentrate: re_concentrate, tails: rougher_tails}", "concentrate: rougher_tails, tails: rougher_tails}", "concentrate: rougher_tails", "units.rougher.ports.tails", '"rougher_tails" twice', "each stream once", "Remove one"),
    Break("two_streams", "tails: rougher_tails}", "tails: [rougher_tails, re_concentrate]}", "tails: [rougher", "units.rougher.ports.tails", "several streams", "one stream by an outlet", "splitter"),
    Break("wrong_form", "tails: {from: scavenger, form: solids}", "tails: {from: scavenger, form: gas}", "form: gas", "streams.tails.form", '"gas"', "solids: a flotation gives no gas", "Correct the form"),
    Break("missing_key", SHARES, "", "  tails_splitter:", "units.tails_splitter.spec.shares", "no share of 'to_flotation', 'to_pond'", "a share of all streams that leave but one", "Add spec.shares"),
    Break("wrong_sum", "70 %", "170 %", "170 %", "units.tails_splitter.spec.shares", "1.7", "sum to no more than 1", "Correct the shares"),
    Break("unknown_stream", "{to_flotation: {value: 70 %", "{to_flotatin: {value: 70 %", "to_flotatin:", "units.tails_splitter.spec.shares.to_flotatin", '"to_flotatin"', "a stream that leaves 'tails_splitter'", "Did you mean 'to_flotation'?"),
    Break("missing_key", "      run: {reference: ore, simulated: true, ", "      run: {reference: ore, ", "{reference: ore, cost", "units.mill.modes.run", "no 'makes'", "a key 'makes'", "Add 'makes'"),
    Break("wrong_key", MILL_RUN, MILL_RUN.replace("simulated: true", "simulated: true, makes: {ground_ore: {value: 1 t/t, synthetic: true}}"), "makes:", "units.mill.modes.run.makes", "the key 'makes'", "a simulated mode without it", "Remove 'makes'"),
    Break("two_modes", MILL_RUN, MILL_RUN + "\n      " + MILL_RUN.replace("run:", "fine:"), "fine:", "units.mill.modes.fine", "a second one, 'fine'", "one simulated mode", "Declare what it makes"),
    Break("unknown_commodity", "run: {reference: ground_ore, s", "run: {reference: magnetic_tails, s", "reference: magnetic_tails, simulated: true, cost: {value: 4", "units.magnets.modes.run.reference", '"magnetic_tails"', "a commodity of a stream into 'magnets'", "Known are: ground_ore"),
    Break("wrong_key", POWER, POWER[:-1] + ", drawn: coal}", "drawn: coal", "utilities.power.drawn", "'drawn' and 'metered_by'", "one of them", "Keep"),
    Break("unknown_key", "cells: 6", "cels: 6", "cels: 6", "units.rougher.spec.cels", "the key 'cels'", "a known key", "Did you mean 'cells'?"),
]  # fmt: skip


def faults(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(DocumentError) as error:
        load(path, kinds())
    return error.value.faults


@pytest.mark.parametrize("broken", BREAKS, ids=[f"{number}-{item.code}" for number, item in enumerate(BREAKS)])
def test_a_fault_says_where_what_and_the_way_out(broken: Break, tmp_path: Path) -> None:
    path = written(tmp_path, (broken.old, broken.new))
    found = [fault for fault in faults(path) if fault.code == broken.code and fault.path == broken.path]
    assert found, [str(fault) for fault in faults(path)]
    lines = path.read_text(encoding="utf-8").splitlines()
    (at,) = [number for number, line in enumerate(lines, start=1) if broken.at in line]
    fault = found[0]
    assert fault.line == at
    assert broken.found in fault.found
    assert broken.expected in fault.expected
    assert broken.way_out in fault.way_out


def test_a_simulated_mode_needs_a_simulation(tmp_path: Path) -> None:
    text = DOCUMENT[: DOCUMENT.index("simulation:")] + DOCUMENT[DOCUMENT.index("commodities:") :]
    path = tmp_path / "small_plant.yaml"
    path.write_text(text, encoding="utf-8")
    found = {(fault.code, fault.path, fault.found) for fault in faults(path)}
    assert ("missing_key", "units.mill.modes.run", "no 'simulation'") in found


def test_a_simulated_unit_needs_a_specification(tmp_path: Path) -> None:
    start = DOCUMENT.index("    spec:\n      power: {value: 21")
    text = DOCUMENT[:start] + DOCUMENT[DOCUMENT.index("    modes:\n      run: {reference: ore,") :]
    path = tmp_path / "small_plant.yaml"
    path.write_text(text, encoding="utf-8")
    assert ("missing_key", "units.mill", "no 'spec'") in {(f.code, f.path, f.found) for f in faults(path)}


def test_ports_need_not_be_named_where_there_is_no_choice(tmp_path: Path) -> None:
    document = load(written(tmp_path), kinds())
    assert not document.units["mill"].ports
    assert document.units["rougher"].ports["feed"] == ("to_flotation", "scavenged")
    assert document.simulation is not None
    assert document.simulation.feeds["ore"].temperature.value == pytest.approx(288.15)  # type: ignore[union-attr]


def test_a_kind_that_divides_has_no_ports_to_name(tmp_path: Path) -> None:
    change = ("    spec: {shares:", "    ports: {feed: magnetic_tails}\n    spec: {shares:")
    found = {(fault.code, fault.path) for fault in faults(written(tmp_path, change))}
    assert ("unknown_key", "units.tails_splitter.ports") in found


def test_what_a_simulated_mode_makes_must_go_somewhere_as_what_a_declared_one_makes(tmp_path: Path) -> None:
    kept = "  rougher_tails: {owner: steel, dispose: {value: 3 CNY/t, synthetic: true}}\n"
    change = (kept, "  rougher_tails: {owner: steel}\n")
    assert load(written(tmp_path, change), kinds()).units  # the scavenger uses it
    sold = "    sell: {price: {value: 800 CNY/t, synthetic: true}, limit: {value: 200 kt/month, synthetic: true}}\n"
    found = {(fault.code, fault.path) for fault in faults(written(tmp_path, (sold, "")))}
    assert ("no_outlet", "units.magnets.modes.run.makes.iron_concentrate") in found
