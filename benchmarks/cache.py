"""Size of a cached tile, time of a hit, and what rounding in the cache changes in masks.

    python benchmarks/cache.py ../shared/data/val [--images 2] [--clicks 8] [--model cells-tiny]

Every folder of DATA is a set of ``.npz`` files with ``image`` and ``labels``; the first images of
each set are used. Objects are clicked at their innermost point in two sessions, one without a cache
and one whose embeddings went through the cache on disk. Printed are the bytes of a tile, the
processor time of a hit, and of each set the IoU with the labels without and with the cache, the
mean of the differences by object, and the IoU of both masks. One thread of torch.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from napari_sam import Session, load_model
from napari_sam.model.sam import Sam

SMALLEST = 30
"""Pixels of the smallest object that is clicked."""

HITS = 9
"""Times that a tile is read."""

Labels = NDArray[Any]


def pairs(folder: Path, images: int) -> Iterator[tuple[NDArray[Any], Labels]]:
    """Images with labels, the middle plane of a stack."""
    for path in sorted(folder.glob("*.npz"))[:images]:
        with np.load(path) as file:
            image, labels = file["image"], file["labels"]
        if labels.ndim == 3:
            image, labels = image[len(labels) // 2], labels[len(labels) // 2]
        yield image, labels


def clicked(session: Session, point: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask of a click, as large as the image."""
    mask = session.predict(points=[point], point_labels=[1])
    pixels = np.zeros(session.volume.label_shape, bool)
    y0, x0, y1, x1 = mask.bbox
    pixels[y0:y1, x0:x1] = mask.pixels
    return pixels


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 for two empty masks."""
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 1.0


def compare(image: NDArray[Any], labels: Labels, model: Sam, clicks: int) -> Iterator[Any]:
    """For each clicked object: IoU with its label without and with the cache, IoU of both."""
    axes = "YXC" if image.ndim == 3 else "YX"
    with tempfile.TemporaryDirectory() as folder:
        fresh = Session.open(image, axes=axes, model=model, cache_dir=False)
        cached = Session.open(image, axes=axes, model=model, cache_dir=folder)
        numbers, areas = np.unique(labels[labels > 0], return_counts=True)
        order = np.random.default_rng(0).permutation(numbers[areas >= SMALLEST])
        for number in order[:clicks]:
            depth = distance_transform_edt(labels == number)
            y, x = np.unravel_index(depth.argmax(), depth.shape)
            one, other = (clicked(session, (int(y), int(x))) for session in (fresh, cached))
            yield iou(one, labels == number), iou(other, labels == number), iou(one, other)


def print_tile(model: Sam, image: NDArray[Any]) -> None:
    """Print bytes and hits of a tile of 1024 pixels, filled with an image."""
    side = model.config.image_size
    repeats = [-(-side // n) for n in image.shape[:2]]
    full = np.tile(image, (*repeats, *(1,) * (image.ndim - 2)))[:side, :side]
    with tempfile.TemporaryDirectory() as folder:
        axes = "YXC" if image.ndim == 3 else "YX"
        session = Session.open(full, axes=axes, model=model, cache_dir=folder)
        (tile,) = session.encode()
        cache = session.encoder.cache
        assert cache is not None
        _, digest = session.encoder.read(tile)
        times = []
        for _ in range(HITS):
            start = process_time()
            stored = cache.get(tile.index, digest)
            assert stored is not None
            for features in stored.values():
                np.asarray(features)
            times.append(process_time() - start)
        bytes_stored = cache.info().bytes
    mib, ms = bytes_stored / 2**20, median(times) * 1000
    print(f"a tile of {model.config.name}: {mib:.2f} MiB, a hit {ms:.1f} ms of processor time")


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=2, help="images of each set")
    parser.add_argument("--clicks", type=int, default=8, help="clicked objects of each image")
    parser.add_argument("--model", default="cells-tiny")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(arguments.model)
    sets = sorted(path for path in arguments.data.iterdir() if path.is_dir())
    print_tile(model, next(pairs(sets[0], 1))[0])
    rows: list[Any] = []
    for folder in sets:
        of_set = [
            row
            for image, labels in pairs(folder, arguments.images)
            for row in compare(image, labels, model, arguments.clicks)
        ]
        rows += of_set
        print_row(folder.name, of_set)
    print_row("all", rows)


def print_row(name: str, rows: list[Any]) -> None:
    """Print the means of a set."""
    fresh, cached, both = (mean(column) for column in zip(*rows, strict=True))
    change = mean(abs(one - other) for one, other, _ in rows)
    print(
        f"{name:22} {len(rows):4} clicks, IoU {fresh:.4f} and {cached:.4f}, "
        f"by object {change:.4f}, of both masks {both:.4f}"
    )


if __name__ == "__main__":
    main()
