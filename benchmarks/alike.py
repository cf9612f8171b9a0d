"""Finding more objects like a few examples, against finding all and against clicking each.

    python benchmarks/alike.py --data ../shared/data [--sets worms_bf powder_sem ...]
        [--examples 1 3 5] [--images 2] [--side 1024] [--no-learning]

For each image, some neighbouring objects are the examples, and the others of the image are looked
for. The examples are left out of the score: true objects and proposals that lie mostly in them do
not count. AP is TP / (TP + FP + FN) at an IoU of 0.5, of

- everything: all objects as ``Session.segment_everything`` finds them,
- click: the answers to a click in the middle of each object, which needs a click for each,
- alike: the proposals of ``Session.find_alike`` with a similarity of at least 0.5, and with the
  threshold that is best for the image, which a user looks for with the slider.

The means over the images are printed, and the seconds of processor time that ``find_alike`` takes on one thread. The sets
were not in the training of the built-in model, but cells_phase, of which images of val are taken.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np
import torch

from learning import SETS, accepted
from napari_sam import Session
from napari_sam.evaluate.objects import TrueObject, objects_of
from napari_sam.learning.alike.find_alike import SIMILAR, find_alike
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import PointPrompt

FOLDERS = {"cells_phase": "val", **dict.fromkeys(SETS, "train")}
COLUMNS = ("everything", "click", "alike 0.5", "alike best", "seconds")


def outside(masks: list[Mask], examples: np.ndarray) -> list[Mask]:
    """Masks that do not lie mostly in the examples."""
    places = [(slice(m.bbox[0], m.bbox[2]), slice(m.bbox[1], m.bbox[3])) for m in masks]
    return [
        mask
        for mask, place in zip(masks, places, strict=True)
        if mask.area and np.count_nonzero(examples[place] & mask.pixels) < 0.5 * mask.area
    ]


def hits(masks: list[Mask], objects: list[TrueObject]) -> np.ndarray:
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


def measure(path: Path, count: int, seed: int, side: int, learn: bool) -> list[float]:
    """Figures of an image, in the order of the columns."""
    with np.load(path) as file:
        image, labels = file["image"][:side, :side], file["labels"][:side, :side]
    chosen = accepted(labels, count, seed)
    examples = [Mask((), o.bbox, o.pixels, 1.0, 0.0) for o in objects_of(chosen)]
    objects = list(objects_of(np.where(chosen > 0, 0, labels)))
    session = Session.open(image, cache_dir=False)
    every = [m for step in session.segment_everything(commit=False) for m in step.masks]
    clicks = {i: (PointPrompt(true.click),) for i, true in enumerate(objects, 1)}
    by_click = list(session.predict_objects(clicks).values())
    start = process_time()
    steps = find_alike(session.encoder, examples, learn=learn)
    alike = sorted((m for step in steps for m in step.masks), key=lambda m: -m.similarity)
    seconds = process_time() - start
    similarity = np.array([mask.similarity for mask in alike])
    alike_hits = hits(alike, objects)
    best = max((precision(alike_hits[:n], len(objects)) for n in range(len(alike) + 1)))
    return [
        precision(hits(outside(every, chosen > 0), objects), len(objects)),
        precision(hits(by_click, objects), len(objects)),
        precision(alike_hits[similarity >= SIMILAR], len(objects)),
        best,
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
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| set | examples | " + " | ".join(COLUMNS) + " |\n" + "|---" * 7 + "|")
    table: dict[int, list[np.ndarray]] = {count: [] for count in options.examples}
    for name in options.sets:
        files = sorted((options.data / FOLDERS[name] / name).glob("*.npz"))
        rich = sorted(files, key=lambda path: -objects_in(path))[: options.images]
        for count in options.examples:
            figures = [
                measure(path, count, seed, options.side, not options.no_learning)
                for seed, path in enumerate(rich)
            ]
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
