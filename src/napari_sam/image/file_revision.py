"""File revision: a value that changes with the files of an image."""

import os
import time
from collections.abc import Callable, Hashable, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

RECENT = 2.0
"""Seconds after a change during which a file may change again without a new modification time, on
file systems with coarse times: until then its revision is not known."""

MOST_CHUNKS = 1024
"""Largest number of chunks of a region whose files are looked at, some microseconds each."""

Revision = Callable[[], Hashable]
"""Function to a value that differs whenever pixels of an image may have changed; None as long as
that is not known."""


def file_revision(files: Sequence[Path]) -> Hashable:
    """Sizes and modification times of files; None if one of them was changed just now.

    A missing file counts as such: a zarr has no file for a chunk of its fill value.
    """
    states = [_state(file) for file in files]
    now = time.time_ns()
    if any(state is not None and abs(now - state[0]) < RECENT * 1e9 for state in states):
        return None
    return tuple(states)


def chunk_revision(data: Any, index: tuple[int | slice, ...]) -> Hashable:
    """Revision of a region of a zarr array in a folder.

    Parameters
    ----------
    data : array-like
        The image.
    index : tuple of int or slice
        The region: for each dimension an index, or a slice with start and stop.

    Returns
    -------
    Hashable
        That of the files of the chunks or shards in the region; None for any other array, and for
        a region of more than :data:`MOST_CHUNKS`.
    """
    root = getattr(getattr(data, "store", None), "root", None)
    if not isinstance(root, Path):
        return None
    sizes = data.shards or data.chunks
    spans = [
        range(part // n, part // n + 1)
        if isinstance(part, int)
        else range(part.start // n, (part.stop - 1) // n + 1)
        for part, n in zip(index, sizes, strict=True)
    ]
    if prod(map(len, spans)) > MOST_CHUNKS:
        return None
    folder = root / data.path
    return file_revision(
        [folder / data.metadata.encode_chunk_key(chunk) for chunk in product(*spans)]
    )


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        state = os.stat(file)
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
