"""What every test may use: the shipped example as a document, and one setting for all property tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from ferrolan.enterprise.document import Enterprise

# No clock decides a property test, and under CI every run draws the same examples.
settings.register_profile("people", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("people"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "people")


@pytest.fixture(scope="session")
def document() -> Enterprise:
    """The shipped example, loaded and checked."""
    from ferrolan.assembly.catalogue import kinds  # here, so that a fault in these rooms stops no other test
    from ferrolan.enterprise.load import load
    from ferrolan.verbs import EXAMPLE

    return load(EXAMPLE, kinds())
