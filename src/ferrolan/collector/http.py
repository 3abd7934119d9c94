"""What the collector tells over HTTP: health, metrics, and the rows of the historian for other processes.

``GET /samples?tags=1-5,9&start=1774000000000000&end=1774003600000000`` answers with an Arrow IPC stream. Nothing can be
changed here: every other method than GET is refused. The address is that of this machine alone, unless a person names
another one, and a token with it; what is asked from a page of another site is refused by its ``Host``.
"""

from __future__ import annotations

import hmac
import io
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from ferrolan.base.errors import Fault, FerrolanError, SurroundingsError
from ferrolan.base.extras import needs
from ferrolan.collector.health import Report
from ferrolan.collector.logs import harmless
from ferrolan.collector.metrics import CONTENT_TYPE
from ferrolan.collector.stretches import Question, TooMuch, gathered
from ferrolan.historian.remote import ARROW, parted
from ferrolan.historian.seam import Reader

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOCAL = ("127.0.0.1", "::1", "localhost")
"""Addresses of this machine alone."""
VISITORS = 64
"""Connections that may stand at a time; a further one is closed at once."""
PATIENCE = 10.0
"""How long a new connection may take to ask its first question [s]."""
_HOSTS = {*LOCAL, "[::1]"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPANS: Mapping[str, Question] = {"samples": "query", "superseded": "superseded", "texts": "texts"}
_INSTANTS = ("at", "before", "since")

Message = MutableMapping[str, Any]  # Any: the ASGI specification says so
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Ask = Callable[[Callable[[Reader], pl.DataFrame | int]], Awaitable[pl.DataFrame | int]]


@dataclass(frozen=True)
class Told:
    """Where the answers come from.

    Parameters
    ----------
    health, metrics
        The report and the metrics as they are now.
    ask
        Asks the store something in a thread.
    token
        What a request must carry as ``Authorization: Bearer <token>``; empty where none is asked for.
    """

    health: Callable[[], Report]
    metrics: Callable[[], str]
    ask: Ask
    token: str = ""


def refuse_missing() -> None:
    """Refuse to start where the libraries of the extra ``connect`` are missing.

    Raises
    ------
    SurroundingsError
        With the way to get them.
    """
    with needs("connect"):
        import uvicorn  # noqa: F401


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises
    ------
    SurroundingsError
        If the address is taken, or none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(128)
    except (OSError, OverflowError) as error:
        made.close()
        found = f'"{getattr(error, "strerror", None) or error}"'.lower()
        way_out = "Give another --port, or --port 0 for a free one; --host is an address of this machine."
        fault = Fault(f"{host}:{port}", 0, "", found, "an address that is free", way_out, "address_taken")
        raise SurroundingsError(str(fault)) from error
    return made


def url_of(listener: socket.socket) -> str:
    """The address at which a socket answers."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def serving(told: Told, listener: socket.socket) -> AsyncIterator[None]:
    """Answer while the block lasts.

    Raises
    ------
    SurroundingsError
        If the libraries of the extra ``connect`` are missing.
    """
    import asyncio

    with needs("connect"):
        import uvicorn
        from uvicorn.protocols.http.h11_impl import H11Protocol

    class Server(uvicorn.Server):
        """A server that leaves the signals to the collector."""

        capture_signals = nullcontext  # type: ignore[assignment]

    class Visitor(H11Protocol):
        """A connection that is ended where too many stand, or it asks nothing: sockets are the collector's as well."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as above it
            super().connection_made(transport)
            if len(self.connections) > VISITORS:
                transport.abort()
            else:
                self.loop.call_later(PATIENCE, self.end_if_mute)

        def end_if_mute(self) -> None:
            if self.cycle is None and not self.transport.is_closing():
                self.transport.abort()

    config = uvicorn.Config(
        guarded(application(told), told.token), log_config=None, access_log=False, lifespan="off", ws="none",
        http=Visitor, server_header=False, timeout_graceful_shutdown=2, timeout_keep_alive=5,
    )  # fmt: skip
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=5.0)
        if not task.done():
            task.cancel()
        listener.close()


def application(told: Told) -> Starlette:
    """The routes, each for GET alone."""
    with needs("connect"):
        from starlette.applications import Starlette
        from starlette.responses import Response
        from starlette.routing import Route

    def answer(content: str | bytes, kind: str, status: int = 200) -> Response:
        return Response(content, status, media_type=None, headers={"content-type": kind, "cache-control": "no-store"})

    def refused(error: Exception, status: int) -> Response:
        return answer(json.dumps({"error": str(error)}), "application/json", status)

    async def health(_request: Request) -> Response:
        report = told.health()
        text = harmless(json.dumps(report.document, ensure_ascii=False, indent=2, default=str))
        return answer(text, "application/json", 503 if report.status == "act" else 200)

    async def metrics(_request: Request) -> Response:
        return answer(told.metrics(), CONTENT_TYPE)

    async def count(_request: Request) -> Response:
        return await asked(lambda reader: reader.count())

    async def registered(_request: Request) -> Response:
        return await asked(lambda reader: reader.registered())

    async def spans(request: Request) -> Response:
        name = _SPANS[request.url.path[1:]]
        try:
            tags, start, end = _tags(request), _instant(request, "start"), _instant(request, "end")
        except ValueError as error:
            return refused(error, 400)
        return await asked(lambda reader: gathered(reader, name, tags, start, end))

    async def instants(request: Request) -> Response:
        name = request.url.path[1:]
        try:
            tags, instant = _tags(request), _instant(request, "instant")
        except ValueError as error:
            return refused(error, 400)
        return await asked(lambda reader: getattr(reader, name)(tags, instant))

    async def asked(question: Callable[[Reader], pl.DataFrame | int]) -> Response:
        try:
            found = await told.ask(question)
        except TooMuch as error:
            return refused(error, 413)
        except FerrolanError as error:
            return refused(error, 503)
        if isinstance(found, int):
            return answer(json.dumps({"count": found}), "application/json")
        return answer(_arrow(found), ARROW)

    get = ["GET"]
    return Starlette(
        routes=[
            Route("/health", health, methods=get),
            Route("/metrics", metrics, methods=get),
            Route("/count", count, methods=get),
            Route("/registered", registered, methods=get),
            *(Route(f"/{name}", spans, methods=get) for name in _SPANS),
            *(Route(f"/{name}", instants, methods=get) for name in _INSTANTS),
        ]
    )


def guarded(app: App, token: str) -> App:
    """An application that answers those alone who may ask: by their token, or from this machine by its name."""

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if token and not hmac.compare_digest(headers.get(b"authorization", "").encode(), f"Bearer {token}".encode()):
            await _refuse(send, 401, "a token is asked for: Authorization: Bearer <token>")
        elif not token and _host(headers.get(b"host", "")) not in _HOSTS:
            await _refuse(send, 403, "this address answers this machine alone")
        else:
            await app(scope, receive, send)

    return guard


async def _refuse(send: Send, status: int, text: str) -> None:
    content = json.dumps({"error": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _host(header: str) -> str:
    """The host of a ``Host`` header, without its port."""
    return header[: header.index("]") + 1] if header.startswith("[") and "]" in header else header.partition(":")[0]


def _tags(request: Request) -> Sequence[int]:
    return parted(request.query_params.get("tags", ""))


def _instant(request: Request, name: str) -> datetime:
    """An instant of a query [us since 1970]."""
    try:
        return _EPOCH + timedelta(microseconds=int(request.query_params.get(name, "")))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: expected microseconds since 1970") from error


def _arrow(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_ipc_stream(file)
    return file.getvalue()
