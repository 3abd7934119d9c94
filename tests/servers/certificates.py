"""Application certificates for tests: self-signed or issued, valid or not, in the files a server takes."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_URI = "urn:ferrolan.test:server"


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and their files."""

    certificate: x509.Certificate
    private: rsa.RSAPrivateKey
    der: Path
    pem: Path
    key: Path


def issue(
    folder: Path,
    name: str = "server",
    *,
    uri: str = SERVER_URI,
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
    since: dt.timedelta = dt.timedelta(hours=-1),
    life: dt.timedelta = dt.timedelta(days=365),
    ca: bool = False,
    issuer: Issued | None = None,
    path_length: int | None = None,
    signs: bool = True,
    bits: int = 2048,
) -> Issued:
    """Make a certificate that is valid from ``since`` (counted from now) for ``life``."""
    folder.mkdir(parents=True, exist_ok=True)
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = dt.datetime.now(dt.UTC) + since
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), *map(_host, hosts)]), False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), True)
        .add_extension(_uses(signs), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .sign(issuer.private if issuer else private, hashes.SHA256())
    )
    issued = Issued(made, private, folder / f"{name}.der", folder / f"{name}.pem", folder / f"{name}.key.pem")
    issued.der.write_bytes(made.public_bytes(serialization.Encoding.DER))
    issued.pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    issued.key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return issued


def revoke(issuer: Issued, revoked: x509.Certificate, path: Path, life: dt.timedelta = dt.timedelta(days=30)) -> Path:
    """Write the list of what an issuer revoked, with one certificate on it."""
    now = dt.datetime.now(dt.UTC)
    entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(now).build()
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + life)
        .add_revoked_certificate(entry)
        .sign(issuer.private, hashes.SHA256())
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.public_bytes(serialization.Encoding.DER))
    return path


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _uses(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=signs, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
