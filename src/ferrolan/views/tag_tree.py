"""Where the tags hang in the works, and what a proposal holds, in lines.

```text
ore_to_both
  baiyun
    concentrator
      WT-214  flow of flotation_feed  t/h
```

A tag without a declared place hangs under the owner of the unit it belongs to: the stream's start, or where that is
outside its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ferrolan.assembly.proposal import Proposal
from ferrolan.base.language import _, ngettext
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.tags import Tag


def lines(document: Enterprise) -> Iterator[str]:
    """The works as an indented tree, a tag a line."""
    yield document.name
    shown: tuple[str, ...] = ()
    for place, tags in _by_place(document).items():
        same = next((n for n, (one, other) in enumerate(zip(shown, place, strict=False)) if one != other), None)
        same = min(len(shown), len(place)) if same is None else same
        for depth, name in enumerate(place[same:], start=same):
            yield f"{'  ' * (depth + 1)}{name}"
        for tag in tags:
            yield f"{'  ' * (len(place) + 1)}{_line(tag)}"
        shown = place


def data(document: Enterprise) -> list[dict[str, object]]:
    """Places with their tags, for JSON; ``derived`` where no place is declared."""
    return [
        {"path": "/".join(place), "tags": [{"tag": tag.tag, "line": tag.line, "derived": not tag.path} for tag in tags]}
        for place, tags in _by_place(document).items()
    ]


def proposed(proposal: Proposal) -> Iterator[str]:
    """How many tags are kept and new, and which are gone."""
    kept, new = len({tag.tag for tag in proposal.kept}), len(proposal.new)
    yield ngettext("{count} tag is there.", "{count} tags are there.", kept).format(count=kept)
    yield ngettext("{count} tag is new.", "{count} tags are new.", new).format(count=new)
    for tag in proposal.vanished:
        yield _("{tag} (line {line}): the source does not hold {address}.").format(
            tag=tag.tag, line=tag.line, address=tag.address
        )


def place(document: Enterprise, tag: Tag) -> tuple[str, ...]:
    """The declared place of a tag, else one derived from what it measures; empty where it measures nothing."""
    if tag.path or not tag.object:
        return tag.path
    stream = document.streams.get(tag.object)
    ends = (tag.object,) if stream is None else (stream.from_, stream.to)
    unit = next((end for end in ends if end in document.units), None)
    return () if unit is None else (document.units[unit].owner, unit)


def _by_place(document: Enterprise) -> Mapping[tuple[str, ...], list[Tag]]:
    found: dict[tuple[str, ...], list[Tag]] = {}
    for tag in document.tags:
        found.setdefault(place(document, tag), []).append(tag)
    return dict(sorted(found.items()))


def _line(tag: Tag) -> str:
    measured = tag.kind if not tag.component else f"{tag.kind} of {tag.component}"
    what = _("{kind} of {object}").format(kind=measured, object=tag.object) if tag.object else measured
    unit = "" if tag.unit == "1" else tag.unit
    since = "" if tag.valid_from is None else _("from {time:%Y-%m-%d %H:%M} UTC").format(time=tag.valid_from)
    return "  ".join(part for part in (tag.tag, what, unit, since) if part)
