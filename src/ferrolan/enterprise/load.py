"""Read a declared enterprise: the document and its tag map.

``load(Path("ore_to_both.yaml"), catalogue.kinds())`` returns the frozen document, or raises one ``DocumentError`` that
holds every fault of the YAML file and of its tag map, sorted by file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.provenance import hash_bytes, hash_json
from ferrolan.base.schema import Problem, Table, read
from ferrolan.enterprise.checks import check_correlated, check_references, check_tags
from ferrolan.enterprise.connections import ConnectionKinds, read_connections
from ferrolan.enterprise.document import Declaration, Document, Enterprise
from ferrolan.enterprise.sheet import Sheet, compose
from ferrolan.enterprise.tags import Tag, read_tags
from ferrolan.enterprise.text import read_text
from ferrolan.enterprise.units import Kind, Kinds, UnitSection

_NONE: ConnectionKinds = {}


def load(path: Path, kinds: Kinds, connections: ConnectionKinds = _NONE) -> Enterprise:
    """Load and check a declared enterprise.

    Parameters
    ----------
    path
        The YAML file; its tag map lies beside it.
    kinds
        Kinds of unit that the document may name; ``assembly.catalogue.kinds()``.
    connections
        Kinds of live connection that it may name; ``assembly.catalogue.connections()``.

    Returns
    -------
    The document, frozen; values in canonical units.

    Raises
    ------
    DocumentError
        With every fault of both files: where, what was found and expected, the way out.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from ferrolan.assembly.catalogue import kinds
    >>> plant = load(Path(str(files("ferrolan"))) / "examples/ore_to_both/ore_to_both.yaml", kinds())
    >>> plant.units["mill"].capacity.value, plant.units["mill"].capacity.unit
    (330.0, 't/h')
    """
    path = Path(path)
    content, text = read_text(path)
    sheet, faults = compose(text, str(path))
    if sheet is None:
        raise DocumentError(faults)
    live, data, live_problems = read_connections(sheet.data, connections)
    declaration, problems = read(Declaration, data)
    problems += live_problems
    problems += tuple(check_references(sheet.data, kinds))
    tags_path, tags_content, tags, tag_faults = _read_tags(path, sheet)
    problems += tuple(check_correlated(sheet.data, tags))
    found = sorted({*faults, *_faults(problems, sheet, path), *tag_faults})
    if found or declaration is None:
        raise DocumentError(found)
    return Enterprise.model_construct(
        **{name: getattr(declaration, name) for name in Document.model_fields if name != "units"},
        units=Table({name: _with_spec(unit, kinds[unit.kind]) for name, unit in declaration.units.items()}),
        connections=live,
        tags=tags,
        path=path,
        tags_path=tags_path,
        content_hash=hash_json({"document": hash_bytes(content), "tags": hash_bytes(tags_content)}),
    )


def _with_spec(unit: UnitSection, kind: Kind) -> UnitSection:
    """The unit with its own fields, where it gives them, as the kind's frozen model instead of plain data."""
    if kind.spec is None or unit.spec is None:
        return unit
    spec, _ = read(kind.spec, unit.spec if isinstance(unit.spec, Mapping) else {})
    return unit.model_copy(update={"spec": spec})


def _read_tags(path: Path, sheet: Sheet) -> tuple[Path, bytes, tuple[Tag, ...], tuple[Fault, ...]]:
    """The tag map that the sheet names, read and checked against the sheet; nothing where it names none."""
    name = sheet.data.get("tags")
    if not isinstance(name, str) or not name:
        return path, b"", (), ()
    tags_path = path.parent / name
    try:
        content, text = read_text(tags_path)
    except DocumentError as error:
        return tags_path, b"", (), error.faults
    tags, faults = read_tags(text, str(tags_path), _zone(sheet))
    return tags_path, content, tags, (*faults, *check_tags(sheet.data, tags, str(tags_path)))


def _zone(sheet: Sheet) -> ZoneInfo:
    """Zone of the site; UTC where none is declared, which is a fault of its own."""
    section = sheet.data.get("enterprise")
    name = section.get("time_zone") if isinstance(section, Mapping) else None
    return ZoneInfo(name if isinstance(name, str) and name in available_timezones() else "UTC")


def _faults(problems: Iterable[Problem], sheet: Sheet, path: Path) -> Iterable[Fault]:
    for problem in problems:
        where = ".".join(str(step) for step in problem.path)
        line = sheet.line(problem.path) if problem.path else 0
        yield Fault(str(path), line, where, problem.found, problem.expected, problem.way_out, problem.code)
