"""How work grows with the image and with the workers, as one table.

    python benchmarks/scale.py --data ../shared/data/val [--rounds 5] [--only workers ...]
        [--side 16384] [--large 32768]

workers    A stack of small planes with one worker of one thread, and with two.
pipeline   Real images: what `embed` and `segment --quick` take more than the encoder alone, and how
           much longer `segment` takes that looks closer at small objects.
seams      Real images through one window of 1024 pixels, and through forced tiles of 256: the
           average precision of one against the other at an IoU of 0.5, TP / (TP + FP + FN).
mosaic     Real images side by side in one of SIDE x SIDE: objects, against those of each alone.
memory     Peak memory of processes that segment 4096 x 4096 and LARGE x LARGE from disk to disk.

Each row is a bar, with what is measured here now. Figures of a busy machine say little: the load is
printed before and after. Times are medians of rounds in which ways take turns, after one that does
not count. All with cells-tiny. `mosaic` takes half an hour on two cores, and `memory` an hour: they
do not look closer at small objects, which would take five times as long.
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
SIDE = 512  # of a plane, which is one tile
PLANES = 16
PIPELINE_SIDE = 2048
GAP = 32
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
    """What was measured, and what it should be."""

    what: str
    measured: str
    aim: str
    met: bool


@dataclass(frozen=True, slots=True)
class Options:
    """Where the images are, how often to measure, and how large the large images are."""

    data: Path
    rounds: int
    side: int
    large: int


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


def workers(options: Options) -> Iterator[Row]:
    """One worker of one thread, and two; they take turns, and models are loaded before."""
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
    """Tiles of real images: the encoder, `embed`, `segment --quick` and `segment` take turns."""
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
            entry = kept_of(session).info()
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
    """The image encoder on all tiles, which are read and mapped as always."""
    for tile in session.tiles():
        pixels = session.volume.read(tile.plane, *tile.bbox)
        rgb = torch.from_numpy(session.mapping.apply(pixels))
        with torch.inference_mode():
            session.model.encode_image(session.model.preprocess(rgb))


def segment_and_save(session: Session, path: Path) -> None:
    """What ``napari-sam segment`` does."""
    deque(session.segment_mosaic(tile_folder_of(path)), 0)
    session.save(path)


def kept_of(session: Session) -> EmbeddingCache:
    """Where its embeddings are kept."""
    assert session.encoder.cache is not None
    return session.encoder.cache


def keep_again(session: Session, folder: Path) -> None:
    """Write all tiles of a session into another cache; they are read, which is quicker."""
    kept = kept_of(session)
    other = EmbeddingCache(folder, kept.spec)
    for tile in session.tiles():
        index = tile.index
        _, digest = session.encoder.read(tile)
        arrays = kept.get(index, digest)
        assert arrays is not None
        assert other.put(index, digest, arrays)


# --- seams -------------------------------------------------------------------------------------


def seams(options: Options) -> Iterator[Row]:
    """Real images in one window of 1024 pixels, and in forced tiles of 256."""
    for name in SETS:
        found = missed = extra = 0
        for image in val_images(options.data, (name,)):
            if max(image.shape[:2]) <= 256:
                continue
            one, many = (whole_labels(image, size) for size in (1024, 256))
            tp = matches(one, many)
            found, missed, extra = found + tp, missed + count(one) - tp, extra + count(many) - tp
        score = found / max(found + missed + extra, 1)
        if found + missed + extra:
            what = f"AP@0.5 of tiles of 256 against 1024, {name}"
            yield Row(what, f"{score:.2f}", ">= 0.95", score >= 0.95)


def whole_labels(
    image: Pixels, tile_size: int, contrast: object = "auto", closer: bool = True
) -> Labels:
    """All objects of an image, looked at through windows of a size."""
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
    """Objects that both have, with an IoU above a half: then each has at most one partner."""
    pairs, shared = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1, return_counts=True)
    sizes = [np.bincount(labels.ravel()) for labels in (first, second)]
    union = sizes[0][pairs[0]] + sizes[1][pairs[1]] - shared
    return int(np.sum((pairs > 0).all(axis=0) & (shared > union / 2)))


def count(labels: Labels) -> int:
    """How many objects there are."""
    return len(np.setdiff1d(labels, 0))


# --- a large image -----------------------------------------------------------------------------


def mosaic(options: Options) -> Iterator[Row]:
    """Real images side by side in one large one, against each of them alone."""
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
    """Peak memory of processes that segment images on disk, without that of the model alone."""
    own, small, large = (peak(side) for side in (64, 4096, options.large))
    ratio = (large - own) / max(small - own, 1)
    yield Row("peak memory of the model and one small tile", f"{own:.0f} MB", "", True)
    what = f"4096 x 4096 takes more; {options.large} x {options.large}"
    yield Row(what, f"{small - own:.0f}; {large - own:.0f} MB", "", True)
    yield Row("the large one, times the small one", f"{ratio:.2f}", "<= 1.25", ratio <= 1.25)


def peak(side: int) -> float:
    """Megabytes that a process takes at most that segments an image of a side."""
    cells = generate_nuclei((1024, 1024), (1.0, 1.0), 40, 12.0).clip(0, 255).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        image, block = Path(folder) / "image.zarr", cells[:side, :side]
        stored = zarr.create_array(image, shape=(side, side), chunks=block.shape, dtype="u1")
        for y in range(0, side, len(block)):
            for x in range(0, side, len(block)):
                stored[y : y + len(block), x : x + len(block)] = block
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
        return int(done.stdout.split()[-1]) / 1e3


# --- images ------------------------------------------------------------------------------------


def val_images(data: Path, sets: Sequence[str] = SETS) -> list[Pixels]:
    """Real images, 8 bits, grey or colour."""
    files = [path for name in sets for path in sorted((data / name).glob("*.npz"))]
    return [np.load(path)["image"] for path in files]


def packed(images: Sequence[Pixels], side: int) -> tuple[Pixels, list[int]]:
    """Images in rows, grey, again and again, with a gap, until a square is full.

    Returns
    -------
    ndarray
        ``(side, side)`` uint8.
    list of int
        Which image each of them is; none is cut.
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
    """The image without its colours."""
    return image if image.ndim == 2 else (rgb2gray(image) * 255).astype(np.uint8)


@cache
def model() -> Sam:
    """Loaded once."""
    return load_model(MODEL, "cpu")


def seconds(work: Callable[..., object], *given: object) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work(*given)
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
    """How many programs want the processor, on average over a minute, and how many it can serve."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> int:
    """Measure, print, and say whether all bars are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=16384)
    parser.add_argument("--large", type=int, default=32768)
    parser.add_argument("--only", nargs="*", choices=ROWS, default=list(ROWS))
    given = vars(parser.parse_args())
    chosen, before = given.pop("only"), load()
    rows = [row for name in chosen for row in ROWS[name](Options(**given))]
    print("| | measured | bar |", "|---|---|---|", sep="\n")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.aim}{'' if row.met else ' MISSED'} |")
    print(f"\n{before} before, {load()} after")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
