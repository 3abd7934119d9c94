"""What every store on a server holds a registration to: a tag keeps the unit its values were stored in.

The temperature of a hot blast that was registered in K cannot come back in degC: the rows that are there would change
their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferrolan.base.errors import ProblemError
from ferrolan.historian.seam import NewTag


def refuse_other_units(tags: Sequence[NewTag], stored: Mapping[str, str]) -> None:
    """Refuse tags whose unit is another one than that of their name before.

    Parameters
    ----------
    tags
        To be registered.
    stored
        Unit of each registered name.

    Raises
    ------
    ProblemError
        Naming every such tag.
    """
    units = {tag.name: tag.unit for tag in reversed(tags)}
    wrong = [
        f"{tag.name}: {tag.unit or 'a text'} here, {expected or 'a text'} there"
        for tag in tags
        if tag.unit != (expected := stored.get(tag.name, units[tag.name]))
    ]
    if wrong:
        raise ProblemError(
            f"tags keep the unit they were registered with; {'; '.join(wrong)}. Give the changed tag a new name."
        )
