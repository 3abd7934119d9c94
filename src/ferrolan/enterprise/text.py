"""The text of a declared file: the only way a document, a tag map or a mapping comes off the disk.

``plant.yaml`` is text in UTF-8. A folder, a pipe such as ``/dev/stdin`` or a device such as ``/dev/zero``, which never
ends, is refused before a byte of it is read; a byte that is no UTF-8 is named with its line.
"""

from __future__ import annotations

from pathlib import Path

from ferrolan.base.errors import DocumentError, Fault


def read_text(path: Path) -> tuple[bytes, str]:
    """Bytes and text of a file.

    Parameters
    ----------
    path
        The file, in UTF-8 with or without a byte-order mark.

    Raises
    ------
    DocumentError
        If it is not there, is no file, cannot be read, or is not in UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise DocumentError([Fault(str(path), 0, "", "a folder or device", "a file", "Check the path", "no_file")])
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # the second: a path that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        way_out = "Check the path"
        raise DocumentError([Fault(str(path), 0, "", reason.lower(), "a file", way_out, "no_file")]) from error
    try:
        return content, content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}"
        fault = Fault(str(path), line, "", found, "text in UTF-8", "Save the file as UTF-8", "wrong_encoding")
        raise DocumentError([fault]) from error
