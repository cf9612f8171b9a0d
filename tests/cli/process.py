"""What the tests of the command line share: the entry point, its one line of error, label files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
import zarr

Run = Callable[..., tuple[int, str, str]]


def assert_one_line(error: str, *words: str) -> None:
    assert error.startswith("napari-sam: ")
    assert error.endswith("\n")
    assert error.count("\n") == 1
    for word in words:
        assert word in error


def read_labels(path: Path) -> np.ndarray:
    if path.name.endswith(".zarr"):
        return np.asarray(zarr.open_group(path, mode="r")["0"])
    return tifffile.imread(path)
