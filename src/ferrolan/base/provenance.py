"""Where a number comes from: content hashes, the identity of a run, citations.

A hash is SHA-256 over content, never over a file's layout: the account of March 2026 has one hash whether it lies in
one chunk or in forty, in memory or in a Parquet file with any row groups. Any other schema, value, order of rows or
columns, or place of a null gives another hash. Floats count with their exact 64 bits, except that -0.0 is 0.0 and
every NaN is one NaN, because no result may depend on the difference.

A *run identity* says that a run can be repeated: the hashes of its inputs, the code (its version and the hash of its
own source files), the versions of the libraries that compute, and the seed. Two runs with one identity must give the
same tables; ``records`` checks that they do.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from polars.datatypes import DataTypeClass

import ferrolan
from ferrolan.base.errors import TableError

Json: TypeAlias = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"
"""What JSON can say."""

COMPUTING_LIBRARIES = ("duckdb", "highspy", "numpy", "piqp", "polars", "qdldl", "scipy")
"""Distributions whose version may change a bit of a result, so that it belongs to the identity of a run."""

_ID_LENGTH = 16  # hexadecimal digits: 64 bits, so 10^6 runs meet by chance with a probability of 3e-8
_ROWS_AT_ONCE = 1 << 18
_FILE_BLOCK = 1 << 20
_NOT_SOURCE = {".pyc", ".pyo", ".nbc", ".nbi"}


@dataclass(frozen=True)
class Citation:
    """Where a public figure stands: what is needed to find it again, and how far it was read.

    ``tier`` is 1 official or filing, 2 trade press, price agency or reviewed paper, 3 aggregator, 4 unreliable;
    ``read`` is ``in_part | abstract | second_hand | none``; ``date`` is as precise as it is known, or None.
    """

    source: str
    publisher: str
    date: str | None
    url: str | None
    tier: int
    read: str
    note: str = ""

    def __str__(self) -> str:
        dated = self.date is None or self.date in self.publisher
        return self.publisher if dated else f"{self.publisher}, {self.date}"


@dataclass(frozen=True)
class CodeVersion:
    """Which code ran: the version a person knows and the hash of the package's own files."""

    version: str
    hash: str


@dataclass(frozen=True)
class RunIdentity:
    """All that a run's results may depend on; ``run_id`` names the run. Made by ``run_identity``.

    Parameters
    ----------
    inputs
        Hash of every input by name: document, raw files, records.
    seed
        Seed of everything that is random in the run.
    code
        Version and hash of the package.
    libraries
        Versions of the libraries that compute.
    """

    inputs: Mapping[str, str]
    seed: int
    code: CodeVersion
    libraries: Mapping[str, str]

    @property
    def hash(self) -> str:
        """SHA-256 over inputs, seed, code and libraries; the order of a mapping is irrelevant."""
        return hash_json(
            {
                "inputs": dict(self.inputs),
                "seed": self.seed,
                "code": {"version": self.code.version, "hash": self.code.hash},
                "libraries": dict(self.libraries),
            }
        )

    @property
    def run_id(self) -> str:
        """First 16 hexadecimal digits of ``hash``: the name of the run's folder."""
        return self.hash[:_ID_LENGTH]


def run_identity(inputs: Mapping[str, str], seed: int) -> RunIdentity:
    """Identity of a run of this code, with these libraries, on inputs with these hashes.

    Examples
    --------
    >>> first = run_identity({"plant": "ab", "prices": "cd"}, seed=7)
    >>> first.run_id == run_identity({"prices": "cd", "plant": "ab"}, seed=7).run_id
    True
    >>> first.run_id == run_identity({"prices": "cd", "plant": "ab"}, seed=8).run_id
    False
    """
    return RunIdentity(dict(inputs), seed, code_version(), library_versions())


def hash_bytes(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal.

    Examples
    --------
    >>> hash_bytes(b"ore")[:12]
    'f8bd17bea0e9'
    """
    return hashlib.sha256(content).hexdigest()


def hash_text(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hash_bytes(text.encode())


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read block by block."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_FILE_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def hash_json(value: Json) -> str:
    """SHA-256 of a JSON value in canonical form.

    Examples
    --------
    >>> hash_json({"a": 1, "b": None}) == hash_json({"b": None, "a": 1})
    True
    """
    return hash_text(canonical_json(value))


def canonical_json(value: Json) -> str:
    """One spelling for one JSON value: sorted keys, no spaces, shortest floats, no NaN.

    Raises
    ------
    ValueError
        If a number is NaN or infinite: JSON cannot say it; say null.

    Examples
    --------
    >>> canonical_json({"b": 0.1, "a": [1, None]})
    '{"a":[1,null],"b":0.1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_table(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's content: column names and types in order, values, order of rows, nulls.

    The hash does not depend on how the frame is cut into chunks, on the row groups of a file it came from, or on the
    library's version; it does on everything a reader can see.

    Raises
    ------
    TableError
        If a column has a type without a declared encoding (such as an arbitrary Python object).

    Examples
    --------
    >>> whole = pl.DataFrame({"x": [1.0, None, 3.0]})
    >>> hash_table(whole) == hash_table(pl.concat([whole[:1], whole[1:]], rechunk=False))
    True
    >>> hash_table(whole) == hash_table(whole.reverse().with_columns(x=pl.lit(0.0)))
    False
    """
    digest = hashlib.sha256(b"ferrolan table 1\n")
    digest.update(canonical_json([[name, _type_name(dtype)] for name, dtype in frame.schema.items()]).encode())
    digest.update(frame.height.to_bytes(8, "little"))
    for column in frame.iter_columns():
        for piece in _content(column):
            digest.update(piece)
    return digest.hexdigest()


@cache
def code_version() -> CodeVersion:
    """Version of the package and hash of the files it consists of (code, data, templates, examples)."""
    root = Path(ferrolan.__file__).parent
    return CodeVersion(ferrolan.__version__, hash_tree(root))


def hash_tree(root: Path) -> str:
    """SHA-256 over the relative name and content of every source file below a folder.

    Byte code, numerical caches, hidden files and editors' copies do not count.
    """
    files = {path.relative_to(root).as_posix(): hash_file(path) for path in root.rglob("*") if _is_source(path, root)}
    return hash_json(files)


@cache
def library_versions() -> Mapping[str, str]:
    """Installed version of every library in ``COMPUTING_LIBRARIES``, ``"absent"`` where there is none."""
    return {name: _installed(name) for name in COMPUTING_LIBRARIES}


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _is_source(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return path.is_file() and not hidden and path.suffix not in _NOT_SOURCE and not path.name.endswith("~")


def _type_name(dtype: pl.DataType) -> Json:
    """A name of a type that is ours, so that no library's ``repr`` enters a hash."""
    if isinstance(dtype, pl.List):
        return ["list", _type_name(_instance(dtype.inner))]
    if isinstance(dtype, pl.Array):
        return ["array", dtype.size, _type_name(_instance(dtype.inner))]
    if isinstance(dtype, pl.Struct):
        return ["struct", [[part.name, _type_name(_instance(part.dtype))] for part in dtype.fields]]
    if isinstance(dtype, pl.Enum):
        return ["enum", dtype.categories.to_list()]
    if isinstance(dtype, pl.Datetime):
        return ["datetime", dtype.time_unit, dtype.time_zone]
    if isinstance(dtype, pl.Duration):
        return ["duration", dtype.time_unit]
    if isinstance(dtype, _PLAIN):
        return type(dtype).__name__.lower()
    raise TableError(f"a column of type {dtype} has no content hash; cast it to a declared type")


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype() if isinstance(dtype, type) else dtype


_PLAIN = (
    pl.Boolean,
    pl.Int8,
    pl.Int16,
    pl.Int32,
    pl.Int64,
    pl.UInt8,
    pl.UInt16,
    pl.UInt32,
    pl.UInt64,
    pl.Float32,
    pl.Float64,
    pl.String,
    pl.Binary,
    pl.Categorical,
    pl.Date,
    pl.Time,
    pl.Null,
)


def _content(column: pl.Series) -> Iterator[bytes]:
    """Bytes of a column: per slice of fixed length, first which values are there, then the values."""
    for start in range(0, len(column), _ROWS_AT_ONCE):
        part = column.slice(start, _ROWS_AT_ONCE).rechunk()
        yield np.packbits(part.is_not_null().to_numpy()).tobytes()
        yield from _values(part)


def _values(part: pl.Series) -> Iterator[bytes]:
    """Bytes of the values of one slice; a null leaves a zero, an empty text or nothing at its place."""
    dtype = part.dtype
    if isinstance(dtype, pl.Array):
        part, dtype = part.cast(pl.List(dtype.inner)), pl.List(dtype.inner)
    if isinstance(dtype, pl.List):
        yield _little(part.list.len().fill_null(0), "<u4")
        yield from _content(part.drop_nulls().explode(empty_as_null=False))
    elif isinstance(dtype, pl.Struct):
        for inner in part.struct.fields:
            yield from _content(part.struct.field(inner))
    elif isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        texts = [text.encode() for text in part.cast(pl.String).fill_null("")]
        yield from _joined(texts)
    elif isinstance(dtype, pl.Binary):
        yield from _joined([content or b"" for content in part])
    elif isinstance(dtype, pl.Boolean):
        yield np.packbits(part.fill_null(False).to_numpy()).tobytes()
    elif isinstance(dtype, (pl.Float32, pl.Float64)):
        yield _float_bits(part)
    elif not isinstance(dtype, pl.Null):
        yield _little(part.to_physical().fill_null(0), "<i8" if part.dtype != pl.UInt64 else "<u8")


def _joined(pieces: list[bytes]) -> Iterator[bytes]:
    yield np.array([len(piece) for piece in pieces], dtype="<u8").tobytes()
    yield b"".join(pieces)


def _float_bits(part: pl.Series) -> bytes:
    kind = "<f8" if isinstance(part.dtype, pl.Float64) else "<f4"
    values = np.array(part.fill_null(0.0).to_numpy(), dtype=kind) + np.array(0.0, dtype=kind)  # -0.0 + 0.0 is 0.0
    values[np.isnan(values)] = math.nan
    return bytes(values.tobytes())


def _little(part: pl.Series, kind: str) -> bytes:
    return np.ascontiguousarray(part.to_numpy(), dtype=kind).tobytes()
