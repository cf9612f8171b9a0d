"""Second looks: the IoU that each brings, and the time that it takes.

    python benchmarks/second_looks.py --data ../shared/data/val [--model cells-tiny] [--images 5]
        [--objects 12] [--sets nuclei_fluo ...]

A click in the middle of each object, and its box, with the weights of a model and these answers:

none        The first answer.
own         The answer to the model's own prompts too (``napari_sam.masks.own_prompts``).
looks       Small objects enlarged, large and tiny ones at another scale, other unsure ones
            mirrored (``napari_sam.masks.second_look``).
both        The release.
unmirrored  The release without mirror images.

Figures are means over objects, then over sets; *gain* is the mean IoU above *none*. Seconds are
those of the processor, of an answer in an encoded tile, with the encoding of zoomed parts.
One thread; parts of 768 x 768 pixels.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import torch
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.corrections import part_of
from napari_sam import Session
from napari_sam.evaluate.ground_truth import files_with_both
from napari_sam.evaluate.objects import TrueObject, spread
from napari_sam.image.volume import Volume
from napari_sam.masks.second_look import mirrored
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import BoxPrompt, PointPrompt
from napari_sam.weights.load import load_model

POLICIES = {
    "none": {"own_prompts": False, "closer_looks": False},
    "own": {"own_prompts": True, "closer_looks": False},
    "looks": {"own_prompts": False, "closer_looks": True},
    "both": {"own_prompts": True, "closer_looks": True},
    "unmirrored": {"own_prompts": True, "closer_looks": True},
}
"""Name -> fields of the answer policy."""
SURE = mirrored.SURE


def measure(volume: Volume, truths: Sequence[TrueObject], model: Sam) -> list[list[float]]:
    """IoU and seconds of a click, and of a box, on each object: ``(N, 4)``."""
    session = Session.open(volume, model=model, cache_dir=False)
    for tile in session.encoder.grid.overlapping((), session.encoder.grid.bbox):
        session.encoder.get(tile)
    rows = []
    for truth in truths:
        row: list[float] = []
        for prompt in (PointPrompt(truth.click), BoxPrompt(*truth.box)):
            start = process_time()
            mask = session.predict_objects({1: [prompt]})[1]
            seconds = process_time() - start
            row += [0.0 if mask.empty else truth.iou(mask), seconds]
        rows.append(row)
    return rows


def main() -> int:
    """Print a row for each policy, and for each set and policy before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--images", type=int, default=5, help="of a set")
    parser.add_argument("--objects", type=int, default=12, help="of an image")
    parser.add_argument("--sets", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(options.model, "cpu")
    files = files_with_both(options.data)
    means: dict[str, list[list[float]]] = {name: [] for name in POLICIES}
    print("| set | looks | click | gain | s | box | gain | s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in tqdm(options.sets or files, disable=None):
        parts = [part_of(path) for path in spread(files[name], options.images)]
        for looks, fields in POLICIES.items():
            model.policy = replace(model.policy, **fields)
            mirrored.SURE = 0.0 if looks == "unmirrored" else SURE
            rows = [
                row
                for volume, truths in parts
                for row in measure(volume, spread(truths, options.objects), model)
            ]
            means[looks].append(np.mean(rows, axis=0).tolist())
            print(_row(name, looks, means[looks][-1], means["none"][-1]), flush=True)
    for looks, of_sets in means.items():
        every = [np.mean(sets, axis=0).tolist() for sets in (of_sets, means["none"])]
        print(_row("mean", looks, *every))
    return 0


def _row(name: str, looks: str, figures: list[float], plain: list[float]) -> str:
    cells = [
        f"{figures[i]:.3f} | {figures[i] - plain[i]:+.3f} | {figures[i + 1]:.3f}" for i in (0, 2)
    ]
    return f"| {name} | {looks} | {cells[0]} | {cells[1]} |"


if __name__ == "__main__":
    sys.exit(main())
