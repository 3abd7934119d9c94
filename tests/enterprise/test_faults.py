"""Every fault of a document: where, found, expected, way out; all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError
from ferrolan.enterprise.load import load

from .conftest import Copy


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


MILL = "capacity: {value: 330 t/h, of: ore, synthetic: true}"
FEED = "mill_feed: {from: ore_stockpile, to: mill, form: solids, commodity: ore}"
FLOTATION = "makes: {re_concentrate: {value: 0.10 t/t, synthetic: true}}"
BREAKS = [
    Break("unknown_key", MILL, MILL.replace("capacity", "capacitiy"), "capacitiy", "units.mill.capacitiy", "the key 'capacitiy'", "a known key", "Did you mean 'capacity'?"),
    Break("unknown_key", "\nutilities:", "\nutilitys:", "utilitys:", "utilitys", "the key 'utilitys'", "a known key", "Did you mean 'utilities'?"),
    Break("unknown_key", FEED, FEED.replace("form:", "from_:"), "from_:", "streams.mill_feed.from_", "the key 'from_'", "a known key", "Did you mean 'from'?"),
    Break("unknown_key", "keys: [sample_point, analyte]", "keyz: [sample_point, analyte]", "keyz", "sources.laboratory.keyz", "the key 'keyz'", "a known key", "Did you mean 'keys'?"),
    Break("missing_key", "  title: Ore to both\n".lstrip(), "", "", "", "no 'title'", "a key 'title'", "Add 'title'"),
    Break("missing_key", "reference: magnetic_tails", "", "run:\n        \n", "units.flotation.modes.run", "no 'reference'", "a key 'reference'", "Add 'reference'"),
    Break("missing_key", ", of: ore, synthetic: true}", ", synthetic: true}", "{value: 330 t/h, synthetic", "units.mill.capacity", "no 'of'", "a key 'of'", "Add 'of'"),
    Break("wrong_unit", "330 t/h", "330 kWh", "330 kWh", "units.mill.capacity", '"330 kWh"', "a value in t/h", "any other unit of mass/time"),
    Break("wrong_unit", "330 t/h", "330 ton/h", "330 ton/h", "units.mill.capacity.value", '"330 ton/h"', "a known unit", "did you mean"),
    Break("wrong_unit", "330 t/h", '"3,30 t/h"', "3,30 t/h", "units.mill.capacity.value", '"3,30 t/h"', "a finite number", "write a decimal point"),
    Break("wrong_unit", "430 CNY/MWh", "430 CNY/kvarh", "kvarh", "utilities.power.price", '"430 CNY/kvarh"', "CNY/MWh", "Give the value in"),
    Break("wrong_unit", "92 CNY/t", "92 CNY", "92 CNY,", "commodities.ore.buy.price", '"92 CNY"', "CNY/t or USD/t", "Give the value in"),
    Break("wrong_unit", "7.2878 CNY/USD", "7.2878 USD/CNY", "USD/CNY", "enterprise.exchange_rates.USD", '"7.2878 USD/CNY"', "CNY/USD", "Give USD in CNY/USD"),
    Break("wrong_unit", "every: 7 d", "every: 7 t", "every: 7 t", "account.every", '"7 t"', "a length of time", "7 d"),
    Break("negative", "330 t/h", "-330 t/h", "-330 t/h", "units.mill.capacity", '"-330 t/h"', "a value above 0 t/h", "no meaning"),
    Break("out_of_range", "330 t/h", "0 t/h", "{value: 0 t/h", "units.mill.capacity", '"0 t/h"', "a value above 0 t/h", "Correct"),
    Break("negative", "260 kt/month", "-260 kt/month", "-260", "commodities.ore.buy.limit", '"-260 kt/month"', "at least 0 t/h", "no meaning"),
    Break("negative", "178650 t/a", "-1 t/a", "-1 t/a", "quotas.mining.limit", '"-1 t/a"', "at least 0 t/h", "no meaning"),
    Break("out_of_range", "value: 13 %", "value: 113 %", "113 %", "enterprise.vat_rate", '"113 %"', "at most 1", "Correct"),
    Break("dangling_stream", FEED, FEED.replace("to: mill,", "to: mil,"), "to: mil,", "streams.mill_feed.to", '"mil"', "a unit of the plant", "Did you mean 'mill'?"),
    Break("dangling_stream", FEED, FEED.replace("from: ore_stockpile, to: mill, ", ""), "mill_feed: {form", "streams.mill_feed", "neither end", "'from', 'to' or both", "Say which unit"),
    Break("dangling_stream", FEED, FEED.replace("ore_stockpile", "mill"), "{from: mill, to: mill,", "streams.mill_feed", "'mill' at both ends", "two units", "inside a unit"),
    Break("dangling_stream", "  mill:\n    kind: mill", "  old_mill: {kind: splitter, owner: steel, at: [9, 9], balances: [Fe]}\n  mill:\n    kind: mill", "old_mill", "units.old_mill", "no stream", "a unit with streams", "Give a stream"),
    Break("unknown_kind", "kind: flotation", "kind: floatation", "kind: floatation", "units.flotation.kind", '"floatation"', "a known kind of unit", "Did you mean 'flotation'?"),
    Break("unknown_kind", "    kind: csv", "    kind: cvs", "kind: cvs", "sources.plant_historian.kind", '"cvs"', "a known kind", "Did you mean 'csv'?"),
    Break("unknown_commodity", FEED, FEED.replace("commodity: ore", "commodity: oar"), "oar", "streams.mill_feed.commodity", '"oar"', "a declared commodity", "Did you mean 'ore'?"),
    Break("unknown_commodity", FLOTATION, FLOTATION.replace("re_", "rare_"), "rare_concentrate:", "units.flotation.modes.run.makes.rare_concentrate", '"rare_concentrate"', "a declared commodity", "Did you mean 're_concentrate'?"),
    Break("unknown_commodity", "reference: magnetic_tails", "reference: tails", "reference: tails", "units.flotation.modes.run.reference", '"tails"', "a declared commodity", "Known are"),
    Break("unknown_commodity", "value: 330 t/h, of: ore", "value: 330 t/h, of: coke", "of: coke", "units.mill.capacity.of", '"coke"', "uses or makes", "Known are: "),
    Break("unknown_commodity", "acid: {value: 1.4 t/t, synthetic: true}", "acids: {value: 1.4 t/t, synthetic: true}", "acids:", "units.roast_leach.modes.run.uses.acids", '"acids"', "a commodity or utility", "Did you mean 'acid'?"),
    Break("unknown_commodity", "stocks: ore,", "stocks: oar,", "stocks: oar", "units.ore_stockpile.stocks", '"oar"', "a declared commodity", "Did you mean 'ore'?"),
    Break("unknown_commodity", "counts: {re_concentrate: 0.5}", "counts: {concentrate: 0.5}", "counts: {concentrate", "quotas.mining.counts.concentrate", '"concentrate"', "a declared commodity", "re_concentrate"),
    Break("unknown_commodity", "transfers:\n  concentrate: {from: re_concentrate,", "transfers:\n  concentrate: {from: gold,", "from: gold", "transfers.concentrate.from", '"gold"', "a declared commodity", "Known are"),
    Break("unknown_commodity", "china_La2O3: {region: china, commodity: La2O3", "china_La2O3: {region: china, commodity: La", "commodity: La,", "market.demands.china_La2O3.commodity", '"La"', "a commodity of the market", "Known are"),
    Break("unknown_component", "balances: &metal [Fe, P]", "balances: &metal [Fe, Ph]", "[Fe, Ph]", "units.bof.balances.1", '"Ph"', "a component of the account", "Did you mean"),
    Break("unknown_component", "coke, carries: [P]}", "coke, carries: [S]}", "carries: [S]", "streams.coke.carries.0", '"S"', "a component of the account", "Known are"),
    Break("unknown_component", "basis: [Fe]\n", "basis: [Iron]\n", "basis: [Iron]", "commodities.iron_burden.basis.0", '"Iron"', "a component of the account", "Known are: dry_mass, Fe"),
    Break("listed_twice", "components: [Fe, P,", "components: [Fe, P, P,", "components: [Fe, P, P", "account.components.2", '"P" twice', "each component once", "Remove"),
    Break("listed_twice", "balances: &metal [Fe, P]", "balances: &metal [Fe, Fe]", "[Fe, Fe]", "units.bof.balances.1", '"Fe" twice', "each component once", "Remove"),
    Break("unknown_component", "components: [Fe, P,", "components: [dry_mass, Fe, P,", "components: [dry_mass", "account.components.0", '"dry_mass"', "that is assayed", "under 'balances'"),
    Break("unknown_owner", "kind: mill\n    owner: steel", "kind: mill\n    owner: steal", "owner: steal", "units.mill.owner", '"steal"', "an owner of the enterprise", "Did you mean 'steel'?"),
    Break("unknown_region", "home: china", "home: chine", "home: chine", "market.home", '"chine"', "a region of the market", "Did you mean 'china'?"),
    Break("unknown_transfer", "transfer: concentrate", "transfer: concentrat", "transfer: concentrat", "concentrate.transfer", '"concentrat"', "a declared transfer", "Did you mean 'concentrate'?"),
    Break("unknown_source_id", "source: udn_2026_01", "source: udn_2026_10", "udn_2026_10", "units.flotation.capacity.source", '"udn_2026_10"', "a source of the public record", "Did you mean 'udn_2026_01'?"),
    Break("unusable_source", "source: udn_2026_01", "source: gilin", "source: gilin", "units.flotation.capacity.source", "'gilin', marked never", "may carry a figure", "synthetic"),
    Break("missing_source", MILL, MILL.replace(", synthetic: true", ""), "330 t/h, of: ore}", "units.mill.capacity", "neither", "a source", "synthetic: true"),
    Break("missing_source", "cost: {value: 9 CNY/t, synthetic: true}", "cost: 9 CNY/t", "cost: 9 CNY/t", "units.mill.modes.run.cost", '"9 CNY/t"', "says where it comes from", "{value: 9 CNY/t, source: <id>}"),
    Break("two_origins", MILL, MILL.replace("of: ore,", "of: ore, source: udn_2025_10,"), "of: ore, source", "units.mill.capacity", "more than one", "either", "Keep"),
    Break("same_owner", "to: re_concentrate_delivered, limit", "to: iron_concentrate, limit", "to: iron_concentrate, limit", "transfers.concentrate", "'steel' at both ends", "two owners", "between two companies"),
    Break("no_stock", "stocks: iron_concentrate", "stocks: slab", "stocks: slab", "units.iron_concentrate_store.stocks", "'slab', which may not be kept", "a commodity with a stock", "commodities.slab"),
    Break("wrong_form", "leach_liquor: {from: roast_leach, to: separation, form: liquor", "leach_liquor: {from: roast_leach, to: separation, form: solids", "to: separation, form: solids", "streams.leach_liquor.form", '"solids"', "liquor: a separation takes no solids", "Correct the form"),
    Break("unknown_choice", "currency: CNY", "currency: YEN", "currency: YEN", "enterprise.currency", '"YEN"', "CNY", "Choose"),
    Break("unknown_zone", "Asia/Shanghai", "Asia/Shangai", "Asia/Shangai", "enterprise.time_zone", '"Asia/Shangai"', "an IANA time zone", "Did you mean 'Asia/Shanghai'?"),
    Break("wrong_month", "month: 2026-03", "month: March 2026", "month: March", "account.month", '"March 2026"', "an ISO month", "2026-03"),
    Break("wrong_sum", "CeO2: 0.50, PrNd: 0.225", "CeO2: 0.52, PrNd: 0.225", "china_light:", "market.mines.china_light.basket", "1.02", "add up to 1", "Correct the shares"),
    Break("no_exchange_rate", "32 USD/kg", "32 USD/kg", "32 USD/kg", "market.demands.abroad_SEGY.price", "an amount in USD", "a declared rate", "Add USD to"),
    Break("duplicate_key", "  slab: {from: caster,", "  bof_dust: {from: caster,", "bof_dust: {from: caster", "streams.bof_dust", "the key 'bof_dust' twice", "each key once", "the first is on line"),
    Break("wrong_type", "draws: 200", "draws: many", "draws: many", "uncertainty.draws", '"many"', "a whole number", "Write a whole number"),
    Break("unknown_commodity", "    lace_oxide: {value: 20 %", "    lead_oxide: {value: 20 %", "lead_oxide", "uncertainty.relative_sd.lead_oxide", '"lead_oxide"', "a declared commodity", "Did you mean"),
    Break("wrong_basis", "  re_concentrate_delivered:\n    owner: rare_earth\n    basis: [La2O3, CeO2, Pr6O11, Nd2O3, SEGY]\n    per: 0.5", "  re_concentrate_delivered:\n    owner: rare_earth\n    basis: [La2O3, CeO2, Pr6O11, Nd2O3, SEGY]\n    per: 0.6", "per: 0.6", "commodities.re_concentrate_delivered.per", "0.6", "concentrate.grade", "one grade"),
    Break("unknown_choice", "metered_by: power", "metered_by: steam", "metered_by: steam", "utilities.power.metered_by", '"steam"', "power", "Choose"),
    Break("unknown_database", "url: sqlite:///raw/erp_laboratory.sqlite\n    table: laboratory_results", "url: oracle://lab\n    table: laboratory_results", "url: oracle", "sources.laboratory.url", '"oracle://lab"', "the URL of a SQLite file, a PostgreSQL or a MariaDB server", "Write sqlite:///<path>"),
    Break("wrong_unit", "power: {value: 0.075 MWh/t,", "power: {value: 0.075 t/t,", "0.075 t/t", "units.rolling_mill.modes.run.uses.power", '"t/t"', "an amount in MWh/t", "utilities.power has its price in CNY/MWh"),
    Break("wrong_unit", "scrap: {value: 0.16 t/t,", "scrap: {value: 0.16 MWh/t,", "0.16 MWh/t", "units.bof.modes.run.uses.scrap", '"MWh/t"', "an amount in t/t", "Give it in t/t"),
    Break("missing_key", "maximum: {value: 120 kt, synthetic: true}, closing: opening,", "maximum: {value: 120 kt, synthetic: true},", "maximum: {value: 120 kt", "commodities.ore.stock", "neither", "either 'closing' or 'closing_minimum'", "Write closing: opening"),
    Break("negative", "  seed: 7\n", "  seed: -7\n", "seed: -7", "uncertainty.seed", "-7", "of at least 0", "Correct"),
    Break("not_made", "counts: {re_concentrate: 0.5}", "counts: {ore: 0.5}", "counts: {ore", "quotas.mining.counts.ore", "'ore', which no mode makes", "a commodity that a mode makes", "from it: ground_ore"),
    Break("no_outlet", "  segy_oxide:\n    owner: rare_earth\n    basis: *reo\n    sell:", "  segy_oxide:\n    owner: rare_earth\n    basis: *reo\n    buy:", "segy_oxide: {value: 0.985", "units.segy_calciner.modes.run.makes.segy_oxide", "'segy_oxide', which can be neither", "goes somewhere", "Add 'sell' or 'dispose'"),
    Break("unknown_quota", "quotas: {mining: {value: 20 %", "quotas: {minning: {value: 20 %", "minning", "what_if.more_separation_and_quota.quotas.minning", '"minning"', "a declared quota", "Did you mean 'mining'?"),
]  # fmt: skip


def name(case: Break) -> str:
    return f"{case.code}-{case.path}"


@pytest.mark.parametrize("case", BREAKS, ids=name)
def test_a_broken_document_names_its_fault(copy: Copy, case: Break) -> None:
    if case.code == "no_exchange_rate":
        copy.replace("    USD: {value: 7.2878 CNY/USD,", "    EUR: {value: 7.2878 CNY/USD,")
    if case.old != case.new:
        copy.replace(case.old, case.new)
    faults = [fault for fault in copy.faults() if fault.path == case.path and fault.code == case.code]
    assert len(faults) == 1, [str(fault) for fault in copy.faults()]
    (fault,) = faults
    text = copy.path.read_text(encoding="utf-8")
    line = text[: text.index(case.at)].count("\n") + 1 if case.at else 0
    assert fault.file == str(copy.path)
    assert fault.line == line
    assert case.found in fault.found
    assert case.expected in fault.expected
    assert case.way_out in fault.way_out
    if line:
        assert str(fault).startswith(f"{copy.path}:{line}  {case.path}: expected ")


ROW = "WT-111,plant_historian,BY.WT-111.PV,flow,mill_feed,,t/h,wet,time_mean,0.8 %,,0,450,"
ASSAY = "LAB-PDU-Fe,laboratory,pellet_dust/Fe,assay,pellet_dust,Fe,%,dry,mean,5 %,,0,100,"
MOIST = "LAB-ORE-H2O,laboratory,ore_mined/H2O,moisture,ore_mined,"
TAG_BREAKS = [
    Break("missing_sigma", ROW, ROW.replace("0.8 %", ""), "WT-111,", "WT-111.sigma_relative", "neither sigma", "a standard deviation", "Give sigma_relative"),
    Break("negative", ROW, ROW.replace("0.8 %", "-0.8 %"), "WT-111,", "WT-111.sigma_relative", '"-0.8 %"', "above 0", "scatters"),
    Break("out_of_range", ROW, ROW.replace("0.8 %", "0 %"), "WT-111,", "WT-111.sigma_relative", '"0 %"', "above 0", "scatters"),
    Break("wrong_unit", ROW, ROW.replace("0.8 %", "0.8 t/h"), "WT-111,", "WT-111.sigma_relative", '"0.8 t/h"', "a standard deviation", "mass/time, not a plain number"),
    Break("wrong_unit", ROW, ROW.replace(",t/h,", ",kW,"), "WT-111,", "WT-111.unit", '"kW"', "a unit of mass/time for flow of solids", "such as t/h"),
    Break("wrong_unit", ROW, ROW.replace(",t/h,", ",tph,"), "WT-111,", "WT-111.unit", '"tph"', "a known unit", "unknown unit 'tph'"),
    Break("wrong_unit", ROW, ROW.replace(",0,450,", ",0,450 t/h,"), "WT-111,", "WT-111.hi", '"450 t/h"', "a plain number", "the unit of the tag"),
    Break("wrong_unit", "leach_liquor,,m3/h", "leach_liquor,,t/h", "FI-421,", "FI-421.unit", '"t/h"', "volume/time for flow of liquor", "such as m3/h"),
    Break("out_of_range", ROW, ROW.replace(",0,450,", ",500,450,"), "WT-111,", "WT-111.lo", "500 to 450", "below the upper", "Exchange"),
    Break("tag_mapped_twice", ROW, ROW.replace("WT-111,", "WT-121,"), "WT-121,plant_historian,BY.WT-121", "WT-121", "the tag 'WT-121' twice", "once", "on line 2"),
    Break("tag_mapped_twice", ROW, ROW.replace("BY.WT-111.PV", "BY.WT-121.PV"), "WT-121,", "WT-121.address", 'the address "BY.WT-121.PV" of \'plant_historian\' twice', "once", "'WT-111' on line 2"),
    Break("tag_mapped_twice", MOIST, MOIST.replace("moisture,ore_mined", "moisture,mill_feed"), "LAB-MFD-H2O,", "LAB-MFD-H2O.object", "the moisture of mill_feed twice", "once", "'LAB-ORE-H2O' on line"),
    Break("unknown_kind", ROW, ROW.replace(",flow,", ",flwo,"), "WT-111,", "WT-111.kind", '"flwo"', "one of flow, assay", "Did you mean 'flow'?"),
    Break("unknown_choice", ROW, ROW.replace("time_mean", "average"), "WT-111,", "WT-111.method", '"average"', "one of time_mean, mean, at_start", "time_mean"),
    Break("unknown_choice", ROW, ROW.replace(",wet,", ",damp,"), "WT-111,", "WT-111.basis", '"damp"', "one of dry, wet", "Known are"),
    Break("wrong_method", ROW, ROW.replace("time_mean", "at_start"), "WT-111,", "WT-111.method", '"at_start"', "time_mean or mean", "Correct"),
    Break("unknown_stream", ROW, ROW.replace("mill_feed", "mil_feed"), "WT-111,", "WT-111.object", '"mil_feed"', "a stream of the document for a tag of kind flow", "Did you mean 'mill_feed'?"),
    Break("unknown_unit", "temperature,mill,", "temperature,mil,", "TI-601,", "TI-601.object", '"mil"', "a unit or stream of the document", "Did you mean 'mill'?"),
    Break("unknown_stock", "stock,ore_stockpile,", "stock,tails_splitter,", "STK-ORE,", "STK-ORE.object", '"tails_splitter"', "a stock of the document", "Known are: ore_stockpile"),
    Break("unknown_source", ROW, ROW.replace("plant_historian", "plant_historain"), "WT-111,", "WT-111.source", '"plant_historain"', "a source of the document", "Did you mean 'plant_historian'?"),
    Break("unknown_component", ASSAY, ASSAY.replace(",Fe,", ",Fee,"), "LAB-PDU-Fe,", "LAB-PDU-Fe.component", '"Fee"', "a component of the account", "Did you mean 'Fe'?"),
    Break("unknown_component", ASSAY, ASSAY.replace("pellet_dust,Fe,", "pellet_dust,,"), "LAB-PDU-Fe,", "LAB-PDU-Fe.component", "nothing", "a component", "analysed"),
    Break("unknown_component", ROW, ROW.replace("mill_feed,,", "mill_feed,Fe,"), "WT-111,", "WT-111.component", '"Fe"', "none for kind flow", "Leave it empty"),
    Break("unknown_component", "LAB-COK-P,laboratory,coke/P,assay,coke,P,", "LAB-COK-P,laboratory,coke/P,assay,coke,Fe,", "LAB-COK-P,", "LAB-COK-P.component", '"Fe"', "that the stream carries", "streams.coke.carries"),
    Break("wrong_address", "laboratory,pellet_dust/Fe,", "laboratory,pellet_dust,", "LAB-PDU-Fe,", "LAB-PDU-Fe.address", '"pellet_dust"', "sample_point/analyte", "/"),
    Break("wrong_basis", ASSAY, ASSAY.replace(",dry,", ",wet,"), "LAB-PDU-Fe,", "LAB-PDU-Fe.basis", '"wet"', "dry", "Correct"),
    Break("missing_moisture", "coke,,t/h,dry,", "coke,,t/h,wet,", "WT-322,", "WT-322.basis", '"wet"', "a moisture of the stream", "Add a tag of kind moisture"),
    Break("missing_key", ROW, ROW.replace("BY.WT-111.PV", ""), "WT-111,", "WT-111.address", "nothing", "a text", "Fill in 'address'"),
    Break("wrong_row", ROW, ROW.replace("0.8 %", "0,8 %"), "WT-111,", "WT-111", "15 cells", "14 cells", "quotes"),
]  # fmt: skip


@pytest.mark.parametrize("case", TAG_BREAKS, ids=name)
def test_a_broken_tag_map_names_its_fault(copy: Copy, case: Break) -> None:
    copy.replace(case.old, case.new, tags=True)
    faults = [fault for fault in copy.faults() if fault.path == case.path and fault.code == case.code]
    assert len(faults) == 1, [str(fault) for fault in copy.faults()]
    (fault,) = faults
    assert fault.file == str(copy.tags)
    text = "\n" + copy.tags.read_text(encoding="utf-8")
    assert fault.line == text[: text.index("\n" + case.at)].count("\n") + 1
    assert case.found in fault.found
    assert case.expected in fault.expected
    assert case.way_out in fault.way_out


@pytest.mark.parametrize("case", [case for case in BREAKS + TAG_BREAKS if case.code in ("wrong_unit", "negative", "missing_sigma", "unknown_source_id", "missing_source")], ids=name)  # fmt: skip
def test_one_mistake_is_one_fault(copy: Copy, case: Break) -> None:
    copy.replace(case.old, case.new, tags=case in TAG_BREAKS)
    assert len(copy.faults()) == 1


@pytest.mark.parametrize(
    ("old", "new", "found", "way_out"),
    [
        ("sigma_absolute,lo", "sigma_absolut,lo", 'the column "sigma_absolut"', "Did you mean 'sigma_absolute'?"),
        ("sigma_absolute,lo", "lo", "no column 'sigma_absolute'", "Add 'sigma_absolute'"),
        ("tag,source,address,kind", "tag,source,kind,kind", "the column 'kind' twice", "Remove one"),
        ("tag,source,address", "tag;source;address", 'the column "tag;source;address"', "Known are"),
    ],
)
def test_a_broken_header_names_the_column(copy: Copy, old: str, new: str, found: str, way_out: str) -> None:
    copy.replace(old, new, tags=True)
    faults = [fault for fault in copy.faults() if fault.found == found]
    assert [(fault.line, fault.code) for fault in faults] in ([(1, "wrong_header")], [(1, "wrong_header")] * 2)
    assert way_out in faults[0].way_out and faults[0].file == str(copy.tags)


def test_several_faults_of_both_files_come_at_once_and_sorted(copy: Copy) -> None:
    copy.replace("330 t/h", "330 kWh")
    copy.replace("counts: {re_concentrate: 0.5}", "counts: {concentrate: 0.5}")
    copy.replace(FEED, FEED.replace("to: mill,", "to: mil,"))
    copy.replace("currency: CNY", "currncy: CNY")
    copy.replace(ROW, ROW.replace("0.8 %", ""), tags=True)
    copy.replace("temperature,mill,", "temperature,mil,", tags=True)
    faults = copy.faults()
    assert [fault.code for fault in faults] == [
        "missing_key", "unknown_key", "wrong_unit", "dangling_stream", "unknown_commodity", "missing_sigma", "unknown_unit",
    ]  # fmt: skip
    assert [(fault.file, fault.line) for fault in faults] == sorted((fault.file, fault.line) for fault in faults)
    assert {fault.file for fault in faults} == {str(copy.path), str(copy.tags)}


def test_the_message_of_the_error_holds_every_fault(copy: Copy) -> None:
    copy.replace("330 t/h", "330 kWh")
    copy.replace("-10 %", "-110 %")
    with pytest.raises(DocumentError) as error:
        load(copy.path, kinds())
    assert len(str(error.value).splitlines()) == len(error.value.faults) == 2
    line = copy.line("330 kWh")
    assert str(error.value).splitlines()[0] == (
        f'{copy.path}:{line}  units.mill.capacity: expected a value in t/h, got "330 kWh". '
        "Give the value in t/h, or in any other unit of mass/time [wrong_unit]"
    )


def test_a_missing_section_is_one_fault(copy: Copy) -> None:
    text = copy.path.read_text(encoding="utf-8")
    start, end = text.index("commodities:          #"), text.index("utilities:\n")
    aliases = text[:start] + text[end:]
    copy.path.write_text(aliases, encoding="utf-8")
    assert [fault.code for fault in copy.faults()] == ["missing_key"]


@pytest.mark.parametrize("file", ["ore_to_both.yaml", "tags.csv"])
def test_a_missing_file_is_a_fault(copy: Copy, file: str) -> None:
    copy.path.with_name(file).unlink()
    (fault,) = copy.faults()
    assert (fault.code, fault.line, fault.file) == ("no_file", 0, str(copy.path.with_name(file)))
    assert fault.found == "no such file or directory"


@pytest.mark.parametrize("file", ["ore_to_both.yaml", "tags.csv"])
@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_a_fault(copy: Copy, file: str, content: bytes) -> None:
    copy.path.with_name(file).write_bytes(content)
    (fault,) = [fault for fault in copy.faults() if fault.file.endswith(file)]
    assert (fault.code, fault.found) == ("empty", "an empty file")


@pytest.mark.parametrize("file", ["ore_to_both.yaml", "tags.csv"])
def test_a_file_that_is_not_utf_8_names_the_line(copy: Copy, file: str) -> None:
    path = copy.path.with_name(file)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:9], "Erzlager für Süd\n".encode("cp1252"), *lines[9:]]))
    (fault,) = [fault for fault in copy.faults() if fault.file.endswith(file)]
    assert (fault.code, fault.line, fault.found) == ("wrong_encoding", 10, "the byte 0xfc")


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 2, "wrong_yaml"),
        ("a: 1\n\tb: 2\n", 2, "wrong_yaml"),
        ("- a\n- b\n", 1, "wrong_type"),
        ("just a text\n", 1, "wrong_type"),
        ("ferrolan: !!python/object:os.system {}\n", 1, "wrong_yaml"),
        ("ferrolan: 1\nname: !!python/name:os.system\n", 2, "wrong_yaml"),
        ("ferrolan: 1\nname: &a [*a]\n", 2, "wrong_yaml"),
        ("ferrolan: 1\nname: *nothing\n", 2, "wrong_yaml"),
        ("ferrolan: 1\n[a, b]: 2\n", 2, "wrong_yaml"),
        ("ferrolan: 1\nferrolan: 1\n", 2, "duplicate_key"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(copy: Copy, text: str, line: int, code: str) -> None:
    copy.path.write_text(text, encoding="utf-8")
    assert (line, code) in [(fault.line, fault.code) for fault in copy.faults()]


def test_aliases_of_aliases_do_not_blow_up(copy: Copy) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    copy.path.write_text("\n".join(levels), encoding="utf-8")
    assert "200,000" in str([fault.found for fault in copy.faults()])


def test_words_and_dates_stay_texts(copy: Copy) -> None:
    copy.replace("title: Ore to both", "title: no")
    copy.replace('period: "2025-04-25"', "period: 2025-04-25")
    document = load(copy.path, kinds())
    assert document.title == "no" and document.enterprise.exchange_rates["USD"].period == "2025-04-25"
