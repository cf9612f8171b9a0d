"""Examples of the benchmarks of learning: images, and some neighbouring objects as if accepted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import center_of_mass

from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.objects import SMALLEST_OBJECT

SETS = ("dic_cho", "worms_bf", "qpi_adherent", "powder_sem")
"""Sets on which the built-in model was not trained."""

PLANES = 8
"""Planes of a stack that become images, at equal distances."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """Images of a set with the objects that were accepted on them.

    Parameters
    ----------
    images : ndarray
        ``(N, height, width)`` or ``(N, height, width, 3)``; smaller images are padded.
    labels : ndarray
        ``(N, height, width)`` uint32, 0 where nothing was accepted.
    """

    images: NDArray[np.generic]
    labels: NDArray[np.uint32]


def images_of_set(folder: Path, scratch: Path) -> list[Path]:
    """Files with one plane each: planes of a stack, and both halves of an image that stands alone.

    Raises
    ------
    OSError
        If a file cannot be read, or none is there.
    """
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise FileNotFoundError(f"{folder} has no .npz files")
    stacks = [path for path in files if _labels(path).ndim == 3]
    if stacks:
        return [each for path in stacks for each in _write(path, _planes(path), scratch)]
    return list(_write(files[0], _halves(files[0]), scratch)) if len(files) == 1 else files


def choose(
    files: Sequence[Path], count: int, choice: int, choices: int, tests: int
) -> tuple[Example, list[Path]]:
    """Accept `count` objects, and take other images to test on.

    The objects are neighbours on one image. Only where no image has so many, further images
    make a stack.

    Parameters
    ----------
    files : sequence of Path
        From :func:`images_of_set`.
    count : int
        Objects to accept.
    choice, choices : int
        Number of the choice, from 0, and of how many.
    tests : int
        Images to test on, at most.

    Raises
    ------
    ValueError
        If no image is left to test on.
    """
    counts = {path: len(_objects(_labels(path))) for path in files}
    rich = [path for path in files if counts[path] >= count] or list(files)
    first = files.index(rich[choice * len(rich) // choices % len(rich)])
    used: list[Path] = []
    for path in (*files[first:], *files[:first]):
        if sum(counts[each] for each in used) < count:
            used.append(path)
    others = [path for path in files if path not in used]
    if not others:
        raise ValueError(f"the images have too few objects to accept {count} and test on others")
    chosen = others[choice % len(others) :: max(1, len(others) // tests)][:tests]
    return _example(used, count, choice), chosen


def _example(paths: Sequence[Path], count: int, seed: int) -> Example:
    images, labels = [], []
    for path in paths:
        with np.load(path) as file:
            images.append(file["image"])
            labels.append(neighbours(file["labels"], count, seed))
        count -= len(np.unique(labels[-1])) - 1
    height, width = (max(each.shape[axis] for each in labels) for axis in (0, 1))
    return Example(
        np.stack([_padded(each, height, width, "edge") for each in images]),
        np.stack([_padded(each, height, width, "constant") for each in labels]),
    )


def _padded(pixels: NDArray[np.generic], height: int, width: int, mode: str) -> NDArray[np.generic]:
    rows, cols = height - pixels.shape[0], width - pixels.shape[1]
    padding = ((0, rows), (0, cols), *[(0, 0)] * (pixels.ndim - 2))
    return np.pad(pixels, padding, mode)  # type: ignore[call-overload]


def neighbours(labels: NDArray[np.integer], count: int, seed: int) -> NDArray[np.uint32]:
    """Labels of only `count` neighbouring objects, chosen by `seed`."""
    objects = _objects(labels)
    middles = np.array(center_of_mass(labels > 0, labels, objects))
    first = middles[np.random.default_rng(seed).integers(len(objects))]
    nearest = np.argsort(((middles - first) ** 2).sum(1))[:count]
    return np.where(np.isin(labels, objects[nearest]), labels, 0).astype(np.uint32)


def _objects(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Labels of the objects that are large enough to be accepted."""
    numbers, areas = np.unique(labels, return_counts=True)
    return numbers[(numbers > 0) & (areas >= SMALLEST_OBJECT)]


def _labels(path: Path) -> NDArray[np.integer]:
    with np.load(path) as file:
        return file["labels"]


def _planes(path: Path) -> Iterator[tuple[NDArray[np.generic], NDArray[np.integer]]]:
    """Some planes of a stack, with the connected parts of its objects as objects."""
    sample = Pair(path).read()
    with np.load(path) as file:
        image = file["image"]
    for z in np.linspace(0, len(image) - 1, PLANES).astype(int):
        yield image[z], sample.plane((int(z),))


def _halves(path: Path) -> Iterator[tuple[NDArray[np.generic], NDArray[np.integer]]]:
    """Both halves of an image, cut across its longer side."""
    with np.load(path) as file:
        image, labels = file["image"], file["labels"]
    axis = int(np.argmax(labels.shape))
    yield from zip(*(np.array_split(each, 2, axis) for each in (image, labels)), strict=True)


def _write(
    path: Path,
    parts: Iterator[tuple[NDArray[np.generic], NDArray[np.integer]]],
    scratch: Path,
) -> Iterator[Path]:
    for number, (image, labels) in enumerate(parts):
        part = scratch / f"{path.parent.name}-{path.stem}-{number}.npz"
        np.savez(part, image=image, labels=labels)
        yield part
