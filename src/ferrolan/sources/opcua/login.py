"""Before a session: the endpoint of the declared security, the check of the server's certificate, the login.

A server that offers *None* beside *Basic256Sha256 SignAndEncrypt* is spoken to as the document declares, or not at all;
its certificate is checked against the trust folders; and no password goes out that nothing encrypts.

References
----------
OPC Foundation, OPC 10000-4, sections 5.5 (endpoints, secure channel) and 5.7 (session); OPC 10000-7 (policies).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from asyncua import Client, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ferrolan.base.errors import FerrolanError
from ferrolan.base.secrets import hidden
from ferrolan.base.spans import seconds
from ferrolan.sources.live import Place
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.opcua.trust import Own, Refused, Trust

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REFUSALS = {
    0x801F0000: "the user is not allowed in (BadUserAccessDenied)",
    0x80200000: "the server takes no such login (BadIdentityTokenInvalid)",
    0x80210000: "the server refuses user or password (BadIdentityTokenRejected)",
    0x80130000: "the server does not trust our certificate (BadSecurityChecksFailed)",
    0x801A0000: "the server does not trust our certificate (BadCertificateUntrusted)",
}


class LinkFailed(Exception):  # ours alone; the connector says it in its health
    """A link that could not be made or has broken, in words without secrets; ``lasting`` where a person must act."""

    def __init__(
        self, found: str, expected: str = "an OPC UA server that answers", way_out: str = "", *,
        code: str = "server_gone", lasting: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(f"{found}; expected {expected}" + (f". {way_out}" if way_out else ""))
        self.found, self.expected, self.way_out = found, expected, way_out
        self.code, self.lasting = code, lasting


async def prepared(client: Client, spec: OpcUaSpec, place: Place, trust: Trust, password: str) -> None:
    """Give the client its certificate, its check of the server's, and its login, before any session."""
    client.name = client.description = "Ferrolan"
    client.session_timeout = int(max(60.0, 10 * seconds(spec.keep_alive)) * 1e3)
    client.secure_channel_timeout = int(seconds(spec.channel_lifetime) * 1e3)
    endpoint = _chosen(await client.connect_and_get_server_endpoints(), spec)
    if not spec.insecure:
        own = await asyncio.to_thread(trust.own, _now(place))
        client.application_uri = own.uri
        await _secured(client, spec, place, trust, endpoint, own)
    tokens = {policy.TokenType: policy for policy in endpoint.UserIdentityTokens or ()}
    await _logged_in(client, spec, place, password, tokens)


async def _secured(
    client: Client, spec: OpcUaSpec, place: Place, trust: Trust, endpoint: ua.EndpointDescription, own: Own
) -> None:
    shown, host = endpoint.ServerCertificate or b"", spec.server_name or spec.host
    uri = endpoint.Server.ApplicationUri or ""

    async def check(der: bytes) -> None:
        reason = await asyncio.to_thread(trust.refusal, der, host=host, uri=uri, now=_now(place))
        if reason is not None:
            raise _distrusted(reason)

    async def validator(certificate: x509.Certificate, _: ua.ApplicationDescription) -> None:
        der = certificate.public_bytes(serialization.Encoding.DER)
        if not shown.startswith(der):
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        await check(shown)

    await check(shown)
    client.certificate_validator = validator
    await client.set_security(
        _policy(spec), CertProperties(own.certificate), CertProperties(own.key),
        server_certificate=CertProperties(_first(shown), "der"), mode=_mode(spec),
    )  # fmt: skip


def _chosen(endpoints: Sequence[ua.EndpointDescription], spec: OpcUaSpec) -> ua.EndpointDescription:
    """The endpoint of the declared security; nothing weaker is taken in its place."""
    wanted = (ua.MessageSecurityMode.None_, security_policies.SecurityPolicyNone.URI)
    if not spec.insecure:
        wanted = (_mode(spec), _policy(spec).URI)
    for endpoint in endpoints:
        if (endpoint.SecurityMode, endpoint.SecurityPolicyUri) == wanted:
            return endpoint
    offered = sorted({f"{one.SecurityPolicyUri.rpartition('#')[2]} {one.SecurityMode.name}" for one in endpoints})
    raise LinkFailed(
        f"the server offers {', '.join(offered) or 'nothing'}", f"{wanted[1].rpartition('#')[2]} {wanted[0].name}",
        "Declare a policy and mode it offers, or switch this one on there", code="wrong_security", lasting=True,
    )  # fmt: skip


async def _logged_in(
    client: Client, spec: OpcUaSpec, place: Place, password: str, tokens: Mapping[ua.UserTokenType, ua.UserTokenPolicy]
) -> None:
    kind = ua.UserTokenType.Anonymous
    if spec.user is not None:
        kind = ua.UserTokenType.UserName
    elif spec.certificate is not None:
        kind = ua.UserTokenType.Certificate
    if tokens and kind not in tokens:
        offered = ", ".join(sorted(one.name for one in tokens))
        raise LinkFailed(f"the server takes {offered}", f"a login as {kind.name}", "Declare a login it takes",
                         code="wrong_login", lasting=True)  # fmt: skip
    if spec.user is not None:
        _check_password_hidden(spec, tokens.get(kind))
        client.set_user(spec.user)
        client.set_password(password)
    elif spec.certificate is not None and spec.key is not None:
        await client.load_client_certificate(str(place.folder / spec.certificate))
        await client.load_private_key(place.folder / spec.key)


def _check_password_hidden(spec: OpcUaSpec, policy: ua.UserTokenPolicy | None) -> None:
    """Refuse to send a password that neither the channel nor its own policy encrypts."""
    own = policy.SecurityPolicyUri if policy is not None else ""
    if spec.mode == "Sign" and own == security_policies.SecurityPolicyNone.URI:
        raise LinkFailed("a server that takes the password as it is", "an encrypted password",
                         "Declare mode: SignAndEncrypt", code="wrong_security", lasting=True)  # fmt: skip


def refuse_open_password(token: object, mode: ua.MessageSecurityMode) -> None:
    """Refuse it again with what is about to be sent: the list of endpoints that was looked at may have been forged."""
    encrypted = mode == ua.MessageSecurityMode.SignAndEncrypt or bool(getattr(token, "EncryptionAlgorithm", None))
    if isinstance(token, ua.UserNameIdentityToken) and not encrypted:
        raise LinkFailed("a server that takes the password as it is", "an encrypted password",
                         "Declare mode: SignAndEncrypt", code="wrong_security", lasting=True)  # fmt: skip


def _policy(spec: OpcUaSpec) -> type[security_policies.SecurityPolicy]:
    if spec.policy == "Basic256Sha256":
        return security_policies.SecurityPolicyBasic256Sha256
    return security_policies.SecurityPolicyAes256Sha256RsaPss


def _mode(spec: OpcUaSpec) -> ua.MessageSecurityMode:
    return ua.MessageSecurityMode[spec.mode]


def _distrusted(reason: Refused) -> LinkFailed:
    return LinkFailed(reason.found, reason.expected, reason.way_out, code=reason.code, lasting=True)


def failed(error: Exception, secrets: Iterable[str]) -> Exception:
    """What went wrong in our words; an error of ours that names a way out stays what it is."""
    if isinstance(error, FerrolanError):
        return error
    code = getattr(error, "code", None)
    if isinstance(code, int) and code in _REFUSALS:
        way_out = "Check user, password and certificates on both sides"
        return LinkFailed(_REFUSALS[code], "a login that is taken", way_out, code="login_refused", lasting=True)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return LinkFailed("no answer in time")
    said = hidden(str(error) or type(error).__name__, secrets)
    return LinkFailed(said if len(said) < 300 else said[:300] + "...")


def _now(place: Place) -> datetime:
    return _EPOCH + timedelta(microseconds=place.clock.now())


def _first(der: bytes) -> bytes:
    """The server's own certificate, where its issuers stand behind it."""
    return x509.load_der_x509_certificate(der[: 4 + int.from_bytes(der[2:4], "big")]).public_bytes(
        serialization.Encoding.DER
    )
