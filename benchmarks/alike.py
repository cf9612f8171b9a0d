"""Finding more objects like a few examples, against finding all and against clicking each.

    python benchmarks/alike.py --data ../shared/data [--sets worms_bf powder_sem ...]
        [--examples 1 3 5] [--images 2] [--side 1024] [--no-learning] [--thresholds]

For each image, some neighbouring objects are the examples, and the others of the image are looked
for. The examples are left out of the score: true objects and proposals that lie mostly in them do
not count. AP is TP / (TP + FP + FN) at an IoU of 0.5, of

- everything: all objects as ``Session.segment_everything`` finds them, with the model as it is and
  with the model that has learned from the examples as ``find_alike`` lets it,
- click: the answers to a click in the middle of each object, which needs a click for each,
- alike: the proposals of ``Session.find_alike`` with the similarity at which the slider
  begins, and with the threshold that is best for the image, which a user looks for.

The means over the images are printed, and the seconds of processor time of ``find_alike`` with its
lesson on one thread. The sets were not in the training of the built-in model, but cells_phase, of
which images of val are taken.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.learning_examples import neighbours
from napari_sam import Session
from napari_sam.evaluate.objects import TrueObject, objects_of
from napari_sam.learning.alike.find_alike import SIMILAR, find_alike
from napari_sam.learning.alike.teach_kind import teach_kind
from napari_sam.masks.mask import Mask
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PointPrompt

FOLDERS = {
    "cells_phase": "val",
    "powder_sem": "train",
    "worms_bf": "train",
    "dic_cho": "train",
    "qpi_adherent": "train",
}
"""Set -> folder with images that were not in the training of the built-in model."""

COLUMNS = ("everything", "everything, learned", "click", "alike", "alike, best", "seconds")
THRESHOLDS = np.arange(0.1, 0.96, 0.05)
"""Similarities at which the slider is tried."""


def outside(masks: list[Mask], examples: np.ndarray) -> list[Mask]:
    """Masks that do not lie mostly in the examples."""
    places = [(slice(m.bbox[0], m.bbox[2]), slice(m.bbox[1], m.bbox[3])) for m in masks]
    return [
        mask
        for mask, place in zip(masks, places, strict=True)
        if mask.area and np.count_nonzero(examples[place] & mask.pixels) < 0.5 * mask.area
    ]


def hits(masks: Sequence[Mask], objects: list[TrueObject]) -> np.ndarray:
    """Whether each mask has an object of its own with an IoU over 0.5."""
    left = list(objects)
    hit = np.zeros(len(masks), bool)
    for i, mask in enumerate(masks):
        match = next((true for true in left if true.iou(mask) > 0.5), None)
        if match is not None:
            left.remove(match)
            hit[i] = True
    return hit


def precision(hit: np.ndarray, objects: int) -> float:
    """AP of masks, from their hits."""
    found = np.count_nonzero(hit)
    return float(found / (len(hit) + objects - found))


def learned_from(session: Session, examples: list[Mask]) -> Sam:
    """The model of a session after the lesson of ``Session.find_alike``."""
    model = session.model
    for model in teach_kind(session.encoder, examples):  # noqa: B007
        pass
    return model


def everything(session: Session) -> list[Mask]:
    """All objects as ``Session.segment_everything`` finds them."""
    return [m for step in session.segment_everything(commit=False) for m in step.masks]


def measure(path: Path, count: int, seed: int, options: argparse.Namespace) -> list[float]:
    """Figures of an image, in the order of the columns."""
    side = options.side
    with np.load(path) as file:
        image, labels = file["image"][:side, :side], file["labels"][:side, :side]
    chosen = neighbours(labels, count, seed)
    examples = [Mask((), o.bbox, o.pixels, 1.0, 0.0) for o in objects_of(chosen)]
    objects = list(objects_of(np.where(chosen > 0, 0, labels)))
    session = Session.open(image, cache_dir=False)
    clicks = {i: (PointPrompt(true.click),) for i, true in enumerate(objects, 1)}
    by_click = list(session.predict_objects(clicks).values())
    start = process_time()
    model = session.model if options.no_learning else learned_from(session, examples)
    learned = Session.open(image, model=model, cache_dir=False)
    steps = find_alike(learned.encoder, examples, learn=False)
    alike = sorted((m for step in steps for m in step.masks), key=lambda m: -m.similarity)
    seconds = process_time() - start
    similarity = np.array([mask.similarity for mask in alike])
    alike_hits = hits(alike, objects)
    by_threshold = [precision(alike_hits[similarity >= t], len(objects)) for t in THRESHOLDS]
    if options.thresholds:
        print(f"  {path.stem}: " + " ".join(f"{value:.2f}" for value in by_threshold))
    by_everything = (outside(everything(each), chosen > 0) for each in (session, learned))
    return [
        *(precision(hits(masks, objects), len(objects)) for masks in by_everything),
        precision(hits(by_click, objects), len(objects)),
        precision(alike_hits[similarity >= SIMILAR], len(objects)),
        max(by_threshold),
        seconds,
    ]


def main() -> None:
    """Print a table, a line for each set and number of examples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=tuple(FOLDERS))
    parser.add_argument("--examples", type=int, nargs="+", default=(1, 3, 5))
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--no-learning", action="store_true")
    parser.add_argument("--thresholds", action="store_true", help="AP at each threshold")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| set | examples | " + " | ".join(COLUMNS) + " |\n" + "|---" * 8 + "|")
    table: dict[int, list[np.ndarray]] = {count: [] for count in options.examples}
    for name in options.sets:
        files = sorted((options.data / FOLDERS[name] / name).glob("*.npz"))
        rich = sorted(files, key=lambda path: -objects_in(path))[: options.images]
        for count in options.examples:
            figures = [measure(path, count, seed, options) for seed, path in enumerate(rich)]
            table[count].append(np.mean(figures, axis=0))
            print(row(name, count, table[count][-1]), flush=True)
    for count, rows in table.items():
        print(row("mean", count, np.mean(rows, axis=0)))


def objects_in(path: Path) -> int:
    """Number of objects of a file."""
    with np.load(path) as file:
        return len(np.unique(file["labels"])) - 1


def row(name: str, count: int, figures: np.ndarray) -> str:
    """A line of the table."""
    *precisions, seconds = figures
    cells = " | ".join(f"{value:.2f}" for value in precisions)
    return f"| {name} | {count} | {cells} | {seconds:.0f} |"


if __name__ == "__main__":
    main()
