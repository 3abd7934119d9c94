"""The tag map: which address of which source is which quantity of which stream, stock or unit, and how sure it is.

``WT-214`` is the belt scale of the flotation feed: dry tonnes per hour, taken as a time-weighted mean, with a standard
deviation of 1 % over a period. The map is a CSV file with one row a tag, so that it can be kept where tags are kept, or
YAML. Its columns follow ISA-95 (a place in the works), UNECE Recommendation 20 (units) and OPC UA (stepped, limits).
"""

from __future__ import annotations

from ferrolan.enterprise.tags.row import LEVELS, MOST_RELATIVE, STEPPED
from ferrolan.enterprise.tags.table import COLUMNS, HEADER, OPTIONAL, read_cells, read_tags, written
from ferrolan.enterprise.tags.tag import (
    AUTHORITIES,
    BASES,
    FORM_UNITS,
    LIQUOR_UNITS,
    METHODS,
    TAG_KINDS,
    Authority,
    Basis,
    Method,
    Tag,
    TagKind,
)

__all__ = [
    "AUTHORITIES",
    "BASES",
    "COLUMNS",
    "FORM_UNITS",
    "HEADER",
    "LEVELS",
    "LIQUOR_UNITS",
    "METHODS",
    "MOST_RELATIVE",
    "OPTIONAL",
    "STEPPED",
    "TAG_KINDS",
    "Authority",
    "Basis",
    "Method",
    "Tag",
    "TagKind",
    "read_cells",
    "read_tags",
    "written",
]
