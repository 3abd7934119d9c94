"""A real Mosquitto: a plain listener, on demand users and passwords, TLS with a certificate authority of our own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import free_port, needed, until

USER, PASSWORD = "ferrolan", "rust-and-slag-7791"


@dataclass
class Mosquitto:
    """A broker in a folder of its own; it keeps sessions over a restart."""

    folder: Path
    closed: bool = False
    tls_names: tuple[str, ...] = ()
    settings: str = ""
    port: int = field(default_factory=free_port)
    tls_port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.program = needed("mosquitto")
        lines = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {self.folder}/"]
        lines += ["autosave_interval 1", "user root", self.settings]
        if self.closed:
            passwords = self.folder / "passwords"
            passwords.touch(mode=0o600)
            subprocess.run(
                [needed("mosquitto_passwd"), "-b", passwords, USER, PASSWORD], check=True, capture_output=True
            )
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        else:
            lines += ["allow_anonymous true"]
        if self.tls_names:
            self.tls_port = free_port()
            make_authority(self.folder, self.tls_names)
            lines += [f"listener {self.tls_port} 127.0.0.1", f"cafile {self.folder}/ca.pem"]
            lines += [f"certfile {self.folder}/server.pem", f"keyfile {self.folder}/server.key"]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [self.program, "-c", self.folder / "mosquitto.conf"], stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        until(lambda: _answers(self.port), f"mosquitto: {(self.folder / 'log').read_text()[-400:]}", 20.0)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            os.kill(self._process.pid, how)
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


def make_authority(folder: Path, names: tuple[str, ...]) -> None:
    """``ca.pem``, and ``server.pem`` and ``server.key`` made out to names and addresses."""
    ca_key, ca = _certificate("Authority of the works", None, None, ())
    key, server = _certificate("broker", ca_key, ca, names)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that lets everybody in."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def closed_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker with one user, plain and with TLS, its certificate made out to ``localhost`` alone."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder, closed=True, tls_names=("localhost",))
    broker.start()
    yield broker
    broker.stop()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _certificate(
    name: str, ca_key: ec.EllipticCurvePrivateKey | None, ca: x509.Certificate | None, names: tuple[str, ...]
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
    )
    if ca is None:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
    return key, builder.sign(ca_key or key, hashes.SHA256())


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
