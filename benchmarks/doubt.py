"""How well the doubt of the model finds wrong objects among labels of another program.

Of each image every sixth object is made wrong: merged with a neighbour, shifted by half of its
size, or cut in half. The table has, for each set, the area under the ROC curve of the agreement
(1 = each wrong object agrees less than each right one, 0.5 = chance), and the share of wrong
objects before and after the least agreeing third is left out, as a lesson leaves them out.

    python benchmarks/doubt.py --data ../shared/data/val
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_sam import Session
from napari_sam.evaluate.ground_truth import Pair
from napari_sam.labels.label_boxes import boxes_by_label, label_boxes
from napari_sam.learning.doubt import doubt
from napari_sam.plugin.labels.unknown_labels import DOUBTFUL

EACH = 6
"""Objects of which one is made wrong."""

SETS = (
    "axons_sem",
    "cells_phase",
    "nuclei_brightfield",
    "nuclei_fluo",
    "nuclei_histology",
    "qpi_adherent",
    "worms_bf",
)

Labels = NDArray[np.int64]


def merge(labels: Labels, label: int) -> bool:
    """Give a neighbour to an object; False for an object without one."""
    inside = labels == label
    around = labels[binary_dilation(inside, iterations=3) & ~inside]
    if not around.any():
        return False
    labels[labels == around[around > 0][0]] = label
    return True


def shift(labels: Labels, label: int) -> None:
    """Move an object by half of its height, over free pixels."""
    rows, columns = np.nonzero(labels == label)
    labels[rows, columns] = 0
    rows = rows + (np.ptp(rows) + 2) // 2
    inside = rows < labels.shape[0]
    rows, columns = rows[inside], columns[inside]
    free = labels[rows, columns] == 0
    labels[rows[free], columns[free]] = label


def halve(labels: Labels, label: int) -> None:
    """Take away half of an object, across its longer side."""
    places = np.argwhere(labels == label)
    axis = int(np.argmax(np.ptp(places, axis=0)))
    half = places[places[:, axis] < places[:, axis].mean()]
    labels[tuple(half.T)] = 0


def with_errors(labels: Labels, rng: np.random.Generator) -> tuple[Labels, set[int]]:
    """Labels with wrong objects, and which they are."""
    wrong, changed = labels.copy(), set[int]()
    numbers = np.unique(labels[labels > 0])
    for turn, label in enumerate(rng.permutation(numbers)[: len(numbers) // EACH].tolist()):
        if not (wrong == label).any():
            continue
        kind = turn % 3
        if kind == 1:
            shift(wrong, label)
        elif kind == 2 or not merge(wrong, label):
            halve(wrong, label)
        changed.add(label)
    return wrong, changed


def area_under_curve(right: list[float], wrong: list[float]) -> float:
    """Share of pairs in which the wrong object agrees less; half of equal pairs counts."""
    pairs = np.subtract.outer(right, wrong)
    return float(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


def of_set(folder: Path, images: int, rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """Agreements of right and of wrong objects of a set."""
    right, wrong = list[float](), list[float]()
    for path in sorted(folder.glob("*.npz"))[:images]:
        sample = Pair(path).read()
        plane = next(sample.planes())
        labels = np.zeros(sample.volume.label_shape, np.int64)
        labels[plane], changed = with_errors(np.asarray(sample.plane(plane), np.int64), rng)
        session = Session.open(sample.volume, cache_dir=False)
        for step in doubt(session.encoder, labels, boxes_by_label(label_boxes(labels))):
            for label, agreement in step.agreements.items():
                (wrong if label in changed else right).append(agreement)
    return right, wrong


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of sets of .npz")
    parser.add_argument("--images", type=int, default=2, help="images of each set")
    parser.add_argument("--sets", nargs="+", default=SETS)
    arguments = parser.parse_args()
    print("| set | right | wrong | AUC | wrong before | wrong in the agreeing two thirds |")
    print("|---|---|---|---|---|---|")
    for name in arguments.sets:
        right, wrong = of_set(arguments.data / name, arguments.images, np.random.default_rng(0))
        values = np.array(right + wrong)
        agreeing = np.argsort(values, kind="stable")[int(np.ceil(len(values) * DOUBTFUL)) :]
        before, after = len(wrong) / len(values), np.mean(agreeing >= len(right))
        auc = area_under_curve(right, wrong)
        print(
            f"| {name} | {len(right)} | {len(wrong)} | {auc:.2f} | {before:.2f} | {after:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
