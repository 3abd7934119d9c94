"""The few marks a figure is drawn with: literal fills for paper, a class beside each for the browser's dark theme.

No ``style`` attribute, no script, no font file. A text's width is estimated as 0.56 em a character (1 em for CJK), and
figures place their labels by it; a test holds that no two meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

INK, MUTED, LIVE, LOSS, BAD = "#26292c", "#50565b", "#1d4f7c", "#9a6710", "#b3261e"
GRID, BAND, FLOW, EDGE, PAPER = "#d3d6d9", "#bccbd9", "#c3c8cd", "#5c646c", "#ffffff"
_CLASSES = {
    INK: "ink", MUTED: "muted", LIVE: "live", LOSS: "loss", BAD: "bad", GRID: "grid", BAND: "band", FLOW: "flow", EDGE: "edge",
    PAPER: "paper",
}  # fmt: skip
LATIN_EM, CJK_EM = 0.56, 1.0
_MARKUP = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Label:
    """A text of a figure; ``cell`` is the markup of the number in it, whose ``data-`` attributes it takes over."""

    x: float
    y: float
    content: Markup | str
    size: float = 11.0
    anchor: str = "start"
    fill: str = INK
    bold: bool = False
    tick: bool = False


def shortened(content: str, size: float, width: float) -> str:
    """The text, or as much of it as the width [px] holds, with an ellipsis.

    Examples
    --------
    >>> shortened("more capacity", 10.0, 50.0)
    'more ca…'
    """
    if text_width(content, size) <= width:
        return content
    kept = content
    while kept and text_width(f"{kept}…", size) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def text_width(content: str, size: float) -> float:
    """Estimated width [px] of a text without its markup.

    Examples
    --------
    >>> round(text_width("ore", 10.0), 1)
    16.8
    """
    plain = Markup(_MARKUP.sub("", content)).unescape()
    return size * sum(CJK_EM if unicodedata.east_asian_width(char) in "WF" else LATIN_EM for char in plain)


def drawing(
    width: float, height: float, title: str, description: Markup | str, marks: Iterable[Markup], key: str
) -> Markup:
    """A figure of this size [px] with a title and a description for those who do not see it."""
    plain = Markup(_MARKUP.sub("", str(description))).unescape()
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:g} {h:g}" width="{w:g}" height="{h:g}" role="img" '
        'aria-labelledby="{key}-title {key}-desc"><title id="{key}-title">{title}</title>'
        '<desc id="{key}-desc">{desc}</desc>{marks}</svg>'
    ).format(w=width, h=height, key=key, title=title, desc=plain, marks=Markup("").join(marks))


def text(label: Label) -> Markup:
    """A text; a number in it becomes a ``tspan`` that keeps its reference."""
    body = Markup(str(escape(label.content)).replace("<span", "<tspan").replace("</span>", "</tspan>"))
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" font-size="{:g}" text-anchor="{}" fill="{}" class="{}"{}{}>{}</text>'
    ).format(
        label.x,
        label.y,
        label.size,
        label.anchor,
        label.fill,
        _CLASSES[label.fill] + (" tick" if label.tick else ""),
        Markup(' font-weight="600"') if label.bold else "",
        Markup(' aria-hidden="true"') if label.tick else "",
        body,
    )


def rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> Markup:
    """A filled rectangle."""
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" class="{}"{}/>').format(
        x, y, max(width, 0.0), height, fill, _CLASSES[fill], _opacity(opacity)
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1.0, dash: str = "") -> Markup:
    """A straight line."""
    dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    return Markup(
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{:g}" class="{}-line"{}/>'
    ).format(x1, y1, x2, y2, stroke, width, _CLASSES[stroke], dashed)


def polyline(points: Iterable[tuple[float, float]], stroke: str, width: float = 1.0, dash: str = "") -> Markup:
    """Straight lines from point to point."""
    dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}" class="{}-line"{}/>').format(
        joined, stroke, width, _CLASSES[stroke], dashed
    )


def circle(x: float, y: float, radius: float, fill: str, opacity: float = 1.0) -> Markup:
    """A filled circle."""
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:g}" fill="{}" class="{}"{}/>').format(
        x, y, radius, fill, _CLASSES[fill], _opacity(opacity)
    )


def diamond(x: float, y: float, radius: float, fill: str) -> Markup:
    """A filled square on its corner."""
    points = f"{x - radius:.1f},{y:.1f} {x:.1f},{y - radius:.1f} {x + radius:.1f},{y:.1f} {x:.1f},{y + radius:.1f}"
    return Markup('<polygon points="{}" fill="{}" class="{}"/>').format(points, fill, _CLASSES[fill])


def path(data: str, fill: str, opacity: float = 1.0) -> Markup:
    """A filled path."""
    return Markup('<path d="{}" fill="{}" class="{}"{}/>').format(data, fill, _CLASSES[fill], _opacity(opacity))


def _opacity(opacity: float) -> Markup:
    return Markup(' fill-opacity="{:g}"').format(opacity) if opacity < 1 else Markup()
