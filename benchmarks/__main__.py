"""``python -m benchmarks [subject ...] [--repeat 5]`` measures and prints a markdown table."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks.registry import compare, markdown, names, report


def main() -> int:
    """Measure the chosen subjects, or all."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("subject", nargs="*", help=f"one or more of: {', '.join(names()) or 'none yet'}")
    arguments.add_argument("--repeat", type=int, default=5, help="repetitions that count")
    arguments.add_argument("--side", choices=["ours", "peer"], help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    unknown = sorted({*chosen.subject} - {*names()})
    if unknown:
        arguments.error(f"no subject {', '.join(unknown)}; there are: {', '.join(names()) or 'none yet'}")
    if chosen.side:
        print(report(chosen.subject[0], chosen.side, chosen.repeat))
        return 0
    print(f"Python {platform.python_version()}, {platform.machine()}, median of {chosen.repeat}\n", file=sys.stderr)
    print(markdown([*compare(chosen.subject or names(), chosen.repeat)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
