"""How time grows with size, on a log plot: ``python -m benchmarks.reconciliation_growth`` (minutes).

Wide synthetic complexes of 100 to 20,000 streams with eight assays each, 90 % read, solved cold from the engine's own
start: CPU seconds of the engine's solve, of the whole account with its deviations and tests, and of CasADi's IPOPT with
MUMPS from the raw readings, its best start. Prints a table and draws ``docs/pictures/reconciliation-growth.svg``.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.reconciliation_speed import measured

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "reconciliation-growth.svg"
SIZES = (104, 211, 521, 1042, 2084, 5210, 10420, 20808)
PER_STREAM = 9
"""Variables of a stream: its flow and eight assays."""
SIDES = {"ours": "the solve", "whole": "solve, all deviations, all tests", "raw": "IPOPT, the solve alone"}
COLOURS = {"ours": "#1d4f7c", "whole": "#9a6710", "raw": "#50565b"}
DASHES = {"ours": "", "whole": "6 3", "raw": "2 3"}

WIDTH, HEIGHT = 640.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 210.0, 24.0, 52.0


def main() -> int:
    """Measure, print and draw."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.reconciliation_growth", description=__doc__)
    arguments.add_argument("--largest", type=int, default=SIZES[-1], help="leave out larger numbers of streams")
    chosen = [size for size in SIZES if size <= arguments.parse_args().largest]
    print("| streams | variables | solve [CPU s] | everything [CPU s] | IPOPT [CPU s] | J ours | J IPOPT |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    points: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for size in chosen:
        with tempfile.TemporaryDirectory() as folder:
            told = {side: measured(f"size-{size}", side, Path(folder)) for side in SIDES}
        for side, one in told.items():
            if one.status == "converged":
                points[side].append((PER_STREAM * size, one.solving))
        times = " | ".join(f"{one.solving:.3f}" for one in told.values())
        print(
            f"| {size} | {PER_STREAM * size} | {times} | {told['ours'].objective:.4f} | {told['raw'].objective:.4f} |"
        )
        sys.stdout.flush()
    PICTURE.write_text(drawing(points), encoding="utf-8")
    return 0


def drawing(points: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines on logarithmic axes as SVG; ``points`` are (variables, CPU seconds) by side."""
    every = [point for line in points.values() for point in line]
    across, up = _span([x for x, _ in every]), _span([y for _, y in every])

    def place(x: float, y: float) -> tuple[float, float]:
        over = (math.log10(x) - across[0]) / (across[1] - across[0])
        above = (math.log10(y) - up[0]) / (up[1] - up[0])
        return LEFT + over * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - above * (HEIGHT - TOP - BOTTOM)

    marks = [_text(LEFT, TOP - 9, "CPU seconds, one thread", "start"), _frame()]
    for power in _decades(across):
        x, _ = place(10.0**power, 10.0 ** up[0])
        marks += [_line(x, TOP, x, HEIGHT - BOTTOM, "#d3d6d9"), _text(x, HEIGHT - BOTTOM + 17, _power(power), "middle")]
    for power in _decades(up):
        _, y = place(10.0 ** across[0], 10.0**power)
        marks += [_line(LEFT, y, WIDTH - RIGHT, y, "#d3d6d9"), _text(LEFT - 7, y + 4, _power(power), "end")]
    marks.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "unknowns (flows and assays)", "middle"))
    low = TOP - 14.0
    for side in sorted((s for s in points if points[s]), key=lambda s: -points[s][-1][1]):
        placed = [place(x, y) for x, y in points[side]]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        marks.append(
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[side]}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[side]}"/>'
        )
        marks += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[side]}"/>' for x, y in placed]
        low = max(placed[-1][1] + 4, low + 16)
        marks.append(_text(placed[-1][0] + 9, low, SIDES[side], "start", COLOURS[side]))
    title = "Time of a reconciliation against its size, beside IPOPT"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12">\n<title>{title}</title>\n'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#ffffff"/>\n' + "\n".join(marks) + "\n</svg>\n"
    )


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Logarithms of the ends of an axis."""
    return math.log10(min(values)) - 0.15, math.log10(max(values)) + 0.15


def _decades(span: tuple[float, float]) -> range:
    return range(math.ceil(span[0]), math.floor(span[1]) + 1)


def _power(power: int) -> str:
    return f"{10.0**power:g}" if power < 3 else f"{10**power:,}"


def _frame() -> str:
    x, y, low = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM
    return _line(x, low, y, low, "#5c646c") + _line(x, TOP, x, low, "#5c646c")


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#26292c") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


if __name__ == "__main__":
    sys.exit(main())
