"""Whom the connector trusts and how it logs in, against a server with certificates."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from asyncua import ua

from ferrolan.base.errors import SourceError
from ferrolan.sources.live import Place
from ferrolan.sources.opcua.login import LinkFailed, refuse_open_password
from ferrolan.sources.opcua.session import Session
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.opcua.trust import Trust
from tests.servers.certificates import issue, revoke
from tests.servers.opcua import Server, served
from tests.sources.opcua.collecting import Memory, made, run, streaming, tags, until

SECURE = {"insecure": False, "user": "reader", "password": {"env": "BF1_PASSWORD"}}
POLICIES = ["Basic256Sha256_SignAndEncrypt", "Aes256Sha256RsaPss_SignAndEncrypt"]
PASSWORD = "quench-the-slag-7731"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    own = issue(tmp_path_factory.mktemp("pki"))
    login = {"users": {"reader": PASSWORD}, "anonymous": False}
    with served(certificate=str(own.der), key=str(own.key), policies=POLICIES, tags=2, **login) as running:
        yield running


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BF1_PASSWORD", PASSWORD)


def accepted(folder: Path) -> Path:
    """What a person does: move the certificate from rejected to trusted."""
    (rejected,) = (folder / "pki" / "rejected").iterdir()
    return rejected.rename(folder / "pki" / "trusted" / rejected.name)


def refused(server: Server, folder: Path, **fields: object) -> str:
    with pytest.raises(SourceError) as caught:
        run(made(server, folder, **{**SECURE, **fields}).discover())
    return str(caught.value)


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes256_Sha256_RsaPss"])
def test_an_unknown_certificate_is_refused_kept_and_taken_once_a_person_moved_it(
    server: Server, tmp_path: Path, policy: str
) -> None:
    said = refused(server, tmp_path, policy=policy)
    (kept,) = (tmp_path / "pki" / "rejected").iterdir()
    assert "[untrusted_certificate]" in said and f"move the file {kept} to {tmp_path / 'pki' / 'trusted'}" in said

    async def journey() -> None:
        sink = Memory()
        connector = made(server, tmp_path, policy=policy, **SECURE)
        async with streaming(connector, tags(server), sink):
            await until(lambda: "nobody trusts" in connector.health.said, "a refusal")
            assert connector.health.state == "waiting" and not sink.samples.height
            accepted(tmp_path)
            await until(lambda: len(sink.winners) >= 2, "values once it is trusted")

    run(journey())


@pytest.mark.slow
def test_a_certificate_swapped_during_a_cut_is_refused(tmp_path: Path) -> None:
    first, second = issue(tmp_path / "a"), issue(tmp_path / "b")
    fields = {"insecure": False, "anonymous": True}

    async def journey(server: Server) -> None:
        with pytest.raises(SourceError):
            await made(server, tmp_path, **fields).discover()
        accepted(tmp_path)
        sink = Memory()
        connector = made(server, tmp_path, **fields)
        async with streaming(connector, tags(server), sink):
            await until(lambda: len(sink.winners) >= 1, "first values")
            server.kill()
            server.settings = dataclasses.replace(server.settings, certificate=str(second.der), key=str(second.key))
            await asyncio.to_thread(server.start)
            await until(lambda: "nobody trusts" in connector.health.said, "the other certificate refused")
            assert len(sink.gaps()) == 1 and server.ask(requests=1).get("CreateSessionRequest", 0) == 0

    with served(certificate=str(first.der), key=str(first.key), policies=POLICIES, tags=1) as server:
        run(journey(server))


def test_expired_foreign_and_revoked_certificates_are_refused_with_their_reason(tmp_path: Path) -> None:
    from ferrolan.sources.opcua.trust import Trust

    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    authority = issue(tmp_path / "ca", "authority", ca=True)
    trust = Trust(tmp_path / "pki")

    def reason(der: bytes, host: str = "127.0.0.1", uri: str = "urn:ferrolan.test:server") -> str:
        found = trust.refusal(der, host=host, uri=uri, now=now)
        return "" if found is None else found.code

    good = issue(tmp_path / "good")
    late = issue(tmp_path / "late", "late", since=-3 * day, life=2 * day)
    early = issue(tmp_path / "early", "early", since=day)
    issued = issue(tmp_path / "issued", "issued", issuer=authority)
    for one in (good, late, early):
        (tmp_path / "pki" / "trusted" / one.der.name).write_bytes(one.der.read_bytes())
    assert reason(good.der.read_bytes()) == ""
    assert reason(late.der.read_bytes()) == reason(early.der.read_bytes()) == "expired_certificate"
    assert (
        reason(good.der.read_bytes(), host="other")
        == reason(good.der.read_bytes(), uri="urn:other")
        == "wrong_certificate"
    )
    assert reason(b"nothing") == "wrong_certificate"
    assert reason(issued.der.read_bytes()) == "untrusted_certificate"
    (tmp_path / "pki" / "trusted" / "authority.der").write_bytes(authority.der.read_bytes())
    assert reason(issued.der.read_bytes() + authority.der.read_bytes()) == reason(issued.der.read_bytes()) == ""
    revoke(authority, issued.certificate, tmp_path / "pki" / "crl" / "authority.crl")
    assert reason(issued.der.read_bytes()) == "revoked_certificate"


def test_an_issuer_that_is_only_known_vouches_for_nobody(tmp_path: Path) -> None:
    from ferrolan.sources.opcua.trust import Trust

    authority = issue(tmp_path / "ca", "authority", ca=True)
    issued = issue(tmp_path / "issued", "issued", issuer=authority)
    trust = Trust(tmp_path / "pki")
    (tmp_path / "pki" / "issuers" / "authority.der").write_bytes(authority.der.read_bytes())
    now = dt.datetime.now(dt.UTC)
    found = trust.refusal(issued.der.read_bytes(), host="127.0.0.1", uri="urn:ferrolan.test:server", now=now)
    assert found is not None and found.code == "untrusted_certificate"


def test_our_own_certificate_is_made_once_and_warned_of_in_time(tmp_path: Path) -> None:
    from ferrolan.sources.opcua.trust import Trust

    trust, now = Trust(tmp_path), dt.datetime.now(dt.UTC)
    own = trust.own(now)
    assert own.uri.startswith("urn:") and own.key.stat().st_mode & 0o077 == 0
    assert trust.own(now + dt.timedelta(days=4000)) == own  # never renewed silently
    assert trust.ending(now) == () and "own" in trust.ending(own.until - dt.timedelta(days=29))[0]
    own.key.unlink()
    with pytest.raises(Exception, match="own_certificate"):
        trust.own(now)


def test_a_wrong_password_is_a_clear_fault_and_stands_in_no_message(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BF1_PASSWORD", "wrong-marker-5512")
    caplog.set_level(logging.DEBUG)
    refused(server, tmp_path)
    accepted(tmp_path)
    said = refused(server, tmp_path)
    assert "[login_refused]" in said
    assert "wrong-marker-5512" not in said + caplog.text and PASSWORD not in caplog.text


def test_a_server_without_a_place_for_nobody_is_not_entered_as_nobody(server: Server, tmp_path: Path) -> None:
    refused(server, tmp_path)
    accepted(tmp_path)
    said = refused(server, tmp_path, user=None, password=None, anonymous=True)
    assert "[wrong_login]" in said and "UserName" in said


@pytest.mark.slow
def test_an_open_server_is_not_spoken_to_unless_that_is_declared(tmp_path: Path) -> None:
    with served(tags=1) as server:
        assert "[wrong_security]" in refused(server, tmp_path)


def test_a_weaker_line_is_not_taken_in_place_of_the_declared_one(server: Server, tmp_path: Path) -> None:
    assert "[wrong_security]" in refused(server, tmp_path, mode="Sign")


def test_keys_that_live_for_seconds_are_renewed_without_a_loss(server: Server, tmp_path: Path) -> None:
    async def journey() -> None:
        sink = Memory()
        with pytest.raises(SourceError):
            await made(server, tmp_path, **SECURE).discover()
        accepted(tmp_path)
        connector = made(server, tmp_path, channel_lifetime="1 s", **SECURE)
        async with streaming(connector, tags(server), sink):
            await until(lambda: len(sink.winners) >= 2, "first values")
            for value in range(1, 31):
                await server.tell(write=[[0, value, None, 0]])
                await asyncio.sleep(0.1)
            await until(lambda: sink.has(1, 30.0), "the last value")
        assert set(range(1, 31)) <= set(sink.values(1))
        assert connector.health.reconnects == 0 and not sink.gaps().height

    run(journey())


@pytest.mark.parametrize("algorithm", [None, ""])
def test_a_password_is_never_sent_as_it_is_over_a_line_that_is_signed_alone(algorithm: str | None) -> None:
    token = ua.UserNameIdentityToken(UserName="reader", Password=b"rust", EncryptionAlgorithm=algorithm)
    for mode in (ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.None_):
        with pytest.raises(LinkFailed, match="an encrypted password"):
            refuse_open_password(token, mode)
        token.EncryptionAlgorithm = "http://www.w3.org/2001/04/xmlenc#rsa-oaep"
        refuse_open_password(token, mode)
        token.EncryptionAlgorithm = algorithm
    refuse_open_password(token, ua.MessageSecurityMode.SignAndEncrypt)


def test_a_peer_that_sends_without_end_before_it_showed_who_it_is_is_hung_up_on(tmp_path: Path) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        with contextlib.suppress(OSError):
            writer.write(b"MSGF" + (2**32 - 16).to_bytes(4, "little"))
            while not writer.is_closing():
                writer.write(b"A" * 2**16)
                sent.append(2**16)
                await writer.drain()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        spec = OpcUaSpec(kind="opcua", url=f"opc.tcp://127.0.0.1:{port}", anonymous=True)
        with pytest.raises(LinkFailed):
            await asyncio.wait_for(Session.open(spec, Place("peer", tmp_path), Trust(tmp_path / "pki")), 10)
        server.close()

    sent: list[int] = []
    run(scene())
    assert sum(sent) < 32 * 2**20


def test_children_without_end_are_listed_so_far_and_no_further() -> None:
    class Endless:
        asked = 0

        async def browse(self, _: object) -> list[ua.BrowseResult]:
            return [ua.BrowseResult(ContinuationPoint=b"more", References=[ua.ReferenceDescription()] * 5_000)]

        async def browse_next(self, _: object) -> list[ua.BrowseResult]:
            self.asked += 1
            return await self.browse(None)

    bare = Endless()
    session = Session(None, bare, 1.0)  # type: ignore[arg-type]  # what it needs of them
    (found,) = asyncio.run(session.children([ua.NodeId(85)]))
    assert len(found) == 100_000 and bare.asked == 19
