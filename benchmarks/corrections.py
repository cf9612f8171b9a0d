"""Corrections that make a mask worse, with and without the offer of the mask before.

    python benchmarks/corrections.py --data ../shared/data/val [--model cells-tiny] [--images 3]
        [--objects 6] [--corrections 3] [--sets nuclei_fluo ...]

A simulated annotator clicks in the middle of an object, then in the middle of the largest error
(``napari_sam.evaluate.clicks``), until nothing is wrong or the corrections are used up. Two runs:

answers     Every answer of the model is taken, to all clicks at once: the policy of the model that
            answers click by click (``napari_sam.masks.prompted.steady``) is off.
offers      Where ``napari_sam.masks.prompted.correction`` calls an answer suspicious, the mask
            before with the change around the click is taken; later clicks correct this mask, which
            is among the prompts, as in the dock after Shift-B.

Figures are means over the sets: corrections that are suspicious; corrections after which the IoU
with the true object is lower by more than 0.05 than before; offers that are better than the answer
in their place; and the IoU after the last click. One thread; parts of 768 x 768 pixels.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from napari_sam import Session
from napari_sam.evaluate.clicks import next_click
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.objects import TrueObject, objects_of, spread
from napari_sam.image.volume import Volume
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.correction import correction_by
from napari_sam.prompts.prompt import MaskPrompt, PointPrompt, Prompt
from napari_sam.weights.load import load_model

SIDE = 768
"""Side of the middle part of an image that is used, pixels."""

WORSE = 0.05
"""Loss of IoU above which a correction made the mask worse."""


@dataclass(slots=True)
class Annotated:
    """An object with its clicks and masks so far.

    Parameters
    ----------
    truth : TrueObject
        The true object.
    clicks : list of PointPrompt
        All clicks.
    mask : Mask or None
        The mask that the annotator has now.
    chosen : Mask or None
        The last offer that was taken; later clicks correct it.
    losses : list of float
        Loss of IoU by each correction; negative for a gain.
    offers : list of float
        IoU of each offer minus the IoU of the answer in its place.
    """

    truth: TrueObject
    clicks: list[PointPrompt]
    mask: Mask | None = None
    chosen: Mask | None = None
    losses: list[float] = field(default_factory=list)
    offers: list[float] = field(default_factory=list)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The clicks, with the mask that they correct."""
        mask = self.chosen
        if mask is None or mask.empty:
            return tuple(self.clicks)
        return (*self.clicks, MaskPrompt(mask.plane, mask.bbox[0], mask.bbox[1], mask.pixels))

    def receive(self, answer: Mask, takes_offers: bool) -> None:
        """Take an answer, or the mask before if the answer is suspicious."""
        before, self.mask = self.mask, answer
        if before is None:
            return
        if not before.empty:
            correction = correction_by(self.clicks[-1], before, answer)
            if correction.is_suspicious and not correction.near_only.empty:
                offer = correction.near_only
                self.offers.append(self.truth.iou(offer) - self.truth.iou(answer))
                if takes_offers:
                    self.mask = self.chosen = offer
        self.losses.append(self.truth.iou(before) - self.truth.iou(self.mask))


def part_of(path: Path) -> tuple[Volume, list[TrueObject]]:
    """The middle of an image, or of the middle plane of a stack, with its true objects."""
    sample = Pair(path, None).read()
    planes = list(sample.planes())
    plane = planes[len(planes) // 2]
    labels = sample.plane(plane)
    y0, x0 = (max(0, (n - SIDE) // 2) for n in labels.shape)
    labels = labels[y0 : y0 + SIDE, x0 : x0 + SIDE]
    pixels = sample.volume.read(plane, y0, x0, y0 + labels.shape[0], x0 + labels.shape[1])
    axes = "YX" if pixels.ndim == 2 else "YXC"
    return Volume.from_array(pixels, axes=axes), list(objects_of(labels))


def annotate(
    session: Session, truths: Sequence[TrueObject], corrections: int, takes_offers: bool
) -> list[Annotated]:
    """Click on all objects of a part, and correct them."""
    objects = [Annotated(truth, [PointPrompt(truth.click)]) for truth in truths]
    active = dict(enumerate(objects, 1))
    for _ in range(corrections + 1):
        if not active:
            break
        prompts: Mapping[int, Sequence[Prompt]] = {i: each.prompts for i, each in active.items()}
        for i, answer in session.predict_objects(prompts).items():
            active[i].receive(answer, takes_offers)
        following = {i: next_click(e.truth, e.mask, e.clicks) for i, e in active.items() if e.mask}
        active = {i: active[i] for i, click in following.items() if click is not None}
        for i, each in active.items():
            if (click := following[i]) is not None:
                each.clicks.append(click)
    return objects


def figures(objects: Sequence[Annotated]) -> list[float]:
    """Shares of a set: suspicious, worse, offers better than the answer; and the mean IoU."""
    losses = [loss for each in objects for loss in each.losses]
    offers = [gain for each in objects for gain in each.offers]
    return [
        len(offers) / max(1, len(losses)),
        float(np.mean([loss > WORSE for loss in losses])) if losses else np.nan,
        float(np.mean([gain > 0 for gain in offers])) if offers else np.nan,
        float(np.mean([each.truth.iou(each.mask) for each in objects if each.mask])),
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--images", type=int, default=3, help="of a set")
    parser.add_argument("--objects", type=int, default=6, help="of an image")
    parser.add_argument("--corrections", type=int, default=3, help="most clicks after the first")
    parser.add_argument("--sets", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(options.model, "cpu")
    model.policy = replace(model.policy, steady_corrections=False)
    files = files_with_both(options.data)
    runs: dict[str, list[list[float]]] = {"answers": [], "offers": []}
    count = 0
    for name in tqdm(options.sets or files):
        objects: dict[str, list[Annotated]] = {run: [] for run in runs}
        for path in spread(files[name], options.images):
            volume, truths = part_of(path)
            session = Session.open(volume, model=model, cache_dir=False)
            chosen = spread(truths, options.objects)
            for run, of_set in objects.items():
                of_set += annotate(session, chosen, options.corrections, run == "offers")
        count += sum(len(each.losses) for each in objects["answers"])
        for run, of_set in objects.items():
            runs[run].append(figures(of_set))
    print(f"{count} corrections of the run with answers")
    print("| taken | suspicious | IoU lower by > 0.05 | offer better than answer | mean IoU |")
    print("|---|---|---|---|---|")
    for run, of_sets in runs.items():
        suspicious, worse, better, iou = np.nanmean(np.array(of_sets), axis=0)
        print(f"| {run} | {suspicious:.1%} | {worse:.1%} | {better:.0%} | {iou:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
