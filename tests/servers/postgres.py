"""A PostgreSQL server of its own, run as the user ``postgres``, on a free port of 127.0.0.1, its data in a temporary folder.

Everything that makes a commit durable (fsync, full_page_writes, synchronous_commit) stays as PostgreSQL ships it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers import free_port, needed, until

_FOLDERS = tuple(f"/usr/lib/postgresql/{version}/bin" for version in range(18, 12, -1))
ADMIN = "admin-word"
"""Password of the superuser."""


@dataclass
class Postgres:
    """A server under test; ``admin`` runs statements as its superuser."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """URL without a password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def admin(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements, each its own transaction; rows of the last one."""
        import psycopg

        rows: list[tuple[object, ...]] = []
        with closing(psycopg.connect(self.url(database), password=ADMIN, autocommit=True)) as connection:
            for statement in statements:
                cursor = connection.execute(statement)  # type: ignore[call-overload]
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def database(self, name: str) -> str:
        """A new empty database; one of that name goes first. Returns its name."""
        self.admin(f'drop database if exists "{name}" with (force)', f'create database "{name}"')
        return name

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [needed("postgres", *_FOLDERS), "-D", str(self.folder / "data"), "-p", str(self.port)]
        options = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "log_statement": "all",
            "log_line_prefix": "%d|%u|%a|", "logging_collector": "off", "max_connections": "40", "shared_buffers": "32MB",
        }  # fmt: skip
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*map(str, command), *settings], stdout=log, stderr=log, cwd=self.folder, **_identity()
            )
        until(self._answers, "PostgreSQL answers")

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it: sessions are ended; ``at_once`` kills it as a power cut would, without a last checkpoint."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self.process.wait(60)

    def statements(self, user: str) -> list[str]:
        """Every statement a user sent, from the server's own log."""
        whole = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        lines = whole.replace("\n\t", " ").split("\n")  # a statement of several lines goes on behind a tab
        said = [line.split("|", 3) for line in lines if line.count("|") >= 3]
        texts = [part[3] for part in said if part[1] == user]
        marks = ("statement: ", "execute ")
        return [text.partition(": ")[2].partition(": ")[2] if "execute" in text else text.partition("statement: ")[2]
                for text in texts if any(mark in text for mark in marks)]  # fmt: skip

    def _answers(self) -> bool:
        import psycopg

        if self.process is None or self.process.poll() is not None:
            pytest.fail(f"PostgreSQL ended: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
        try:
            self.admin("select 1")
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for the whole test session."""
    with started() as server:
        yield server


@contextmanager
def started() -> Iterator[Postgres]:
    """A new server, gone with its data when the block ends."""
    initdb = needed("initdb", *_FOLDERS)
    pytest.importorskip("psycopg", reason='needs pip install "ferrolan[connect]"')
    folder = Path(tempfile.mkdtemp(prefix="ferrolan-postgres-"))
    server = Postgres(folder, free_port())
    try:
        _own(folder)
        (folder / "word").write_text(ADMIN)
        (folder / "word").chmod(0o644)
        made = subprocess.run(
            [initdb, "-D", folder / "data", "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={folder / 'word'}",
             "--encoding=UTF8", "--locale=C", "--no-sync"],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False, **_identity(),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        server.start()
        yield server
    finally:
        server.stop(at_once=True)
        shutil.rmtree(folder, ignore_errors=True)


def _own(folder: Path) -> None:
    """Give the folder to the user the server runs as: it refuses to run as root."""
    folder.chmod(0o755)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)


def _identity() -> dict[str, object]:
    """As whom the server runs: ``postgres`` where we are root, else as we are."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
