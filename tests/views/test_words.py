"""Words that stand in sentences: articles."""

from __future__ import annotations

import pytest

from ferrolan.views.earnings import sentence
from ferrolan.views.words import the


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("steel company", "the steel company"),
        ("the company", "the company"),
        ("a works in the north", "a works in the north"),
        ("theatre works", "the theatre works"),
        ("Lynas", "Lynas"),
        ("", ""),
    ],
)
def test_no_title_gets_a_second_article(title: str, said: str) -> None:
    assert the(title) == said


def test_a_text_of_a_document_is_told_as_a_sentence() -> None:
    assert [sentence(text) for text in ("no forecast", "No forecast.", "Why?")] == [
        "No forecast.",
        "No forecast.",
        "Why?",
    ]
