"""The entry of a watched folder in a document.

``{kind: folder, path: //laboratory/drop, pattern: "*.csv", time_column: Zeit, time_format: "%d.%m.%Y %H:%M"}`` takes
every CSV file that is dropped there. Its other keys are those of ``kind: csv``, ``excel`` and ``parquet``.
"""

from __future__ import annotations

from typing import Literal, Self

from ferrolan.base.schema import Count, Flag, Text, after
from ferrolan.base.spans import Span
from ferrolan.sources.declared import FileLayout


class FolderSource(FileLayout):
    """A folder in which files of one layout appear; nothing in it is ever moved, changed or deleted."""

    kind: Literal["folder"]
    """A folder that is looked through again and again."""
    path: Text
    """Folder, relative to the document."""
    pattern: Text = "*"
    """Which names are meant, such as ``*.csv``; hidden files and those of unfinished copies never are."""
    below: Flag = False
    """Whether folders within the folder are looked through as well; links to folders are not followed."""
    period: Span = "10 s"
    """Time from look to look."""
    settle: Span = "10 s"
    """How long size and time of a file must have stood still before it is taken as whole."""
    order: Literal["name", "modified"] = "name"
    """In which order files that are ready together are taken; of two values at one time the later file's counts."""
    remember: Count = 5000
    """How many files are known again. Those that lie there always are; of those that are gone, the one taken longest
    ago is forgotten first."""

    @after
    def _has_a_format(self) -> Self:
        return self.require_format_of(self.pattern)
