"""Object classes by example: how many of the other objects get the right class, and how fast.

    python benchmarks/classes.py --data ../shared/data/val [--sets axons_sem ...] [--choices 5]

No set has true classes of its objects, so the classes are made here, on real images with their true
objects, half of the objects in each:

    size       larger or smaller than the median area
    elongation more or less eccentric than the median
    blur       the pixels of the object are blurred (sigma 2.5 px), or as they were
    dots       small bright dots are added to the object, or none
    error      objects that cells-tiny found itself: right (IoU 0.5 or more with a true object), or
               wrong (below 0.2)

They say how well a difference of this kind is learned from so few examples, not how well cell types
are told apart; objects near a median have no clear class. The balanced accuracy on all other
objects is the mean over sets and choices of the examples; 0.5 is chance. The same is printed with
the appearance alone (size, shape, brightness, texture), and with the pooled features of the model
alone.

Then the seconds for 2,000 objects: the first time, and after one more example (one thread).
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from napari_sam import Session
from napari_sam.classify.appearance import APPEARANCE
from napari_sam.classify.classifier import predict_classes
from napari_sam.classify.classify import classify
from napari_sam.classify.features import FeatureStore, ObjectFeatures
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

SETS = (
    "nuclei_fluo",
    "nuclei_histology",
    "nuclei_brightfield",
    "axons_sem",
    "cells_phase",
    "powder_sem",
    "qpi_adherent",
)
FOUND_IN = ("nuclei_histology", "axons_sem", "cells_phase", "powder_sem")
"""Sets in which cells-tiny finds enough wrong objects for the classes *right* and *wrong*."""

EXAMPLES = (1, 3, 10)
SIDE = 700
"""Pixels of the part in which the model finds objects itself, along each side."""

Task = tuple[str, ObjectFeatures, np.ndarray]
"""Name of the classes, the objects, and whether each is of the second class."""


def describe(model: Sam, image: np.ndarray, labels: np.ndarray) -> ObjectFeatures:
    """Features of all objects of an image."""
    session = Session.open(image, model=model, cache_dir=False)
    steps = FeatureStore().describe(session.encoder, labels)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def tasks(model: Sam, image: np.ndarray, labels: np.ndarray, name: str) -> Iterator[Task]:
    """Two classes of the objects of an image, in several ways."""
    objects = describe(model, image, labels)
    for task, column in (("size", 0), ("elongation", 1)):
        values = objects.values[:, column]
        yield task, objects, values > np.median(values)
    rng = np.random.default_rng(0)
    changed = rng.permutation(len(objects.labels)) < len(objects.labels) // 2
    inside = np.isin(labels, objects.labels[changed])
    for task, other in (("blur", blurred(image)), ("dots", dotted(image, inside, rng))):
        mask = inside if image.ndim == 2 else inside[..., None]
        yield task, describe(model, np.where(mask, other, image), labels), changed
    if name in FOUND_IN:
        yield from errors(model, image[:SIDE, :SIDE], labels[:SIDE, :SIDE])


def blurred(image: np.ndarray) -> np.ndarray:
    """Image without its details."""
    sigmas = (2.5, 2.5, 0)[: image.ndim]
    return gaussian_filter(image.astype(float), sigmas).astype(image.dtype)


def dotted(image: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Image with a bright dot for every 60 pixels inside."""
    rows, cols = np.nonzero(inside)
    chosen = rng.choice(len(rows), max(1, len(rows) // 60), replace=False)
    dots = np.zeros(inside.shape)
    dots[rows[chosen], cols[chosen]] = 1
    dots = gaussian_filter(dots, 1.2) * 2 * np.pi * 1.2**2
    low, high = np.percentile(image, (1, 99))
    added = image + 0.3 * (high - low) * (dots if image.ndim == 2 else dots[..., None])
    return np.clip(added, 0, np.iinfo(image.dtype).max).astype(image.dtype)


def errors(model: Sam, image: np.ndarray, truth: np.ndarray) -> Iterator[Task]:
    """Objects that the model found: right or wrong; those in between are left out."""
    session = Session.open(image, model=model, cache_dir=False, closer=False)
    for _ in session.segment_everything():
        pass
    found = np.asarray(session.labels)
    objects = describe(model, image, found)
    best = np.array([best_iou(found == label, truth) for label in objects.labels])
    clear = (best >= 0.5) | (best < 0.2)
    chosen = ObjectFeatures(objects.labels[clear], objects.values[clear])
    yield "error", chosen, best[clear] < 0.2


def best_iou(mask: np.ndarray, truth: np.ndarray) -> float:
    """IoU of a mask with the true object that it fits best."""
    numbers, shared = np.unique(truth[mask], return_counts=True)
    areas = [np.count_nonzero(truth == n) if n else np.inf for n in numbers]
    unions = mask.sum() + np.array(areas) - shared
    return float(np.max(shared / unions, initial=0))


def accuracy(objects: ObjectFeatures, second: np.ndarray, count: int, seed: int) -> float:
    """Balanced accuracy on the other objects after `count` examples of each class."""
    rng = np.random.default_rng(seed)
    examples = {
        int(objects.labels[i]): str(kind)
        for kind in (False, True)
        for i in rng.choice(np.flatnonzero(second == kind), count, replace=False)
    }
    predicted = predict_classes(objects, examples).predicted
    right: dict[bool, list[bool]] = {False: [], True: []}
    for label, is_second in zip(objects.labels.tolist(), second.tolist(), strict=True):
        if label in predicted:
            right[is_second].append(predicted[label][0] == str(is_second))
    return float(np.mean([np.mean(right[kind]) for kind in right]))


def without(objects: ObjectFeatures, columns: slice) -> ObjectFeatures:
    """The same objects, with some features constant."""
    values = objects.values.copy()
    values[:, columns] = 0
    return ObjectFeatures(objects.labels, values)


WAYS = {
    "both": slice(0, 0),
    "appearance alone": slice(APPEARANCE, None),
    "model alone": slice(0, APPEARANCE),
}


def quality(options: argparse.Namespace, model: Sam) -> None:
    """Print a table, a line for each way and kind of classes."""
    figures: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for name in options.sets:
        with np.load(richest(options.data / name)) as file:
            image, labels = file["image"], file["labels"]
        for task, objects, second in tasks(model, image, labels, name):
            for way, columns in WAYS.items():
                part = without(objects, columns)
                for count in EXAMPLES:
                    if min(second.sum(), (~second).sum()) < count + 2:
                        continue
                    values = [accuracy(part, second, count, i) for i in range(options.choices)]
                    figures[way, task, count].append(float(np.mean(values)))
    print("| features | classes | images |" + "".join(f" {k} |" for k in EXAMPLES))
    print("|---" * (3 + len(EXAMPLES)) + "|")
    for way, task in dict.fromkeys((way, task) for way, task, _ in figures):
        rows = [figures[way, task, count] for count in EXAMPLES]
        means = "".join(f" {np.mean(row):.2f} |" for row in rows)
        print(f"| {way} | {task} | {len(rows[0])} |{means}")


def richest(folder: Path) -> Path:
    """The image of a set with the most objects."""
    counts = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            counts[path] = len(np.unique(file["labels"]))
    return max(counts, key=lambda path: counts[path])


def speed(data: Path, model: Sam) -> None:
    """Print the seconds for 2,000 objects."""
    with np.load(richest(data / "axons_sem")) as file:
        image, labels = file["image"], file["labels"].astype(np.uint32)
    image = np.concatenate([image, image[:, ::-1]], axis=1)
    labels = np.concatenate([labels, np.where(labels, labels + labels.max(), 0)[:, ::-1]], axis=1)
    labels = np.where(labels <= np.unique(labels)[2000], labels, 0)
    session, store = Session.open(image, model=model, cache_dir=False), FeatureStore()
    examples = {int(label): "ab"[i % 2] for i, label in enumerate(np.unique(labels)[1:7])}
    for text in ("first time, encoding included", "again, one more example"):
        examples[int(np.unique(labels)[7 + len(examples)])] = "a"
        start = perf_counter()
        *_, last = classify(session.encoder, labels, examples, store)
        seconds = perf_counter() - start
        assert last.predictions is not None
        print(f"{len(last.predictions.labels)} objects, {text}: {seconds:.2f} s")


def main() -> None:
    """Print quality and speed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--choices", type=int, default=5)
    parser.add_argument("--only-speed", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model("cells-tiny")
    speed(options.data, model)
    if not options.only_speed:
        quality(options, model)


if __name__ == "__main__":
    main()
