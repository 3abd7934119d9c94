"""The tag map as a table: one row a tag, in a CSV file or a list of mappings in YAML.

A spreadsheet adds empty cells, semicolons and a byte-order mark; what can be read without doubt is read, the rest is
refused with its line. In YAML a tag may stand in a list, or where it hangs in the works:

```yaml
tree:
  baiyun:
    concentrator:
      tags:
        - {tag: WT-214, source: plant, address: BY.WT-214.PV, kind: flow, object: flotation_feed, unit: t/h}
```
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from ferrolan.base import spreadsheet
from ferrolan.base.errors import Fault
from ferrolan.base.schema import nearest, shown
from ferrolan.enterprise.sheet import Path, Sheet, compose
from ferrolan.enterprise.tags.row import Row
from ferrolan.enterprise.tags.tag import Tag

HEADER = (
    "tag", "source", "address", "kind", "object", "component", "unit", "basis", "method", "sigma_relative",
    "sigma_absolute", "lo", "hi", "description",
)  # fmt: skip
"""Columns that every CSV file has, in order."""

OPTIONAL = (
    "sigma_maximum", "detection_limit", "authority", "shared", "sigma_lasting", "path", "scale", "offset", "stepped",
    "max_age", "valid_from", "valid_to", "note",
)  # fmt: skip
"""Further columns, which a file may have in any order."""

COLUMNS = (*HEADER, *OPTIONAL)
"""Every column of the file."""

_WIDEST = 200  # columns of a header whose names are looked at one by one
_YAML = (".yaml", ".yml")
_JOINS = {"shared": ";", "path": "/"}  # of a list in YAML
_UTC = ZoneInfo("UTC")


def read_tags(text: str, file: str, zone: ZoneInfo = _UTC) -> tuple[tuple[Tag, ...], tuple[Fault, ...]]:
    """Read the tag map; what belongs to other parts of the document is checked by ``checks``.

    Parameters
    ----------
    text
        Content of the file.
    file
        Its name, for the faults; ``.yaml`` or ``.yml`` where it is YAML.
    zone
        Zone of a ``valid_from`` or ``valid_to`` without one: the site's.

    Returns
    -------
    Every row that can be read, and the faults of the rest.
    """
    rows, faults = _of_yaml(text, file, zone) if file.lower().endswith(_YAML) else _of_csv(text, file, zone)
    tags: list[Tag] = []
    for row in rows:
        tag = row.read()
        faults += row.faults
        tags += [tag] if tag is not None else []
    return tuple(tags), tuple(faults)


def read_cells(text: str, file: str) -> tuple[Mapping[str, str], ...]:
    """Every row of a tag map as cells by column, empty ones left out; of a map that can be read."""
    rows, _ = _of_yaml(text, file, _UTC) if file.lower().endswith(_YAML) else _of_csv(text, file, _UTC)
    return tuple(row.given for row in rows)


def written(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as the text of a CSV file: the columns that every file has, and the further ones that a row needs."""
    columns = (*HEADER, *(column for column in OPTIONAL if any(row.get(column) for row in rows)))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows([spreadsheet.shown(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue()


def _of_csv(text: str, file: str, zone: ZoneInfo) -> tuple[list[Row], list[Fault]]:
    rows, faults = _rows(text, file)
    if not rows:
        way_out = f"Begin with {','.join(HEADER)}"
        fault = Fault(file, 0, "", "an empty file", "a header and one row a tag", way_out, "empty")
        return [], [*faults, *(() if faults else (fault,))]
    line, header = rows[0]
    wrong = list(_header_faults(file, line, header))
    if wrong:
        return [], wrong
    faults += [_wrong_row(file, at, header, cells) for at, cells in rows[1:] if len(cells) != len(header)]
    whole = [
        (at, dict(zip(header, map(spreadsheet.meant, cells), strict=True)))
        for at, cells in rows[1:]
        if len(cells) == len(header)
    ]
    return [Row(file, at, cells, zone) for at, cells in whole], faults


def _wrong_row(file: str, line: int, header: Sequence[str], cells: Sequence[str]) -> Fault:
    name = dict(zip(header, cells, strict=False)).get("tag", "")
    way_out = "Put a text that holds a comma in quotes, and write a decimal point in a number"
    return Fault(file, line, name, f"{len(cells)} cells", f"{len(header)} cells", way_out, "wrong_row")


def _rows(text: str, file: str) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    """Rows that are not blank, each with the line it begins on; a quotation mark that is not closed ends them."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line, width = 1, 0
    try:
        for cells in reader:
            width = width or len(_without_empty_end(cells))
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in _without_empty_end(cells, width)]))
            line = reader.line_num + 1
    except csv.Error as error:
        found = f"a quotation mark that is not closed, or not at the end of its cell ({error})"
        way_out = 'Put a whole cell in quotes, and write "" for a mark inside it; nothing below this line is read'
        return rows, [Fault(file, line, "", found, "one row a line", way_out, "wrong_row")]
    return rows, []


def _without_empty_end(cells: list[str], width: int = 0) -> list[str]:
    """The cells without the empty ones that a spreadsheet adds at the end."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _header_faults(file: str, line: int, header: Sequence[str]) -> Iterator[Fault]:
    if len(header) > _WIDEST:
        expected, way_out = f"the {len(HEADER)} columns {','.join(HEADER)}", "Remove the others"
        yield Fault(file, line, "", f"{len(header)} columns", expected, way_out, "wrong_header")
        return
    if not set(header) & set(HEADER) and (len(header) < 3 or not _folded(header) & set(HEADER)):
        yield _no_header(file, line, header)
        return
    meant = {name for column in header if column not in COLUMNS for name in _near(column)}
    for column in header:
        if column not in COLUMNS:
            way_out = nearest(column, [name for name in COLUMNS if name not in header] or COLUMNS)
            yield Fault(file, line, "", f"the column {shown(column)}", "a known column", way_out, "wrong_header")
        elif header.count(column) > 1:
            found = f"the column {column!r} twice"
            yield Fault(file, line, "", found, "each column once", "Remove one", "wrong_header")
    for column in HEADER:
        if column not in {*header, *meant}:
            yield Fault(file, line, "", f"no column {column!r}", "every column", f"Add {column!r}", "wrong_header")


def _near(column: str) -> Sequence[str]:
    """The column that an unknown one may stand for, which is then not missing too."""
    return difflib.get_close_matches(column.casefold(), COLUMNS, n=1, cutoff=0.6)


def _folded(header: Sequence[str]) -> set[str]:
    return {column.casefold() for column in header}


def _no_header(file: str, line: int, header: Sequence[str]) -> Fault:
    """What stands where the header should: another separator, a note of a spreadsheet, a comment, a row."""
    text = ",".join(header)
    expected = f"a header with commas: {','.join(HEADER)}"
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if text.count(mark) >= len(HEADER) - 1:
            way_out = "Save the file as CSV with commas; where decimals have commas too, write decimal points"
            return Fault(file, line, "", f"{name} between the cells", expected, way_out, "wrong_header")
    if text.startswith("sep="):
        return Fault(file, line, "", f"a line {shown(text)}", expected, "Remove this line", "wrong_header")
    way_out = "Write the header in the first line; comments have no place in a CSV file"
    return Fault(file, line, "", shown(text), expected, way_out, "wrong_header")


def _of_yaml(text: str, file: str, zone: ZoneInfo) -> tuple[list[Row], list[Fault]]:
    sheet, found = compose(text, file)
    faults = list(found)
    if sheet is None:
        return [], faults
    reader = _Tree(file, sheet, zone)
    for key, value in sheet.data.items():
        if key == "tags":
            reader.entries(value, ("tags",), ())
        elif key == "tree":
            reader.branch(value, ("tree",), ())
        else:
            reader.refuse((key,), f"the key {shown(key)}", "tags or tree", nearest(key, ("tags", "tree")))
    return reader.rows, [*faults, *reader.faults]


class _Tree:
    """The rows of a YAML file, each with the line of its entry and of every cell."""

    def __init__(self, file: str, sheet: Sheet, zone: ZoneInfo) -> None:
        self.file, self.sheet, self.zone = file, sheet, zone
        self.rows: list[Row] = []
        self.faults: list[Fault] = []

    def branch(self, value: object, at: Path, names: tuple[str, ...]) -> None:
        """A place in the works: its tags, and the places in it."""
        if not isinstance(value, Mapping):
            self.refuse(at, shown(value), "names of places, or tags", "Write 'tags:' and a list below it", "wrong_type")
            return
        for key, inner in value.items():
            if key == "tags":
                self.entries(inner, (*at, key), names)
            else:
                self.branch(inner, (*at, key), (*names, str(key)))

    def entries(self, value: object, at: Path, names: tuple[str, ...]) -> None:
        """A list of tags at one place."""
        if not isinstance(value, list):
            self.refuse(at, shown(value), "a list of tags", "Begin each tag with '- '", "wrong_type")
            return
        for place, entry in enumerate(value):
            self.entry(entry, (*at, place), names)

    def entry(self, entry: object, at: Path, names: tuple[str, ...]) -> None:
        """One tag."""
        if not isinstance(entry, Mapping):
            self.refuse(at, shown(entry), "a tag", "Write {tag: ..., source: ..., ...}", "wrong_type")
            return
        cells = {"path": "/".join(names)} if names else {}
        for key, value in entry.items():
            if key not in COLUMNS or (key == "path" and names):
                expected = "a key of a tag" if key not in COLUMNS else "no path, for the tag stands in its place"
                self.refuse((*at, key), f"the key {shown(key)}", expected, nearest(str(key), COLUMNS))
                continue
            text = _text(value, _JOINS.get(key))
            if text is None:
                self.refuse((*at, key), shown(value), "a text or a number", "Write it in one line", "wrong_type")
                continue
            cells[key] = text
        lines = {str(key): self.sheet.line((*at, key)) for key in entry}
        self.rows.append(Row(self.file, self.sheet.line(at), cells, self.zone, lines))

    def refuse(self, at: Path, found: str, expected: str, way_out: str, code: str = "unknown_key") -> None:
        where = ".".join(str(step) for step in at)
        self.faults.append(Fault(self.file, self.sheet.line(at), where, found, expected, way_out, code))


def _text(value: object, join: str | None) -> str | None:
    """An entry as the text of a cell; None of what is none."""
    if value is None:
        return ""
    if isinstance(value, list) and join and all(isinstance(part, str) for part in value):
        return join.join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip()
