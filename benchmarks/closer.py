"""What looking closer at small objects brings, and what it costs.

    python benchmarks/closer.py --data ../shared/data/val [--model cells-tiny] [--most 3]
        [--objects 20] [--rounds 5]

The same clicks and boxes are asked in a session that looks closer and in one that does not: mean
IoU, the share of objects under an IoU of 0.5, and how far the predicted IoU is off, as means over
the sets. Only objects whose box is small enough to be looked at closer are asked for. Then the
median seconds of a click on such an object, as ratios to those of a click without a closer look,
when its tile is encoded: the first click in a place, and one where the close-up is known already.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from math import sqrt
from pathlib import Path

import numpy as np
from tqdm import tqdm

from napari_sam import PointPrompt, Session
from napari_sam.evaluate.clicks import Answer, Protocol, simulate
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.objects import TrueObject, objects_of, spread
from napari_sam.evaluate.prompted import answer_boxes
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.closer import LARGEST, WINDOW
from napari_sam.model.sam import Sam
from napari_sam.weights.load import load_model

WAYS = {"without": False, "closer": True}
ONE_CLICK = Protocol(most=1, always=1)

Case = tuple[Volume, Plane, list[TrueObject]]


def cases(path: Path, most: int) -> Iterator[Case]:
    """An image, or one plane of a stack, and its small objects; nothing if there are none."""
    sample = Pair(path, None).read()
    for plane in islice(sample.planes(), 1):
        small = [one for one in objects_of(sample.plane(plane)) if side(one) <= LARGEST]
        if small:
            yield sample.volume, plane, spread(small, most)


def side(one: TrueObject) -> float:
    """Root of the area of its box, pixels."""
    y0, x0, y1, x1 = one.bbox
    return sqrt((y1 - y0) * (x1 - x0))


def ask(model: Sam, case: Case, closer: bool) -> dict[str, Sequence[Answer]]:
    """Answers to one click and to one box for each object."""
    volume, plane, objects = case
    session = Session.open(volume, model=model, cache_dir=False, closer=closer)
    clicked = simulate(objects, plane, session.predict_objects, ONE_CLICK)
    return {
        "one click": [own[0] for own in clicked],
        "one box": answer_boxes(session, objects, plane),
    }


def figures(answers: Sequence[Answer]) -> tuple[float, float, float]:
    """Mean IoU, share under 0.5, mean error of the predicted IoU."""
    ious = np.array([answer.iou for answer in answers])
    predicted = np.array([answer.predicted for answer in answers])
    return float(ious.mean()), float((ious < 0.5).mean()), float(np.abs(predicted - ious).mean())


def seconds(model: Sam, case: Case, rounds: int) -> dict[str, list[float]]:
    """Of a click on objects far apart: without a closer look, with a new one, with a known one."""
    volume, plane, objects = case
    apart = {tuple(int(v) // WINDOW for v in one.click): one for one in objects}
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, closer in WAYS.items():
            session = Session.open(volume, model=model, cache_dir=False, closer=closer)
            for one in apart.values():
                click = {1: [PointPrompt((*plane, *one.click))]}
                list(session.encode_for(click))
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
    given = parser.parse_args()
    model = load_model(given.model, "cpu")
    rows: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    taken: dict[str, list[float]] = defaultdict(list)
    for name, paths in files_with_both(given.data).items():
        answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        for path in tqdm(paths[:: max(1, len(paths) // given.most)][: given.most], desc=name):
            known = list(cases(path, given.objects))
            for case in known:
                for way, closer in WAYS.items():
                    for kind, own in ask(model, case, closer).items():
                        answers[kind, way] += own
            for kind, times in seconds(model, known[0], given.rounds).items() if known else ():
                taken[kind] += times
        for key, own in answers.items():
            rows[key].append(figures(own))
    print("| | | mean IoU | under 0.5 | error of the predicted IoU |\n|---|---|---|---|---|")
    for (kind, way), of_sets in sorted(rows.items(), reverse=True):
        iou, under, error = np.mean(of_sets, axis=0)
        print(f"| {kind} | {way} | {iou:.3f} | {100 * under:.1f} % | {error:.3f} |")
    median = {kind: float(np.median(times)) for kind, times in taken.items()}
    print(f"\na click without a closer look takes {1000 * median['without']:.0f} ms")
    for kind in ("first", "known"):
        print(f"{kind} close-up: {median[kind] / median['without']:.2f} times as long")
    return 0


if __name__ == "__main__":
    sys.exit(main())
