"""Bacteria that touch: painted colonies in phase contrast, by the width of the rods.

    python benchmarks/colonies.py [--model cells-tiny] [--widths 5 6 7 9 12] [--images 3]
        [--objects 12]

The optics is that of the training images (:mod:`training.procedural.phase_optics`), so the figures
show the effect of the size of the rods in pixels, not the accuracy on real bacteria. Each row
compares a session that enlarges with a session that does not: AP at 0.5 and mSA of all objects,
and the mean IoU after one click.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from napari_sam import PointPrompt, Session
from napari_sam.evaluate.automatic import paint_found
from napari_sam.evaluate.matching import detect
from napari_sam.evaluate.objects import objects_of, spread
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model
from training.procedural import optics
from training.procedural.colony import draw_rods, grow
from training.procedural.phase_optics import zernike
from training.procedural.scene import Scene

SIDE = 256  # pixels
RODS = 120
NOISE = 0.03  # standard deviation, share of the range of values


def colony(width: float, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Image ``(SIDE, SIDE)`` of a colony of rods of a width in pixels, and its labels."""
    rng = np.random.default_rng(seed)
    labels = draw_rods(rng, grow(rng, RODS, 3, 2), (SIDE, SIDE), width)
    phase = Scene(labels).dome * rng.uniform(0.6, 1.2)
    image = optics.normal(zernike(phase, 1.2 * width, 0.25, 0.08 * width))
    noisy = np.clip(image + NOISE * rng.standard_normal(image.shape), 0, 1)
    return (255 * noisy).astype(np.uint8), labels.astype(np.int32)


def measure(model: Sam, width: float, seed: int, most: int, closer: bool) -> list[float]:
    """AP at 0.5, mSA, and mean IoU after one click on up to `most` rods of a colony."""
    image, labels = colony(width, seed)
    session = Session.open(image, model=model, cache_dir=False, closer=closer)
    found = detect(labels, paint_found(session, ())[0])
    clicks = [
        true.iou(session.predict_objects({1: [PointPrompt(true.click)]})[1])
        for true in spread(list(objects_of(labels)), most)
    ]
    return [found.ap50, found.msa, float(np.mean(clicks))]


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--widths", type=float, nargs="+", default=[5, 6, 7, 9, 12])
    parser.add_argument("--images", type=int, default=3)
    parser.add_argument("--objects", type=int, default=12)
    args = parser.parse_args()
    model = load_model(args.model, "cpu")
    print("| width, px | enlarged | AP at 0.5 | mSA | one click |\n|---|---|---|---|---|")
    for width in args.widths:
        for closer in (False, True):
            runs = [measure(model, width, s, args.objects, closer) for s in range(args.images)]
            figures = " | ".join(f"{value:.3f}" for value in np.mean(runs, axis=0))
            print(f"| {width:g} | {'yes' if closer else 'no'} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
