"""How an MQTT broker is reached: what a document declares for Sparkplug and for plain MQTT alike.

``host: broker.plant.example, ca: ca.pem, user: collector, password: {env: MQTT_PASSWORD}`` is TLS on port 8883 with the
certificate and the name of the broker checked. No TLS has to be said: ``insecure: true``; health shows it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from ferrolan.base.schema import Check, Field, Flag, Model, Text, WrongValue, after, shown
from ferrolan.base.secrets import Secret
from ferrolan.base.spans import Span

TLS_PORT, PLAIN_PORT = 8883, 1883


class Broker(Model):
    """A broker of MQTT 5 or 3.1.1."""

    host: Text
    """Name or address of the broker; under TLS the one its certificate must be made out to."""
    port: Annotated[int, Check(least=1, most=65535), Field(strict=True)] | None = None
    """Port; 8883, or 1883 where it is insecure."""
    insecure: Flag = False
    """Whether the line is not encrypted and the broker not checked."""
    ca: Text | None = None
    """File of the certificates that the broker's must be signed by; those the machine trusts where none is given."""
    certificate: Text | None = None
    """File of our own certificate, where the broker asks for one."""
    key: Text | None = None
    """File of the key of our certificate."""
    key_password: Secret | None = None
    """Where the password of the key stands."""
    user: Text | None = None
    """User at the broker."""
    password: Secret | None = None
    """Where the user's password stands."""
    client_id: Text | None = None
    """Name of our session at the broker, which must be ours alone; made from the source's name where none is given."""
    version: Literal["5", "3.1.1"] = "5"
    """Version of MQTT."""
    session: Span = "1 h"
    """How long the broker keeps our session while we are away (MQTT 5; the broker's own setting under 3.1.1)."""
    keep_alive: Span = "15 s"
    """After how much silence broker and we ask each other for a sign of life."""
    queue: Annotated[int, Check(least=1), Field(strict=True)] = 2_000
    """Messages that may wait here; while more do, nothing is read from the line."""

    @after
    def _has_no_tls_if_insecure(self) -> Self:
        for name in ("ca", "certificate", "key"):
            if self.insecure and getattr(self, name) is not None:
                raise WrongValue("two_securities", "nothing", f"Leave out {name}, or insecure", "a file", (name,))
        if (self.certificate is None) != (self.key is None):
            at = "key" if self.key is None else "certificate"
            raise WrongValue("missing_key", "certificate and key", f"Add {at}", "one of them", (at,))
        if self.password is not None and self.user is None:
            raise WrongValue("missing_key", "a user to the password", "Add user", "nothing", ("user",))
        if any(mark in self.host for mark in "/@ "):
            raise WrongValue(
                "wrong_host", "a name or address alone", "Leave out mqtt:// and user", shown(self.host), ("host",)
            )
        return self

    @property
    def at_port(self) -> int:
        """The port that is meant."""
        return self.port or (PLAIN_PORT if self.insecure else TLS_PORT)
