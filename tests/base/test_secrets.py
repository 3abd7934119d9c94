"""A secret is taken out of a text in whatever form it got there."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ferrolan.base.secrets import hidden

WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=6, max_size=20)
FORMS = [str, quote, quote_plus, lambda text: quote(text, safe=""), json.dumps, repr,
         lambda text: repr(f"login '{text}' failed"), lambda text: repr(f"login '{text}' \"failed\""),
         lambda text: json.dumps(text, ensure_ascii=False)]  # fmt: skip


@given(word=WORDS, form=st.sampled_from(FORMS))
def test_a_secret_is_hidden_in_every_form_it_is_written_in(word: str, form: object) -> None:
    assume(word.strip() == word and "…" not in word)
    assert callable(form)
    plain = form("")
    assert len(hidden(f"before {form(word)} after", [word])) <= len(f"before {plain} after") + 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:pa/ss@h/db", "postgresql://u:…@h/db"),
        ("mysql://me@srv:rust@h/db", "mysql://me@srv:…@h/db"),
        ("mqtt://u:r@st@h", "mqtt://u:…@h"),
        ("postgresql://h/db?password=rust&x=1", "postgresql://h/db?password=…&x=1"),
        ("host=h password='ru st' user=x", "host=h password=… user=x"),
        ("?sslpassword=rust", "?sslpassword=…"),
        ("opc.tcp://bf1:4840/a@b is gone", "opc.tcp://bf1:4840/a@b is gone"),
        ("http://127.0.0.1:8732/health", "http://127.0.0.1:8732/health"),
    ],
)
def test_a_password_within_an_address_is_hidden_and_a_port_is_not(text: str, expected: str) -> None:
    assert hidden(text) == expected
