"""How a server elsewhere is spoken to if nobody says otherwise: encrypted, its certificate and its name checked.

``postgresql://reader@lims.works/assays`` is on another machine, so the driver is told ``sslmode=verify-full``; libpq by
itself would go on in clear text where the server offers no encryption. ``?sslmode=disable`` has to be written down.

References
----------
PostgreSQL documentation, section 34.19 (SSL Support); table 34.1 (SSL mode descriptions).
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

CHECKED = ("verify-full", "verify-ca")
"""Values of ``sslmode`` by which the server is checked."""


def is_here(host: str | None) -> bool:
    """Whether a host is this machine: no name, a socket in the file system, or a loop-back address.

    Examples
    --------
    >>> is_here("127.0.0.1"), is_here("/run/postgresql"), is_here("lims.works")
    (True, True, False)
    """
    name = (host or "").strip("[]").lower()
    if name in ("", "localhost") or name.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def authorities() -> str:
    """File of the certificates this machine trusts, as drivers want it; empty where it has none of its own."""
    return ssl.get_default_verify_paths().cafile or ""


def postgres_is_open(url: str) -> bool:
    """Whether a PostgreSQL server is on another machine, and the line is not encrypted or the server not checked.

    Examples
    --------
    >>> postgres_is_open("postgresql://lims.works/assays?sslmode=disable"), postgres_is_open("postgresql://lims.works")
    (True, False)
    """
    parts = urlsplit(url)
    said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    hosts = said.get("hostaddr") or said.get("host") or parts.netloc.rpartition("@")[2]
    elsewhere = any(not is_here(_host(entry)) for entry in hosts.split(","))
    return elsewhere and said.get("sslmode", "verify-full") not in CHECKED


def _host(entry: str) -> str:
    """A host without its port."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry if entry.count(":") > 1 else entry.partition(":")[0]


def postgres_tls(host: str | None, said: Mapping[str, object]) -> Mapping[str, str]:
    """What is added to the parameters of a connection with PostgreSQL, given its host and what its URL says.

    Examples
    --------
    >>> postgres_tls("lims.works", {"sslmode": "disable"}), postgres_tls("lims.works", {})["sslmode"]
    ({}, 'verify-full')
    """
    if is_here(host) or "sslmode" in said or ("hostaddr" in said and is_here(str(said["hostaddr"]))):
        return {}
    return {"sslmode": "verify-full", **({} if "sslrootcert" in said else {"sslrootcert": authorities() or "system"})}
