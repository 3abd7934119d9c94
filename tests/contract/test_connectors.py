"""The contract of a live connection, put to every kind that the catalogue lists: none passes by being forgotten."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

import ferrolan
from ferrolan.assembly.catalogue import connections as registered
from ferrolan.assembly.sources import POLLED
from ferrolan.base.errors import SourceError
from ferrolan.base.schema import Model, read
from ferrolan.base.tables import TIME
from ferrolan.sources.live import GATHERED, Connector, ConnectorKind, Place
from tests.contract.rigs import RIGS, Peer
from tests.sources.keeping import Kept, holds


def connections() -> Mapping[str, ConnectorKind]:
    """Every kind of live connection: those of the catalogue, and the table that is polled."""
    return {**registered(), POLLED.name: POLLED}


KINDS = sorted(connections())
ROOT = Path(ferrolan.__file__).parent

WRITING = {
    "write", "write_value", "write_values", "write_attribute", "write_params", "set_value", "set_values", "set_attribute",
    "call", "call_method", "history_update", "add_node", "add_nodes", "delete_nodes", "write_register", "write_registers",
    "write_coil", "write_coils", "mask_write_register", "readwrite_registers", "publish", "send", "unlink", "rename",
    "rmtree", "remove", "move", "copyfile", "copytree", "write_text", "write_bytes", "write_csv", "write_parquet", "mkdir", "touch",
    "execute", "executemany", "commit",
}  # fmt: skip
"""Calls by which something outside could be changed."""

COMMANDS = {
    "WriteRequest", "CallRequest", "HistoryUpdateRequest", "AddNodesRequest", "AddReferencesRequest",
    "DeleteNodesRequest", "DeleteReferencesRequest", "write_register", "write_registers", "write_coil", "write_coils",
    "mask_write_register", "readwrite_registers", "write_file_record", "_send_request", "execute_command",
}  # fmt: skip
"""Names that need not be called to do harm: under another name, or as a request that is sent by hand."""

ALLOWED = {
    ("opcua/session.py", "_send_request"): "a PublishRequest, by which the answers of a subscription are fetched",
    ("grid.py", "rename"): "columns of a table",
    ("mqtt_line.py", "publish"): "the one door to aiomqtt; what goes through it is Sparkplug's",
    ("sparkplug/connector.py", "publish"): "STATE of a host application, and NCMD Node Control/Rebirth",
    ("opcua/session.py", "call"): "GetMonitoredItems and the like, which read; proven by the peer's record of requests",
    ("opcua/stream.py", "publish"): "the answer to a subscription's publishing, part of reading",
    ("opcua/trust.py", "write"): "our own folder of certificates",
    ("opcua/trust.py", "write_bytes"): "our own folder of certificates",
    ("opcua/trust.py", "mkdir"): "our own folder of certificates",
    ("sql/database.py", "execute"): "SELECT in a READ ONLY transaction of a read-only user",
    ("sql/table.py", "execute"): "SELECT in a READ ONLY transaction of a read-only user",
}
"""Where one of them stands all the same, and why."""


def made(kind: str, folder: Path, entry: Any = None) -> Connector:
    spec, problems = read(connections()[kind].spec, dict(entry or RIGS[kind].entry))
    assert spec is not None, problems
    return connections()[kind].connect(spec, Place("peer", folder, trust=folder / "pki"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_kind_has_a_rig() -> None:
    assert set(KINDS) <= set(RIGS), "register a rig in tests/contract/rigs.py"


def fields(model: type[Model], path: str = "") -> Iterator[tuple[str, str]]:
    """Every field of a model and of the models within, with its description."""
    for name, field in model.model_fields.items():
        yield f"{path}{name}", field.description or ""
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, Model):
                yield from fields(part, f"{path}{name}.")


def test_every_key_of_its_entry_is_documented(kind: str) -> None:
    assert [name for name, said in fields(connections()[kind].spec) if len(said) < 8] == []
    assert len(connections()[kind].address) > 10


def test_a_wrong_entry_is_refused_with_its_address(kind: str) -> None:
    rig, model = RIGS[kind], connections()[kind].spec
    assert read(model, dict(rig.entry))[1] == ()
    for keys, path in rig.wrong.values():
        spec, problems = read(model, {**rig.entry, **keys})
        assert spec is None and path in [problem.path for problem in problems]
    spec, problems = read(model, {**rig.entry, "pasword": "x"})
    assert spec is None and [problem.code for problem in problems] == ["unknown_key"]


_WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {libraries!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
from pathlib import Path
from ferrolan.assembly.catalogue import connections as registered
from ferrolan.assembly.sources import POLLED
from ferrolan.base.errors import SurroundingsError
from ferrolan.base.schema import read
from ferrolan.sources.live import Place
def connections():
    return {{**registered(), POLLED.name: POLLED}}
for kind, (entry, library) in {entries!r}.items():
    spec, problems = read(connections()[kind].spec, entry)
    assert spec is not None, problems
    try:
        connections()[kind].connect(spec, Place("peer", Path("."), trust=Path({trust!r})))
        said = ""
    except SurroundingsError as error:
        said = str(error)
    assert bool(library) == ("missing_extra" in said and 'pip install "ferrolan[' in said), (kind, said)
"""


def test_documents_load_without_the_libraries_and_a_missing_one_says_how_to_get_it(tmp_path: Path) -> None:
    libraries = {rig.library for rig in RIGS.values() if rig.library} | {"google", "paho"}
    entries = {kind: (dict(RIGS[kind].entry), RIGS[kind].library) for kind in KINDS}
    code = _WITHOUT.format(libraries=libraries, entries=entries, trust=str(tmp_path / "pki"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={"PYTHONPATH": str(ROOT.parent)}
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_it_begins_as_starting_and_reaches_for_nobody(kind: str, tmp_path: Path) -> None:
    assert made(kind, tmp_path).health.state == "starting"


def test_nobody_there_is_said_and_waited_for(kind: str, tmp_path: Path) -> None:
    connector, sink = made(kind, tmp_path), Kept()

    async def scene() -> None:
        task = asyncio.create_task(connector.stream(RIGS[kind].tags, sink))
        try:
            await holds(task, lambda: connector.health.state in ("lost", "waiting"))
            if task.done() and not task.cancelled():
                error = task.exception()
                assert isinstance(error, SourceError), "only what a person must mend is raised"
            assert connector.health.said
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())


async def _settled(others: int = 0) -> list[str]:
    """Names of the tasks that are left, once they have had the time to end."""
    for _ in range(400):
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if len(left) <= others:
            return []
        await asyncio.sleep(0.01)
    return [str(task) for task in left]


def test_it_can_be_cancelled_at_any_moment_and_leaves_no_task(kind: str, tmp_path: Path) -> None:
    async def scene(peer: Peer, steps: int) -> list[str]:
        connector = made(kind, tmp_path, peer.entry)
        task = asyncio.create_task(connector.stream(peer.tags, Kept()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=20)
        assert done and (task.cancelled() or not task.exception())
        return await _settled()

    with RIGS[kind].peer(tmp_path) as peer:
        for steps in (0, 1, 2, 3, 5, 8, 13, 34, 144, 1597):
            assert asyncio.run(scene(peer, steps)) == []


async def _heard(connector: Connector, peer: Peer, sink: Kept, task: asyncio.Task[None], more: int) -> None:
    """Let the peer speak until so many more rows with a value have come."""

    def count() -> int:
        return sink.rows()["value"].count()

    wanted = count() + more
    for _ in range(300):
        if count() >= wanted or task.done():
            break
        await asyncio.to_thread(peer.speak)
        await asyncio.sleep(0.05)
    assert count() >= wanted, connector.health


def test_rows_have_the_declared_columns_and_times_in_utc(kind: str, tmp_path: Path) -> None:
    async def scene(peer: Peer) -> Kept:
        connector, sink = made(kind, tmp_path, peer.entry), Kept()
        task = asyncio.create_task(connector.stream(peer.tags, sink))
        try:
            await _heard(connector, peer, sink, task, 1)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return sink

    with RIGS[kind].peer(tmp_path) as peer:
        sink = asyncio.run(scene(peer))
    for frame in sink.samples:
        assert dict(frame.schema) == GATHERED
    assert sink.rows().schema["time"] == TIME
    assert set(sink.rows()["tag"].unique()) <= {tag.tag for tag in peer.tags}


def test_it_goes_on_when_its_peer_comes_back(kind: str, tmp_path: Path) -> None:
    async def scene(peer: Peer) -> None:
        connector, sink = made(kind, tmp_path, peer.entry), Kept()
        task = asyncio.create_task(connector.stream(peer.tags, sink))
        try:
            await _heard(connector, peer, sink, task, 1)
            assert peer.away is not None
            await asyncio.to_thread(peer.away)
            await holds(task, lambda: connector.health.state in ("lost", "waiting"))
            await asyncio.to_thread(peer.back)
            await _heard(connector, peer, sink, task, 1)
            assert connector.health.state == "connected" and not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with RIGS[kind].peer(tmp_path) as peer:
        if peer.away is None:
            return  # a file that is played cannot go away
        asyncio.run(scene(peer))


def test_history_is_pages_of_samples_or_none(kind: str, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    async def pages(peer: Peer) -> list[pl.DataFrame]:
        connector = made(kind, tmp_path, peer.entry)
        start, end = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
        return [page async for page in connector.history(peer.tags, start, end)]

    with RIGS[kind].peer(tmp_path) as peer:
        for page in asyncio.run(pages(peer)):
            assert dict(page.schema) == GATHERED and page.height


def written(path: Path) -> Iterator[str]:
    """Names of calls in a module by which something outside could be changed."""
    with path.open("rb") as file:
        tokens = [token.string for token in tokenize.tokenize(file.readline)]
    for before, name, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (before == "." and name in COMMANDS) or (
            after == "(" and ((before == "." and name in WRITING) or (name == "open" and before not in (".", "def")))
        ):
            yield name


def test_no_connector_has_a_verb_that_writes() -> None:
    ours = "spool"  # the collector's own store
    found = {
        (path.relative_to(ROOT / "sources").as_posix(), verb)
        for path in (ROOT / "sources").rglob("*.py")
        if path.parent.name != ours
        for verb in written(path)
    }
    assert found - set(ALLOWED) == set()


def test_the_contract_itself_offers_none() -> None:
    verbs = {name for name in dir(Connector) if not name.startswith("_")}
    assert verbs == {"health", "discover", "stream", "history"}
