"""Read a brief as a person or a screen reader would: visible texts, referenced cells, boxes of labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from ferrolan.views.svg import text_width

_VOID = {"meta", "link", "br", "img", "rect", "line", "circle", "polygon", "path"}


@dataclass
class Element:
    """An element with its attributes and what it holds, in order."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def ancestors(self) -> Iterator[Element]:
        here: Element | None = self
        while here is not None:
            yield here
            here = here.parent

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.walk() if element.tag == tag]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.here = self.root = Element("document", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in _VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.here.tag == tag, f"{self.here.tag} is closed by {tag}"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def read(html: str) -> Element:
    """The document as a tree; every element must be closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.here is reader.root, f"{reader.here.tag} is not closed"
    return reader.root


def boxes(svg: Element) -> list[tuple[str, float, float, float, float]]:
    """Estimated box of every label of a figure: text, left, top, right, bottom."""
    found = []
    for label in svg.all("text"):
        size, x, y = (float(label.attributes[key]) for key in ("font-size", "x", "y"))
        width = text_width(label.text.replace("<", "").replace(">", ""), size)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[label.attributes["text-anchor"]]
        found.append((label.text, left, y - 0.75 * size, left + width, y + 0.2 * size))
    return found
