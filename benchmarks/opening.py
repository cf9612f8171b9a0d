"""Time to open a plane of a TIFF and choose its contrast, by the layout of the file.

    python benchmarks/opening.py [--side 8000] [--rounds 5]

Each row is a layout: the median time over the rounds, and its ratio to tiles without compression.
Layouts take turns in each round, and a round before the first is not counted. The file lies in the
cache of the system, so that reading from the disk is not part of the time. The plane has 16 bits
and noise, as a camera gives it.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import tifffile

from napari_sam.image.intensity import contrast_mapping
from napari_sam.image.read import read_image

TILES = "tiles"
LAYOUTS: dict[str, dict[str, Any]] = {
    TILES: {"tile": (512, 512)},
    "one strip": {"rowsperstrip": 2**31 - 1},
    "strips of a row": {"rowsperstrip": 1},
    "tiles, zlib": {"tile": (512, 512), "compression": "zlib"},
    "one strip, zlib": {"rowsperstrip": 2**31 - 1, "compression": "zlib"},
    "strips of 16 rows, LZW": {"rowsperstrip": 16, "compression": "lzw"},
}
"""Name of a layout -> options of tifffile."""


def write_layouts(folder: Path, side: int) -> dict[str, Path]:
    """Write the same plane in each layout; name -> file."""
    rng = np.random.default_rng(0)
    plane = rng.normal(100, 5, (side, side)).astype(np.uint16)
    plane[::50] += 300
    files = {name: folder / f"{number}.tif" for number, name in enumerate(LAYOUTS)}
    for name, path in files.items():
        tifffile.imwrite(path, plane, photometric="minisblack", **LAYOUTS[name])
    return files


def opening_time(path: Path) -> float:
    """Seconds to open a file and choose its contrast."""
    start = perf_counter()
    contrast_mapping(read_image(path))
    return perf_counter() - start


def main() -> None:
    """Measure all layouts, and print a row for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--side", type=int, default=8000, help="pixels along the plane")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_layouts(Path(folder), arguments.side)
        seconds: dict[str, list[float]] = {name: [] for name in files}
        for _ in range(arguments.rounds + 1):
            for name, path in files.items():
                seconds[name].append(opening_time(path))
    medians = {name: median(times[1:]) for name, times in seconds.items()}
    for name, value in medians.items():
        print(f"{name:24} {value:7.2f} s  {value / medians[TILES]:6.2f} x")


if __name__ == "__main__":
    main()
