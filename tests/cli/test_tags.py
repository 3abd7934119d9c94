"""``ferrolan tags``: a map checked, shown and proposed, against a server of OPC UA and databases as they are."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3

import pytest

from ferrolan.verbs import shipped
from tests.command import ferrolan
from tests.servers.opcua import NAMESPACE, served
from tests.servers.postgres import ADMIN, postgres

__all__ = ["postgres"]

HEADER = "tag,source,address,kind,object,component,unit,basis,method,sigma_relative,sigma_absolute,lo,hi,description"
SCADA = f"""\
HOT,scada,ns=2;s=HotMetal,other,,,degF,,,,,,,by the number of its namespace
GONE,scada,nsu={NAMESPACE};s=Nowhere,other,,,,,,,,,,not there
HEAT,scada,nsu={NAMESPACE};s=Heat,other,,,,,,,,,,a text
"""


@pytest.fixture
def plant(tmp_path):
    """The example in a folder of its own, with rows and sources put to it; returns the document."""

    def made(rows="", sources=""):
        document = shipped("ore_to_both")
        tags = document.with_name("tags.csv").read_text(encoding="utf-8")
        (tmp_path / "tags.csv").write_text(tags + rows, encoding="utf-8")
        text = document.read_text(encoding="utf-8").replace("\nsources:\n", f"\nsources:\n{sources}", 1)
        (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "plant.yaml"

    return made


@pytest.fixture(scope="module")
def scada():
    with served(tags=2) as server:
        yield server


def told(finished, code=0):
    assert finished.returncode == code, finished.stderr + finished.stdout
    return json.loads(finished.stdout)


def proposed(text):
    return {row["tag"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_map_that_holds_says_so(plant, tmp_path):
    finished = ferrolan("tags", "check", plant(), cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("tags. No fault found.\n")


def test_a_map_that_does_not_hold_is_refused_with_its_line(plant, tmp_path):
    document = plant("X,plant_historian,X,other,,,LUM,,,,,,,\n")
    finished = ferrolan("tags", "check", document, "--json", cwd=tmp_path)
    (fault,) = told(finished, code=2)["error"]["faults"]
    assert fault["line"] == len((tmp_path / "tags.csv").read_text().splitlines())
    assert fault["code"] == "wrong_unit"


def test_places_are_shown_as_a_tree(plant, tmp_path):
    document = plant()
    lines = ferrolan("tags", "show", document, cwd=tmp_path).stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if "WT-214" in line)
    assert lines[at].strip() == "WT-214  flow of flotation_feed  t/h"
    indent = [len(line) - len(line.lstrip()) for line in lines]
    assert indent[0] == 0
    assert max(indent) == indent[at] == 6
    tree = told(ferrolan("tags", "show", document, "--json", cwd=tmp_path))["tree"]
    assert sum(len(place["tags"]) for place in tree) == sum("  " in line.strip() for line in lines)


def test_a_server_is_browsed_and_its_rows_can_be_loaded(plant, scada, tmp_path):
    source = f'  scada: {{kind: opcua, url: "{scada.url}", insecure: true, anonymous: true}}\n'
    document = plant(SCADA.splitlines(keepends=True)[1], source)
    before = proposed((tmp_path / "tags.csv").read_text())
    finished = ferrolan("tags", "propose", document, "--source", "scada", "--out", "new.csv", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    after = proposed((tmp_path / "new.csv").read_text())
    assert before.keys() < after.keys()
    assert all({key: after[tag][key] for key in row} == row for tag, row in before.items())
    assert after["GONE"]["note"] == "vanished: the source does not hold this address"
    hot = after["HotMetal"]
    assert (hot["unit"], hot["lo"], hot["hi"], hot["kind"], hot["object"]) == ("degC", "0", "1700", "other", "")
    assert "UNECE code CEL" in hot["note"]
    assert after["Heat"]["kind"] == "text"
    assert "GONE" in finished.stdout
    shutil.move(tmp_path / "new.csv", tmp_path / "tags.csv")
    assert ferrolan("tags", "check", document, cwd=tmp_path).returncode == 0
    again = told(ferrolan("tags", "propose", document, "--source", "scada", "--json", cwd=tmp_path))
    assert (again["new"], again["vanished"]) == ([], ["GONE"])


def test_a_live_check_says_what_a_server_does_not_hold_or_states_otherwise(plant, scada, tmp_path):
    source = f'  scada: {{kind: opcua, url: "{scada.url}", insecure: true, anonymous: true}}\n'
    document = plant(SCADA.replace("degF", "K"), source)
    finished = ferrolan("tags", "check", document, "--live", "--json", cwd=tmp_path)
    said = told(finished, code=1)
    found = {(fault["path"], fault["code"]) for fault in said["faults"]}
    assert {("HOT.unit", "unit_differs"), ("GONE.address", "address_not_held"), ("HEAT.kind", "type_differs")} <= found
    (server,) = said["sources"]  # the virtual plant makes the files of the others: there is nothing to be asked
    assert (server["source"], server["held"] - server["undeclared"]) == ("scada", 2)
    assert not [fault for fault in said["faults"] if "sources" in fault["path"] or not fault["path"]]


def test_a_file_that_is_not_there_is_said_and_the_server_is_asked_all_the_same(plant, scada, tmp_path):
    source = f'  scada: {{kind: opcua, url: "{scada.url}", insecure: true, anonymous: true}}\n'
    document = plant(SCADA.replace("degF", "degC"), source)
    (tmp_path / "raw").mkdir()
    shutil.copy(tmp_path / "tags.csv", tmp_path / "raw" / "plant_historian.csv")  # one file is there: nothing is made
    said = told(ferrolan("tags", "check", document, "--live", "--json", cwd=tmp_path), code=1)
    assert "missing_file" in {fault["code"] for fault in said["faults"]}
    assert {one["source"] for one in said["sources"]} >= {"scada", "plant_historian"}


def test_a_server_needs_no_document(scada, tmp_path):
    finished = ferrolan("tags", "propose", "--url", scada.url, "--insecure", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(HEADER)
    assert proposed(finished.stdout)["HotMetal"]["source"] == "server"


def test_a_file_that_is_there_is_not_written_over(scada, tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    arguments = ("tags", "propose", "--url", scada.url, "--insecure", "--out", "mine.csv")
    finished = ferrolan(*arguments, cwd=tmp_path)
    assert finished.returncode == 2
    assert "file_exists" in finished.stderr
    assert (tmp_path / "mine.csv").read_text() == "mine"
    assert ferrolan(*arguments, "--force", cwd=tmp_path).returncode == 0
    assert "HotMetal" in (tmp_path / "mine.csv").read_text()


TABLE = "create table assays (id integer primary key, point text, element text, taken_at timestamp, result real)"
ROWS = """insert into assays (point, element, taken_at, result) values
    ('feed', 'Nd2O3', '2026-03-01 12:00:00', 1.5), ('feed', 'Pr6O11', '2026-03-01 12:00:00', 0.5),
    ('tails', 'Nd2O3', '2026-03-01 12:00:00', 0.1), ('feed', 'Nd2O3', '2026-03-02 12:00:00', 1.6)"""
KEYS = ["feed/Nd2O3", "feed/Pr6O11", "tails/Nd2O3"]


def test_a_database_file_is_described(tmp_path):
    with sqlite3.connect(tmp_path / "lims.sqlite") as link:
        link.execute(TABLE)
        link.execute("create table notes (who text)")
        link.execute(ROWS)
    link.close()
    finished = ferrolan("tags", "propose", "--url", f"sqlite:///{tmp_path / 'lims.sqlite'}", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    rows = proposed(finished.stdout)
    assert [row["address"] for row in rows.values()] == KEYS
    assert {row["source"] for row in rows.values()} == {"assays"}


def test_a_table_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    with sqlite3.connect(tmp_path / "lims.sqlite") as link:
        link.execute(TABLE)
    link.close()
    url = f"sqlite:///{tmp_path / 'lims.sqlite'}"
    finished = ferrolan("tags", "propose", "--url", url, "--source", "assay", cwd=tmp_path)
    assert (finished.returncode, "no_table" in finished.stderr, "assays" in finished.stderr) == (2, True, True)


def test_a_database_server_is_described(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", ADMIN)
    database = postgres.url(postgres.database("tags_proposed"))
    postgres.admin(TABLE.replace("integer primary key", "serial primary key"), ROWS, database="tags_proposed")
    finished = ferrolan("tags", "propose", "--url", database, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert [row["address"] for row in proposed(finished.stdout).values()] == KEYS


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--url", "scada"), "wrong_url"),
        (("--url", "opc.tcp://"), "wrong_url"),
        ((), "missing_key"),
        (("--source", "nowhere"), "unknown_source"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, code, tmp_path):
    finished = ferrolan("tags", "propose", *arguments, "--json", cwd=tmp_path)
    assert finished.returncode == 2
    assert code in {fault["code"] for fault in json.loads(finished.stdout)["error"]["faults"]}
