"""The brief as PDF, from the very HTML that ``write`` makes, by WeasyPrint (extra ``ferrolan[pdf]``).

``pdf_of(tables, context)`` gives a tagged A4 file of the same text and figures. WeasyPrint
needs Pango on the system; where either is missing, the HTML is still there and the error says how to get the rest.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import polars as pl

from ferrolan.base.errors import SurroundingsError
from ferrolan.briefs.write import render
from ferrolan.views.context import Context

_WAY_OUT = (
    "a PDF needs WeasyPrint and the system library Pango: pip install 'ferrolan[pdf]' and, on Debian, apt-get install "
    "libpango-1.0-0 libpangoft2-1.0-0. The HTML brief needs neither."
)


def pdf_of(tables: Mapping[str, pl.DataFrame], context: Context) -> bytes:
    """The brief as a tagged PDF (PDF/UA-1; conformance is not validated).

    Parameters
    ----------
    tables, context
        As for ``write.write``.

    Raises
    ------
    SurroundingsError
        If WeasyPrint or a library it needs is missing; the message says how to get it.
    TableError
        If a table does not have its declared columns.
    """
    page = render(tables, context)
    try:
        weasyprint = importlib.import_module("weasyprint")
    except (ImportError, OSError) as error:
        raise SurroundingsError(f"{_WAY_OUT} (found: {error})") from error
    content: bytes = weasyprint.HTML(string=page).write_pdf(pdf_variant="pdf/ua-1")
    return content
