"""Whom we trust: folders of certificates that only a person fills, and our own certificate.

A blast furnace's server shows a certificate that nobody has looked at. It is refused and put into ``rejected/``; a
person compares its fingerprint with the one on the server's own screen and moves the file to ``trusted/``. Nothing is
trusted automatically, and a certificate that was trusted is refused once it has expired, is revoked, or is another.

References
----------
OPC Foundation, OPC 10000-4, section 6.1.3 (steps of certificate validation); OPC 10000-12, section 7.8 (trust lists).
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.surroundings import refused

FOLDERS = ("own", "trusted", "issuers", "rejected", "crl")
"""Folders of a trust store."""

WARNED = timedelta(days=30)
"""How long before its end a certificate is warned of."""

APPLICATION = "urn:{host}:ferrolan"
"""Application URI of our own certificate."""

_OWN_LIFE = timedelta(days=5 * 365)  # what plants ask for: renewed by a person, never silently
_KEY_BITS = 2048  # least that Basic256Sha256 and Aes256_Sha256_RsaPss allow
_LONGEST_CHAIN = 8
_BROKEN = (
    SignatureAlgorithmOID.RSA_WITH_MD5,
    SignatureAlgorithmOID.RSA_WITH_SHA1,
    SignatureAlgorithmOID.ECDSA_WITH_SHA1,
    SignatureAlgorithmOID.DSA_WITH_SHA1,
)


@dataclass(frozen=True)
class Refused:
    """Why a certificate is not trusted: what was found, what was expected, the way out, and a short stable code."""

    found: str
    expected: str
    way_out: str
    code: str


@dataclass(frozen=True)
class Own:
    """Our own certificate: its files, its application URI, and when it ends."""

    certificate: Path
    key: Path
    uri: str
    until: datetime


class Trust:
    """The certificates under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken = b""  # what the server showed that was trusted last
        try:
            for name in FOLDERS:
                self._made(name)
        except OSError as error:
            raise refused(folder, error) from error

    def own(self, now: datetime) -> Own:
        """Our own certificate; made at first use, and then never again.

        Raises
        ------
        SurroundingsError
            If one of the two files is missing, or they cannot be read.
        """
        certificate, key = self.folder / "own" / "certificate.der", self.folder / "own" / "key.pem"
        if not certificate.exists() and not key.exists():
            _make_own(certificate, key, now)
        if not (certificate.exists() and key.exists()):
            missing = certificate if key.exists() else key
            raise _lacking(missing, "nothing", "Put it back, or move both files away: a new pair is then made")
        return _read_own(certificate, key)

    def refusal(self, der: bytes, *, host: str, uri: str, now: datetime) -> Refused | None:
        """Why a server's certificate is not trusted; None where it is.

        Parameters
        ----------
        der
            The certificate as the server showed it, alone or with its issuers behind it.
        host
            Name or address it must hold.
        uri
            Application URI the server gives itself.
        now
            The time that counts.
        """
        try:
            chain = _chain(der)
            leaf = chain[0]
            _ = leaf.extensions
        except (ValueError, IndexError, UnsupportedAlgorithm) as error:
            return Refused(
                f"what is no certificate ({error})", "a certificate", "Mend the server's", code="wrong_certificate"
            )
        reason = self._untrusted(leaf, chain[1:], now)
        reason = reason or _expired(leaf, now) or _another(leaf, host, uri)
        self._taken = self._taken if reason else der
        return reason

    def unchecked(self, der: bytes, now: datetime) -> tuple[str, ...]:
        """A sentence for each certificate of a server's path whose issuer's list of revocations is missing or too old.

        Parameters
        ----------
        der
            The certificate as the server showed it, alone or with its issuers behind it; one that is trusted.
        now
            The time that counts.
        """
        path = self._path(_chain(der))
        return tuple(said for one, issuer in pairwise(path) if (said := self._unlisted(one, issuer, now)))

    def ending(self, now: datetime) -> tuple[str, ...]:
        """What a person must renew, a sentence each.

        Certificates, own or trusted, that end within thirty days or have ended; and of the server's, as it was taken
        last, those whose issuer's list of revocations is missing or too old.
        """
        found = [*self._certificates("own"), *self._certificates("trusted"), *self._certificates("issuers")]
        ending = (
            f"{path} ends on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it"
            for path, certificate in found
            if certificate.not_valid_after_utc - now < WARNED
        )
        return (*ending, *(self.unchecked(self._taken, now) if self._taken else ()))

    def _untrusted(self, leaf: x509.Certificate, sent: list[x509.Certificate], now: datetime) -> Refused | None:
        trusted = [certificate for _, certificate in self._certificates("trusted")]
        path = self._path([leaf, *sent])
        if not any(certificate in trusted for certificate in path):
            return self._rejected(leaf)
        weak = next((found for one in path if (found := _weak(one))), None)
        if weak is not None:
            return weak
        late = next((one for one in path[1:] if _expired(one, now)), None)
        if late is not None:
            return _expired(late, now)
        revoked = next(
            (one for one, issuer in zip(path, path[1:] or path, strict=False) if self._revoked(one, issuer)), None
        )
        if revoked is not None:
            return Refused(f"{_named(revoked)}, which its issuer revoked", "a valid certificate",
                           "Ask for a new one for the server", code="revoked_certificate")  # fmt: skip
        return None

    def _path(self, chain: list[x509.Certificate]) -> list[x509.Certificate]:
        """A server's certificate and those that issued it, as far as it sent them or we hold them."""
        known = [certificate for name in ("trusted", "issuers") for _, certificate in self._certificates(name)]
        return _path(chain[0], [*chain[1:], *known])

    def _unlisted(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> str:
        """That nobody could say whether a certificate was revoked; empty where a list in force could."""
        ends = [found.next_update_utc for found in self._lists(certificate, issuer)]
        if any(end is None or end >= now for end in ends):
            return ""
        what = "ended, the last on " + f"{max(end for end in ends if end):%Y-%m-%d}" if ends else "is missing"
        whose = issuer.subject.rfc4514_string() or "nobody"
        where = self.folder / "crl"
        return f"whether {_named(certificate)} was revoked is not known: the list of {whose} in {where} {what}"

    def _rejected(self, leaf: x509.Certificate) -> Refused:
        path = self._made("rejected") / f"{_fingerprint(leaf)}.der"
        if not path.exists():
            path.write_bytes(leaf.public_bytes(serialization.Encoding.DER))
        way_out = (
            f"Compare its SHA-256 fingerprint {_fingerprint(leaf)} with the server's own, then move the file {path} to "
            f"{self.folder / 'trusted'}"
        )
        return Refused(
            f"{_named(leaf)}, which nobody trusts", "a trusted certificate", way_out, code="untrusted_certificate"
        )

    def _revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        serial = certificate.serial_number
        lists = self._lists(certificate, issuer)
        return any(found.get_revoked_certificate_by_serial_number(serial) is not None for found in lists)

    def _lists(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> Iterator[x509.CertificateRevocationList]:
        """What an issuer revoked, of the lists that it signed itself."""
        for path in sorted(self._made("crl").iterdir()):
            revocations = _revocations(path)
            if revocations is None or revocations.issuer != certificate.issuer:
                continue
            if revocations.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]  # any key of a CA
                yield revocations

    def _certificates(self, name: str) -> Iterator[tuple[Path, x509.Certificate]]:
        for path in sorted(self._made(name).iterdir()):
            certificate = _certificate(path)
            if certificate is not None:
                yield path, certificate

    def _made(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path


def _chain(der: bytes) -> list[x509.Certificate]:
    """The certificates of a blob that may hold a chain, one behind the other."""
    found: list[x509.Certificate] = []
    while der and len(found) < _LONGEST_CHAIN:
        length = _length(der)
        found.append(x509.load_der_x509_certificate(der[:length]))
        der = der[length:]
    return found


def _length(der: bytes) -> int:
    """Length of the leading ASN.1 sequence with its header [byte]."""
    if len(der) < 2 or der[0] != 0x30:
        raise ValueError("no ASN.1 sequence")
    if der[1] < 0x80:
        return 2 + der[1]
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big")


def _path(leaf: x509.Certificate, known: list[x509.Certificate]) -> list[x509.Certificate]:
    """A certificate and those that issued it, as far as they are known."""
    path = [leaf]
    while len(path) < _LONGEST_CHAIN and path[-1].issuer != path[-1].subject:
        issuer = next((one for one in known if one not in path and _issued(path[-1], one, len(path) - 1)), None)
        if issuer is None:
            break
        path.append(issuer)
    return path


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, between: int) -> bool:
    """Whether a certificate is an issuer's, who may issue with so many issuers between it and the server."""
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return basic.ca and _may_sign(issuer) and (basic.path_length is None or between <= basic.path_length)


def _may_sign(issuer: x509.Certificate) -> bool:
    """Whether its key is for signing certificates; one that says nothing of its use is for any (RFC 5280, 4.2.1.3)."""
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _weak(certificate: x509.Certificate) -> Refused | None:
    """A key or a signature that can be forged."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _KEY_BITS:
        found, expected = f"with a key of {key.key_size} bit", f"a key of {_KEY_BITS} bit or more"
    elif certificate.signature_algorithm_oid in _BROKEN:
        found, expected = "signed with SHA-1 or MD5", "a signature with SHA-256 or better"
    else:
        return None
    way_out = "Have a new certificate made for the server, and trust that one"
    return Refused(f"{_named(certificate)} {found}", expected, way_out, code="weak_certificate")


def _expired(certificate: x509.Certificate, now: datetime) -> Refused | None:
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if since <= now <= until:
        return None
    found = f"{_named(certificate)}, valid from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
    way_out = "Renew it, or set the clock that is wrong"
    return Refused(found, f"a certificate valid at {now:%Y-%m-%d %H:%M} UTC", way_out, code="expired_certificate")


def _another(certificate: x509.Certificate, host: str, uri: str) -> Refused | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if uri not in uris:
        found = f"{_named(certificate)} for {', '.join(uris) or 'no application'}"
        way_out = "Give the server the certificate that was made for it"
        return Refused(found, f"a certificate for the application {uri}", way_out, code="wrong_certificate")
    hosts = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    hosts += [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    if _plain(host) not in hosts:
        found = f"{_named(certificate)} for {', '.join(hosts) or 'no host'}"
        way_out = "Use that name in the url, or declare it as server_name where you know that it is this server"
        return Refused(found, f"a certificate for the host {host}", way_out, code="wrong_certificate")
    return None


def _plain(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()


def _certificate(path: Path) -> x509.Certificate | None:
    try:
        content = path.read_bytes()
        pem = content.lstrip().startswith(b"-----BEGIN CERTIFICATE")
        return x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
    except (OSError, ValueError, UnsupportedAlgorithm):
        return None  # a key, a note, or something else that is no certificate


def _revocations(path: Path) -> x509.CertificateRevocationList | None:
    try:
        content = path.read_bytes()
        return (
            x509.load_pem_x509_crl(content)
            if content.lstrip().startswith(b"-----")
            else x509.load_der_x509_crl(content)
        )
    except (OSError, ValueError, UnsupportedAlgorithm):
        return None


def _named(certificate: x509.Certificate) -> str:
    return f"the certificate of {certificate.subject.rfc4514_string() or 'nobody'}"


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _make_own(certificate: Path, key: Path, now: datetime) -> None:
    """Write a new key, readable to this user alone, and a certificate that it signs itself."""
    host = socket.gethostname()
    secret = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    made = _builder(host, now).public_key(secret.public_key()).sign(secret, hashes.SHA256())
    text = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.DER))


def _builder(host: str, now: datetime) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Ferrolan on {host}"[:64])])
    uses = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    names = [x509.UniformResourceIdentifier(APPLICATION.format(host=host)), x509.DNSName(host)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _OWN_LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(uses, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )


def _read_own(certificate: Path, key: Path) -> Own:
    found = _certificate(certificate)
    if found is None:
        raise _lacking(certificate, "what is no certificate", "Move it and its key away: a new pair is then made")
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except (x509.ExtensionNotFound, IndexError) as error:
        raise _lacking(certificate, "a certificate without an application URI", "Have it issued with one") from error
    return Own(certificate, key, uri, found.not_valid_after_utc.astimezone(UTC))


def _lacking(path: Path, found: str, way_out: str) -> SurroundingsError:
    return SurroundingsError(
        str(Fault(str(path), 0, "", found, "our own certificate", f"{way_out}.", "own_certificate"))
    )
