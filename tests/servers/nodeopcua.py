"""A node-opcua server as a process of its own: an OPC UA server that other people wrote."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers import absent, needed
from tests.servers.certificates import issue
from tests.servers.opcua import NAMESPACE, Server, Settings

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parent / "peers" / "node_opcua.cjs"


class NodeServer(Server):
    """A node-opcua server under test; the same commands as the other one where it knows them."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(Settings(tags=more.pop("tags", 3)))
        self.folder, self.more = folder, more

    def start(self, seconds: float = 60.0) -> NodeServer:
        node, modules = needed("node"), peers()
        certificate = issue(self.folder / "server")
        self._process = subprocess.Popen(
            [str(node), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=(self.folder / "stderr.txt").open("w"), text=True, env={**os.environ, "NODE_PATH": str(modules)},
            cwd=self.folder,
        )  # fmt: skip
        settings = {
            "port": self.settings.port, "tags": self.settings.tags, "history": True, "pki": str(self.folder / "pki"),
            "certificate": str(certificate.pem), "key": str(certificate.key), "anonymous": True, "users": {},
            "policies": ["None", "Basic256Sha256"], "modes": ["None", "SignAndEncrypt"], "limits": {}, **self.more,
        }  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"settings": settings}) + "\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith("{") and json.loads(line).get("ready"):
                return self
        raise AssertionError((self.folder / "stderr.txt").read_text()[-2000:])

    def address(self, number: int) -> str:
        return f"nsu={NAMESPACE};s=T{number}"


def peers() -> Path:
    """The folder of npm packages, or the test is skipped."""
    folder = Path(os.environ.get("FERROLAN_PEERS", ROOT / ".ci" / "peers")) / "node_modules"
    if not (folder / "node-opcua").is_dir():
        absent("node-opcua is not installed; set FERROLAN_PEERS")
    return folder


@contextlib.contextmanager
def served(folder: Path, **more: Any) -> Iterator[NodeServer]:
    """A running server for as long as the block lasts."""
    server = NodeServer(folder, **more)
    try:
        yield server.start()
    finally:
        server.kill()
