"""The one door for every sentence a person reads.

``_("Plan both businesses")`` looks the sentence up in the catalogue of the chosen language; English stands in the
source itself and needs none. Catalogues lie in ``ferrolan/locale/<language>/LC_MESSAGES/ferrolan.mo``. The language is
chosen once, at the top of a process, with ``use``; no number depends on it, and what a document says itself stays as it
is.
"""

from __future__ import annotations

import gettext
from pathlib import Path

from ferrolan.base.errors import SurroundingsError

_DOMAIN = "ferrolan"
_FOLDER = Path(__file__).parent.parent / "locale"
_SOURCE = "en"  # the language the sentences are written in
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """Choose the language of what follows, such as ``"en"`` or ``"zh"``.

    Raises
    ------
    SurroundingsError
        If there is no catalogue of that language; the language stays as it was.
    """
    global _catalogue
    if language == _SOURCE:
        _catalogue = gettext.NullTranslations()
        return
    try:
        _catalogue = gettext.translation(_DOMAIN, localedir=_FOLDER, languages=[language])
    except OSError as error:
        known = ", ".join(languages())
        raise SurroundingsError(f"no catalogue of the language {language!r}; there is: {known}") from error


def languages() -> tuple[str, ...]:
    """The languages there are: English, and every one with a catalogue."""
    found = {path.parent.parent.name for path in _FOLDER.glob(f"*/LC_MESSAGES/{_DOMAIN}.mo")}
    return _SOURCE, *sorted(found - {_SOURCE})


def _(message: str) -> str:
    """The message in the chosen language."""
    return _catalogue.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of the message that fits the count, in the chosen language."""
    return _catalogue.ngettext(one, many, count)
