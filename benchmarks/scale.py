"""Growth of time and memory with the image and with the workers.

    python benchmarks/scale.py --data ../shared/data/val [--rounds 5] [--only workers ...]
        [--side 16384] [--large 32768]

workers    Tiles per second of a stack of small planes, with one worker of one thread and with two.
pipeline   Real images: time of `embed` and `segment --quick` beyond that of the encoder alone, and
           the time of `segment` with a closer look at small objects.
seams      Real images in one window of 1024 pixels, and in forced tiles of 256: average precision
           of the second against the first at an IoU of 0.5, TP / (TP + FP + FN).
mosaic     Real images side by side in an image of SIDE x SIDE: number of objects, against the sum
           over the images alone.
memory     Peak memory of processes that segment 4096 x 4096 and LARGE x LARGE from disk to disk.

A row has a measured value and, where one was agreed on, a bar for it. Values from a busy machine
mean little: the load is printed before and after. Times are medians over rounds in which the ways
take turns, without the first round. The model is cells-tiny. `mosaic` takes half an hour on two
cores, and `memory` an hour: neither looks closer at small objects, which would take five times as
long.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
import zarr
from numpy.typing import NDArray
from skimage.color import rgb2gray

from napari_sam import Session
from napari_sam.cluster.cluster import Cluster
from napari_sam.cluster.scheduler import connect
from napari_sam.embeddings import EmbeddingCache
from napari_sam.model.sam import Sam
from napari_sam.mosaic.tile_folder import tile_folder_of
from napari_sam.plugin.samples import generate_nuclei
from napari_sam.weights.load import load_model

MODEL = "cells-tiny"
SIDE = 512  # pixels along a plane for `workers`, which is a single tile
PLANES = 16  # of the stack for `workers`
PIPELINE_SIDE = 2048  # pixels along the image for `pipeline`
GAP = 32  # pixels between images in a packed image
SETS = (
    "nuclei_fluo",
    "nuclei_histology",
    "nuclei_brightfield",
    "cells_phase",
    "axons_sem",
)
Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Row:
    """Row of the table: measured value, its bar, and whether the bar is met."""

    what: str
    measured: str
    aim: str
    met: bool


@dataclass(frozen=True, slots=True)
class Options:
    """Folder of the images, number of rounds, and sides of the large images in pixels."""

    data: Path
    rounds: int
    side: int
    large: int


# --- workers -----------------------------------------------------------------------------------


def cells(folder: Path) -> Path:
    """Write a small stack with cells on each plane: much to compute, little to read."""
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
    """Segment all tiles of an image and measure; the seams after the tiles do not count."""
    session = Session.open(image, model=MODEL, cache_dir=False, device="cpu")
    total = len(session.tiles())
    steps = iter(session.segment_mosaic(folder, cluster.segment))
    started = time.perf_counter()
    for _ in range(total):
        next(steps)
    return total / (time.perf_counter() - started)


def workers(options: Options) -> Iterator[Row]:
    """Compare a worker of one thread with two workers, in turns, with the model loaded."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        image = cells(folder)
        clusters = [
            Cluster(stack.enter_context(connect(f"local:{count}")), MODEL, "cpu")
            for count in (1, 2)
        ]
        rates: list[tuple[float, float]] = []
        for number in range(options.rounds + 1):
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


# --- what the rest costs beside the encoder ----------------------------------------------------


def pipeline(options: Options) -> Iterator[Row]:
    """Measure the encoder, `embed`, `segment --quick` and `segment` on real images, in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pixels, _ = packed(val_images(options.data), PIPELINE_SIDE)
        times = []
        for number in range(options.rounds + 1):
            session = Session.open(
                pixels, model=MODEL, contrast=(0, 255), cache_dir=folder / f"{number}.cache"
            )
            bare = seconds(encode_alone, session)
            embed = seconds(lambda: deque(session.encode(), 0))  # noqa: B023
            entry = cache_of(session).info()
            segmented = []
            for closer in (False, True):
                alone = Session.open(
                    pixels,
                    model=session.model,
                    contrast=(0, 255),
                    cache_dir=False,
                    closer=closer,
                )
                output = folder / f"{number}-{closer}.ome.zarr"
                segmented.append(seconds(segment_and_save, alone, output))
            times.append((bare, embed, *segmented))
            took = " ".join(f"{value:.1f}" for value in times[-1])
            print(f"round {number}: {took} s, {load()}", file=sys.stderr)
        writing = seconds(keep_again, session, folder / "copy.cache")
    tiles = len(session.tiles())
    bare = statistics.median(column[0] for column in times[1:])
    yield Row("tiles of 1024 a second, the encoder alone", f"{tiles / bare:.2f}", "", True)
    for i, what in ((1, "embed"), (2, "segment --quick")):
        more = statistics.median(column[i] / column[0] for column in times[1:]) - 1
        yield Row(
            f"`{what}` takes more than the encoder, by", f"{more:.0%}", "<= 20 %", more <= 0.2
        )
    longer = statistics.median(column[3] / column[2] for column in times[1:])
    yield Row("`segment` takes as long as `segment --quick`", f"{longer:.1f} times", "", True)
    size = entry.bytes / entry.tiles_done
    yield Row("a tile in the cache", f"{size / 1e6:.2f} MB", "", True)
    yield Row("the cache takes up", f"{tiles * size / writing / 1e6:.0f} MB/s", "", True)


def encode_alone(session: Session) -> None:
    """Run the image encoder on all tiles, with reading and mapping of pixels as in a session."""
    for tile in session.tiles():
        pixels = session.volume.read(tile.plane, *tile.bbox)
        rgb = torch.from_numpy(session.mapping.apply(pixels))
        with torch.inference_mode():
            session.model.encode_image(session.model.preprocess(rgb))


def segment_and_save(session: Session, path: Path) -> None:
    """Segment and save an image as ``napari-sam segment`` does."""
    deque(session.segment_mosaic(tile_folder_of(path)), 0)
    session.save(path)


def cache_of(session: Session) -> EmbeddingCache:
    """Return the embedding cache of a session."""
    assert session.encoder.cache is not None
    return session.encoder.cache


def keep_again(session: Session, folder: Path) -> None:
    """Copy all tiles from the cache of a session into a new one: measures writing.

    Reading the tiles is included, and takes much less time.
    """
    cached = cache_of(session)
    other = EmbeddingCache(folder, cached.spec)
    for tile in session.tiles():
        index = tile.index
        _, digest = session.encoder.read(tile)
        arrays = cached.get(index, digest)
        assert arrays is not None
        assert other.put(index, digest, arrays)


# --- seams -------------------------------------------------------------------------------------


def seams(options: Options) -> Iterator[Row]:
    """Compare forced tiles of 256 pixels with a single window of 1024, on real images."""
    for name in SETS:
        hits = missed = extra = 0
        for image in val_images(options.data, (name,)):
            if max(image.shape[:2]) <= 256:
                continue
            window, tiles = (whole_labels(image, size) for size in (1024, 256))
            tp = matches(window, tiles)
            hits, missed, extra = hits + tp, missed + count(window) - tp, extra + count(tiles) - tp
        score = hits / max(hits + missed + extra, 1)
        if hits + missed + extra:
            what = f"AP@0.5 of tiles of 256 against 1024, {name}"
            yield Row(what, f"{score:.2f}", ">= 0.95", score >= 0.95)


def whole_labels(
    image: Pixels, tile_size: int, contrast: object = "auto", closer: bool = True
) -> Labels:
    """Segment all objects of an image in tiles of `tile_size` pixels; returns ``(y, x)`` labels."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session.open(
            image,
            model=model(),
            contrast=contrast,
            cache_dir=False,
            tile_size=tile_size,
            closer=closer,
        )
        deque(session.segment_mosaic(folder), 0)
        return np.asarray(session.labels[:])


def matches(first: Labels, second: Labels) -> int:
    """Count the pairs of objects with an IoU above 0.5; such pairs have no object in common."""
    pairs, shared = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1, return_counts=True)
    sizes = [np.bincount(labels.ravel()) for labels in (first, second)]
    union = sizes[0][pairs[0]] + sizes[1][pairs[1]] - shared
    return int(np.sum((pairs > 0).all(axis=0) & (shared > union / 2)))


def count(labels: Labels) -> int:
    """Count the objects of a label image."""
    return len(np.setdiff1d(labels, 0))


# --- a large image -----------------------------------------------------------------------------


def mosaic(options: Options) -> Iterator[Row]:
    """Compare the objects of a large image of many real images with those of each image alone."""
    images = [grey(image) for image in val_images(options.data)]
    pixels, order = packed(images, options.side)
    alone = [count(whole_labels(image, 1024, (0, 255), closer=False)) for image in images]
    expected = sum(alone[i] for i in order)
    with tempfile.TemporaryDirectory() as folder:
        session = Session.open(
            pixels, model=model(), contrast=(0, 255), cache_dir=False, closer=False
        )
        deque(session.segment_mosaic(folder), 0)
    ratio = len(session.book.scores) / expected
    what = f"objects in {options.side} x {options.side}, of {expected} in its {len(order)} parts"
    yield Row(what, f"{ratio:.1%}", "99 % to 101 %", abs(ratio - 1) <= 0.01)


# --- memory ------------------------------------------------------------------------------------


def memory(options: Options) -> Iterator[Row]:
    """Measure the memory to segment images on disk, and what of it is beyond a small tile."""
    base, small, large = (peak(options.data, side) for side in (64, 4096, options.large))
    beyond = (large - base) / max(small - base, 1)
    yield Row("peak memory of the model and one small tile", f"{base:.0f} MB", "", True)
    what = f"4096 x 4096 takes more; {options.large} x {options.large}"
    yield Row(what, f"{small - base:.0f}; {large - base:.0f} MB", "", True)
    yield Row(
        "that of the large one, times the small one", f"{beyond:.2f}", "<= 1.25", beyond <= 1.25
    )
    ratio = large / small
    yield Row("all memory, times the small one", f"{ratio:.2f}", "<= 1.1", ratio <= 1.1)


def peak(data: Path, side: int) -> float:
    """Segment an image of `side` x `side` pixels in a process; returns its peak memory in MB."""
    block = memory_block(data)[:side, :side]
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.zarr"
        chunks = tuple(min(1024, side) for _ in range(2))
        stored = zarr.create_array(image, shape=(side, side), chunks=chunks, dtype="u1")
        for y in range(0, side, len(block)):
            for x in range(0, side, len(block)):
                part = block[: side - y, : side - x]
                stored[y : y + part.shape[0], x : x + part.shape[1]] = part
        words = [
            "segment",
            str(image),
            "-o",
            f"{folder}/labels.ome.zarr",
            "--no-cache",
            "--json",
            "--quick",
        ]
        code = (
            "import resource, sys; from napari_sam.cli.app import run; status = run(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, check=True
        )
        summary, kilobytes = done.stdout.decode().splitlines()
        print(f"{side} x {side}: {summary}, {kilobytes} kB", file=sys.stderr)
        return int(kilobytes) / 1e3


@cache
def memory_block(data: Path) -> Pixels:
    """Real images side by side, 4096 x 4096; generated nuclei if the folder has no images."""
    images = [image for name in SETS for image in val_images(data, (name,))[:10]]
    if images:
        return packed(images, 4096)[0]
    nuclei = generate_nuclei((4096, 4096), (1.0, 1.0), 2500, 12.0)
    return (nuclei * (255 / nuclei.max())).astype(np.uint8)


# --- images ------------------------------------------------------------------------------------


def val_images(data: Path, sets: Sequence[str] = SETS) -> list[Pixels]:
    """Read the real images of some sets, ``(Y, X)`` or ``(Y, X, 3)`` uint8."""
    files = [path for name in sets for path in sorted((data / name).glob("*.npz"))]
    return [np.load(path)["image"] for path in files]


def packed(images: Sequence[Pixels], side: int) -> tuple[Pixels, list[int]]:
    """Fill a square with rows of grey images, repeated, with a gap between them.

    Returns
    -------
    ndarray
        ``(side, side)`` uint8.
    list of int
        Index of the image at each place, in the order of placing; no image is cut.
    """
    canvas = np.zeros((side, side), np.uint8)
    order: list[int] = []
    y = x = high = 0
    for i in cycle(range(len(images))):
        image = grey(images[i])
        height, width = image.shape
        if x + width > side:
            y, x, high = y + high + GAP, 0, 0
        if y + height > side or width > side:
            return canvas, order
        canvas[y : y + height, x : x + width] = image
        order.append(i)
        x, high = x + width + GAP, max(high, height)
    raise AssertionError


def grey(image: Pixels) -> Pixels:
    """Convert an image to grey, ``(Y, X)`` uint8."""
    return image if image.ndim == 2 else (rgb2gray(image) * 255).astype(np.uint8)


@cache
def model() -> Sam:
    """Load the model once."""
    return load_model(MODEL, "cpu")


def seconds(work: Callable[..., object], *arguments: object) -> float:
    """Call a function, and return its time in seconds."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


# --- the table ---------------------------------------------------------------------------------

ROWS: dict[str, Callable[[Options], Iterator[Row]]] = {
    "workers": workers,
    "pipeline": pipeline,
    "seams": seams,
    "mosaic": mosaic,
    "memory": memory,
}


def load() -> str:
    """Describe the load of the machine over the last minute, and its number of cores."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> int:
    """Measure, print, and say whether all bars are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=16384)
    parser.add_argument("--large", type=int, default=32768)
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS))
    options = vars(parser.parse_args())
    names, before = options.pop("only"), load()
    rows = [row for name in names for row in ROWS[name](Options(**options))]
    print("| | measured | bar |", "|---|---|---|", sep="\n")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.aim}{'' if row.met else ' MISSED'} |")
    print(f"\n{before} before, {load()} after")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
