"""A walk through the address space of a server: every variable with what the server says of it.

From the Objects folder down, level by level, each node once however many paths lead to it, and never more than a bound.
The server's own diagnostics stay out. A variable that states ``EngineeringUnits`` and ``EURange``, as the temperature
of a hot blast main does, comes with its unit code and its range.

References
----------
OPC Foundation, OPC 10000-8, section 5.6 (EUInformation, Range; UNECE codes); OPC 10000-3, section 5.6 (Variable).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from asyncua import ua

from ferrolan.base.unece import code_of_id
from ferrolan.sources.browsed import Found
from ferrolan.sources.opcua.session import Reference, Session, standard

MOST = 100_000
"""Most nodes that are visited."""

_UNECE = "http://www.opcfoundation.org/UA/units/un/cefact"
_DESCRIBED = ("EngineeringUnits", "EURange")
_STEPPED = ("Boolean", "String")
_BUILT_IN = 29  # numbers of the built-in types end here


async def walked(session: Session, limit: int = MOST) -> tuple[Found, ...]:
    """Every variable below Objects, at most ``limit`` nodes deep in the walk."""
    variables = await _variables(session, limit)
    nodes = [one.node for one, _ in variables]
    types = await session.raw(nodes, ua.AttributeIds.DataType)
    said = await session.raw(nodes, ua.AttributeIds.Description)
    historized = await session.raw(nodes, ua.AttributeIds.Historizing)
    units = await _units(session, nodes)
    return tuple(
        _found(session, one, path, kind, text, kept, unit)
        for (one, path), kind, text, kept, unit in zip(variables, types, said, historized, units, strict=True)
    )


async def _variables(session: Session, limit: int) -> list[tuple[Reference, tuple[str, ...]]]:
    """Variables with their paths, level by level."""
    server = standard(ua.ObjectIds.Server).to_string()
    level: list[tuple[ua.NodeId, tuple[str, ...]]] = [(standard(ua.ObjectIds.ObjectsFolder), ())]
    seen = {server, level[0][0].to_string()}
    found: list[tuple[Reference, tuple[str, ...]]] = []
    while level and len(seen) < limit:
        deeper: list[tuple[ua.NodeId, tuple[str, ...]]] = []
        for (_, path), children in zip(level, await session.children([node for node, _ in level]), strict=True):
            for child in children:
                if child.node.to_string() in seen or child.browse_name in _DESCRIBED or len(seen) >= limit:
                    continue
                seen.add(child.node.to_string())
                deeper.append((child.node, (*path, child.name)))
                if child.is_variable:
                    found.append((child, (*path, child.name)))
        level = deeper
    return found


async def _units(session: Session, nodes: Sequence[ua.NodeId]) -> list[Mapping[str, object]]:
    """Unit and range of each variable, where it states them."""
    properties = await session.children(nodes, properties=True)
    wanted = [(row, one) for row, held in enumerate(properties) for one in held if one.browse_name in _DESCRIBED]
    values = await session.raw([one.node for _, one in wanted], ua.AttributeIds.Value)
    found: list[dict[str, object]] = [{} for _ in nodes]
    for (row, one), value in zip(wanted, values, strict=True):
        found[row][one.browse_name] = value
    return list(found)


def _found(
    session: Session, one: Reference, path: tuple[str, ...], kind: object, said: object, kept: object,
    unit: Mapping[str, object],
) -> Found:  # fmt: skip
    measure, span = unit.get("EngineeringUnits"), unit.get("EURange")
    name = _type_name(kind)
    stepped = True if name in _STEPPED or name.endswith(("Enumeration", "Enum")) else None
    return Found(
        name=one.name, address=_address(session, one.node), path=path, data_type=name,
        unit_code=_unit_code(measure), unit_text=_unit_text(measure),
        lo=_number(getattr(span, "Low", None)), hi=_number(getattr(span, "High", None)),
        description=(said.Text or "") if isinstance(said, ua.LocalizedText) else "", stepped=stepped,
        historized=kept if isinstance(kept, bool) else None,
    )  # fmt: skip


def _address(session: Session, node: ua.NodeId) -> str:
    """The address with the URI of its namespace, whose number may change with a restart."""
    letter = {ua.NodeIdType.String: "s", ua.NodeIdType.Guid: "g", ua.NodeIdType.ByteString: "b"}.get(
        node.NodeIdType, "i"
    )
    identifier = node.Identifier
    text = base64.b64encode(identifier).decode("ascii") if isinstance(identifier, bytes) else str(identifier)
    number = int(node.NamespaceIndex)
    if number == 0:
        return f"{letter}={text}"
    known = number < len(session.namespaces)
    return f"nsu={session.namespaces[number]};{letter}={text}" if known else f"ns={number};{letter}={text}"


def _type_name(kind: object) -> str:
    if not isinstance(kind, ua.NodeId):
        return ""
    if kind.NamespaceIndex == 0 and isinstance(kind.Identifier, int):
        try:
            return str(ua.ObjectIdNames[kind.Identifier])
        except KeyError:
            return f"i={kind.Identifier}"
    return str(kind.to_string())


def _unit_code(measure: object) -> str:
    number, uri = getattr(measure, "UnitId", None), getattr(measure, "NamespaceUri", None)
    if not isinstance(number, int) or number <= 0 or (uri and uri.lower() != _UNECE.lower()):
        return ""
    return code_of_id(number) or ""


def _unit_text(measure: object) -> str:
    shown = getattr(measure, "DisplayName", None)
    return (shown.Text or "") if isinstance(shown, ua.LocalizedText) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
