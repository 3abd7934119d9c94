"""What a source says it holds, beside the tag map: rows proposed for what is new, and what does not agree.

A server holds ``ns=2;s=BF1.TI4201``, *Hot metal temperature*, Double, ``CEL``, 0 to 1,700. The proposed row has that
address, ``degC`` and these limits; that it may be a ``temperature`` is said in its note, for which unit it is of only a
person knows. Proposed rows are of kind ``other`` (or ``text``): the map can be loaded and collected from at once, and
whatever an account needs is filled in afterwards. A tag whose address the source no longer holds is kept and marked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ferrolan.base import unece, units
from ferrolan.base.errors import Fault, UnitError
from ferrolan.base.schema import nearest, shown
from ferrolan.enterprise.tags import LEVELS, Tag
from ferrolan.sources.browsed import Found

_TEXTS = ("string", "localizedtext", "char", "text", "varchar", "character varying")
_NUMBERED = re.compile(r"ns=\d+;")
_NAMESPACE = re.compile(r"^(?:ns=\d+|nsu=.+?);")
_ELEMENT = re.compile(r"\|\[[\d:,]+\]$")
_ROOTS = ("Objects", "Root")
_KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (  # kind, unit of its dimension, parts of names
    ("temperature", "K", ()),
    ("pressure", "kPa", ()),
    ("flow", "t/h", ()),
    ("power", "kW", ("power", "_jw", "leistung")),
    ("stock", "t", ("stock", "bin", "silo", "inventory")),
    ("moisture", "1", ("moisture", "humidity", "h2o")),
    ("level", "1", ("level", "_li", "lvl")),
    ("density", "t/m3", ("density", "_di")),
)


@dataclass(frozen=True)
class Proposed:
    """A row proposed for one address: cells by column, the kind it could be (or empty), and why it says so."""

    cells: Mapping[str, str]
    could_be: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A source beside the tag map: tags whose address it holds, rows for what is new, tags whose address is gone."""

    kept: tuple[Tag, ...]
    new: tuple[Proposed, ...]
    vanished: tuple[Tag, ...]


def propose(found: Sequence[Found], source: str, tags: Sequence[Tag] = ()) -> Proposal:
    """Rows for every address that no tag has.

    Parameters
    ----------
    found
        What the source holds.
    source
        Its name in the document.
    tags
        The tag map as it is, of every source: names in it are not given again.
    """
    own = [tag for tag in tags if tag.source == source]
    held, fresh = _Held(found), undeclared(found, source, tags)
    names = _names(fresh, {tag.tag for tag in tags})
    return Proposal(
        tuple(tag for tag in own if held.at(tag.address) is not None),
        tuple(_proposed(one, name, source) for one, name in zip(fresh, names, strict=True)),
        tuple(tag for tag in own if held.at(tag.address) is None),
    )


def disagreements(found: Sequence[Found], source: str, tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """What a source says otherwise than the tag map: an address it has not, a type or unit that differs."""
    held, known = _Held(found), [one.address for one in found]
    for tag in tags:
        if tag.source != source:
            continue
        one = held.at(tag.address)
        if one is None:
            way_out = nearest(tag.address, known) if known else "Check the source; it holds nothing that can be read"
            where, expected = f"{tag.tag}.address", f"an address that {source!r} holds"
            yield Fault(file, tag.line, where, shown(tag.address), expected, way_out, "address_not_held")
            continue
        yield from _type_differs(tag, one, source, file)
        yield from _unit_differs(tag, one, source, file)


def undeclared(found: Sequence[Found], source: str, tags: Sequence[Tag]) -> tuple[Found, ...]:
    """What a source holds and no tag names: counted, and no fault."""
    held = _Held(found)
    mapped = {one.address for tag in tags if tag.source == source and (one := held.at(tag.address)) is not None}
    return tuple(one for one in found if one.address not in mapped)


def unit_of(found: Found) -> tuple[str, str]:
    """The unit a source states, as our units are written, and what it was read from; or nothing, and why."""
    if found.unit_code:
        try:
            return unece.unit_of_code(found.unit_code), f"UNECE code {found.unit_code}"
        except UnitError as error:
            return "", str(error)
    if not found.unit_text.strip():
        return "", "the source states no unit"
    for read in (units.coded, _of_symbol):
        try:
            return read(found.unit_text.strip()), f"the text {found.unit_text!r}"
        except UnitError:
            continue
    return "", f"the unit {found.unit_text!r} is not known"


class _Held:
    """What a source holds, found by an address however it is written.

    A node of OPC UA may be named by the number of its namespace, which the server gives, where the browse gave the URI;
    ``|[3]`` is an element of an array that the source holds whole.
    """

    def __init__(self, found: Sequence[Found]) -> None:
        self._exact = {one.address: one for one in found}
        self._bare: dict[str, list[Found]] = {}
        for one in found:
            self._bare.setdefault(_NAMESPACE.sub("", one.address), []).append(one)

    def at(self, address: str) -> Found | None:
        """What stands at an address, or None."""
        whole = _ELEMENT.sub("", address)
        one = self._exact.get(address) or self._exact.get(whole)
        if one is None and (numbered := _NUMBERED.match(whole)):
            several = self._bare.get(whole[numbered.end() :], [])
            one = several[0] if len(several) == 1 else None
        return one


def _of_symbol(text: str) -> str:
    code = unece.code_of_symbol(text)
    if code is None:
        raise UnitError(f"no one unit is written {text!r}")
    return unece.unit_of_code(code)


def _type_differs(tag: Tag, one: Found, source: str, file: str) -> Iterator[Fault]:
    if one.data_type and _is_text(one) != (tag.kind == "text"):
        expected = f"{'a number' if _is_text(one) else 'a text'} in {source!r}, as kind {tag.kind} needs"
        way_out = (
            "Make it a tag of kind text" if _is_text(one) else "Make it a tag of kind other, or of what it measures"
        )
        yield Fault(file, tag.line, f"{tag.tag}.kind", shown(one.data_type), expected, way_out, "type_differs")


def _unit_differs(tag: Tag, one: Found, source: str, file: str) -> Iterator[Fault]:
    """A unit that the source states, and which is not the declared one; a scaled tag is not in the source's unit."""
    stated = unit_of(one)[0]
    if not stated or tag.kind == "text" or (tag.scale, tag.offset) != (1.0, 0.0):
        return
    if units.factor_offset(stated) != units.factor_offset(tag.unit):
        way_out = f"Write {stated}, if {source!r} is right, or have it corrected there"
        expected = f"{tag.unit} as in the tag map"
        yield Fault(file, tag.line, f"{tag.tag}.unit", f"{stated} in {source!r}", expected, way_out, "unit_differs")


def _proposed(one: Found, name: str, source: str) -> Proposed:
    unit, why = unit_of(one)
    kind = "text" if _is_text(one) else "other"
    unit = "" if kind == "text" else unit
    could_be = _could_be(one, unit) if unit else ""
    path = _place(one)
    is_range = one.lo is not None and one.hi is not None and one.lo < one.hi and kind == "other"
    reasons = (
        f"unit from {why}" if unit else why,
        *(("lo and hi from the range the source states",) if is_range else ()),
        *((f"could be {could_be}: fill in kind, object, method and sigma",) if could_be else ()),
    )
    cells = {
        "tag": name, "source": source, "address": one.address, "kind": kind, "unit": unit,
        "lo": _number(one.lo) if is_range else "", "hi": _number(one.hi) if is_range else "",
        "description": one.description or (one.name if one.name != name else ""), "path": "/".join(path),
        "stepped": "" if one.stepped is None else "step" if one.stepped else "slope",
        "note": "new: " + "; ".join(reasons),
    }  # fmt: skip
    return Proposed(cells, could_be, reasons)


def _number(number: float | None) -> str:
    return "" if number is None else f"{number:.15g}"


def _is_text(one: Found) -> bool:
    return one.data_type.casefold().startswith(_TEXTS)


def _could_be(one: Found, unit: str) -> str:
    """The kind that a unit and a name leave no doubt of; empty where they do."""
    name = one.name.casefold()
    for kind, of, parts in _KINDS:
        if units.same_dimension(unit, of) and (not parts or any(part in name for part in parts)):
            return kind
    return ""


def _place(one: Found) -> tuple[str, ...]:
    """Where it hangs in the works, by the source's own tree; nothing where that is deeper than the works."""
    parts = tuple(part.strip() for part in one.path[:-1] if part not in _ROOTS)
    return parts if len(parts) <= len(LEVELS) and not any("/" in part or not part for part in parts) else ()


def _names(found: Sequence[Found], taken: Collection[str]) -> list[str]:
    """A name for each: its own, with as much of its path before it as makes it the only one, else its address."""
    chosen = [one.name.strip() or one.address for one in found]
    for depth in range(1, max((len(one.path) for one in found), default=1) + 1):
        count = Counter(chosen)
        clash = [count[name] > 1 or name in taken for name in chosen]
        if not any(clash):
            return chosen
        longer = ["/".join(one.path[-1 - depth :]) or one.address for one in found]
        chosen = [longer[n] if is_twice else name for n, (name, is_twice) in enumerate(zip(chosen, clash, strict=True))]
    count = Counter(chosen)
    return [one.address if count[name] > 1 or name in taken else name for one, name in zip(found, chosen, strict=True)]


def marked(cells: Mapping[str, str], vanished: Collection[str]) -> dict[str, str]:
    """The cells of a row as it was, with a note where its address is gone."""
    if cells.get("tag") not in vanished:
        return dict(cells)
    note = "vanished: the source does not hold this address"
    held = cells.get("note", "")
    return {**cells, "note": held if note in held else "; ".join(filter(None, (held, note)))}
