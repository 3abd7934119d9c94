"""The entry of an OPC UA server in a document: where it is, how it is trusted, how it is asked.

``{kind: opcua, url: "opc.tcp://bf1-scada:4840", user: ferrolan, password: {env: BF1_PASSWORD}}`` subscribes the tags of
a blast furnace, signed and encrypted, each value sampled every second. Nothing here needs the OPC UA library.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from ferrolan.base.schema import Check, Count, Field, Flag, Model, Text, WrongValue, after, shown
from ferrolan.base.secrets import Secret
from ferrolan.base.spans import Span, seconds

_SCHEME = "opc.tcp"
_PORT = 4840  # of OPC UA over TCP, IANA


class OpcUaSpec(Model):
    """An OPC UA server whose variables are tags."""

    kind: Literal["opcua"]
    """A server of OPC UA over TCP; only read, browsed and subscribed, never written."""
    url: Text
    """Address, such as ``opc.tcp://bf1-scada:4840``; user and password do not belong here."""
    policy: Literal["Aes256_Sha256_RsaPss", "Basic256Sha256"] = "Basic256Sha256"
    """Security policy of the channel."""
    mode: Literal["SignAndEncrypt", "Sign"] = "SignAndEncrypt"
    """Whether messages are encrypted as well as signed."""
    insecure: Flag = False
    """Talk without any security: anyone on the network may read and forge what is sent. The health says so."""
    server_name: Text | None = None
    """Name or address the server's certificate must hold, where it is not that of the url."""
    user: Text | None = None
    """Name of the user, with its password."""
    password: Secret | None = None
    """Where the user's password stands."""
    certificate: Text | None = None
    """File of the user's certificate (DER or PEM), in place of a name; a relative path counts from the document."""
    key: Text | None = None
    """File of that certificate's private key (PEM)."""
    anonymous: Flag = False
    """Log in as nobody."""
    sampling: Span = "1 s"
    """How often the server looks at each value."""
    publishing: Span = "1 s"
    """How often the server sends what changed."""
    keep_alive: Span = "10 s"
    """How often a silent server proves that it lives; after three such times without proof the link is rebuilt."""
    queue: Annotated[int, Check(least=2), Field(strict=True)] | None = None
    """Values the server holds for each tag; twice what one publishing brings where none is given."""
    timeout: Span = "15 s"
    """How long an answer may take."""
    channel_lifetime: Span = "1 h"
    """How long the keys of the channel are used."""
    retry: Span = "1 s"
    """First pause before the next try; each further one is twice as long."""
    retry_longest: Span = "60 s"
    """Longest pause before the next try."""
    history: Literal["auto", "no"] = "auto"
    """Whether gaps are filled from the server's own history."""
    since: Text | None = None
    """From when on the server's history is fetched at the very first start, an instant with its offset, such as
    ``2026-03-01T00:00:00+08:00``; nothing before the first start where none is given."""
    page: Count = 10_000
    """Values of one tag asked from the history at once."""
    clock_bound: Span = "5 s"
    """How far the server's clock may be from ours; beyond it good values are marked uncertain, and never shifted."""

    @after
    def _has_an_address(self) -> Self:
        way_out = "Write it like opc.tcp://bf1-scada:4840"
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme == _SCHEME and bool(parts.hostname) and (parts.port or _PORT) > 0
        except ValueError:
            usable = False
        if not usable:
            raise WrongValue("wrong_url", "the address of an OPC UA server", way_out, _unsigned(self.url), ("url",))
        if "@" in parts.netloc:
            way_out = "Write user and password as fields of their own, the password as {env: NAME} or {file: PATH}"
            raise WrongValue("wrong_url", "an address without a user", way_out, _unsigned(self.url), ("url",))
        return self

    @after
    def _logs_in_one_way(self) -> Self:
        ways = [
            name
            for name, chosen in (("user", self.user), ("certificate", self.certificate), ("anonymous", self.anonymous))
            if chosen
        ]
        if len(ways) != 1:
            way_out = "Add user and password, or certificate and key, or say anonymous: true"
            raise WrongValue("wrong_login", "one way to log in", way_out, " and ".join(ways) or "nothing", ())
        if (self.user is None) != (self.password is None):
            way_out = "Write user and password together"
            raise WrongValue("wrong_login", "a user with a password", way_out, "one of them", ("user",))
        if (self.certificate is None) != (self.key is None):
            way_out = "Write certificate and key together"
            raise WrongValue("wrong_login", "a certificate with its key", way_out, "one of them", ("certificate",))
        if self.insecure and self.user is not None:
            way_out = "Leave insecure out: a password has no place on an open line"
            raise WrongValue("wrong_login", "a secured line for a password", way_out, "insecure: true", ("insecure",))
        return self

    @after
    def _begins_at_an_instant(self) -> Self:
        if self.since is not None and self.first is None:
            way_out = "Write it like 2026-03-01T00:00:00+08:00"
            raise WrongValue("wrong_time", "an instant with its offset", way_out, shown(self.since), ("since",))
        if self.since is not None and self.history == "no":
            raise WrongValue("wrong_key", "history: auto", "Leave out since, or history: no", "both", ("since",))
        return self

    @property
    def first(self) -> datetime | None:
        """From when on history is fetched at the very first start; None where none is asked for."""
        try:
            moment = datetime.fromisoformat(self.since or "")
        except ValueError:
            return None
        return moment if moment.tzinfo is not None else None

    @property
    def host(self) -> str:
        """Name or address of the server's machine."""
        return urlsplit(self.url).hostname or ""

    @property
    def queue_size(self) -> int:
        """Values the server is asked to hold for each tag."""
        if self.queue is not None:
            return self.queue
        return max(10, 2 * math.ceil(seconds(self.publishing) / seconds(self.sampling)))


def _unsigned(url: str) -> str:
    """A URL for a message: what stands before ``@`` is left out."""
    return shown(url.rpartition("@")[2])
