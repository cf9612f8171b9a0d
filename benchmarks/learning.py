"""Learning from a few accepted objects: other images of the set, before and after.

    python benchmarks/learning.py --data ../shared/data/train [--sets powder_sem worms_bf ...]
        [--objects 5] [--choices 3] [--images 2] [--way full|quick|both] [--seconds S]

For each choice, some neighbouring objects of one image are learned, and the model is compared on
other images of the set before and after: AP at an IoU of 0.5 of automatic segmentation, mean IoU of
one click and of one box. The medians over the choices are printed, with the seconds on one thread
and the bytes of what was learned. The sets are those on which the built-in model was not trained.
With --forgotten FOLDER, the images of another set are asked too.
"""

import argparse
import statistics
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from scipy.ndimage import center_of_mass

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.evaluate.clicks import Protocol
from napari_sam.evaluate.figures import summarise
from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.run import Part, Task, evaluate
from napari_sam.learning.delta import Delta
from napari_sam.weights.load import load_model

SETS = ("dic_cho", "worms_bf", "qpi_adherent", "powder_sem")
FIGURES = {"AP@0.5": "plane_ap50", "click": "click_1_iou", "box": "box_iou"}
TASK = Task((Part.CLICKS, Part.BOXES, Part.AUTOMATIC), Protocol(most=1), 20)
SMALLEST = 25
"""Pixels of an object, below which it is not accepted."""


def accepted(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Labels of only `count` neighbouring objects."""
    numbers, areas = np.unique(labels, return_counts=True)
    objects = [n for n, area in zip(numbers, areas, strict=True) if n and area >= SMALLEST]
    middles = np.array(center_of_mass(labels > 0, labels, objects))
    first = middles[np.random.default_rng(seed).integers(len(objects))]
    nearest = np.argsort(((middles - first) ** 2).sum(1))[:count]
    return np.where(np.isin(labels, [objects[i] for i in nearest]), labels, 0)


def count_objects(path: Path) -> int:
    """Number of objects of a file that are large enough."""
    with np.load(path) as file:
        _, areas = np.unique(file["labels"], return_counts=True)
    return int((areas[1:] >= SMALLEST).sum())


def learn(path: Path, count: int, seed: int, quick: bool) -> tuple[Delta, float]:
    """Learn some objects of an image; returns what was learned, and the seconds."""
    with np.load(path) as file:
        image, labels = file["image"], file["labels"]
    session = Session.open(image, cache_dir=False)
    session.labels = accepted(labels, count, seed).astype(np.uint32)
    for tile in session.tiles():
        session.encoder.get(tile)  # a user who accepted objects has them
    start = perf_counter()
    *_, last = session.learn(quick=quick)
    assert last.delta is not None
    return last.delta, perf_counter() - start


def figures(paths: list[Path], delta: Delta | None) -> dict[str, float]:
    """Figures of a set of images with what was learned."""
    model = load_model("cells-tiny")
    model = model if delta is None else delta.applied_to(model)
    steps = evaluate(
        [Pair(path) for path in paths],
        lambda volume: Session.open(volume, model=model, cache_dir=False),
        TASK,
    )
    found = summarise((step.outcome for step in steps), TASK.protocol)
    return {name: found[key] for name, key in FIGURES.items()}


def main() -> None:
    """Print a table, a line for each set and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--objects", type=int, default=5)
    parser.add_argument("--choices", type=int, default=3)
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--way", choices=("quick", "full", "both"), default="both")
    parser.add_argument("--forgotten", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ways = ("quick", "full") if options.way == "both" else (options.way,)
    print("| set | way | AP@0.5 | click | box | share | seconds | bytes |\n" + "|---" * 8 + "|")
    gains: dict[str, list[list[float]]] = {way: [] for way in ways}
    for name in options.sets:
        files = sorted((options.data / name).glob("*.npz"))
        rich = [path for path in files if count_objects(path) >= options.objects]
        rows: dict[str, list[list[float]]] = {way: [] for way in ways}
        for choice in range(options.choices):
            image = rich[choice * len(rich) // options.choices % len(rich)]
            others = [path for path in files if path != image]
            tests = others[choice :: max(1, len(others) // options.images)][: options.images]
            before = figures(tests, None)
            for way in ways:
                try:
                    delta, seconds = learn(image, options.objects, choice, way == "quick")
                except LearningError as error:
                    print(f"| {name} | {way} | {error} |")
                    continue
                after = before if delta.is_empty else figures(tests, delta)
                pairs = [value for key in FIGURES for value in (before[key], after[key])]
                rows[way].append([*pairs, delta.origin.weight, seconds, delta.size])
        for way, values in rows.items():
            if not values:
                continue
            medians = [statistics.median(column) for column in zip(*values, strict=True)]
            gains[way].append(
                [medians[1] - medians[0], medians[3] - medians[2], medians[5] - medians[4]]
            )
            cells = [f"{medians[i]:.2f} -> {medians[i + 1]:.2f}" for i in (0, 2, 4)]
            rest = f"{medians[6]:.1f} | {medians[7]:.1f} | {medians[8]:.0f}"
            print(f"| {name} | {way} | {' | '.join(cells)} | {rest} |", flush=True)
    for way, values in gains.items():
        if values:
            means = " | ".join(
                f"{statistics.fmean(column):+.3f}" for column in zip(*values, strict=True)
            )
            print(f"| mean gain | {way} | {means} | | | |")


if __name__ == "__main__":
    main()
