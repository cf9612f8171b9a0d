"""Gain and cost of the second look, closer or from farther away.

    python benchmarks/closer.py --data ../shared/data/val [--model cells-tiny] [--most 3]
        [--objects 20] [--rounds 5] [--sets nuclei_fluo ...] [--enlarge 4]

The same clicks and boxes go to a session with a second look and to a session without. Figures are
the mean IoU, the share of objects with an IoU under 0.5, and the error of the predicted IoU, as
means over the sets. Only objects small enough for a closer look are prompted; with --enlarge, all
objects in a part of the image that is enlarged so many times that it fills a tile, as under an
objective of higher magnification. Then the median seconds of a click on such an object, with its
tile encoded, as ratios to those of a click without a second look: the first click in a place, for
which the close-up has to be encoded, and a further click there.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from skimage.transform import resize
from tqdm import tqdm

from napari_sam import PointPrompt, Session
from napari_sam.evaluate.clicks import Protocol, simulate
from napari_sam.evaluate.figures import Figures, Outcome, macro_mean, summarise
from napari_sam.evaluate.ground_truth import Labels, Pair, files_with_both
from napari_sam.evaluate.objects import TrueObject, objects_of, spread
from napari_sam.evaluate.prompted import answer_boxes
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.second_look.closer import ZOOM, is_small
from napari_sam.masks.second_look.second_look import WINDOW
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

WAYS = {"without": False, "closer": True}
ONE_CLICK = Protocol(most=1, always=1)
TILE = 1024

Case = tuple[Volume, Plane, list[TrueObject]]


def cases(path: Path, most: int, times: int) -> Iterator[Case]:
    """Yield an image or the first plane of a stack, with objects to prompt, if there are any."""
    sample = Pair(path, None).read()
    for plane in islice(sample.planes(), 1):
        volume, labels = sample.volume, sample.plane(plane)
        if times > 1:
            (volume, labels), plane = enlarged(volume, plane, labels, times), ()
        objects = [true for true in objects_of(labels) if times > 1 or is_small(true.bbox)]
        if objects:
            yield volume, plane, spread(objects, most)


def enlarged(volume: Volume, plane: Plane, labels: Labels, times: int) -> tuple[Volume, Labels]:
    """Enlarge the middle of a plane by the factor `times`, to the size of a tile."""
    side = TILE // times
    y0, x0 = (max(0, (n - side) // 2) for n in labels.shape)
    labels = labels[y0 : y0 + side, x0 : x0 + side]
    h, w = labels.shape
    pixels = volume.read(plane, y0, x0, y0 + h, x0 + w)
    shape = (times * h, times * w, *pixels.shape[2:])
    pixels = resize(pixels, shape, order=1, preserve_range=True).astype(pixels.dtype)
    axes = "YX" if pixels.ndim == 2 else "YXC"
    labels = labels.repeat(times, 0).repeat(times, 1)
    return Volume.from_array(pixels, axes=axes), labels


def ask(model: Sam, case: Case, closer: bool) -> Outcome:
    """Prompt each object with a click, and with a box."""
    volume, plane, objects = case
    session = Session.open(volume, model=model, cache_dir=False, closer=closer)
    clicked = simulate(objects, plane, session.predict_objects, ONE_CLICK)
    return Outcome(clicks=clicked, boxes=answer_boxes(session, objects, plane))


def seconds(model: Sam, case: Case, rounds: int) -> dict[str, list[float]]:
    """Measure clicks on objects far apart: without a second look, with a new one, with a kept one.

    Returns
    -------
    dict of str to list of float
        Seconds of each click: ``without``; ``first``, with the close-up encoded for the click; and
        ``known``, with the close-up in memory.
    """
    volume, plane, objects = case
    apart = {tuple(int(v) // (WINDOW // ZOOM) for v in true.click): true for true in objects}
    durations: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, closer in WAYS.items():
            session = Session.open(volume, model=model, cache_dir=False, closer=closer)
            for true in apart.values():
                click = {1: [PointPrompt((*plane, *true.click))]}
                list(session.interactive.encode_for(click))
                for again in ("first", "known") if closer else (name,):
                    started = time.perf_counter()
                    session.predict_objects(click)
                    durations[again].append(time.perf_counter() - started)
    return durations


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/val"))
    parser.add_argument("--model", default="cells-tiny")
    parser.add_argument("--most", type=int, default=3, help="files of a set")
    parser.add_argument("--objects", type=int, default=20, help="objects of a plane")
    parser.add_argument("--rounds", type=int, default=5, help="of the measurement of time")
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--enlarge", type=int, default=1, help="times; 1 asks for small objects")
    options = parser.parse_args()
    model = load_model(options.model, "cpu")
    files = files_with_both(options.data)
    rows: dict[str, list[Figures]] = {way: [] for way in WAYS}
    durations: dict[str, list[float]] = defaultdict(list)
    for name in options.sets or files:
        paths = spread(files[name], options.most)
        of_set = [case for path in paths for case in cases(path, options.objects, options.enlarge)]
        for way, closer in WAYS.items():
            outcomes = [ask(model, case, closer) for case in tqdm(of_set, desc=f"{name}, {way}")]
            rows[way].append(summarise(outcomes, ONE_CLICK))
        for case in of_set:
            for kind, times in seconds(model, case, options.rounds).items():
                durations[kind] += times
    print("| | | mean IoU | under 0.5 | error of the predicted IoU |\n|---|---|---|---|---|")
    for way, of_sets in rows.items():
        mean = macro_mean(of_sets)
        for kind in ("click_1", "box"):
            iou, under, error = (mean[f"{kind}_{n}"] for n in ("iou", "under_half", "iou_error"))
            print(f"| {kind} | {way} | {iou:.3f} | {100 * under:.1f} % | {error:.3f} |")
    median = {kind: float(np.median(times)) for kind, times in durations.items()}
    print(f"\na click without another look takes {1000 * median['without']:.0f} ms")
    for kind in ("first", "known"):
        print(f"{kind} place: {median[kind] / median['without']:.2f} times as long")
    return 0


if __name__ == "__main__":
    sys.exit(main())
