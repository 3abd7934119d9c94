"""From nothing to a document that loads: templates by kind of business, questions, the schema, every field in words.

``init`` writes a folder with a document, its tag map and the JSON Schema for editors. The templates are the shipped
examples themselves, so that there is no second copy that can rot.
"""

from ferrolan.starting.begin import Started, init
from ferrolan.starting.questions import ORDER, Question, answers, proposals
from ferrolan.starting.reference import Entry, entries
from ferrolan.starting.schema import SCHEMA_FILE, document_schema, mapping_schema, schema_text
from ferrolan.starting.templates import KINDS, Kind

__all__ = [
    "KINDS",
    "ORDER",
    "SCHEMA_FILE",
    "Entry",
    "Kind",
    "Question",
    "Started",
    "answers",
    "document_schema",
    "entries",
    "init",
    "mapping_schema",
    "proposals",
    "schema_text",
]
