"""A server elsewhere is spoken to encrypted and checked unless a person wrote something else down."""

from __future__ import annotations

import pytest

from ferrolan.base.encrypted import is_here, postgres_is_open, postgres_tls
from ferrolan.sources.sql.database import Database


@pytest.mark.parametrize("host", [None, "", "localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "/run/postgresql"])
def test_this_machine_is_here(host: str | None) -> None:
    assert is_here(host) and postgres_tls(host, {}) == {}


@pytest.mark.parametrize("host", ["lims.works", "10.0.0.7", "localhost.works", "2001:db8::1", "0.0.0.0"])
def test_any_other_is_elsewhere_and_checked(host: str) -> None:
    added = postgres_tls(host, {})
    assert not is_here(host) and added["sslmode"] == "verify-full" and added["sslrootcert"]


def test_what_is_said_counts() -> None:
    assert postgres_tls("lims.works", {"sslmode": "require"}) == {}
    assert postgres_tls("lims.works", {"sslrootcert": "works.pem"}) == {"sslmode": "verify-full"}


@pytest.mark.parametrize(
    ("url", "insecure"),
    [
        ("postgresql://reader@lims.works/assays", False),
        ("postgresql://reader@lims.works/assays?sslmode=verify-full", False),
        ("postgresql://reader@lims.works/assays?sslmode=require", True),
        ("postgresql://reader@lims.works/assays?sslmode=disable", True),
        ("postgresql://reader@127.0.0.1/assays?sslmode=disable", False),
        ("mysql://reader@mes.works/production", False),
        ("mariadb://reader@mes.works/production?ssl_disabled=true", True),
        ("sqlite:///lims.sqlite", False),
    ],
)
def test_a_line_that_is_open_or_goes_to_a_server_nobody_checks_is_called_insecure(url: str, insecure: bool) -> None:
    assert Database(url).insecure is insecure


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("postgresql://c@db.works/plant", False),
        ("postgresql://c@db.works:5432/plant?sslmode=disable", True),
        ("postgresql://c@db.works/plant?sslmode=prefer", True),
        ("postgresql://c@127.0.0.1:5432,db.works:5433/plant?sslmode=disable", True),
        ("postgresql://c@[::1]:5432/plant?sslmode=disable", False),
        ("postgresql://c@[2001:db8::1]:5432/plant?sslmode=disable", True),
        ("postgresql://c@localhost/plant?sslmode=disable", False),
        ("postgresql:///plant?host=/run/postgresql&sslmode=disable", False),
        ("postgresql:///plant?host=db.works&sslmode=disable", True),
        ("postgresql://db.works/plant?hostaddr=127.0.0.1&sslmode=disable", False),
    ],
)
def test_an_open_line_to_a_historian_elsewhere_is_known(url: str, is_open: bool) -> None:
    assert postgres_is_open(url) is is_open
