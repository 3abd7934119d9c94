"""The one door to the schema of a declared document: frozen, closed models whose values say where they come from.

A mill's capacity is declared as ``{value: 330 t/h, of: ore, synthetic: true}`` or, with a citation,
``{value: 14.62 Mt/a, of: hot_metal, scale: 0.1, source: smm_600010_2025}``. It becomes a ``Sourced`` whose ``value`` is
in canonical units (t/h) and carries its source. Nothing is guessed: an unknown key, another dimension, a value without
a source are problems, and ``read`` returns all of them at once, each with its path.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from ferrolan.base import units
from ferrolan.base.errors import UnitError

__all__ = [
    "DRY_MASS",
    "ENERGY",
    "After",
    "Before",
    "Capacity",
    "Check",
    "Count",
    "Field",
    "Flag",
    "Fraction",
    "Model",
    "Name",
    "Number",
    "Price",
    "Problem",
    "Quantity",
    "Seed",
    "Sourced",
    "Table",
    "Text",
    "Unit",
    "Whole",
    "WrongValue",
    "after",
    "json_schema",
    "nearest",
    "read",
    "require_origin",
    "shown",
]

after = model_validator(mode="after")
"""Decorator of a method that checks a whole model and returns it."""


class After(AfterValidator):
    """Annotation of a field: a function that checks what was read, and returns it or raises ``WrongValue``."""


class Before(BeforeValidator):
    """Annotation of a list: a function that brings what a document may say, such as one entry alone, into a list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The list, or one entry alone; where entries are models, a text may stand for one."""
        schema = handler(core)
        if "items" not in schema:
            return schema
        alone = [schema["items"], *([{"type": "string"}] if "$ref" in schema["items"] else [])]
        return {"anyOf": [{**schema, "items": alone[0] if len(alone) == 1 else {"anyOf": alone}}, *alone]}


T = TypeVar("T")
M = TypeVar("M", bound="Model")
Path = tuple[str | int, ...]

_LISTED = 16  # known names in a message
_SOURCE_OR_SYNTHETIC = (
    "Add 'source: <id of facts/data/sources.yaml>', 'own: true' for a figure of your plant, or 'synthetic: true' for "
    "one that is made up"
)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a declared value: where in the document, what, and the way out."""

    path: Path
    code: str
    found: str
    expected: str
    way_out: str


class WrongValue(PydanticCustomError):
    """Raised by a check of a model's own; ``read`` turns it into a ``Problem``."""

    def __new__(cls, code: str, expected: str, way_out: str, found: str = "", at: Path = ()) -> Self:
        """Say what was expected and what to do; without ``found`` the value itself is shown.

        ``at`` is the path from the checked model to the field that is meant.
        """
        context = {"expected": expected, "way_out": way_out, "found": found, "at": at}
        return super().__new__(cls, code, "expected {expected}", context)


class Model(BaseModel):
    """Base of every declared thing: frozen, closed, documented by the docstring of each field."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
        str_strip_whitespace=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _note_known_keys(cls, data: Any, info: ValidationInfo) -> Any:  # Any: whatever a document holds
        if isinstance(info.context, _Notes):
            info.context.known[id(data)] = _keys(cls)
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        if "synthetic" in cls.model_fields:  # it says where it comes from
            marks = [name for name in ("own", "synthetic") if name in cls.model_fields]
            handler.resolve_ref_schema(schema)["oneOf"] = _origins(marks)
        return schema


class Table(Mapping[str, T], Generic[T]):
    """A frozen mapping from names to declared things, in the order of the document."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, T]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> T:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Table({self._items!r})"

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # Any: pydantic's
        (inner,) = get_args(source)
        return core_schema.no_info_after_validator_function(cls, handler.generate_schema(dict[Name, inner]))  # type: ignore[valid-type]  # a type known at run time

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        patterns = schema.pop("patternProperties", {})  # of one pattern, that of a name
        for values in patterns.values():
            schema |= {"additionalProperties": values, "propertyNames": {"pattern": _NAME}}
        return schema


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, as written and in canonical units."""

    value: float
    unit: str
    written: str

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [_written(with_unit=True), {"type": "number"}]}


def _quantity(raw: object) -> Quantity:
    if isinstance(raw, Quantity):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise WrongValue("wrong_type", "a number with its unit, such as 330 t/h", "Write number and unit in one text")
    try:
        number, unit = units.parse(raw) if isinstance(raw, str) else (float(raw), "1")
        if not math.isfinite(number):
            raise UnitError("not a finite number")
        return Quantity(units.to_canonical(number, unit), units.canonical_unit(unit), str(raw))
    except UnitError as error:
        raise WrongValue("wrong_unit", "a finite number with a known unit", _sentence(str(error))) from error


class Sourced(Model):
    """A number that says where it comes from: a published ``source``, the plant's ``own``, or ``synthetic``."""

    quantity: Annotated[Quantity, BeforeValidator(_quantity)] = Field(validation_alias="value")
    """Number and unit as written."""
    scale: Annotated[float, Check(above=0.0)] = 1.0
    """Factor on a published figure, such as 0.1 for a tenth of a plant."""
    source: Text | None = None
    """Id of the source in the public record."""
    own: Flag = False
    """Whether it is the plant's own figure; ``note`` says from where."""
    synthetic: Flag = False
    """Whether the number is made up."""
    period: Text | None = None
    """Time the figure speaks of."""
    confidence: Literal["high", "medium", "low", "derived"] | None = None
    """How far the public record trusts the figure."""
    note: Text | None = None
    """What must travel with the figure."""

    @model_validator(mode="before")
    @classmethod
    def _is_mapping(cls, data: Any) -> Any:  # Any: whatever a document holds
        if not isinstance(data, Mapping | Sourced):
            way_out = f"Write {{value: {data}, source: <id>}}, or own: true, or synthetic: true in place of the source"
            raise WrongValue("missing_source", "a value that says where it comes from", way_out)
        return data

    @after
    def _says_where_from(self) -> Self:
        require_origin(self.source, self.synthetic, self.own)
        if not math.isfinite(self.value):
            found = f"{self.written} times {self.scale:g}"
            raise WrongValue("out_of_range", "a finite value", "Correct the value or its scale", found)
        return self

    @property
    def value(self) -> float:
        """The number times its scale [canonical unit]."""
        return self.quantity.value * self.scale

    @property
    def unit(self) -> str:
        """The canonical unit."""
        return self.quantity.unit

    @property
    def written(self) -> str:
        """The number as the document has it."""
        return self.quantity.written


class Capacity(Sourced):
    """How much of one commodity a unit can use or make in an hour, when it runs."""

    of: Name
    """Commodity that the capacity counts."""


class Price(Sourced):
    """A price, with what it covers, in the currency of its unit; a declared rate brings it to the document's."""

    vat: Literal["included", "excluded"] = "excluded"
    """Whether value-added tax is in the price."""
    content: Fraction | None = None
    """Mass fraction of the counted component in the priced good, where the price is per tonne as delivered."""
    freight: Annotated[Sourced, Unit("¤/t", least=0.0)] | None = None
    """Freight to the plant, on top of the price [¤/t]."""


@dataclass(frozen=True)
class Unit:
    """Annotation of a ``Sourced``: the dimension its value must have, and its bounds in canonical units.

    ``Annotated[Sourced, Unit("t/h", least=0.0)]`` accepts any unit of mass per time and no negative value.
    ``Unit("¤/t")`` accepts a price per mass in any currency. ``others`` are further dimensions accepted.
    """

    unit: str
    others: tuple[str, ...] = ()
    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # Any: pydantic's
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the value, which must have a unit unless it may be a plain number, with unit and bounds."""
        wanted, bounds = " or ".join((self.unit, *self.others)), self._bounds()
        meaning = "A plain number or a percentage" if wanted == "1" else f"A number with its unit, such as {wanted}"
        value = _written(with_unit=wanted != "1") | {"description": f"{meaning}{bounds and f', {bounds}'}."}
        return {**handler(core), "properties": {"value": value}, "x-unit": wanted, "x-bounds": bounds}

    def check(self, sourced: Sourced) -> Sourced:
        """The value in the canonical unit of the field, or ``WrongValue`` with both dimensions, or the bound it breaks.

        Heat may be written in GJ where a field counts MWh: it is converted, for its own canonical unit is another.
        """
        wanted = self.accepted
        fitting = next((unit for unit in wanted if units.same_dimension(sourced.unit, unit)), None)
        if fitting is None:
            way_out = f"Give the value in {' or '.join(wanted)}, or in any other unit of {units.dimension(wanted[0])}"
            raise WrongValue("wrong_unit", f"a value in {' or '.join(wanted)}", way_out, shown(sourced.written))
        sourced = _in_unit(sourced, units.canonical_unit(fitting))
        value = sourced.value
        if value < self.least or value <= self.above or value > self.most:
            negative = value < 0.0 <= max(self.least, self.above)
            way_out = "A negative value has no meaning here" if negative else "Correct the value or its unit"
            code = "negative" if negative else "out_of_range"
            raise WrongValue(code, f"a value {self._bounds()}", way_out, shown(sourced.written))
        return sourced

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every unit whose dimension is accepted, with each currency in place of ``¤``."""
        return tuple(
            unit.replace(units.CURRENCY, currency)
            for unit in (self.unit, *self.others)
            for currency in (units.CURRENCIES if units.CURRENCY in unit else ("",))
        )

    def _bounds(self) -> str:
        canonical = units.canonical_unit(self.accepted[0])
        unit = "" if canonical == "1" or units.CURRENCY in self.unit else f" {canonical}"
        bounds = [f"of at least {self.least:g}{unit}"] if self.least > -math.inf else []
        bounds += [f"above {self.above:g}{unit}"] if self.above > -math.inf else []
        bounds += [f"of at most {self.most:g}{unit}"] if self.most < math.inf else []
        return " and ".join(bounds)


def _in_unit(sourced: Sourced, unit: str) -> Sourced:
    """The value in a canonical unit of its dimension; itself where it is in it."""
    if sourced.unit == unit:
        return sourced
    value = units.convert(sourced.quantity.value, sourced.unit, unit)
    return sourced.model_copy(update={"quantity": Quantity(value, unit, sourced.written)})


@dataclass(frozen=True)
class Check:
    """Annotation of a plain number: its bounds. ``Annotated[float, Check(least=0.0)]``."""

    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # Any: pydantic's
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        bounds = {"minimum": self.least, "exclusiveMinimum": self.above, "maximum": self.most}
        return {**handler(core), **{key: bound for key, bound in bounds.items() if math.isfinite(bound)}}

    def check(self, value: float) -> float:
        """The value itself, or ``WrongValue`` with the bound it breaks."""
        if self.least <= value <= self.most and value > self.above:
            return value
        lower = f"above {self.above:g}" if self.above > -math.inf else f"of at least {self.least:g}"
        upper = f" and of at most {self.most:g}" if self.most < math.inf else ""
        raise WrongValue("negative" if value < 0 else "out_of_range", f"a number {lower}{upper}", "Correct the number")


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
        raise WrongValue("wrong_type", "a finite number", "Write a plain number, such as 0.5")
    return float(raw)


Number = Annotated[float, BeforeValidator(_number)]
"""A finite plain number."""
Fraction = Annotated[float, Check(least=0.0, most=1.0), BeforeValidator(_number)]
"""A plain number from 0 to 1."""
Whole = StrictInt
"""A whole number."""
Count = Annotated[int, Check(least=1), Field(strict=True)]
"""A whole number of at least 1."""
Seed = Annotated[int, Check(least=0), Field(strict=True)]
"""A whole number of at least 0 that random numbers begin from."""
Flag = StrictBool
"""``true`` or ``false``."""
Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that is not empty."""


def _name(text: str) -> str:
    if text.isidentifier() and text.isascii():
        return text
    raise WrongValue("wrong_name", "a name of letters, digits and _ that begins with a letter", "Rename it")


_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"

Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME})]
"""A name: letters, digits and ``_``, beginning with a letter."""

DRY_MASS = "dry_mass"
"""The component that stands for total dry mass in a list of balances or a basis."""

ENERGY = "energy"
"""What stands for the balance of energy in a list of balances."""


def read(model: type[M], data: Mapping[str, object]) -> tuple[M | None, tuple[Problem, ...]]:
    """Validate plain data against a model.

    Parameters
    ----------
    model
        What the data should be.
    data
        Mappings, lists, texts, numbers: what a document holds.

    Returns
    -------
    The model and no problems, or None and every problem that was found.

    Examples
    --------
    >>> class Belt(Model):
    ...     speed: Annotated[Sourced, Unit("t/h", least=0.0)]
    >>> belt, problems = read(Belt, {"speed": {"value": "2.4 kt/d", "synthetic": True}})
    >>> belt.speed.value, belt.speed.unit
    (100.0, 't/h')
    >>> [problem.way_out for problem in read(Belt, {"sped": 1})[1]]
    ["Add 'speed'", "Did you mean 'speed'?"]
    """
    notes = _Notes({})
    try:
        return model.model_validate(data, context=notes), ()
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, tuple(_problem(detail, data, notes) for detail in details)


def json_schema(model: type[Model]) -> dict[str, Any]:  # Any: JSON
    """The JSON Schema (draft 2020-12) of what a document may say: for editors, and for the reference of its fields.

    It knows keys, types, choices, units and bounds of plain numbers; that names fit each other is ``load``'s to say.
    ``x-unit`` is the unit of a value in words, ``x-bounds`` its bounds.

    Parameters
    ----------
    model
        The model.

    Examples
    --------
    >>> class Belt(Model):
    ...     speed: Annotated[Sourced, Unit("t/h", least=0.0)]
    >>> belt = json_schema(Belt)
    >>> belt["required"], belt["properties"]["speed"]["x-unit"], belt["properties"]["speed"]["x-bounds"]
    (['speed'], 't/h', 'of at least 0 t/h')
    """
    schema = model.model_json_schema(by_alias=True, schema_generator=_Draft, mode="validation")
    return {"$schema": _Draft.schema_dialect, **schema}


class _Draft(GenerateJsonSchema):
    """pydantic's generator, with our tables as defaults, and without titles that repeat the key."""

    def encode_default(self, dft: Any) -> Any:  # Any: pydantic's
        return {} if isinstance(dft, Table) else super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # Any: pydantic's
        return False


def _written(*, with_unit: bool) -> JsonSchemaValue:
    """Schema of a number with a known unit, or of one that may do without a unit."""
    symbol = rf"(({'|'.join(sorted(units.symbols(), key=len, reverse=True))})(\^[+-]?\d+)?|%|1)"
    product = rf"\(*\s*{symbol}(\s*[*/()]+\s*{symbol})*\s*\)*"
    number = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
    pattern = rf"^\s*{number}\s*({product}){'' if with_unit else '?'}\s*$"
    text = {"type": "string", "pattern": pattern, "patternErrorMessage": "Write a number and a known unit: 330 t/h"}
    return text if with_unit else {"anyOf": [text, {"type": "number"}]}


def _origins(marks: Sequence[str]) -> list[JsonSchemaValue]:
    """Exactly one of a source and the marks must stand there."""
    marked = [{"required": [name], "properties": {name: {"const": True}}} for name in marks]
    return [{"required": ["source"], "properties": {"source": {"type": "string"}}}, *marked]


def nearest(name: object, known: Sequence[str]) -> str:
    """The way out for an unknown name: the nearest known one, or the list of all.

    Examples
    --------
    >>> nearest("capacitiy", ["owner", "capacity"])
    "Did you mean 'capacity'?"
    """
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    if not known:
        return "None is declared"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"Known are: {', '.join(known[:_LISTED])}{more}"


def shown(raw: object) -> str:
    """A found value on one short line: texts in quotation marks, mappings and lists cut.

    Examples
    --------
    >>> shown("330 kWh"), shown(-3), shown({"value": 1, "unit": "t"})
    ('"330 kWh"', '-3', 'a mapping with value, unit')
    """
    if isinstance(raw, str):
        return f'"{raw}"' if len(raw) <= 60 else f'"{raw[:57]}..."'
    if isinstance(raw, Mapping):
        return f"a mapping with {', '.join(map(str, raw))}"[:80] if raw else "an empty mapping"
    if isinstance(raw, list | tuple):
        return f"a list of {len(raw)}"
    if raw is None:
        return "nothing"
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


@dataclass
class _Notes:
    """Which keys were known where, by the identity of the mapping: so that an unknown key finds its nearest."""

    known: dict[int, tuple[str, ...]]


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(str(field.validation_alias or field.alias or name) for name, field in model.model_fields.items())


def require_origin(source: str | None, synthetic: bool, own: bool = False) -> None:
    """Raise ``WrongValue`` unless there is exactly one of a source and the marks *own* and *synthetic*."""
    origins = [source is not None, own, synthetic]
    if not any(origins):
        expected = "a source, or the mark that the value is the plant's own or synthetic"
        raise WrongValue("missing_source", expected, _SOURCE_OR_SYNTHETIC, "neither")
    if sum(origins) > 1:
        way_out = "Keep 'source' for a published figure, 'own: true' for the plant's, 'synthetic: true' for a made-up"
        raise WrongValue("two_origins", "either a source, own: true or synthetic: true", way_out, "more than one")


def _problem(detail: ErrorDetails, data: object, notes: _Notes) -> Problem:
    kind, raw, context = detail["type"], detail["input"], detail.get("ctx", {})
    path, parent = _address(detail["loc"], data, of_missing_key=kind == "missing")
    last = str(path[-1]) if path else ""
    if kind == "missing" and isinstance(detail["loc"][-1], int):
        return Problem(path, "wrong_type", "too few entries", "a longer list", "Add what is missing")
    if kind == "too_long":
        return Problem(path, "wrong_type", shown(raw), f"a list of {context['max_length']}", "Remove what is too much")
    if kind == "missing":
        return Problem(path[:-1], "missing_key", f"no {last!r}", f"a key {last!r}", f"Add {last!r}")
    if kind == "extra_forbidden":
        known = notes.known.get(id(parent), ())
        return Problem(path, "unknown_key", f"the key {last!r}", "a known key", nearest(last, known))
    if "way_out" in context:
        found = context["found"] or shown(raw)
        return Problem((*path, *context["at"]), kind, found, context["expected"], context["way_out"])
    if kind == "union_tag_invalid":
        known = tuple(name.strip(" '") for name in str(context["expected_tags"]).split(","))
        found = str(context["tag"])
        return Problem((*path, "kind"), "unknown_kind", shown(found), "a known kind", nearest(found, known))
    if kind == "union_tag_not_found":
        return Problem(path, "missing_key", "no 'kind'", "a key 'kind'", "Add 'kind'")
    if kind == "literal_error":
        choices = str(context["expected"]).replace("'", "")
        return Problem(path, "unknown_choice", shown(raw), choices, "Choose one of these")
    expected = _EXPECTED.get(kind) or detail["msg"].removeprefix("Input should be ")
    return Problem(path, "wrong_type", shown(raw), expected, f"Write {expected}")


_EXPECTED = {
    "model_type": "a mapping of keys to values",
    "dict_type": "a mapping of names to entries",
    "tuple_type": "a list",
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_too_short": "a text that is not empty",
}


def _address(location: Sequence[str | int], data: object, *, of_missing_key: bool) -> tuple[Path, object]:
    """Path in the document of an error's location, and the mapping that holds its last key.

    pydantic adds names of its own (the tag of a union, ``[key]``); what is not in the document is left out, except the
    last one where it is the key that is missing.
    """
    path: list[str | int] = []
    node, parent = data, data
    for position, step in enumerate(location):
        inside = (isinstance(node, Mapping) and step in node) or (
            isinstance(node, list) and isinstance(step, int) and step < len(node)
        )
        if inside:
            parent, node = node, node[step]  # type: ignore[index]  # checked above
        elif not of_missing_key or position < len(location) - 1 or not isinstance(node, Mapping):
            continue
        else:
            parent = node
        path.append(step)
    return tuple(path), parent


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


Sourced.model_rebuild()
Price.model_rebuild()
