"""How a result shows itself in a notebook: a registry of renderers by type, and a plain table where there is none.

A plan is made floors below the views and may not import them, yet ``plan`` in the last line of a cell should be a table
with units and a figure. So a result is ``Shown``: it asks this registry. ``views/notebook.py`` fills it when it is
imported; in a session that uses one engine alone, the fields of the result stand in a plain table. Never an error: a
result that cannot show itself well is still shown.
"""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import polars as pl

T = TypeVar("T")
_Renderer = Callable[[Any], str]  # Any: each renderer takes its own type, by which it is found
_renderers: dict[type, _Renderer] = {}

_LONGEST = 120  # characters of a text in the plain table


class Shown:
    """A result that shows itself as static HTML, by the protocol of IPython."""

    def _repr_html_(self) -> str:
        return shown_html(self)


def register(kind: type[T], renderer: Callable[[T], str]) -> None:
    """Say how results of a type, and of types derived from it, are shown; when a module is imported, never later.

    Parameters
    ----------
    kind
        Type of the result.
    renderer
        Makes its HTML: static, without script, with nothing from outside.
    """
    _renderers[kind] = renderer


def renderer_of(kind: type) -> _Renderer | None:
    """The renderer registered for a type or the nearest of its bases; None where there is none."""
    return next((_renderers[base] for base in kind.__mro__ if base in _renderers), None)


def shown_html(result: object) -> str:
    """A result as HTML: by its renderer, else as a plain table of its fields.

    Examples
    --------
    >>> from fractions import Fraction
    >>> shown_html(Fraction(1, 3))
    '<table><caption>Fraction</caption><tbody></tbody></table>'
    """
    renderer = renderer_of(type(result))
    return _plain_table(result) if renderer is None else renderer(result)


def _plain_table(result: object) -> str:
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(_brief(value))}</td></tr>'
        for name, value in _fields(result)
    )
    return f"<table><caption>{html.escape(type(result).__name__)}</caption><tbody>{rows}</tbody></table>"


def _fields(result: object) -> Iterator[tuple[str, object]]:
    """Public fields of a dataclass, else public attributes."""
    if dataclasses.is_dataclass(result):
        names = [item.name for item in dataclasses.fields(result)]
    else:
        names = list(getattr(result, "__dict__", {}))
    return ((name, getattr(result, name, None)) for name in names if not name.startswith("_"))


def _brief(value: object) -> str:
    """A value in a few words: a text or a number as it is, anything large by its kind and size."""
    if value is None or isinstance(value, str | int | float):
        text = str(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    if isinstance(value, pl.DataFrame):
        return f"{value.height} rows: {', '.join(value.columns)}"
    if isinstance(value, Mapping | Sequence):
        return f"{len(value)} entries"
    return type(value).__name__
