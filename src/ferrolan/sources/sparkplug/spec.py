"""The entry of a Sparkplug broker in a document.

``{kind: sparkplug, host: broker.works.example, ca: ca.pem, user: ferrolan, password: {env: MQTT_PASSWORD}}`` makes us a
host application for the nodes that addresses of the tag map name. Nothing here needs the MQTT library.
"""

from __future__ import annotations

from typing import Literal, Self

from ferrolan.base.schema import Text, WrongValue, after, shown
from ferrolan.base.spans import Span
from ferrolan.sources.broker import Broker


class SparkplugSource(Broker):
    """A broker of MQTT whose edge nodes speak Sparkplug B; we are a host application."""

    kind: Literal["sparkplug"]
    """Edge nodes of Sparkplug B 3.0 or 2.2; nothing is sent but our own state and the request for a rebirth."""
    host_id: Text = "ferrolan"
    """Id of our host application; edge nodes that wait for a primary host name it."""
    reorder: Span = "5 s"
    """How long a message out of order is waited for before the node is asked for a rebirth."""
    birth_within: Span = "10 s"
    """How long a birth is waited for before the node is asked for one."""
    listen: Span = "10 s"
    """How long births are listened for when the source is asked what it holds."""
    nodes: tuple[Text, ...] = ()
    """Edge nodes, as ``group/node``, that are then asked for their births; a silent one is not found otherwise."""

    @after
    def _host_id_is_one(self) -> Self:
        if set(self.host_id) & set("/+#"):
            way_out = "Leave out /, + and #"
            raise WrongValue("wrong_name", "an id without /, + and #", way_out, shown(self.host_id), ("host_id",))
        for place, node in enumerate(self.nodes):
            if node.count("/") != 1 or not all(node.split("/")) or set(node) & set("+#"):
                way_out = "Write group/node"
                raise WrongValue("wrong_name", "an edge node", way_out, shown(node), ("nodes", place))
        return self
