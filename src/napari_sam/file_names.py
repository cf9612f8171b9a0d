"""File names: as text that every file and terminal takes, and cut to a length that disks take."""

import os
from pathlib import Path


def printable(name: str | Path) -> str:
    r"""Text of a file name or path, for reports, metadata and terminals.

    File systems take names of any bytes, such as those of old instruments in Latin-1. Python keeps
    bytes that are no UTF-8 as lone surrogates, which UTF-8 files, XML and JSON cannot hold.

    Parameters
    ----------
    name : str or Path
        Name or path, as the operating system gives it.

    Returns
    -------
    str
        Equal to `name` if it is Unicode. Otherwise each other byte is written as an escape:
        ``lat\xb5.tif``. Different names stay different.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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
