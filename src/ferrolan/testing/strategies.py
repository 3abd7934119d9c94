"""Broken input on purpose: Hypothesis strategies for documents, tag maps, tables and quantities that people get wrong.

``given(content=broken_documents(text))`` hands a test a plant's YAML with a value of another type, a key twice, a tab,
a NUL, half a UTF-8 character, an alias of itself. Put a reader of yours to it before somebody's export does: the only
outcomes a reader may have are a result, or an error of ours whose faults say where, what, and the way out
(``outcome``). Everything here is synthetic; Hypothesis is imported when a strategy is asked for, and not before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from ferrolan.base.errors import FaultsError, FerrolanError
from ferrolan.enterprise.sheet import compose

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Result = TypeVar("Result")

SCALARS: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 3.5, 10**19, -(10**400), 1e308, float("inf"), float("-inf"), float("nan"), "", " ",
    "~", "no", "2026-03-01", "330 t/h", "330 kWh", "-3 t/h", "0,5 t/h", "1e400 t/h", "nan t/h", "３３０ t/h", "٣ t/h",
    "5 %", "100000 %", "1 t^99999999", "1 kt^-99999999", "1 t" + "/t" * 300, "1 " + "(" * 3000, "*solids", "&a", "<<",
    "{", "[", "a: b", "'", '"', "\\", "\t", "\n", "\r", "\0", "\x07", "\x1b[2J", "\x7f", "\x85", "\u2028", "\ufeff",
    "\u202e", "\ufffe", "\U0001f525", "Erzlager für Süd", "x" * 5000, "../" * 40, "a.b.c", "mill", "steel", "CNY",
    "Fe", "ore", "2026-13", "0000-01", "99999-01", "9999-12", "Asia/Shangai", "../../etc/passwd", "/dev/null",
    "raw\0.csv",
)  # fmt: skip
"""Values of another type, out of range, in other digits, with characters that no text holds."""

BYTES: tuple[bytes, ...] = (
    b"\0", b"\x07", b"\x1b[2J", b"\x7f", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xef\xbf\xbe", b"\t", b"\r", b"\r\n", b"\n\n", b"\x0b", b"\x0c",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xef\xbc\x9a", b"\xef\xbc\x93", b"\xc2\xa0", b"\xe3\x80\x80",
    b'"', b"'", b"`", b"@", b"%", b"&a ", b"*a ", b"&a [*a]", b"<<: *solids", b"!!python/name:os.system ",
    b"!!binary ", b"!<", b"|", b">", b"---\n", b"...\n", b"%YAML 9.9\n", b"? ", b": ", b"- ", b"#", b"{", b"}", b"[",
    b"]", b",", b";", b"9" * 5000, b"x" * 70_000, b"[" * 2000, b"{a: " * 600,
)  # fmt: skip
"""What an editor, a transfer or an export leaves in a file."""

CELLS = (
    "", " ", "0", "-0", "1", "412,5", "412.5", "04.03", "1e999", "-1e-999", "inf", "-Infinity", "NaN", "0x10",
    "1_000", "1.234,5", "1 000", "1e308", "1e308 kt/h", "kt/h", "kt/h^999", "degC", "--", "Bad", "BAD", "I/O Timeout",
    "#N/A", "true", "٤١٢", "４１２", "9" * 400, "." * 50, "é", "\u202e1", "\ufeff1", "\x1f", "\0", '"', '""', '"a',
    'a"b', "'", "=1+1", "x" * 3000, "\x85", "\u2028", "\x1b[2J", "\r", "−5",
)  # fmt: skip
"""What stands in a cell of a table where a number should."""

TIMES = (
    "", "0", "00.00.0000 00:00", "01.01.0000 00:00", "01.01.0001 00:00", "31.12.9999 23:59", "01.01.99999 00:00",
    "31.02.2026 00:00", "29.03.2026 02:30", "25.10.2026 02:30", "01.03.2026 24:00", "01.03.2026 25:61", "-1",
    "01.03.-2026 00:00", "3/1/2026", "2026-03-01T00:00:00Z", "1e308", "46082.5", "NaN", "01.03.2026 00:00 ",
    "０１.03.2026 00:00",
)  # fmt: skip
"""What stands where a time should: no such day, the year 0 or 99999, the hour that no clock showed."""


def outcome(call: Callable[[], Result]) -> Result | FerrolanError:
    """The result of a call, or the error of ours that it raised; any other error passes through.

    Raises
    ------
    AssertionError
        If a fault of the error lacks a part, or cannot be printed as one line in any terminal.
    """
    try:
        return call()
    except FerrolanError as error:
        found = error
    for fault in found.faults if isinstance(found, FaultsError) else ():
        complete(fault.file, fault.found, fault.expected, fault.way_out, fault.code, str(fault))
    assert str(found), "an error says what is wrong, and one with faults has some"
    return found


def complete(*parts: str) -> None:
    """Refuse a part of a fault that is empty, breaks the line, commands a terminal or is no Unicode text.

    Raises
    ------
    AssertionError
        With the part.
    """
    for part in parts:
        assert part.strip(), f"a part of a fault is empty: {parts}"
        assert part.encode("utf-8", "replace") == part.encode("utf-8", "surrogatepass"), f"no text: {part!r}"
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", part), f"not one printable line: {part!r}"


def broken_documents(text: str) -> SearchStrategy[bytes]:
    """A document that is whole in most places: its data or its text is broken in up to four.

    Parameters
    ----------
    text
        A whole YAML text, such as that of the shipped example.
    """
    from hypothesis import strategies as st

    sheet, _ = compose(text, "whole")
    data = sheet.data if sheet is not None else {}
    return st.one_of(_broken_data(data).map(_as_yaml), _broken_text(text))


def broken_tables(text: str, separator: str = ";") -> SearchStrategy[bytes]:
    """A table that is whole in most places: cells, times, rows, quotes, encodings or bytes of it are broken.

    Parameters
    ----------
    text
        A whole text, one row a line.
    separator
        What stands between its cells.
    """
    from hypothesis import strategies as st

    rows = [line.split(separator) for line in text.splitlines()]
    return st.one_of(_broken_rows(rows, separator), _broken_rows(rows, separator), _broken_text(text))


def quantities() -> SearchStrategy[str]:
    """Texts that are, or nearly are, a number with a unit."""
    from hypothesis import strategies as st

    tokens = ["t", "kt", "h", "a", "%", "1", "CNY", "USD", "degC", "Nm3", "m3", "kg", "MWh", "GJ", "furlong", "T", "μm"]
    signs = ["/", "*", "^", "^2", "^-1", "^99999999", "^-99999999", "(", ")", " ", ",", ".", "·", "³", "e", "-", "\0"]
    numbers = ["330", "-3", ".5", "5.", "1e5", "1e400", "1e-400", "0,5", "٣", "３", "nan", "inf", "", "+", "0x1", "1_0"]
    unit = st.lists(st.sampled_from(tokens) | st.sampled_from(signs), max_size=12).map("".join)
    number = st.sampled_from(numbers) | st.floats().map(repr) | st.integers().map(str)
    nested = st.tuples(st.sampled_from(["(", "t/(", "t*(", "1/"]), st.integers(1, 3000)).map(
        lambda p: p[0] * p[1] + "t"
    )
    return st.one_of(
        st.tuples(number, st.sampled_from(["", " ", "  ", "\t", "\n"]), unit | nested).map("".join),
        st.text(max_size=20),
        st.sampled_from([text for text in SCALARS if isinstance(text, str)]),
    )


def bombs() -> SearchStrategy[bytes]:
    """Small documents that want to be large: aliases of aliases, entries in entries, endless lines."""
    from hypothesis import strategies as st

    return st.one_of(
        st.builds(alias_bomb, st.integers(2, 12), st.integers(2, 12), st.booleans()),
        st.builds(wide_bomb, st.integers(1, 3000)),
        st.builds(nest, st.sampled_from(["[", "{a: ", "- ", "? ", "a:\n ", "[[", "{"]), st.integers(1, 20_000)),
        st.integers(1, 200_000).map(lambda count: b"ferrolan: " + b"1" * count),
        st.integers(1, 200_000).map(lambda count: b"a" * count + b": 1"),
        st.integers(1, 20_000).map(lambda count: b"ferrolan: 1\n" * count),
    )


def alias_bomb(levels: int, width: int, mappings: bool = False) -> bytes:
    """A document of ``levels`` lines that stands for ``width`` to the power of ``levels`` entries: a billion laughs.

    Examples
    --------
    >>> print(alias_bomb(2, 2).decode())
    a0: &a0 [x, x]
    a1: &a1 [*a0, *a0]
    """
    begin, end = ("{", "}") if mappings else ("[", "]")

    def line(level: int) -> str:
        inside = [f"k{n}: *a{level - 1}" if mappings else f"*a{level - 1}" for n in range(width)]
        first = [f"k{n}: x" if mappings else "x" for n in range(width)]
        return f"a{level}: &a{level} {begin}{', '.join(inside if level else first)}{end}"

    return "\n".join(line(level) for level in range(levels)).encode()


def wide_bomb(width: int) -> bytes:
    """A list of ``width`` entries, and a list of as many aliases of it."""
    return f"a: &a [{', '.join(['x'] * width)}]\nb: [{', '.join(['*a'] * width)}]".encode()


def nest(mark: str, depth: int) -> bytes:
    """An entry in an entry, ``depth`` times, none of them closed."""
    return ("ferrolan: " + mark * depth).encode()


def _as_yaml(data: object) -> bytes:
    """Plain data as JSON, which is YAML too; what JSON cannot say is written as YAML says it."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    text = re.sub(r"(?<=[\[:,] )(NaN|-?Infinity)", lambda m: {"N": ".nan", "I": ".inf"}.get(m[0][0], "-.inf"), text)
    return text.encode("utf-8", "surrogatepass")


def _broken_data(data: object) -> SearchStrategy[object]:
    """Plain data with one to four entries removed, renamed, retyped, moved or doubled."""
    from hypothesis import strategies as st

    paths = sorted(_paths(data), key=repr)
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    scalars = st.sampled_from(SCALARS) | texts | st.floats() | st.integers()
    other = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))

    @st.composite
    def broken(draw: DrawFn) -> object:
        found = data
        for _ in range(draw(st.integers(1, 4))):
            path, how = draw(st.sampled_from(paths)), draw(st.sampled_from(("remove", "rename", "put", "move", "wrap")))
            new = _at(data, draw(st.sampled_from(paths))) if how == "move" else draw(other)
            found = _changed(found, path, how, new)
        return found

    return broken()


def _paths(data: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Paths of every entry of nested mappings and lists."""
    if isinstance(data, Mapping):
        return [found for key, value in data.items() for found in ((*path, key), *_paths(value, (*path, key)))]
    if isinstance(data, list):
        return [found for key, value in enumerate(data) for found in ((*path, key), *_paths(value, (*path, key)))]
    return []


def _at(data: object, path: Sequence[object]) -> object:
    for key in path:
        data = data[key] if isinstance(data, Mapping | list) else None  # type: ignore[call-overload]  # a path of it
    return data


def _changed(data: object, path: Sequence[object], how: str, new: object) -> object:
    """A copy of the data with one entry changed; the data itself where the path no longer leads anywhere."""
    if isinstance(data, list) and isinstance(path[0], int) and path[0] < len(data):
        entries: list[tuple[object, object]] = list(enumerate(data))
    elif isinstance(data, Mapping) and path[0] in data:
        entries = list(data.items())
    else:
        return data
    place = next(number for number, (key, _) in enumerate(entries) if key == path[0])
    key, value = entries[place]
    if len(path) > 1:
        entries[place] = (key, _changed(value, path[1:], how, new))
    elif how == "remove":
        del entries[place]
    else:
        entries[place] = {"rename": (str(new), value), "wrap": (key, [value, new])}.get(how, (key, new))
    return [value for _, value in entries] if isinstance(data, list) else {str(key): value for key, value in entries}


def _broken_text(text: str) -> SearchStrategy[bytes]:
    """A text with one to four lines or values exchanged, doubled, cut or indented, or bytes put into it."""
    from hypothesis import strategies as st

    lines = text.splitlines(keepends=True)
    line, column = st.integers(0, max(len(lines) - 1, 0)), st.integers(0, 200)
    scalar = st.sampled_from([value for value in SCALARS if isinstance(value, str)])

    @st.composite
    def broken(draw: DrawFn) -> bytes:
        found = [one.encode() for one in lines] or [b""]
        for _ in range(draw(st.integers(1, 4))):
            at = min(draw(line), len(found) - 1)
            how = draw(st.sampled_from(("bytes", "bytes", "value", "delete", "double", "swap", "indent", "cut")))
            found = _line_changed(found, at, how, draw(line), draw(column), draw(st.sampled_from(BYTES)), draw(scalar))
        whole = b"".join(found)
        return draw(st.sampled_from(_WRAPPINGS))(whole)

    return broken()


def _line_changed(
    lines: list[bytes], at: int, how: str, other: int, column: int, inserted: bytes, scalar: str
) -> list[bytes]:
    one, other = lines[at], min(other, len(lines) - 1)
    if how == "bytes":
        return [*lines[:at], one[:column] + inserted + one[column:], *lines[at + 1 :]]
    if how == "value":
        new = re.sub(rb"(?<=: )[^,{}\[\]#\n]+", lambda _: scalar.encode("utf-8", "surrogatepass"), one, count=1)
        return [*lines[:at], new, *lines[at + 1 :]]
    if how == "swap":
        lines = list(lines)
        lines[at], lines[other] = lines[other], lines[at]
        return lines
    new_lines = {"delete": [], "double": [one, one], "indent": [b" " * (column % 9) + one], "cut": [one[:column]]}[how]
    return [*lines[:at], *new_lines, *lines[at + 1 :]] or [b""]


_WRAPPINGS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    bytes,
    bytes,
    lambda content: b"\xef\xbb\xbf" + content,
    lambda content: content.replace(b"\n", b"\r\n"),
    lambda content: content.replace(b"\n", b"\r"),
    lambda content: content.decode("utf-8", "replace").encode("utf-16"),
    lambda content: content.decode("utf-8", "replace").encode("utf-16-le"),
    lambda content: content.decode("utf-8", "replace").encode("gb18030", "replace"),
    lambda content: content[: len(content) // 2],
    lambda content: content.rstrip(b"\n"),
    lambda content: content + b"\x1a",
    lambda content: b"",
)
"""What happens to a whole file on its way: a byte-order mark, other line ends, another encoding, half of it."""


def _broken_rows(rows: Sequence[Sequence[str]], separator: str) -> SearchStrategy[bytes]:
    """Rows with cells exchanged, added, left out, quoted or repeated, in some encoding."""
    from hypothesis import strategies as st

    cell = st.sampled_from(CELLS) | st.sampled_from(TIMES) | st.text(max_size=4) | st.floats().map(repr)
    place = st.tuples(st.integers(0, max(len(rows) - 1, 0)), st.integers(0, max(map(len, rows), default=1)))

    @st.composite
    def broken(draw: DrawFn) -> bytes:
        found = [list(row) for row in rows] or [[]]
        for _ in range(draw(st.integers(1, 6))):
            row, column = draw(place)
            how = draw(st.sampled_from(("cell", "cell", "cell", "time", "quote", "ragged", "wide", "repeat", "column")))
            _row_changed(found, min(row, len(found) - 1), column, how, draw(cell), draw(st.sampled_from(TIMES)))
        end = draw(st.sampled_from(("\n", "\n", "\r\n", "\r", "\n\n")))
        text = end.join(draw(st.sampled_from((separator, separator, separator, ",", "\t"))).join(row) for row in found)
        encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "cp1252")))
        content = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode(encoding, "replace")
        return draw(st.sampled_from(_WRAPPINGS[:6] + _WRAPPINGS[9:]))(content)

    return broken()


def _row_changed(rows: list[list[str]], at: int, column: int, how: str, cell: str, time: str) -> None:
    row = rows[at]
    if how == "ragged":
        del row[column:]
    elif how == "wide":
        row.extend([cell] * min(10 ** (column + 1), 100_000, 1_000_000 // max(len(cell), 1)))
    elif how == "repeat":
        rows[at:at] = [list(row)] * 3
    elif how == "time" and row:
        row[0] = time
    elif how == "column":
        for one in rows[1:]:
            one[column : column + 1] = [cell] * len(one[column : column + 1])
    elif column < len(row):
        row[column] = f'"{row[column]}' if how == "quote" else cell
    else:
        row.append(cell)
