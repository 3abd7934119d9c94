"""A MariaDB server of its own, run as the user ``mysql``, on a free port of 127.0.0.1, its data in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers import free_port, needed, until

ADMIN = "admin-word"
"""Password of the administrator, who logs in over TCP."""


@dataclass
class MariaDb:
    """A server under test; ``admin`` runs statements as its administrator."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    def url(self, database: str = "mysql", user: str = "admin") -> str:
        """URL without a password."""
        return f"mysql://{user}@127.0.0.1:{self.port}/{database}"

    def admin(self, *statements: str, database: str = "mysql") -> list[tuple[object, ...]]:
        """Run statements, each its own transaction; rows of the last one."""
        import pymysql

        rows: list[tuple[object, ...]] = []
        with closing(
            pymysql.connect(
                host="127.0.0.1", port=self.port, user="admin", password=ADMIN, database=database, autocommit=True
            )
        ) as connection:
            for statement in statements:
                cursor = connection.cursor()
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows

    def database(self, name: str) -> str:
        """A new empty database; one of that name goes first. Returns its name."""
        self.admin(f"drop database if exists `{name}`", f"create database `{name}`")
        return name

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "datadir": self.folder / "data", "port": self.port, "bind-address": "127.0.0.1",
            "socket": self.folder / "socket", "pid-file": self.folder / "pid", "tmpdir": self.folder,
            "general-log": 1, "general-log-file": self.folder / "general.log", "innodb-buffer-pool-size": "32M",
            "performance-schema": 0, "init-file": self.folder / "first.sql",
        }  # fmt: skip
        command = [str(needed("mariadbd")), "--no-defaults", *(f"--{name}={value}" for name, value in options.items())]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **_identity())
        until(self._answers, "MariaDB answers")

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it; ``at_once`` kills it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)
            self.process.wait(60)

    def statements(self, user: str) -> list[str]:
        """Every statement a user sent, from the server's general log."""
        lines = (self.folder / "general.log").read_text(encoding="utf-8", errors="replace").split("\n")
        mine: set[str] = set()
        sent = []
        for line in lines:
            words = line.strip().split("\t")[-2:]
            number, _, what = words[0].rpartition(" ")
            number = number.split(" ")[-1] or number
            if what == "Connect" and len(words) > 1 and words[1].startswith(f"{user}@"):
                mine.add(number)
            elif what in ("Query", "Execute", "Prepare") and number in mine and len(words) > 1:
                sent.append(words[1])
            elif sent and "\t" not in line and line.strip():
                sent[-1] += f" {line.strip()}"  # a statement of several lines
        return sent

    def _answers(self) -> bool:
        import pymysql

        if self.process is None or self.process.poll() is not None:
            pytest.fail(f"MariaDB ended: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
        try:
            self.admin("select 1")
        except pymysql.err.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A server for the whole test session."""
    install = needed("mariadb-install-db")
    needed("mariadbd")
    pytest.importorskip("pymysql", reason='needs pip install "ferrolan[connect]"')
    folder = Path(tempfile.mkdtemp(prefix="ferrolan-mariadb-"))
    server = MariaDb(folder, free_port())
    try:
        _own(folder)
        (folder / "first.sql").write_text(
            f"create user if not exists 'admin'@'%' identified by '{ADMIN}';\n"
            "grant all on *.* to 'admin'@'%' with grant option;\n"
        )
        made = subprocess.run(
            [install, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db", "--auth-root-authentication-method=normal"],
            cwd=folder, capture_output=True, text=True, timeout=180, check=False, **_identity(),
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        server.start()
        yield server
    finally:
        server.stop(at_once=True)
        shutil.rmtree(folder, ignore_errors=True)


def _own(folder: Path) -> None:
    """Give the folder to the user the server runs as: it refuses to run as root."""
    folder.chmod(0o755)
    if os.geteuid() == 0:
        user = pwd.getpwnam("mysql")
        os.chown(folder, user.pw_uid, user.pw_gid)


def _identity() -> dict[str, object]:
    """As whom the server runs: ``mysql`` where we are root, else as we are."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("mysql")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
