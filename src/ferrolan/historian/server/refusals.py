"""What a database server refuses, in our words: what was expected, what it said, the way out, never a secret.

``FATAL: password authentication failed for user "collector"`` of PostgreSQL becomes ``server_login`` with the way out;
what has no words of its own keeps those of the server.
"""

from __future__ import annotations

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.secrets import hidden

SAID = {
    "28": ("server_login", "a role that may log in", "Check user, password and pg_hba.conf of the server."),
    "3D": ("server_database", "a database that is there", "Correct the name of the database in the URL."),
    "42501": ("server_rights", "the right to do that", "Grant it to this role; a reader needs USAGE and SELECT."),
    "25006": ("server_rights", "a server that takes rows", "This is a standby, or read-only: use the primary."),
    "57014": ("server_slow", "an answer in time", "Ask for less at once, or allow a longer patience."),
    "55P03": ("server_slow", "a lock in time", "Something holds the tables: end it, then try again."),
    "53100": ("disk_full", "room on the server's disk", "Free some space there; what was stored before is unchanged."),
    "57P": ("server_gone", "a server that stays", "Start it, or check the network; it is tried again."),
    "08": ("server_gone", "a server that can be reached", "Start it, or check the network; it is tried again."),
    "": ("server_error", "a server that answers", "Look into the server's log."),
}
"""By the SQLSTATE of PostgreSQL or the beginning of it: code, what was expected, the way out."""


def said(state: str, text: str, *, away: bool) -> tuple[str, str, str]:
    """Code, what was expected and the way out of what a server said.

    Parameters
    ----------
    state
        SQLSTATE; empty where the client library gives none, as when a login fails.
    text
        What it said.
    away
        Whether the connection could not be made, or broke.
    """
    for length in (5, 3, 2):
        if state and state[:length] in SAID:
            return SAID[state[:length]]
    if not away:
        return SAID[""]
    if "password" in text or "no pg_hba.conf entry" in text or "role" in text:
        return SAID["28"]
    return SAID["3D"] if "database" in text and "does not exist" in text else SAID["08"]


def refusal(where: str, found: str, expected: str, way_out: str, code: str) -> SurroundingsError:
    """The error of a server that refuses, with its one fault."""
    return SurroundingsError(str(Fault(hidden(where), 0, "", found, expected, way_out, code)))
