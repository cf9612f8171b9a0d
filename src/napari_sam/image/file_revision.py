"""File revision: a value that changes with the files of an image."""

import os
import time
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .companions import companion_files

RECENT = 2.0
"""Seconds after a change during which a file may change again without a new modification time, on
file systems with coarse times: until then its revision is not known."""

MOST_FILES = 16
"""Files of an image up to which all are looked at for each answer."""

Revision = Callable[[], Hashable]
"""Function to a value that differs whenever pixels of an image may have changed; None as long as
that is not known."""


def revision_of(path: Path | str, data: Any) -> Revision | None:
    """Function to the revision of an image in regular files.

    Parameters
    ----------
    path : Path or str
        As the image was given; a str is a URL.
    data : array-like
        The opened image.

    Returns
    -------
    callable or None
        None for a folder, a URL, and for pixels in memory, which can change without the file.
    """
    in_memory = isinstance(data, np.ndarray) and not isinstance(data, np.memmap)
    if in_memory or not isinstance(path, Path) or not path.is_file():
        return None
    files = sorted({path, *companion_files(path)})
    return partial(file_revision, files) if len(files) <= MOST_FILES else None


def file_revision(files: list[Path]) -> Hashable:
    """Sizes and modification times of files; None if one is missing or was changed just now."""
    try:
        states = [os.stat(file) for file in files]
    except OSError:
        return None
    if any(abs(time.time() - state.st_mtime) < RECENT for state in states):
        return None
    return tuple((state.st_mtime_ns, state.st_size, state.st_ino) for state in states)
