"""``python -m ferrolan`` is the command line."""

from ferrolan.cli import main

main()
