"""Precision of the image encoder: what bf16 changes in masks, and what it saves.

    python benchmarks/precision.py [--only vit_b sam2.1_tiny ...] [--rounds 3] [--threads 1]
    python benchmarks/precision.py --data ../shared/data/val [--objects 12] [--images 2]

Without --data, each public family with generated weights encodes one 1024 x 1024 image, and answers
64 clicks, one object each. Such a model knows no objects: its masks are compared with disks around
the clicks, and with each other. With --data, cells-tiny answers a click and a box on objects of
each set, which are compared with the true objects. The bar is a mean |IoU difference| of 0.005.
Seconds are CPU time of a tile, medians of the rounds, fp32 and bf16 in turns.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_sam import Session
from napari_sam.embeddings.embedding import Embedding
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.objects import TrueObject, objects_of, spread
from napari_sam.image.volume import Plane, Volume
from napari_sam.masks.decode import decode
from napari_sam.masks.mask import Mask
from napari_sam.model.features import ImageFeatures
from napari_sam.model.precision import Precision
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PointPrompt, PromptSet
from napari_sam.tiles.grid import Tile
from napari_sam.weights.families import reference_policy
from napari_sam.weights.load import build, load_model
from napari_sam.weights.precision import fastest_precision
from napari_sam.weights.recognise import recognise, translate
from tests.golden.generated import generate_weights
from tests.golden.record import load

SIZE = 1024
CLICKS = 64
RADIUS = 40  # of the disk around a click, pixels
FAMILIES = ("vit_b", "vit_t", "sam2.1_tiny", "sam2.1_base_plus", "efficienttam_s")
LARGE = ("vit_l", "vit_h", "sam2.1_large")
TILE = Tile((), 0, 0, 0, 0, SIZE, SIZE)
BOTH = (Precision.FP32, Precision.BF16)

Bool = NDArray[np.bool_]


def generated(name: str) -> Sam:
    """Build a public model with generated weights."""
    shapes, _ = load(name)
    weights = {key: torch.from_numpy(value) for key, value in generate_weights(shapes).items()}
    config = recognise(weights, name=name)
    return build(config, reference_policy(config), translate(config, weights))


def overlap(a: Bool, b: Bool) -> float:
    """IoU of two masks; 1 for two empty ones."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def family(name: str, rounds: int) -> str:
    """Compare both precisions of a family; returns a line of the table."""
    model = generated(name)
    y, x = np.mgrid[:SIZE, :SIZE]
    waves = [np.sin(x / s + s) * np.cos(y / (s + 3)) for s in (9, 23, 61)]
    noise = np.random.RandomState(0).standard_normal((SIZE, SIZE, 3))
    rgb = np.clip(110 + 60 * np.stack(waves, -1) + 8 * noise, 0, 255).astype(np.float32)
    points = np.random.RandomState(1).uniform(0, SIZE - 1, (CLICKS, 2))
    with torch.inference_mode():
        image = model.preprocess(torch.from_numpy(rgb))
        seconds, features = _timed(model, image, rounds)
        differences = [
            float((a - b).norm() / a.norm()) for a, b in zip(*map(_tensors, features), strict=True)
        ]
        masks = [list(_masks(model, each, points)) for each in features]
    disks = [np.hypot(y - row, x - col) <= RADIUS for row, col in points]
    ious = [[overlap(mask, disk) for mask, disk in zip(side, disks, strict=True)] for side in masks]
    agreement = [overlap(a, b) for a, b in zip(*masks, strict=True)]
    return _line(name, differences, ious, agreement, seconds)


def _timed(model: Sam, image: torch.Tensor, rounds: int) -> tuple[list[float], list[ImageFeatures]]:
    """Median CPU seconds of encoding in each precision, and the features, rounded as stored."""
    times: dict[Precision, list[float]] = {precision: [] for precision in BOTH}
    features = {p: model.encode_image(image, precision=p) for p in BOTH}
    for _ in range(rounds):
        for precision in BOTH:
            times[precision].append(
                _seconds(lambda p=precision: model.encode_image(image, precision=p))  # type: ignore[misc]
            )
    stored = [
        Embedding.from_arrays(
            TILE,
            {n: v.astype(np.float16) for n, v in Embedding(TILE, each).to_arrays().items()},
            model.device,
        ).features
        for each in features.values()
    ]
    return [statistics.median(side) for side in times.values()], stored


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _tensors(features: ImageFeatures) -> tuple[torch.Tensor, ...]:
    return (features.image_embedding, *features.high_res_features)


def _masks(model: Sam, features: ImageFeatures, points: NDArray[np.float64]) -> Iterator[Bool]:
    prompts = {i: (PointPrompt((y, x)),) for i, (y, x) in enumerate(points.tolist())}
    for (answer,) in decode(model, Embedding(TILE, features), PromptSet(prompts)).values():
        yield _drawn(answer.to_mask(), (SIZE, SIZE))


def _drawn(mask: Mask, shape: tuple[int, ...]) -> Bool:
    drawn = np.zeros(shape, bool)
    y0, x0, y1, x1 = mask.bbox
    drawn[y0:y1, x0:x1] = mask.pixels
    return drawn


def _line(
    name: str,
    differences: list[float],
    ious: list[list[float]],
    agreement: list[float],
    seconds: list[float],
) -> str:
    difference = np.abs(np.subtract(ious[0], ious[1])).mean()
    cells = [
        name,
        " ".join(f"{value:.1%}" for value in differences),
        f"{difference:.4f}",
        f"{np.mean(agreement):.4f}",
        f"{seconds[0]:.2f} -> {seconds[1]:.2f} s ({seconds[0] / seconds[1]:.2f} x)",
    ]
    return f"| {' | '.join(cells)} |"


def of_set(
    files: list[Path], model: Sam, images: int, objects: int
) -> tuple[list[float], list[float], list[float]]:
    """IoU with true objects after a click and for a box, in both precisions, and of both masks."""
    ious: tuple[list[float], list[float]] = ([], [])
    agreement: list[float] = []
    for path in files[:images]:
        sample = Pair(path, None).read()
        plane = next(iter(sample.planes()))
        truths = spread(list(objects_of(sample.plane(plane))), objects)
        slow, fast = (_answers(sample.volume, model, plane, truths, each) for each in BOTH)
        for (iou, mask), (other_iou, other) in zip(slow, fast, strict=True):
            ious[0].append(iou)
            ious[1].append(other_iou)
            agreement.append(overlap(mask, other))
    return (*ious, agreement)


def _answers(
    volume: Volume, model: Sam, plane: Plane, truths: list[TrueObject], precision: Precision
) -> list[tuple[float, Bool]]:
    """IoU with the true object, and mask, after a click and for a box on each object."""
    session = Session.open(volume, model=model, cache_dir=False, precision=precision)
    shape = (volume.height, volume.width)
    answers = []
    for true in truths:
        first, last = ((*plane, *corner) for corner in true.box)
        click = session.predict([(*plane, *true.click)])
        box = session.predict(boxes=[(first, last)])
        answers += [(true.iou(mask), _drawn(mask, shape)) for mask in (click, box)]
    return answers


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=list(FAMILIES), choices=[*FAMILIES, *LARGE])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--objects", type=int, default=12, help="of an image")
    parser.add_argument("--images", type=int, default=2, help="of a set")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"auto takes {fastest_precision('cpu')} on this machine\n")
    if options.data is None:
        print("| model | features differ | mean IoU difference | IoU of both masks | a tile |")
        print("|---|---|---|---|---|")
        for name in options.only:
            print(family(name, options.rounds), flush=True)
        return
    print("| set | answers | fp32 | bf16 | mean IoU difference | IoU of both masks |")
    print("|---|---|---|---|---|---|")
    model = load_model("cells-tiny")
    everything: list[float] = []
    for name, files in files_with_both(options.data).items():
        slow, fast, agreement = of_set(files, model, options.images, options.objects)
        if slow:
            differences = np.abs(np.subtract(slow, fast))
            everything += differences.tolist()
            means = [f"{np.mean(x):.4f}" for x in (slow, fast, differences, agreement)]
            print(f"| {name} | {len(slow)} | {' | '.join(means)} |", flush=True)
    print(f"\nmean |IoU difference| of {len(everything)} answers: {np.mean(everything):.4f}")


if __name__ == "__main__":
    main()
