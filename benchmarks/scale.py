"""How work grows with the image and with the workers, as one table.

    python benchmarks/scale.py [--rounds 5] [--only workers ...]

Each row is a bar, with what is measured here now. Figures of a busy machine say little: the load is
printed before and after.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_sam import Session
from napari_sam.cluster.cluster import Cluster
from napari_sam.cluster.scheduler import connect

MODEL = "cells-tiny"
SIDE = 512  # of a plane, which is one tile
PLANES = 16


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, and what it should be."""

    what: str
    measured: str
    aim: str
    met: bool


# --- workers -----------------------------------------------------------------------------------


def cells(folder: Path) -> Path:
    """A small stack with cells on each plane: much to compute, little to read."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    planes = random.integers(0, 40, (PLANES, SIDE, SIDE)).astype(np.uint8)
    for plane in planes:
        for cy, cx in random.uniform(20, SIDE - 20, (30, 2)):
            plane[(y - cy) ** 2 + (x - cx) ** 2 < 150] += 60
    path = folder / "cells.npy"
    np.save(path, planes)
    return path


def tiles_per_second(cluster: Cluster, image: Path, folder: Path) -> float:
    """Of all tiles of an image, found anew; without what comes after them."""
    session = Session.open(image, model=MODEL, cache_dir=False, device="cpu")
    total = len(session.tiles())
    steps = iter(session.segment_mosaic(folder, cluster.segment))
    started = time.perf_counter()
    for _ in range(total):
        next(steps)
    return total / (time.perf_counter() - started)


def workers(rounds: int) -> Iterator[Row]:
    """One worker of one thread, and two; they take turns, and models are loaded before."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        image = cells(folder)
        clusters = [
            Cluster(stack.enter_context(connect(f"local:{count}")), MODEL, "cpu")
            for count in (1, 2)
        ]
        rates: list[tuple[float, float]] = []
        for number in range(rounds + 1):
            places = (folder / f"{number}.{count}" for count in (1, 2))
            one, two = (
                tiles_per_second(cluster, image, place)
                for cluster, place in zip(clusters, places, strict=True)
            )
            rates.append((one, two))
            print(f"round {number}: {one:.2f}, {two:.2f} tiles/s, {load()}", file=sys.stderr)
    one, two = (statistics.median(column) for column in zip(*rates[1:], strict=True))
    ratio = statistics.median(two / one for one, two in rates[1:])
    yield Row(f"tiles of {SIDE} a second, one worker; two", f"{one:.2f}; {two:.2f}", "", True)
    yield Row("two workers, times one", f"{ratio:.2f}", ">= 1.6", ratio >= 1.6)


# --- the table ---------------------------------------------------------------------------------

ROWS: dict[str, Callable[[int], Iterator[Row]]] = {"workers": workers}


def load() -> str:
    """How many programs want the processor, on average over a minute, and how many it can serve."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> int:
    """Measure, print, and say whether all bars are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS))
    options = parser.parse_args()
    before = load()
    rows = [row for name in options.only for row in ROWS[name](options.rounds)]
    print("| | measured | bar |", "|---|---|---|", sep="\n")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.aim}{'' if row.met else ' MISSED'} |")
    print(f"\n{before} before, {load()} after")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
