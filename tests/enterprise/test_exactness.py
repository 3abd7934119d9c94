"""Declared errors, exact values, targets and energy: read with their units, refused with file and line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ferrolan.assembly.catalogue import kinds
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load
from ferrolan.enterprise.origins import declared_values
from ferrolan.enterprise.tags import HEADER, OPTIONAL, read_tags

from .conftest import Copy

GROUPS = "    REO: [La2O3, CeO2, Pr6O11, Nd2O3, SEGY]\n"
SHARED = """\
  shared_errors:
    calibration: {sigma: {value: 0.5 %, synthetic: true}}
    zero: {sigma: {value: 0.2 t/h, synthetic: true}, lasts: period, of: absolute}
"""
PELLETS = """\
  known:
    - {kind: assay, object: pellet_feed, component: Fe, value: 65.2 %, own: true, note: certificate 17}
"""
TARGETS = """\
  targets:
    flows: {value: 2 %, own: true}
    recoveries: {value: 1 %, own: true}
    streams:
      re_concentrate: {flow: {value: 0.8 %, own: true}}
"""
PAIR = """\
  correlations:
    - {first: WT-111, second: DT-131, r: {value: 0.4, own: true}}
"""
FURNACE = "balances: &metal [Fe, P]"


def declare(copy: Copy, *parts: str) -> None:
    """Add lines to the account."""
    copy.replace(GROUPS, GROUPS + "".join(parts))


def share(copy: Copy, **cells: dict[str, str]) -> None:
    """Write further columns of the tag map: by tag, a cell by column."""
    columns = sorted({name for row in cells.values() for name in row})
    lines = copy.tags.read_text(encoding="utf-8").splitlines()
    tags = [line.split(",")[0].replace("-", "_") for line in lines]
    ends = [",".join(columns), *(",".join(cells.get(tag, {}).get(name, "") for name in columns) for tag in tags[1:])]
    copy.tags.write_text(
        "\n".join(f"{line},{end}" for line, end in zip(lines, ends, strict=True)) + "\n", encoding="utf-8"
    )


def loaded(copy: Copy) -> Enterprise:
    return load(copy.path, kinds())


def test_a_tag_map_without_the_further_columns_means_the_same_as_with_empty_ones(
    copy: Copy, example: Enterprise
) -> None:
    share(copy, none=dict.fromkeys(OPTIONAL, ""))
    assert loaded(copy).tags == example.tags


def test_further_columns_are_read_in_canonical_units(copy: Copy) -> None:
    declare(copy, SHARED)
    share(
        copy,
        WT_111={"sigma_maximum": "72 t/d", "shared": "zero"},
        LAB_PDU_Fe={"detection_limit": "0.05", "authority": "provisional", "shared": "calibration"},
        LAB_PDU_P={"detection_limit": "20 ppm"},
    )
    tags = {tag.tag: tag for tag in loaded(copy).tags}
    assert (tags["WT-111"].sigma_maximum, tags["WT-111"].shared, tags["WT-111"].authority) == (3.0, ("zero",), "final")
    iron = tags["LAB-PDU-Fe"]
    assert (iron.detection_limit, iron.authority, iron.shared) == (0.0005, "provisional", ("calibration",))
    assert tags["LAB-PDU-P"].detection_limit == pytest.approx(2e-5)


def test_the_share_of_a_sigma_that_lasts_is_of_what_is_reconciled_or_of_its_moisture(copy: Copy) -> None:
    share(copy, WT_111={"sigma_lasting": "70 %"}, LAB_ORE_H2O={"sigma_lasting": "0.5"})
    tags = {tag.tag: tag.sigma_lasting for tag in loaded(copy).tags}
    assert (tags["WT-111"], tags["LAB-ORE-H2O"], tags["WT-121"]) == (pytest.approx(0.7), 0.5, 0.0)


def test_a_power_has_no_lasting_part_for_it_is_not_reconciled(copy: Copy) -> None:
    meter = next(tag for tag in loaded(copy).tags if tag.kind == "power").tag
    share(copy, **{meter.replace("-", "_"): {"sigma_lasting": "70 %"}})
    assert [(fault.code, fault.path) for fault in copy.faults()] == [("out_of_range", f"{meter}.sigma_lasting")]


def test_shared_errors_exact_values_and_targets_are_values_with_an_origin(copy: Copy) -> None:
    declare(copy, SHARED, PELLETS, TARGETS, PAIR)
    share(copy, WT_111={"shared": "calibration; zero"})
    document = loaded(copy)
    account = document.require_account()
    assert account.shared_errors["zero"].lasts == "period" and account.shared_errors["calibration"].lasts == "account"
    assert (account.known[0].value, account.known[0].unit) == (pytest.approx(0.652), "1")
    assert account.targets is not None
    assert account.targets.of("flow", "re_concentrate") == 0.008
    assert (account.targets.of("flow", "slab"), account.targets.of("assay", "slab")) == (0.02, None)
    paths = {path for path, _ in declared_values(document)}
    assert {
        "account.shared_errors.zero.sigma",
        "account.known.0",
        "account.targets.flows",
        "account.correlations.0.r",
    } <= paths


def test_energy_is_balanced_where_a_unit_says_so_and_heat_flows_in_gigajoules(copy: Copy) -> None:
    copy.replace(FURNACE, "balances: &metal [Fe, P, energy]")
    missing = [fault for fault in copy.faults() if fault.code == "missing_key"]
    assert missing and all("balances energy" in fault.expected for fault in missing)
    head, streams = copy.path.read_text(encoding="utf-8").split("\nstreams:")
    for fault in missing:
        name = fault.path.removeprefix("streams.")
        said = f"\n  {name}: {{enthalpy: {{coefficients: [-0.2, 0.0007], own: true}}, "
        streams = streams.replace(f"\n  {name}: {{", said, 1)
    loss = "  shell_loss: {from: bof, form: heat}"
    copy.path.write_text(f"{head}\nstreams:\n{loss}{streams}", encoding="utf-8")
    document = loaded(copy)
    assert "energy" in document.units["bof"].balances and document.streams["shell_loss"].form == "heat"
    assert document.streams["slab"].enthalpy is None or document.streams["slab"].enthalpy.coefficients == (-0.2, 0.0007)


@dataclass(frozen=True)
class Break:
    """Lines added to the account, and the fault that must come of them, on the line where ``at`` stands."""

    lines: str
    at: str
    code: str
    path: str
    found: str


BREAKS = [
    Break(SHARED.replace("0.5 %", "0 %"), "calibration: {sigma", "out_of_range", "account.shared_errors.calibration.sigma", '"0 %"'),
    Break(SHARED.replace("0.5 %", "0.5 t"), "0.5 t,", "wrong_unit", "account.shared_errors.calibration.sigma", '"0.5 t"'),
    Break(SHARED.replace("0.5 %, synthetic: true", "0.5 %"), "0.5 %", "missing_source", "account.shared_errors.calibration.sigma", "neither"),
    Break(SHARED.replace("lasts: period", "lasts: week"), "lasts: week", "unknown_choice", "account.shared_errors.zero.lasts", '"week"'),
    Break(SHARED, "calibration: {", "unused_shared_error", "account.shared_errors.calibration", '"calibration" of no tag'),
    Break(PELLETS.replace("pellet_feed", "pelet_feed"), "pelet_feed", "unknown_stream", "account.known.0.object", '"pelet_feed"'),
    Break(PELLETS.replace("assay, object: pellet_feed", "stock_assay, object: mill"), "object: mill", "unknown_stock", "account.known.0.object", '"mill"'),
    Break(PELLETS.replace("component: Fe, ", ""), "kind: assay", "unknown_component", "account.known.0.component", "no component"),
    Break(PELLETS.replace("component: Fe", "component: Feo"), "Feo", "unknown_component", "account.known.0.component", '"Feo"'),
    Break(PELLETS.replace("pellet_feed, component: Fe", "coke, component: Fe"), "coke, component", "unknown_component", "account.known.0.component", '"Fe"'),
    Break(PELLETS.replace("65.2 %", "65.2 t"), "65.2 t", "wrong_unit", "account.known.0", '"65.2 t"'),
    Break(PELLETS.replace("65.2 %", "-1 %"), "-1 %", "negative", "account.known.0", ""),
    Break(PELLETS + PELLETS.splitlines()[1].replace("65.2", "66") + "\n", "66 %", "listed_twice", "account.known.1", "assay of pellet_feed of Fe twice"),
    Break(TARGETS.replace("re_concentrate", "re_konzentrate"), "re_konzentrate", "unknown_stream", "account.targets.streams.re_konzentrate", '"re_konzentrate"'),
    Break(TARGETS.replace("value: 2 %", "value: 2 t/h"), "flows: {value", "wrong_unit", "account.targets.flows", '"2 t/h"'),
    Break(PAIR.replace("WT-111", "WT-11"), "WT-11,", "unknown_tag", "account.correlations.0.first", '"WT-11"'),
    Break(PAIR.replace("DT-131", "WT-111"), "second: WT-111", "listed_twice", "account.correlations.0", '"WT-111" twice'),
    Break(PAIR.replace("0.4", "1.4"), "second: DT-131", "out_of_range", "account.correlations.0.r", '"1.4"'),
    Break(PAIR.replace("first: WT-111", "first: TI-601"), "TI-601", "unknown_tag", "account.correlations.0.first", '"TI-601"'),
]  # fmt: skip


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: f"{case.code}-{case.path}")
def test_what_does_not_fit_is_refused_with_its_line(copy: Copy, case: Break) -> None:
    declare(copy, case.lines)
    faults = [fault for fault in copy.faults() if (fault.code, fault.path) == (case.code, case.path)]
    assert len(faults) == 1, [str(fault) for fault in copy.faults()]
    assert (faults[0].file, faults[0].line) == (str(copy.path), copy.line(case.at))
    assert case.found in faults[0].found and faults[0].expected and faults[0].way_out


@pytest.mark.parametrize(
    ("stream", "code", "path"),
    [
        ("heat_in: {to: mill, form: heat}", "dangling_stream", "streams.heat_in"),
        ("heat_in: {to: mill, form: heat, carries: [Fe]}", "unknown_key", "streams.heat_in.carries"),
        ("heat_in: {to: mil, form: heat}", "dangling_stream", "streams.heat_in.to"),
        ("warm_air: {to: mill, form: solids, enthalpy: {coefficients: [1.0]}}", "missing_source", "streams.warm_air.enthalpy"),
        ("warm_air: {to: mill, form: solids, enthalpy: {coefficients: [], own: true}}", "wrong_type", "streams.warm_air.enthalpy.coefficients"),
    ],
)  # fmt: skip
def test_heat_and_enthalpy_that_no_balance_can_use_are_refused(copy: Copy, stream: str, code: str, path: str) -> None:
    copy.replace("\nstreams:", f"\nstreams:\n  {stream}")
    assert (code, path, copy.line(stream)) in [(fault.code, fault.path, fault.line) for fault in copy.faults()]


def test_a_stock_closes_no_energy(copy: Copy) -> None:
    copy.replace("balances: &solids [dry_mass,", "balances: &solids [energy, dry_mass,")
    faults = [fault for fault in copy.faults() if "a stock closes no energy" in fault.expected]
    assert faults and {fault.code for fault in faults} == {"unknown_component"}


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"sigma_maximum": "3 kW"}, "wrong_unit", "sigma_maximum"),
        ({"sigma_maximum": "-3 t/h"}, "negative", "sigma_maximum"),
        ({"detection_limit": "0"}, "out_of_range", "detection_limit"),
        ({"detection_limit": "-1"}, "negative", "detection_limit"),
        ({"detection_limit": "1 kW"}, "wrong_unit", "detection_limit"),
        ({"detection_limit": "few"}, "wrong_unit", "detection_limit"),
        ({"authority": "finale"}, "unknown_choice", "authority"),
        ({"shared": "calibration;calibration"}, "listed_twice", "shared"),
        ({"shared": "calibraton"}, "unknown_shared_error", "shared"),
        ({"sigma_lasting": "100 %"}, "out_of_range", "sigma_lasting"),
        ({"sigma_lasting": "-5 %"}, "out_of_range", "sigma_lasting"),
        ({"sigma_lasting": "1 t/h"}, "wrong_unit", "sigma_lasting"),
        ({"sigma_lasting": "most"}, "wrong_unit", "sigma_lasting"),
    ],
)
def test_a_wrong_cell_of_a_further_column_names_tag_and_column(
    copy: Copy, cells: dict[str, str], code: str, column: str
) -> None:
    declare(copy, SHARED)
    share(copy, WT_111=cells, DT_131={"shared": "calibration;zero"})
    faults = [fault for fault in copy.faults() if fault.path == f"WT-111.{column}"]
    assert [(fault.code, fault.file, fault.line) for fault in faults] == [(code, str(copy.tags), 2)]


def test_an_absolute_shared_error_has_the_unit_of_its_tags(copy: Copy) -> None:
    declare(copy, SHARED)
    share(copy, LAB_PDU_Fe={"shared": "zero"}, WT_111={"shared": "calibration"})
    (fault,) = copy.faults()
    assert (fault.code, fault.path) == ("wrong_unit", "LAB-PDU-Fe.shared") and "absolute error in t/h" in fault.found


def test_a_moisture_shares_no_error_for_it_is_not_reconciled(copy: Copy) -> None:
    declare(copy, SHARED)
    share(copy, LAB_ORE_H2O={"shared": "calibration"}, WT_111={"shared": "calibration;zero"})
    (fault,) = copy.faults()
    assert (fault.code, fault.path) == ("unknown_shared_error", "LAB-ORE-H2O.shared")


def test_two_meters_may_read_one_quantity_but_one_meter_serves_one_tag(copy: Copy) -> None:
    row = next(line for line in copy.tags.read_text(encoding="utf-8").splitlines() if line.startswith("WT-111,"))
    copy.replace(row, f"{row}\n{row.replace('WT-111,', 'WT-112,').replace('BY.WT-111', 'BY.WT-112')}", tags=True)
    assert {"WT-111", "WT-112"} <= {tag.tag for tag in loaded(copy).tags if tag.object == "mill_feed"}
    copy.replace("BY.WT-112", "BY.WT-111", tags=True)
    assert [(fault.code, fault.path) for fault in copy.faults()] == [("tag_mapped_twice", "WT-112.address")]


def test_two_moistures_of_one_stream_need_different_authorities(copy: Copy) -> None:
    row = next(line for line in copy.tags.read_text(encoding="utf-8").splitlines() if line.startswith("LAB-ORE-H2O,"))
    other = row.replace("LAB-ORE-H2O,", "ORE-GAUGE,").replace("ore_mined/H2O", "ore_mined/H2O-gauge")
    copy.replace(row, f"{row}\n{other}", tags=True)
    assert [fault.code for fault in copy.faults()] == ["tag_mapped_twice"]
    share(copy, ORE_GAUGE={"authority": "estimate"})
    assert "ORE-GAUGE" in {tag.tag for tag in loaded(copy).tags}


def test_an_unknown_column_is_named_among_the_further_ones() -> None:
    _, (fault,) = read_tags(f"{','.join(HEADER)},authoritiy\n", "tags.csv")
    assert (fault.code, fault.found) == ("wrong_header", 'the column "authoritiy"')
    assert fault.way_out == "Did you mean 'authority'?"
