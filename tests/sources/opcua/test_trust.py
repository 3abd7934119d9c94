"""What a chain of certificates must be, and what is said where nobody can know whether one was revoked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.servers.certificates import Issued, issue, revoke

pytest.importorskip("asyncua")
RSA_WITH = bytes.fromhex("2a864886f70d0101")  # and 11 for SHA-256, 5 for SHA-1
NOW = dt.datetime.now(dt.UTC)


def reason(folder: Path, *sent: Issued) -> str:
    from ferrolan.sources.opcua.trust import Trust

    der = b"".join(one.der.read_bytes() for one in sent)
    found = Trust(folder).refusal(der, host="127.0.0.1", uri="urn:ferrolan.test:server", now=NOW)
    return "" if found is None else found.code


def trusted(folder: Path, *known: Issued) -> Path:
    from ferrolan.sources.opcua.trust import Trust

    Trust(folder)
    for one in known:
        (folder / "trusted" / one.der.name).write_bytes(one.der.read_bytes())
    return folder


@pytest.mark.parametrize(("path_length", "expected"), [(0, "untrusted_certificate"), (1, ""), (None, "")])
def test_an_issuer_has_as_many_issuers_below_it_as_it_may(
    tmp_path: Path, path_length: int | None, expected: str
) -> None:
    root = issue(tmp_path / "a", "root", ca=True, path_length=path_length)
    middle = issue(tmp_path / "b", "middle", ca=True, issuer=root)
    leaf = issue(tmp_path / "c", "leaf", issuer=middle)
    assert reason(trusted(tmp_path / "pki", root), leaf, middle) == expected


def test_a_key_that_is_not_for_signing_certificates_signs_none(tmp_path: Path) -> None:
    root = issue(tmp_path / "a", "root", ca=True, signs=False)
    leaf = issue(tmp_path / "c", "leaf", issuer=root)
    assert reason(trusted(tmp_path / "pki", root), leaf) == "untrusted_certificate"


@pytest.mark.parametrize("weak", ["key", "signature"])
def test_a_key_or_a_signature_that_can_be_forged_is_refused_though_it_is_trusted(tmp_path: Path, weak: str) -> None:
    leaf = issue(tmp_path / "c", "leaf", bits=1024 if weak == "key" else 2048)
    if weak == "signature":
        leaf.der.write_bytes(leaf.der.read_bytes().replace(RSA_WITH + b"\x0b", RSA_WITH + b"\x05"))
    assert reason(trusted(tmp_path / "pki", leaf), leaf) == "weak_certificate"


def test_a_certificate_whose_revocation_nobody_can_know_is_said(tmp_path: Path) -> None:
    from ferrolan.sources.opcua.trust import Trust

    root = issue(tmp_path / "a", "root", ca=True)
    leaf, other = issue(tmp_path / "c", "leaf", issuer=root), issue(tmp_path / "d", "other", issuer=root)
    trust, der = Trust(trusted(tmp_path / "pki", root)), leaf.der.read_bytes()
    assert trust.ending(NOW) == ()
    assert trust.refusal(der, host="127.0.0.1", uri="urn:ferrolan.test:server", now=NOW) is None
    (said,) = trust.ending(NOW)
    assert "CN=leaf" in said and "is missing" in said
    revoke(root, other.certificate, tmp_path / "pki" / "crl" / "root.crl")
    assert trust.unchecked(der, dt.datetime.now(dt.UTC)) == () and reason(tmp_path / "pki", leaf) == ""
    (said,) = trust.unchecked(der, NOW + dt.timedelta(days=31))
    assert "ended" in said
