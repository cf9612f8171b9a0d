"""What looking again at another scale brings, and what it costs.

    python benchmarks/closer.py --data ../shared/data/val [--model cells-tiny] [--most 3]
        [--objects 20] [--rounds 5] [--sets nuclei_fluo ...] [--enlarge 4]

The same clicks and boxes are asked in a session that looks again and in one that does not: mean
IoU, the share of objects under an IoU of 0.5, and how far the predicted IoU is off, as means over
the sets. Only objects whose box is small enough to be looked at closer are asked for; with
--enlarge, all objects of a part of the image that is so many times enlarged that it fills a tile,
as under an objective of higher magnification. Then the median seconds of a click on such an object,
as ratios to those of a click without another look, when its tile is encoded: the first click in a
place, and one where everything is known already.
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
from napari_sam.evaluate.figures import Figures, Seen, macro_mean, summarise
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
    """An image, or one plane of a stack, and its objects of interest; nothing if there are none."""
    sample = Pair(path, None).read()
    for plane in islice(sample.planes(), 1):
        volume, labels = sample.volume, sample.plane(plane)
        if times > 1:
            (volume, labels), plane = enlarged(volume, plane, labels, times), ()
        objects = [one for one in objects_of(labels) if times > 1 or is_small(one.bbox)]
        if objects:
            yield volume, plane, spread(objects, most)


def enlarged(volume: Volume, plane: Plane, labels: Labels, times: int) -> tuple[Volume, Labels]:
    """The part in the middle of a plane that fills a tile when it is so many times enlarged."""
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


def ask(model: Sam, case: Case, closer: bool) -> Seen:
    """Answers to one click and to one box for each object."""
    volume, plane, objects = case
    session = Session.open(volume, model=model, cache_dir=False, closer=closer)
    clicked = simulate(objects, plane, session.predict_objects, ONE_CLICK)
    return Seen(clicks=clicked, boxes=answer_boxes(session, objects, plane))


def seconds(model: Sam, case: Case, rounds: int) -> dict[str, list[float]]:
    """Of a click on objects far apart: without another look, with a new one, with a known one."""
    volume, plane, objects = case
    apart = {tuple(int(v) // (WINDOW // ZOOM) for v in one.click): one for one in objects}
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, closer in WAYS.items():
            session = Session.open(volume, model=model, cache_dir=False, closer=closer)
            for one in apart.values():
                click = {1: [PointPrompt((*plane, *one.click))]}
                list(session.interactive.encode_for(click))
                for again in ("first", "known") if closer else (name,):
                    started = time.perf_counter()
                    session.predict_objects(click)
                    taken[again].append(time.perf_counter() - started)
    return taken


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
    given = parser.parse_args()
    model = load_model(given.model, "cpu")
    files = files_with_both(given.data)
    rows: dict[str, list[Figures]] = {way: [] for way in WAYS}
    taken: dict[str, list[float]] = defaultdict(list)
    for name in given.sets or files:
        chosen = spread(files[name], given.most)
        known = [case for path in chosen for case in cases(path, given.objects, given.enlarge)]
        for way, closer in WAYS.items():
            seen = [ask(model, case, closer) for case in tqdm(known, desc=f"{name}, {way}")]
            rows[way].append(summarise(seen, ONE_CLICK))
        for case in known:
            for kind, times in seconds(model, case, given.rounds).items():
                taken[kind] += times
    print("| | | mean IoU | under 0.5 | error of the predicted IoU |\n|---|---|---|---|---|")
    for way, of_sets in rows.items():
        mean = macro_mean(of_sets)
        for kind in ("click_1", "box"):
            iou, under, error = (mean[f"{kind}_{n}"] for n in ("iou", "under_half", "iou_error"))
            print(f"| {kind} | {way} | {iou:.3f} | {100 * under:.1f} % | {error:.3f} |")
    median = {kind: float(np.median(times)) for kind, times in taken.items()}
    print(f"\na click without another look takes {1000 * median['without']:.0f} ms")
    for kind in ("first", "known"):
        print(f"{kind} place: {median[kind] / median['without']:.2f} times as long")
    return 0


if __name__ == "__main__":
    sys.exit(main())
