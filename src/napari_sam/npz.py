"""Npz: arrays of an ``.npz`` file, read after a check of their sizes."""

import math
import zipfile
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import NapariSamError, reason

_MOST_PACKED = 1100
"""Bytes that a packed byte unpacks to, at most; Deflate reaches 1032 (RFC 1951)."""

_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
"""Version of the npy format -> its reader; later versions are for named fields alone."""


def read_npz(
    file: IO[bytes], keys: Sequence[str], name: str, error: type[NapariSamError]
) -> dict[str, NDArray[Any]]:
    """Read arrays of an ``.npz`` file, which others may have written, or damaged.

    Nothing is unpickled, and no more memory is used than the file can fill.

    Parameters
    ----------
    file : binary file
        The file, at its start.
    keys : sequence of str
        Names of the arrays.
    name : str
        The file, as the message should name it.
    error : type of NapariSamError
        Raised for another file.

    Returns
    -------
    dict of str to ndarray
        Array by name: numbers of any shape.

    Raises
    ------
    NapariSamError
        Of the class `error`: if the file is damaged or no ``.npz``, or an array is missing or holds
        no numbers.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return {key: _array(archive, key) for key in keys}
    except Exception as problem:  # zipfile, its codecs and numpy raise errors of many kinds
        raise error(
            f"{name} has no arrays {' and '.join(keys)} that can be read: {reason(problem)}"
        ) from problem


def _array(archive: zipfile.ZipFile, key: str) -> NDArray[Any]:
    """Read an array after a look at its header."""
    entry = archive.getinfo(f"{key}.npy")
    if entry.file_size > _MOST_PACKED * entry.compress_size:
        raise ValueError(f"{key} claims more bytes than the file can hold")
    with archive.open(entry) as content:
        version = np.lib.format.read_magic(content)
        shape, _, dtype = _HEADER_READERS[version](content)
        claimed = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "buif" or min(shape, default=0) < 0:
            raise ValueError(f"{key} holds no numbers")
        if claimed > entry.file_size:
            raise ValueError(f"{key} is cut off")
    with archive.open(entry) as content:
        array: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
        return array
