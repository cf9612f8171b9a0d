"""Learning from a few accepted objects: other images of the set, before and after.

    python benchmarks/learning.py --data ../shared/data/val [--sets powder_sem worms_bf ...]
        [--objects 5 20] [--choices 3] [--images 2] [--way full|quick|both] [--forgotten FOLDER]

For each choice, some neighbouring objects of one image are learned, and the model is compared on
other images of the set before and after: AP at an IoU of 0.5 of automatic segmentation, mean IoU of
one click and of one box, of at most 20 objects of an image. The table has the medians over the
choices, and of their gains; the share of the learned differences that the gate chose; seconds by
the clock and of the processor, on one thread; bytes; and by how much the memory of a process rises
at most, above what it takes with the tiles encoded.

The sets are by default those on which the built-in model was not trained. Of a set with a single
image, one half is learned and the other half is asked. Of a stack, planes are images. Where no
image has enough objects, several make a stack. With --forgotten, images of another set are asked
before and after each first choice; by default those of nuclei_fluo, where --data has them.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.learning_examples import SETS, Example, choose, images_of_set
from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.evaluate.clicks import Protocol
from napari_sam.evaluate.figures import summarise
from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.objects import spread
from napari_sam.evaluate.run import Part, Task, evaluate
from napari_sam.learning.delta import Delta
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

FIGURES = {"AP@0.5": "plane_ap50", "click": "click_1_iou", "box": "box_iou"}
TASK = Task((Part.CLICKS, Part.BOXES, Part.AUTOMATIC), Protocol(most=1), 20)
FORGOTTEN = "nuclei_fluo"
FORGOTTEN_IMAGES = 5
WORSE = 0.01
"""AP@0.5 lost, above which a set counts as worse."""

Values = tuple[float, ...]
"""Figures, in the order of `FIGURES`."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Result and costs of a lesson: seconds on one thread, and megabytes more than before."""

    delta: Delta
    seconds: float
    processor_seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A lesson, and figures of other images before and after."""

    learned: Learned
    before: Values
    after: Values

    @property
    def gains(self) -> Values:
        """Gain of each figure."""
        return tuple(b - a for a, b in zip(self.before, self.after, strict=True))


def learn(example: Example, quick: bool) -> Learned:
    """Learn an example, in a process of its own."""
    torch.set_num_threads(1)
    images = example.images
    session = Session.open(images, axes="TYXC"[: images.ndim], cache_dir=False)
    session.labels = example.labels
    for tile in session.tiles():
        session.encoder.get(tile)  # a user who accepted objects has them
    memory, start, processor = megabytes("VmRSS"), perf_counter(), process_time()
    *_, last = session.learn(quick=quick)
    assert last.delta is not None
    return Learned(
        last.delta,
        perf_counter() - start,
        process_time() - processor,
        megabytes("VmHWM") - memory,
    )


def megabytes(name: str) -> float:
    """Resident memory of this process, now (VmRSS) or at most (VmHWM); NaN but on Linux."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if name in line), np.nan)


@cache
def built_in() -> Sam:
    """The model that learns."""
    return load_model("cells-tiny")


@cache
def figures_before(paths: tuple[Path, ...]) -> Values:
    """Figures of images under the model as it is."""
    return figures(paths, built_in())


def figures(paths: Sequence[Path], model: Sam) -> Values:
    """Figures of images under a model."""
    steps = evaluate(
        [Pair(path) for path in paths],
        lambda volume: Session.open(volume, model=model, cache_dir=False),
        TASK,
    )
    summary = summarise((step.outcome for step in steps), TASK.protocol)
    return tuple(summary[key] for key in FIGURES.values())


def trial(learned: Learned, tests: tuple[Path, ...]) -> Trial:
    """Compare images before and after a lesson."""
    before, delta = figures_before(tests), learned.delta
    same = delta.is_empty
    return Trial(learned, before, before if same else figures(tests, delta.applied_to(built_in())))


def lessons(
    files: Sequence[Path], count: int, quick: bool, options: argparse.Namespace
) -> Iterator[tuple[Learned, tuple[Path, ...]]]:
    """Yield each choice of objects of a set, learned, with the images to test on."""
    for choice in range(options.choices):
        example, tests = choose(files, count, choice, options.choices, options.images)
        with ProcessPoolExecutor(1, get_context("spawn")) as process:  # for its peak of memory
            learned = process.submit(learn, example, quick).result()
        yield learned, tuple(tests)


def cells_of(trials: Sequence[Trial]) -> list[str]:
    """Cells of the table: medians over trials."""
    before, after, gains = (
        np.median([getattr(each, name) for each in trials], 0)
        for name in ("before", "after", "gains")
    )
    cells = [f"{a:.2f} -> {b:.2f} ({c:+.3f})" for a, b, c in zip(before, after, gains, strict=True)]
    learned = [each.learned for each in trials]
    shares = "/".join(f"{each.delta.origin.weight:g}" for each in learned)
    seconds, processor, memory = (
        f"{statistics.median(getattr(each, name) for each in learned):{form}}"
        for name, form in (("seconds", ".1f"), ("processor_seconds", ".1f"), ("megabytes", ".0f"))
    )
    size = statistics.median(each.delta.size for each in learned)
    return [*cells, shares, seconds, processor, f"{size / 1000:.0f}", memory]


def print_row(*cells: object) -> None:
    """Print a row of the table."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def print_set(
    name: str, scratch: Path, forgotten: tuple[Path, ...], options: argparse.Namespace
) -> Iterator[tuple[tuple[int, str], Values]]:
    """Print the rows of a set; yield its median gains with number of objects and way."""
    folder = options.data / name
    files = images_of_set(folder, scratch)
    shown = name if scratch not in files[0].parents else f"{name} (parts of one file)"
    for count in options.objects:
        for way in ("quick", "full") if options.way == "both" else (options.way,):
            try:
                results = list(lessons(files, count, way == "quick", options))
            except (LearningError, ValueError) as error:
                print_row(shown, count, way, error, *[""] * 7)
                continue
            trials = [trial(learned, tests) for learned, tests in results]
            print_row(shown, count, way, *cells_of(trials))
            yield (count, way), tuple(np.median([each.gains for each in trials], 0))
            if forgotten and not folder.samefile(forgotten[0].parent):
                asked = f"{forgotten[0].parent.name} after {name}"
                print_row(asked, count, way, *cells_of([trial(results[0][0], forgotten)]))


def forgotten_images(options: argparse.Namespace) -> tuple[Path, ...]:
    """Images of another set, some of many."""
    folder = options.forgotten or options.data / FORGOTTEN
    files = sorted(folder.glob("*.npz"))
    if options.forgotten and not files:
        raise SystemExit(f"{folder} has no .npz files")
    return tuple(spread(files, FORGOTTEN_IMAGES))


def main() -> None:
    """Print a table, a line for each set, number of objects and way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--objects", nargs="+", type=int, default=[5, 20])
    parser.add_argument("--choices", type=int, default=3)
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--way", choices=("quick", "full", "both"), default="both")
    parser.add_argument("--forgotten", type=Path)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that learn
    torch.set_num_threads(1)
    forgotten = forgotten_images(options)
    heads = ("set", "objects", "way", *FIGURES, "share", "s", "s of CPU", "kB", "MB more")
    print_row(*heads)
    print_row(*["---"] * len(heads))
    gains: dict[tuple[int, str], list[Values]] = {}
    with TemporaryDirectory() as scratch:
        for name in options.sets:
            for key, values in print_set(name, Path(scratch), forgotten, options):
                gains.setdefault(key, []).append(values)
    for (count, way), rows in gains.items():
        for word, cells in (("mean gain", np.mean(rows, 0)), ("least gain", np.min(rows, 0))):
            print_row(word, count, way, *(f"{value:+.3f}" for value in cells), *[""] * 5)
        worse = sum(values[0] < -WORSE for values in rows)
        print_row(f"AP lower by more than {WORSE}", count, way, f"{worse} of {len(rows)} sets")


if __name__ == "__main__":
    main()
