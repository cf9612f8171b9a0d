"""Lessons during the review: the AP of all labels before and after objects are found again.

    python benchmarks/review_lessons.py --data ../shared/data/val [--sets cells_phase ...]
        [--images 4] [--reviewed 10]

All objects of an image are found, and the least sure are reviewed: an object that lies on a true
one becomes that true object, any other is dropped. The model learns from these (a full lesson), the
objects that nobody has looked at are found again, and the labels are put together as the dock
does (``napari_sam.plugin.learning.found_again``).

AP is at an IoU of 0.5, of the labels after the review alone, and after the lesson; *new* are the
objects that were added, *true* those of them at an IoU of 0.5. One thread; the first 640 x 640
pixels of an image, of a stack the middle plane.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.measure import label as connected_components
from tqdm import tqdm

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.matching import detect
from napari_sam.evaluate.objects import spread
from napari_sam.learning.delta import Delta
from napari_sam.masks.mask import Mask
from napari_sam.plugin.learning.found_again import find_again, may_add
from napari_sam.plugin.worker.events import PlaneObjects
from napari_sam.plugin.worker.number_objects import number_objects
from napari_sam.tiles.bbox import box_of, place

SIDE = 640  # pixels of the part of an image
ON_TRUE = 0.3  # share of an object on a true one from which on it is corrected instead of dropped
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """AP after the review and after the lesson; objects that the lesson added, and true ones."""

    reviewed: float
    learned: float
    new: int
    true: int


def part_of(path: Path) -> tuple[NDArray[np.generic], Labels]:
    """The first pixels of an image, ``(h, w, channels)``, and of its true labels."""
    sample = Pair(path, None).read()
    planes = list(sample.planes())
    plane = planes[len(planes) // 2]
    truth = np.asarray(sample.plane(plane))[:SIDE, :SIDE].astype(np.int64)
    if plane:  # two branches of an object of a stack are two objects of a plane
        truth = connected_components(truth, background=0)
    return sample.volume.read(plane, 0, 0, *truth.shape), truth


def opened(pixels: NDArray[np.generic]) -> Session:
    """Session on a part of an image."""
    grey = pixels.shape[-1] == 1
    image, axes = (pixels[..., 0], "YX") if grey else (pixels, "YXC")
    return Session.open(image, axes=axes, cache_dir=False)


def found(session: Session) -> PlaneObjects | None:
    """All objects as the dock receives them."""
    masks = [mask for step in session.segment_everything(commit=False) for mask in step.masks]
    return number_objects(masks) if masks else None


def most_shared(pixels: NDArray[np.bool_], truth: Labels) -> tuple[int, int]:
    """The true object that an object shares most pixels with, and their number."""
    counts = np.bincount(truth[pixels], minlength=2)
    counts[0] = 0
    return int(counts.argmax()), int(counts.max())


def review(
    objects: PlaneObjects, truth: Labels, count: int
) -> tuple[Labels, list[int], list[Mask], list[int]]:
    """Review the least sure objects: all labels, those accepted, dropped masks, labels waiting."""
    labels = np.zeros_like(truth)
    labels[place(objects.bbox, (0, 0, *truth.shape))] = objects.numbers
    order = sorted(objects.found, key=lambda number: objects.found[number].score)
    taken: dict[int, int] = {}
    dropped: list[Mask] = []
    for number in order[:count]:
        pixels = labels == number
        true, shared = most_shared(pixels, truth)
        labels[pixels] = 0
        if shared > ON_TRUE * np.count_nonzero(pixels) and true not in taken.values():
            labels[(truth == true) & (labels == 0)] = number
            taken[number] = true
        elif (bbox := box_of(pixels)) is not None:
            inside = pixels[place(bbox, (0, 0, *truth.shape))]
            dropped.append(Mask((), bbox, inside, 0.0, 0.0))
    return labels, list(taken), dropped, order[count:]


def lesson(pixels: NDArray[np.generic], labels: Labels, dropped: list[Mask]) -> Delta | None:
    """The result of a full lesson."""
    session = opened(pixels)
    session.labels = labels.astype(np.uint32)
    delta = None
    for step in session.learn(dropped=dropped):
        delta = step.delta
    return delta


def measure(path: Path, reviewed: int) -> Outcome | None:
    """The outcome for an image; None if it has too few objects, or nothing was learned."""
    pixels, truth = part_of(path)
    before = found(opened(pixels))
    if before is None or len(before.found) <= reviewed:
        return None
    labels, accepted, dropped, waiting = review(before, truth, reviewed)
    try:
        delta = lesson(pixels, np.where(np.isin(labels, accepted), labels, 0), dropped)
    except LearningError:  # too few were accepted
        return None
    if delta is None or delta.is_empty:
        return None
    session = opened(pixels)
    session.use(delta)
    again = found(session)
    if again is None:
        return None
    left = {n: before.found[n].bbox for n in waiting if (labels == n).any()}
    after = labels.copy()
    first = int(labels.max()) + 1 if may_add(len(accepted), len(dropped)) else None
    result = find_again(again, labels, left, first, dropped)
    result.edit.apply(after)
    true = sum(_is_true(after == number, truth) for number in result.new)
    before_ap, after_ap = (detect(truth, each).ap50 for each in (labels, after))
    return Outcome(before_ap, after_ap, len(result.new), true)


def _is_true(pixels: NDArray[np.bool_], truth: Labels) -> bool:
    true, shared = most_shared(pixels, truth)
    return shared > int(np.count_nonzero(pixels | (truth == true))) / 2


def _outcomes(paths: list[Path], reviewed: int) -> Iterator[Outcome]:
    for path in paths:
        if (outcome := measure(path, reviewed)) is not None:
            yield outcome


def main() -> int:
    """Print a row for each set, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--images", type=int, default=4, help="of a set")
    parser.add_argument("--reviewed", type=int, default=10, help="objects before the lesson")
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = files_with_both(options.data)
    print("| set | images | AP, reviewed | AP, learned | worst change | new | true |")
    print("|---|---|---|---|---|---|---|")
    every: list[Outcome] = []
    for name in tqdm(options.sets or files, disable=None):
        outcomes = list(_outcomes(spread(files[name], options.images), options.reviewed))
        every += outcomes
        print(_row(name, outcomes), flush=True)
    print(_row("all images", every))
    return 0


def _row(name: str, outcomes: list[Outcome]) -> str:
    if not outcomes:
        return f"| {name} | 0 | | | | | |"
    aps = np.mean([(each.reviewed, each.learned) for each in outcomes], axis=0)
    worst = min(each.learned - each.reviewed for each in outcomes)
    counts = np.sum([(each.new, each.true) for each in outcomes], axis=0)
    figures = f"{aps[0]:.3f} | {aps[1]:.3f} | {worst:+.3f} | {counts[0]} | {counts[1]}"
    return f"| {name} | {len(outcomes)} | {figures} |"


if __name__ == "__main__":
    sys.exit(main())
