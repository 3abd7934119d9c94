"""Secrets stand outside the document: it says where one is, never what it is.

``password: {env: HISTORIAN_PASSWORD}`` names a variable of the environment, ``password: {file: /run/secrets/lims}`` a
file whose first line it is. The text itself is read when a connection is made, never shown, and taken out of whatever
is logged or exported (``hidden``).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.schema import Model, Text, WrongValue, after

HIDDEN = "…"
"""What stands in place of a secret."""

_SHORTEST = 3  # characters of a secret that can be taken out of a text without leaving nothing of it
_IN_URL = re.compile(r"(://[^/\s:]*):(?!\d{1,5}[/?\s])[^\s\"'<>]*@")
_IN_QUERY = re.compile(r"(?i)\b((?:ssl_?|key_?)?(?:password|passwd|passphrase|pwd)=)(?:'[^']*'|[^\s&;,\"']+)")


class Secret(Model):
    """Where a secret stands."""

    env: Text | None = None
    """Variable of the environment that holds it."""
    file: Text | None = None
    """File whose first line it is; a relative path counts from the document."""

    @after
    def _is_in_one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            found = "nothing" if self.env is None else "both env and file"
            way_out = "Write {env: NAME} or {file: PATH}; the secret itself has no place in a document"
            raise WrongValue("wrong_secret", "where the secret stands", way_out, found, ())
        return self

    def read(self, folder: Path = Path()) -> str:
        """The secret itself.

        Parameters
        ----------
        folder
            Folder from which a relative path counts.

        Raises
        ------
        SurroundingsError
            If the variable is not set or the file cannot be read, or is empty.
        """
        if self.env is not None:
            return _there(os.environ.get(self.env, ""), f"the variable {self.env}", f"Set {self.env}")
        path = folder / (self.file or "")
        try:
            text = path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError):
            text = ""
        return _there(text, str(path), "Write it into the first line of that file, readable to this user alone")


def secrets_of(model: object) -> Iterator[Secret]:
    """Every secret a model of a document names, however deep."""
    if isinstance(model, Secret):
        yield model
    elif isinstance(model, Model):
        for name in type(model).model_fields:
            yield from secrets_of(getattr(model, name))
    elif isinstance(model, Mapping):
        for value in model.values():
            yield from secrets_of(value)
    elif isinstance(model, tuple | list):
        for value in model:
            yield from secrets_of(value)


def hidden(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without secrets: those that are given, and the password of any URL.

    Examples
    --------
    >>> hidden("cannot reach postgresql://writer:rust@db/plant with rust", ["rust"])
    'cannot reach postgresql://writer:…@db/plant with …'
    """
    forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1:{HIDDEN}@", text))


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may stand in a text: as it is, in a URL, in JSON, within quotes of Python."""
    yield secret
    if not (secret.isascii() and secret.isalnum()):
        yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
        yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
        yield from (repr(secret)[1:-1], repr(f"{secret}'")[1:-2], repr(f"{secret}'\"")[1:-4])


def _there(text: str, where: str, way_out: str) -> str:
    if text:
        return text
    raise SurroundingsError(str(Fault(where, 0, "", "nothing", "a secret", f"{way_out}.", "missing_secret")))
