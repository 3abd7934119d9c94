"""Every example of a unit, from each module beside this one whose name ends in ``_examples``."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.process.units.example import Example

_MODULES = sorted(path.stem for path in Path(__file__).parent.glob("*_examples.py"))

EXAMPLES: tuple[Example, ...] = tuple(
    example for name in _MODULES for example in importlib.import_module(f"tests.process.units.{name}").EXAMPLES
)
"""Each module holds a tuple ``EXAMPLES``."""
