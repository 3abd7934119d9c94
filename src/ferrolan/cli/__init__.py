"""The command line: it parses arguments, calls one verb and prints.

``ferrolan run`` takes the shipped plant from raw data to a brief; ``ferrolan check plant.yaml`` lists every fault of a
document. ``app`` knows the commands by name and loads one when it is called, so that ``ferrolan --version`` answers at
once; ``main`` turns a Ferrolan error into its message and exit code.

Exit codes: 0 ok; 1 a finding; 2 usage, or a faulty document; 3 no answer; 4 the surroundings; 130 stopped by the user.
"""

from ferrolan.cli.app import app
from ferrolan.cli.ending import main

__all__ = ["app", "main"]
