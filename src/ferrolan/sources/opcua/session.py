"""The one door to the OPC UA library: a session that reads, browses, subscribes, and has no verb that writes.

A session is opened, used and thrown away; when its link breaks, a new one is made. The library's own reconnecting is
off, since it loses what the server had queued; its check of the server's certificate is always on; and Publish requests
are sent from here, so that a message is acknowledged only when its values are on our disk.

References
----------
OPC Foundation, OPC 10000-4 (services), OPC 10000-11 (historical access), OPC 10000-5 (operation limits).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import numpy as np
from asyncua import Client, ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.client.ua_session import UaSession
from asyncua.common.connection import TransportLimits
from asyncua.common.shortcuts import Shortcuts
from asyncua.ua.ua_binary import struct_from_binary

from ferrolan.base.spans import seconds
from ferrolan.base.status import StatusCode
from ferrolan.sources.cancelling import heed_cancelling
from ferrolan.sources.live import Place
from ferrolan.sources.opcua.address import Address
from ferrolan.sources.opcua.login import LinkFailed, failed, prepared, refuse_open_password
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.opcua.trust import Trust
from ferrolan.sources.opcua.wire import Notified, Unusual, Values, notified

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

Node: TypeAlias = ua.NodeId
"""A node of a server, as the library names it."""

BAD_NODE_UNKNOWN = 0x80340000
"""Status of a node the server does not have."""

_QUIET = logging.Logger("quiet", logging.CRITICAL + 1)
_WATCHDOG = 15.0  # s; with the library's 1 s a subscription of 20,000 items failed 3 times of 3
_PARTING = 2.0  # s granted to a server to take leave
_PLAIN = 500  # items a call where the server states no limit
_MOST = 1_000  # items a call at most
_CHUNK, _LARGEST = 65_535, 128 * 2**20  # of one chunk and of one message that are received [byte]
_CHILDREN = 100_000  # of one node that are listed at most
_HISTORIES = 100  # tags a call of history where the server states no limit
_TOO_MANY = {0x80100000, 0x80B80000, 0x80B90000, 0x80080000}  # operations, request, response, encoding limits
_KINDS = {
    "i": ua.NodeIdType.Numeric,
    "s": ua.NodeIdType.String,
    "g": ua.NodeIdType.Guid,
    "b": ua.NodeIdType.ByteString,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limits:
    """How many items one call may have."""

    read: int = _PLAIN
    monitored: int = _PLAIN
    history: int = _HISTORIES
    browse: int = _PLAIN


@dataclass(frozen=True)
class Asked:
    """One tag asked of the history: its handle, its node, and where the last page ended."""

    handle: int
    node: ua.NodeId
    point: bytes | None = None


@dataclass(frozen=True)
class Page:
    """One page of one tag's history: its values, the point where it goes on, and what the server said."""

    asked: Asked
    values: Values
    point: bytes | None
    status: int


@dataclass(frozen=True)
class Reference:
    """One child of a node."""

    node: ua.NodeId
    name: str
    is_variable: bool
    browse_name: str


class _Bare(UaSession):
    """The library's session without its own loop of Publish requests."""

    def ensure_publish_loop(self) -> None:
        """Start nothing: Publish requests are sent by ``published``."""

    async def activate_session(self, parameters: ua.ActivateSessionParameters) -> ua.ActivateSessionResult:
        """Log in; the library's log of what it sends, which would hold the password, is silent meanwhile."""
        refuse_open_password(parameters.UserIdentityToken, self._client.security_policy.Mode)
        protocol = self._client.protocol
        if protocol is None:
            return await super().activate_session(parameters)
        usual, protocol.logger = protocol.logger, _QUIET
        try:
            return await super().activate_session(parameters)
        finally:
            protocol.logger = usual

    async def published(self, acknowledged: Iterable[tuple[int, int]]) -> Notified:
        """Send one Publish request and wait for its answer."""
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = [
            ua.SubscriptionAcknowledgement(SubscriptionId=subscription, SequenceNumber=sequence)
            for subscription, sequence in acknowledged
        ]
        data = await self._send_request(request, timeout=0)
        try:
            return notified(bytes(data))
        except Unusual:
            return _unusual(struct_from_binary(ua.PublishResponse, data))


class Session:
    """An open session with one server."""

    def __init__(self, client: Client, bare: _Bare, timeout: float) -> None:
        self._client, self._bare, self._timeout = client, bare, timeout
        self.limits = Limits()
        self.namespaces: tuple[str, ...] = ()
        self.started = 0
        """When the server says it was started [us since 1970]; 0 where it does not."""

    @classmethod
    async def open(cls, spec: OpcUaSpec, place: Place, trust: Trust) -> Session:
        """Reach the server, check who it is, log in.

        Raises
        ------
        LinkFailed
            If it cannot be reached, is not trusted, or refuses us.
        SurroundingsError
            If the secret or our own certificate is missing.
        """
        password = spec.password.read(place.folder) if spec.password else ""
        client = Client(spec.url, timeout=seconds(spec.timeout), watchdog_intervall=_WATCHDOG)
        bare = _Bare(client.uaclient)
        client.uaclient.session, client.nodes = bare, Shortcuts(bare)
        _bound(client)
        session = cls(client, bare, seconds(spec.timeout))
        try:
            await prepared(client, spec, place, trust, password)
            heed_cancelling()
            await client.connect()
            heed_cancelling()
            await session._looked_around()
        except BaseException as error:
            await session.close(polite=False)
            if isinstance(error, Exception) and not isinstance(error, LinkFailed):
                raise failed(error, [password]) from error
            raise
        return session

    async def close(self, *, polite: bool = True) -> None:
        """End it; a server that may be gone is not asked."""
        with contextlib.suppress(Exception):
            if not polite:
                self._client.disconnect_socket()
            await asyncio.wait_for(self._client.disconnect(), _PARTING)
        with contextlib.suppress(Exception):
            self._client.disconnect_socket()
        heed_cancelling()

    def node(self, address: Address) -> ua.NodeId | None:
        """The node an address names now; None where the server has no such namespace."""
        number = address.namespace
        if address.uri:
            if address.uri not in self.namespaces:
                return None
            number = self.namespaces.index(address.uri)
        return ua.NodeId(address.identifier, number, _KINDS[address.kind])  # type: ignore[arg-type]  # plain ones do

    async def read(
        self,
        nodes: Sequence[ua.NodeId],
        attribute: int = ua.AttributeIds.Value,
        ranges: Mapping[int, str] | None = None,
    ) -> Values:
        """Read one attribute of nodes; the handle of a value is the place of its node."""
        found = await self._attributes(nodes, attribute, ranges or {})
        return columns(list(enumerate(found)))

    async def raw(self, nodes: Sequence[ua.NodeId], attribute: int) -> list[object]:
        """One attribute of nodes as the library's own values; None where it cannot be had."""
        found = await self._attributes(nodes, attribute, {})
        return [one.Value.Value if one.Value is not None and _is_good(one) else None for one in found]

    async def subscribe(self, publishing: float, keep_alive: float) -> tuple[int, float]:
        """Make a subscription; its number and how often it proves to live [s].

        Parameters
        ----------
        publishing
            How often what changed is sent [s].
        keep_alive
            How often it speaks where nothing changes [s].
        """
        silent = max(1, math.ceil(keep_alive / publishing))
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=publishing * 1e3, RequestedLifetimeCount=max(30, 12 * silent),
            RequestedMaxKeepAliveCount=silent, MaxNotificationsPerPublish=10_000, PublishingEnabled=True, Priority=0,
        )  # fmt: skip
        with self._said():
            made = await self._bare.create_subscription(parameters, callback=_nothing)
        return int(made.SubscriptionId), made.RevisedPublishingInterval * 1e-3 * made.RevisedMaxKeepAliveCount

    async def monitor(
        self, subscription: int, items: Sequence[tuple[int, ua.NodeId, str]], sampling: float, queue: int
    ) -> list[int]:
        """Add items (handle, node, index range) to a subscription; a status for each.

        Parameters
        ----------
        subscription
            Its number.
        items
            What is watched.
        sampling
            How often the server looks [s].
        queue
            Values it holds for each item.
        """

        async def call(part: Sequence[tuple[int, ua.NodeId, str]]) -> list[int]:
            parameters = ua.CreateMonitoredItemsParameters(
                SubscriptionId=subscription, TimestampsToReturn=ua.TimestampsToReturn.Both,
                ItemsToCreate=[_watched(handle, node, span, sampling, queue) for handle, node, span in part],
            )  # fmt: skip
            return [_code(result.StatusCode) for result in await self._bare.create_monitored_items(parameters)]

        return await self._in_parts(items, self.limits.monitored, call)

    async def publish(self, acknowledged: Iterable[tuple[int, int]]) -> Notified:
        """Ask for the next message, and acknowledge (subscription, number) what is on the disk."""
        with self._said():
            return await self._bare.published(acknowledged)

    async def history(self, asked: Sequence[Asked], start: int, end: int, page: int) -> list[Page]:
        """One page of the history of each tag; newest first where ``start`` lies after ``end`` [us since 1970]."""

        async def call(part: Sequence[Asked]) -> list[Page]:
            parameters = ua.HistoryReadParameters(
                HistoryReadDetails=ua.ReadRawModifiedDetails(
                    IsReadModified=False, StartTime=_moment(start), EndTime=_moment(end), NumValuesPerNode=page,
                    ReturnBounds=False,
                ),
                TimestampsToReturn=ua.TimestampsToReturn.Both, ReleaseContinuationPoints=False,
                NodesToRead=[ua.HistoryReadValueId(NodeId=one.node, ContinuationPoint=one.point) for one in part],
            )  # fmt: skip
            return [
                _page(one, result) for one, result in zip(part, await self._bare.history_read(parameters), strict=True)
            ]

        return await self._in_parts(asked, self.limits.history, call)

    async def children(self, nodes: Sequence[ua.NodeId], properties: bool = False) -> list[list[Reference]]:
        """Children of nodes: what they organise or have as components, or their properties."""

        async def call(part: Sequence[ua.NodeId]) -> list[list[Reference]]:
            parameters = ua.BrowseParameters(
                View=ua.ViewDescription(), RequestedMaxReferencesPerNode=0,
                NodesToBrowse=[_branch(node, properties) for node in part],
            )  # fmt: skip
            return [await self._whole(result) for result in await self._bare.browse(parameters)]

        return await self._in_parts(nodes, self.limits.browse, call)

    async def _whole(self, result: ua.BrowseResult) -> list[Reference]:
        found = [_reference(one) for one in result.References or ()]
        point = result.ContinuationPoint
        while point and len(found) < _CHILDREN:
            more = await self._bare.browse_next(
                ua.BrowseNextParameters(ReleaseContinuationPoints=False, ContinuationPoints=[point])
            )
            found += [_reference(one) for one in more[0].References or ()]
            point = more[0].ContinuationPoint
        return found

    async def _attributes(
        self, nodes: Sequence[ua.NodeId], attribute: int, ranges: Mapping[int, str]
    ) -> list[ua.DataValue]:
        async def call(part: Sequence[tuple[int, ua.NodeId]]) -> list[ua.DataValue]:
            parameters = ua.ReadParameters(MaxAge=0, TimestampsToReturn=ua.TimestampsToReturn.Both)
            parameters.NodesToRead = [
                ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds(attribute), IndexRange=ranges.get(place))
                for place, node in part
            ]
            return list(await self._bare.read(parameters))

        return await self._in_parts(list(enumerate(nodes)), self.limits.read, call)

    async def _in_parts(
        self, items: Sequence[ItemT], limit: int, call: Callable[[Sequence[ItemT]], Awaitable[list[AnswerT]]]
    ) -> list[AnswerT]:
        """Call in parts of at most ``limit`` items; a part the server finds too large is halved."""
        found: list[AnswerT] = []
        for start in range(0, len(items), limit):
            found += await self._part(items[start : start + limit], call)
        return found

    async def _part(
        self, part: Sequence[ItemT], call: Callable[[Sequence[ItemT]], Awaitable[list[AnswerT]]]
    ) -> list[AnswerT]:
        try:
            with self._said():
                return await call(part)
        except LinkFailed as error:
            cause = error.__cause__
            if len(part) < 2 or not isinstance(cause, ua.UaStatusCodeError) or cause.code not in _TOO_MANY:
                raise
        half = len(part) // 2
        return await self._part(part[:half], call) + await self._part(part[half:], call)

    async def _looked_around(self) -> None:
        """Ask what the server allows at once, what its namespaces are, and since when it runs."""
        ids = ua.ObjectIds
        limits = [
            ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
            ids.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
            ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData,
            ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
        ]
        found = await self.raw([standard(one) for one in limits], ua.AttributeIds.Value)
        self.limits = Limits(
            *(_limit(one, usual) for one, usual in zip(found, (_PLAIN,) * 2 + (_HISTORIES, _PLAIN), strict=True))
        )
        rest = await self.raw(
            [standard(ids.Server_NamespaceArray), standard(ids.Server_ServerStatus_StartTime)], ua.AttributeIds.Value
        )
        self.namespaces = tuple(str(uri) for uri in rest[0]) if isinstance(rest[0], list) else ()
        self.started = _instant(rest[1]) if isinstance(rest[1], datetime) else 0

    @contextlib.contextmanager
    def _said(self) -> Any:  # Any: an iterator, as contextlib makes it
        try:
            yield
        except LinkFailed:
            raise
        except Exception as error:
            heed_cancelling()
            raise failed(error, []) from error
        heed_cancelling()


class _Bounds(TransportLimits):
    """Limits of what is received, whatever the server says of them; the library by itself has none."""

    def is_msg_size_within_limit(self, sz: int) -> bool:
        """Whether a message of so many bytes is taken."""
        return sz <= _LARGEST and super().is_msg_size_within_limit(sz)


def _bound(client: Client) -> None:
    """Let no message of a server, which need not have shown a certificate yet, fill the memory."""
    usual = client.uaclient._make_protocol

    def made() -> UASocketProtocol:
        protocol = usual()
        protocol._connection._limits = _Bounds(_CHUNK, _CHUNK, 0, 0)
        take = protocol.data_received

        def data_received(data: bytes) -> None:
            take(data)
            if len(protocol.receive_buffer or b"") > 2 * _CHUNK:
                protocol.disconnect_socket()

        protocol.data_received = data_received  # type: ignore[method-assign]
        return protocol

    client.uaclient._make_protocol = made  # type: ignore[method-assign]


def standard(number: int) -> Node:
    """A node of the standard's own namespace."""
    return ua.NodeId(ua.Int32(number))


def columns(values: Sequence[tuple[int, ua.DataValue]]) -> Values:
    """Values of the library, with their handles, as columns."""
    count = len(values)
    numbers, others = np.full(count, np.nan), dict[int, object]()
    statuses, sourced, served = (np.zeros(count, np.int64) for _ in range(3))
    for row, (_, value) in enumerate(values):
        content = value.Value.Value if value.Value is not None else None
        if isinstance(content, bool | int | float):
            numbers[row] = float(content)
        elif content is not None:
            others[row] = _plain(content)
        statuses[row] = _code(value.StatusCode)
        sourced[row], served[row] = _instant(value.SourceTimestamp), _instant(value.ServerTimestamp)
    handles = np.array([handle for handle, _ in values], dtype=np.int64)
    return Values(handles, numbers, others, statuses, sourced, served)


def _unusual(response: ua.PublishResponse) -> Notified:
    """An answer to a Publish request as the library reads it."""
    response.ResponseHeader.ServiceResult.check()
    parameters = response.Parameters
    message, answered = parameters.NotificationMessage, _instant(response.ResponseHeader.Timestamp)
    values: list[tuple[int, ua.DataValue]] = []
    changed: int | None = None
    for part in message.NotificationData or ():
        if isinstance(part, ua.DataChangeNotification):
            values += [(item.ClientHandle, item.Value) for item in part.MonitoredItems or ()]
        elif isinstance(part, ua.StatusChangeNotification):
            changed = _code(part.Status)
    return Notified(
        parameters.SubscriptionId, message.SequenceNumber, _instant(message.PublishTime) or answered,
        columns(values) if values else None, changed,
    )  # fmt: skip


def _watched(handle: int, node: ua.NodeId, span: str, sampling: float, queue: int) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value, IndexRange=span or None),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=handle, SamplingInterval=sampling * 1e3, QueueSize=queue, DiscardOldest=True
        ),
    )


def _page(asked: Asked, result: ua.HistoryReadResult) -> Page:
    values = getattr(result.HistoryData, "DataValues", None) or ()
    found = columns([(asked.handle, value) for value in values])
    return Page(asked, found, result.ContinuationPoint or None, _code(result.StatusCode))


def _branch(node: ua.NodeId, properties: bool) -> ua.BrowseDescription:
    kind = ua.ObjectIds.HasProperty if properties else ua.ObjectIds.HierarchicalReferences
    classes = ua.NodeClass.Variable if properties else ua.NodeClass.Variable | ua.NodeClass.Object
    return ua.BrowseDescription(
        NodeId=node, BrowseDirection=ua.BrowseDirection.Forward, ReferenceTypeId=standard(kind), IncludeSubtypes=True,
        NodeClassMask=int(classes), ResultMask=ua.BrowseResultMask.All,
    )  # fmt: skip


def _reference(found: ua.ReferenceDescription) -> Reference:
    name = found.DisplayName.Text or found.BrowseName.Name
    node = ua.NodeId(found.NodeId.Identifier, found.NodeId.NamespaceIndex, found.NodeId.NodeIdType)
    return Reference(node, name or "", found.NodeClass == ua.NodeClass.Variable, found.BrowseName.Name or "")


def _plain(content: object) -> object:
    """A value of the library as a plain one: a text, or what it is."""
    if isinstance(content, ua.LocalizedText):
        return content.Text or ""
    return content


def _code(status: ua.StatusCode | None) -> int:
    return int(status.value) if status is not None else int(StatusCode.GOOD)


def _is_good(value: ua.DataValue) -> bool:
    return _code(value.StatusCode) < StatusCode.UNCERTAIN


def _limit(found: object, usual: int) -> int:
    return min(found, _MOST) if isinstance(found, int) and found > 0 else usual


def _instant(moment: datetime | None) -> int:
    """A time of the library [us since 1970]; 0 where there is none."""
    if moment is None:
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, (aware - _EPOCH) // timedelta(microseconds=1))


def _moment(instant: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant)


async def _nothing(_: object) -> None:
    """Nothing: answers to Publish requests are taken where they are asked."""
