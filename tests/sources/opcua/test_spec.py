"""The entry of a document, and the address of a tag."""

from __future__ import annotations

import subprocess
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.assembly.catalogue import connections
from ferrolan.base.errors import SourceError
from ferrolan.base.schema import read
from ferrolan.sources.opcua.address import parse
from ferrolan.sources.opcua.spec import OpcUaSpec

URL = "opc.tcp://bf1:4840"


def codes(**entry: object) -> set[str]:
    spec, problems = read(OpcUaSpec, {"kind": "opcua", "url": URL, **entry})
    assert (spec is None) == bool(problems)
    return {problem.code for problem in problems}


def test_a_secured_entry_with_a_user_is_taken() -> None:
    assert codes(user="reader", password={"env": "BF1"}) == set()
    assert connections()["opcua"].spec is OpcUaSpec


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({}, "wrong_login"),
        ({"anonymous": True, "user": "a", "password": {"env": "B"}}, "wrong_login"),
        ({"user": "a"}, "wrong_login"),
        ({"user": "a", "password": {"env": "B"}, "insecure": True}, "wrong_login"),
        ({"certificate": "user.der"}, "wrong_login"),
        ({"anonymous": True, "url": "http://bf1"}, "wrong_url"),
        ({"anonymous": True, "url": "opc.tcp://me:secret-marker@bf1"}, "wrong_url"),
        ({"anonymous": True, "sampling": "2 kg"}, "wrong_unit"),
        ({"anonymous": True, "queue": 1}, "out_of_range"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(entry: dict[str, object], code: str) -> None:
    assert codes(**entry) == {code}
    _, problems = read(OpcUaSpec, {"kind": "opcua", "url": URL, **entry})
    assert "secret-marker" not in str(problems)


def test_the_queue_holds_twice_what_one_publishing_brings() -> None:
    spec = OpcUaSpec(kind="opcua", url=URL, anonymous=True, sampling="100 ms", publishing="5 s")
    assert spec.queue_size == 100


@given(st.text(min_size=1).filter(lambda text: text == text.strip() and "|[" not in text), st.integers(0, 2**16 - 1))
def test_an_identifier_may_hold_any_text(identifier: str, namespace: int) -> None:
    found = parse(f"ns={namespace};s={identifier}")
    assert (found.namespace, found.identifier, found.range) == (namespace, identifier, "")


def test_addresses_are_read_as_the_standard_writes_them() -> None:
    number = uuid.uuid4()
    assert parse(f"nsu=http://bf1/;g={number}").identifier == number
    assert parse("i=2258").namespace == 0 and parse("ns=1;b=aGVs").identifier == b"hel"
    assert parse("ns=2;s=Profile|[3:5]").range == "3:5"


@pytest.mark.parametrize("text", ["", "BF1.TI4201", "ns=70000;s=a", "ns=2;i=x", "ns=2;g=1", "ns=2;b=!", "i=5000000000"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="wrong_address"):
        parse(text)


def test_a_document_is_read_without_the_library() -> None:
    code = "import sys, ferrolan.assembly.catalogue as c; c.connections(); sys.exit('asyncua' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
