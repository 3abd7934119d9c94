"""Diagrams of a process: what every stage of a train holds, and the operating line of a blast furnace.

The profile of 45 stages that part A from B shows two curves that cross near the feed stage, and a dashed line where the
feed enters. A Rist diagram shows one straight line and how far left of the points W and M it passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.process.cascade.train import Profile
from ferrolan.process.rist import Diagram
from ferrolan.views import svg
from ferrolan.views.figures import WIDTH, Axis, Figure
from ferrolan.views.svg import Label

_HEIGHT = 300.0
_LEFT, _TOP, _BOTTOM = 48.0, 16.0, 44.0
_LEGEND = 110.0  # width of the gutter that names the curves [px]
_SIZE = 11.0
_STROKES = (svg.LIVE, svg.LOSS, svg.INK, svg.BAD, svg.EDGE)
_DASHES = ("", "6 3", "2 2")
_SEEN = 1e-3  # a component that is nowhere more than this is not drawn


def stage_profile(profile: Profile) -> Figure:
    """Molar fractions of the liquor by stage, with the stages where something enters or is drawn.

    Components that are nowhere above 0.1 % are left out, and the caption says which.
    """
    fractions = profile.aqueous_fractions
    stages = len(fractions)
    across = Axis(1.0, float(max(stages, 2)), _LEFT, WIDTH - _LEGEND)
    up = Axis(0.0, 1.0, _HEIGHT - _BOTTOM, _TOP)
    shown = [place for place in range(len(profile.train.components)) if fractions[:, place].max() > _SEEN]
    marks = [*_frame(across, up, _("stage"), _("molar fraction of the liquor"))]
    marks += _entrances(profile, across, up)
    for number, place in enumerate(shown):
        curve = zip(range(1, stages + 1), fractions[:, place].tolist(), strict=True)
        marks += _curve(number, profile.train.components[place], curve, across, up)
    hidden = [name for place, name in enumerate(profile.train.components) if place not in shown]
    return Figure(
        Markup(_("What every stage holds")),
        _profile_caption(profile, hidden),
        svg.drawing(WIDTH, _HEIGHT, _("What every stage holds"), _profile_caption(profile, hidden), marks, "profile"),
    )


def rist(diagram: Diagram) -> Figure:
    """The operating line with the points W and M that it may not pass."""
    line = diagram.line
    across = Axis(0.0, 2.0, _LEFT, WIDTH - _LEGEND)
    lowest = min(-0.5, 0.5 * np.floor(2.0 * line.y(0.0)))
    up = Axis(float(lowest), max(2.0, line.ore + 0.25), _HEIGHT - _BOTTOM, _TOP)
    marks = [*_frame(across, up, _("X: mol O a mol of C in the gas"), _("Y: mol O a mol of Fe"))]
    ends = [(0.0, line.y(0.0)), (line.top, line.ore)]
    marks.append(svg.polyline([(across.at(x), up.at(y)) for x, y in ends], svg.LIVE, 2.0))
    for name, (x, y) in ((_("W"), diagram.wustite), (_("M"), diagram.magnetite)):
        marks.append(svg.diamond(across.at(x), up.at(y), 4.0, svg.LOSS))
        marks.append(svg.text(Label(across.at(x) + 7.0, up.at(y) + 4.0, name, _SIZE)))
    marks.append(svg.circle(across.at(line.top), up.at(line.ore), 3.5, svg.LIVE))
    caption = _rist_caption(diagram)
    title = _("The operating line")
    return Figure(Markup(title), caption, svg.drawing(WIDTH, _HEIGHT, title, caption, marks, "rist"))


def _frame(across: Axis, up: Axis, below: str, beside: str) -> Iterable[Markup]:
    """Grid, ticks and what the axes count."""
    for tick in across.ticks():
        yield svg.line(across.at(tick), up.left, across.at(tick), up.right, svg.GRID)
        yield svg.text(Label(across.at(tick), up.left + 15.0, f"{tick:g}", _SIZE, "middle", svg.MUTED, tick=True))
    for tick in up.ticks():
        yield svg.line(across.left, up.at(tick), across.right, up.at(tick), svg.GRID)
        yield svg.text(Label(across.left - 6.0, up.at(tick) + 4.0, f"{tick:g}", _SIZE, "end", svg.MUTED, tick=True))
    yield svg.text(Label(across.right, up.left + 34.0, below, _SIZE, "end", svg.MUTED))
    yield svg.text(Label(across.left, up.left + 34.0, beside, _SIZE, "start", svg.MUTED))


def _entrances(profile: Profile, across: Axis, up: Axis) -> Iterable[Markup]:
    """A dashed line at every stage where something enters or leaves between the ends."""
    places = {feed.stage for feed in profile.train.feeds} | {draw.stage for draw in profile.train.draws}
    for stage in sorted(places):
        yield svg.line(across.at(stage), up.left, across.at(stage), up.right, svg.MUTED, 1.0, "3 3")


def _curve(number: int, name: str, points: Iterable[tuple[int, float]], across: Axis, up: Axis) -> Sequence[Markup]:
    """One curve, and its name in the gutter."""
    stroke, dash = _STROKES[number % len(_STROKES)], _DASHES[number // len(_STROKES) % len(_DASHES)]
    y = _TOP + 8.0 + 20.0 * number
    return (
        svg.polyline([(across.at(x), up.at(value)) for x, value in points], stroke, 1.8, dash),
        svg.polyline([(across.right + 14.0, y), (across.right + 38.0, y)], stroke, 1.8, dash),
        svg.text(Label(across.right + 44.0, y + 4.0, name, _SIZE)),
    )


def _profile_caption(profile: Profile, hidden: Sequence[str]) -> Markup:
    feeds = ", ".join(f"{feed.name} {feed.stage}" for feed in profile.train.feeds)
    said = _("Organic enters stage 1, scrub acid stage {last}; dashed: {feeds}.").format(
        last=profile.train.stages,
        feeds=", ".join([feeds, *(f"{draw.name} {draw.stage}" for draw in profile.train.draws)]),
    )
    if hidden:
        said += " " + _("Nowhere above 0.1 %: {names}.").format(names=", ".join(hidden))
    return Markup("{}").format(said)


def _rist_caption(diagram: Diagram) -> Markup:
    line = diagram.line
    return Markup("{}").format(
        _(
            "Slope {slope}; direct reduction {direct} of the ore's oxygen; the top gas is burnt to {burnt}; "
            "the line passes {w} left of W and {m} left of M."
        ).format(
            slope=f"{line.slope:.3f} mol C/mol Fe",
            direct=f"{100 * line.direct_reduction:.1f} %",
            burnt=f"{100 * line.utilisation:.1f} %",
            w=f"{diagram.distance_to_w:.3f}",
            m=f"{diagram.distance_to_m:.3f}",
        )
    )
