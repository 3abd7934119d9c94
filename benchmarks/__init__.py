"""Time and memory of every station, ours beside a peer in the same run: ``python -m benchmarks``."""
