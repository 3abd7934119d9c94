"""The one door for every sentence a person reads.

``_("Plan both businesses")`` looks the sentence up in the catalogue of the chosen language; without a catalogue it is
English as written. Catalogues lie in ``ferrolan/locale/<language>/LC_MESSAGES/ferrolan.mo``. The language is chosen
once, at the top of a process, with ``use``; no number depends on it.
"""

from __future__ import annotations

import gettext
from pathlib import Path

_DOMAIN = "ferrolan"
_FOLDER = Path(__file__).parent.parent / "locale"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """Choose the language of what follows, such as ``"en"`` or ``"zh"``; unknown ones fall back to English."""
    global _catalogue
    _catalogue = gettext.translation(_DOMAIN, localedir=_FOLDER, languages=[language], fallback=True)


def _(message: str) -> str:
    """The message in the chosen language."""
    return _catalogue.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of the message that fits the count, in the chosen language."""
    return _catalogue.ngettext(one, many, count)
