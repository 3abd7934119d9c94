"""What a server says of its variables: the texts of their enumerations, their types by name.

The state of a blower is 2, and its server says what that means: ``EnumStrings`` of the type holds *Stopped*,
*Starting*, *Running*; ``EnumValues`` holds pairs of number and text where the numbers have holes.

References
----------
OPC Foundation, OPC 10000-3, section 8.4 and 5.8.3 (DataType, EnumStrings, EnumValues).
"""

from __future__ import annotations

from collections.abc import Mapping

from asyncua import ua

from ferrolan.sources.opcua.session import Session


async def enumerations(session: Session, nodes: Mapping[int, ua.NodeId]) -> dict[int, Mapping[int, str]]:
    """Texts by number for those of the variables (by place) whose type is an enumeration with texts."""
    found = await session.raw(list(nodes.values()), ua.AttributeIds.DataType)
    types = {place: one for place, one in zip(nodes, found, strict=True) if isinstance(one, ua.NodeId) and _own(one)}
    distinct = list({str(one): one for one in types.values()}.values())
    texts = dict(zip(map(str, distinct), await _texts(session, distinct), strict=True))
    return {place: texts[str(one)] for place, one in types.items() if texts[str(one)]}


async def _texts(session: Session, types: list[ua.NodeId]) -> list[Mapping[int, str]]:
    properties = await session.children(types, properties=True)
    chosen = [
        next((one.node for one in children if one.browse_name in ("EnumStrings", "EnumValues")), None)
        for children in properties
    ]
    values = iter(await session.raw([one for one in chosen if one is not None], ua.AttributeIds.Value))
    return [_numbered(next(values)) if one is not None else {} for one in chosen]


def _numbered(value: object) -> Mapping[int, str]:
    if not isinstance(value, list):
        return {}
    if all(isinstance(one, ua.LocalizedText) for one in value):
        return {number: one.Text or "" for number, one in enumerate(value)}
    return {int(one.Value): one.DisplayName.Text or "" for one in value if isinstance(one, ua.EnumValueType)}


def _own(node: ua.NodeId) -> bool:
    """Whether a type may be an enumeration: no built-in one of the standard, which have numbers up to 29."""
    return node.NamespaceIndex != 0 or (isinstance(node.Identifier, int) and node.Identifier > 29)
