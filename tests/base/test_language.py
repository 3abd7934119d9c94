"""The language of what is shown: English needs no catalogue, any other one does and its absence is said."""

from __future__ import annotations

import pytest

from ferrolan.base.errors import SurroundingsError
from ferrolan.base.language import _, languages, use


def test_english_is_always_there() -> None:
    use("en")
    assert "en" in languages()
    assert _("Plan both businesses") == "Plan both businesses"


def test_a_language_without_a_catalogue_is_refused_and_the_others_are_named() -> None:
    with pytest.raises(SurroundingsError, match="no catalogue of the language 'tlh'; there is: en"):
        use("tlh")
    assert _("Plan both businesses") == "Plan both businesses"
