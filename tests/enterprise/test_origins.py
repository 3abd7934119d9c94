"""How much of a document is made up."""

from __future__ import annotations

from ferrolan.enterprise.origins import synthetic_values


def test_every_value_is_counted_and_every_synthetic_one(document):
    text = document.path.read_text(encoding="utf-8")
    baskets = len(document.market.mines)  # a mine's basket has an origin of its own and is no value
    in_notes = 1  # the document's own explanation of the mark
    made_up, declared = synthetic_values(document)
    assert made_up == text.count("synthetic: true") - baskets - in_notes
    assert declared == made_up + text.count("source: ")


def test_freight_within_a_price_counts_as_a_value_of_its_own(document):
    price = document.commodities["iron_burden"].buy.price
    assert synthetic_values(price) == (1, 2)
