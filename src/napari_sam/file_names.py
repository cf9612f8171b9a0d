"""File names: printable in every file and terminal, and no longer than disks allow."""

import os
import re
from pathlib import Path

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, which XML cannot hold, and surrogates, which UTF-8 cannot hold."""


def printable(name: str | Path) -> str:
    r"""Text of a file name or path, for reports, metadata and terminals.

    File systems take names of any bytes, such as those of old instruments in Latin-1. Python keeps
    bytes that are no UTF-8 as lone surrogates, which can be written to no file of text, JSON or
    XML.

    Parameters
    ----------
    name : str or Path
        Name or path, as the operating system gives it.

    Returns
    -------
    str
        Equal to `name` if all of it can be printed; otherwise bytes that are no UTF-8 and control
        characters are written as escapes: ``lat\xb5.tif``. Different names stay different.
    """
    return _UNPRINTABLE.sub(_escape, str(name))


def _escape(character: re.Match[str]) -> str:
    number = ord(character[0])
    byte = number - 0xDC00 if 0xDC80 <= number <= 0xDCFF else number  # of PEP 383
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{number:04x}"


def shortened(name: str, most: int) -> str:
    """Cut a file name to a number of bytes.

    Parameters
    ----------
    name : str
        A file name.
    most : int
        Bytes of the result, at most, in the encoding of the file system. No character is cut.

    Returns
    -------
    str
        The beginning of `name`.
    """
    while len(os.fsencode(name)) > most:
        name = name[:-1]
    return name
