"""Accuracy of one click and one box on images with ground truth, beside classical baselines.

    python benchmarks/accuracy.py --data ../shared/data/val [--model cells-tiny] [--json FILE]

Each object is prompted alone, through the public API, with one click at its innermost point or
with its bounding box. Means are taken per set and then over the sets, never over pooled objects.
Objects under 25 px are left out: slices of a 3D ground truth end in crumbs of a few pixels. Of an
image at most 100 objects are prompted, evenly spread over its labels. Of a volume every fourth
slice is used, objects being connected components of the slice.

Baselines, the best that scikit-image gives for the same prompts without learning: for the click,
a flood fill whose tolerance is chosen per set to its own advantage; for the box, Otsu's threshold
inside the box, in the polarity in which the box's rim is background.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects
from skimage.color import rgb2gray
from skimage.filters import threshold_otsu
from skimage.measure import label as connected_components
from skimage.segmentation import flood
from tqdm import tqdm

from napari_sam import BoxPrompt, PointPrompt, Session

SMALLEST_OBJECT = 25
MOST_OBJECTS = 100  # of an image
TOLERANCES = (0.05, 0.1, 0.15, 0.2, 0.3)
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """One object: its place, its pixels there, and the prompts for it."""

    rows: slice
    cols: slice
    pixels: Bool
    click: tuple[float, float]

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Two opposite corners, yx, pixel centres."""
        return (self.rows.start, self.cols.start), (self.rows.stop - 1, self.cols.stop - 1)

    def iou(self, mask: Bool) -> float:
        """IoU with a mask ``(H, W)`` of the whole image."""
        overlap = (mask[self.rows, self.cols] & self.pixels).sum()
        return float(overlap / (mask.sum() + self.pixels.sum() - overlap))


def planes(folder: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.integer]]]:
    """Images and labels of a set; every fourth slice of a volume."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            image, labels = file["image"], file["labels"]
        if labels.ndim == 2:
            yield image, labels
        else:
            for index in range(0, len(labels), 4):
                yield image[index], connected_components(labels[index], background=0)


def truths(labels: NDArray[np.integer]) -> Iterator[Truth]:
    """Objects of a label image."""
    for index, place in enumerate(find_objects(labels), 1):
        if place is None:
            continue
        pixels = labels[place] == index
        if pixels.sum() < SMALLEST_OBJECT:
            continue
        depth = distance_transform_edt(np.pad(pixels, 1))[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        yield Truth(
            place[0], place[1], pixels, (float(y + place[0].start), float(x + place[1].start))
        )


def spread(objects: list[Truth], most: int = MOST_OBJECTS) -> list[Truth]:
    """At most that many of them, evenly spread."""
    step = max(1.0, len(objects) / most)
    return [objects[int(i * step)] for i in range(min(len(objects), most))]


def model_ious(
    image: NDArray[np.uint8], objects: list[Truth], model: str, device: str | None
) -> dict[str, list[float]]:
    """IoU of one click and one box for each object, through the public API."""
    session = Session.open(image, model=model, cache_dir=False, device=device)
    clicks = {i: [PointPrompt(t.click)] for i, t in enumerate(objects, 1)}
    boxes = {i: [BoxPrompt(*t.box)] for i, t in enumerate(objects, 1)}
    answers = {"click": session.predict_objects(clicks), "box": session.predict_objects(boxes)}
    ious: dict[str, list[float]] = {}
    for kind, masks in answers.items():
        ious[kind] = []
        for index, truth in enumerate(objects, 1):
            canvas = np.zeros(image.shape[:2], bool)
            mask = masks[index]
            y0, x0, y1, x1 = mask.bbox
            canvas[y0:y1, x0:x1] = mask.pixels
            ious[kind].append(truth.iou(canvas))
        ious[f"{kind} iou error"] = [abs(masks[i].iou - iou) for i, iou in enumerate(ious[kind], 1)]
    return ious


def flood_iou(grey: NDArray[np.float64], truth: Truth, tolerance: float) -> float:
    """Flood fill from the click."""
    y, x = (int(v) for v in truth.click)
    return truth.iou(flood(grey, (y, x), tolerance=tolerance * np.ptp(grey)))


def threshold_iou(grey: NDArray[np.float64], truth: Truth) -> float:
    """Otsu inside the box; the class that dominates the box's rim is background."""
    crop = grey[truth.rows, truth.cols]
    flat = np.ptp(crop) == 0
    inside = np.ones(crop.shape, bool) if flat else crop > threshold_otsu(crop)
    rim = np.ones(crop.shape, bool)
    rim[1:-1, 1:-1] = False
    if inside[rim].mean() > 0.5:
        inside = ~inside
    canvas = np.zeros(grey.shape, bool)
    canvas[truth.rows, truth.cols] = inside
    return truth.iou(canvas)


def score_set(folder: Path, model: str, device: str | None) -> dict[str, float]:
    """All figures of one set."""
    ious: dict[str, list[float]] = {}
    for image, labels in tqdm(list(planes(folder)), desc=folder.name, file=sys.stderr):
        objects = spread(list(truths(labels)))
        if not objects:
            continue
        grey = rgb2gray(image) if image.ndim == 3 else image.astype(float)
        found = model_ious(image, objects, model, device)
        found |= {
            f"flood {tolerance}": [flood_iou(grey, truth, tolerance) for truth in objects]
            for tolerance in TOLERANCES
        }
        found["otsu in box"] = [threshold_iou(grey, truth) for truth in objects]
        for name, values in found.items():
            ious.setdefault(name, []).extend(values)
    figures: dict[str, float] = {name: float(np.mean(values)) for name, values in ious.items()}
    figures["flood"] = max(figures.pop(f"flood {t}") for t in TOLERANCES)
    for kind in ("click", "box"):
        figures[f"{kind} under 0.5"] = float(np.mean(np.array(ious[kind]) < 0.5))
    return figures | {"objects": len(ious["click"])}


COLUMNS: dict[str, Callable[[dict[str, float]], str]] = {
    "objects": lambda f: f"{f['objects']:.0f}",
    "click": lambda f: f"{f['click']:.3f}",
    "click < 0.5": lambda f: f"{f['click under 0.5']:.1%}",
    "flood fill": lambda f: f"{f['flood']:.3f}",
    "box": lambda f: f"{f['box']:.3f}",
    "box < 0.5": lambda f: f"{f['box under 0.5']:.1%}",
    "Otsu in box": lambda f: f"{f['otsu in box']:.3f}",
    "IoU error, click": lambda f: f"{f['click iou error']:.3f}",
    "IoU error, box": lambda f: f"{f['box iou error']:.3f}",
}


def table(results: dict[str, dict[str, float]]) -> str:
    """The results as a Markdown table."""
    lines = ["| set | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, figures in results.items():
        cells = [column(figures) for column in COLUMNS.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    data: Annotated[Path, typer.Option(help="Folder with one folder of .npz files per set.")],
    model: Annotated[str, typer.Option(help="Name or weights file.")] = "cells-tiny",
    device: Annotated[str | None, typer.Option()] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Print the table of mean IoU per set, and the mean over sets."""
    folders = sorted(f for f in data.iterdir() if any(f.glob("*.npz")))
    if not folders:
        raise typer.BadParameter(f"no set of .npz files in {data}")
    results = {folder.name: score_set(folder, model, device) for folder in folders}
    keys = next(iter(results.values()))
    macro = {key: float(np.mean([figures[key] for figures in results.values()])) for key in keys}
    macro["objects"] = sum(figures["objects"] for figures in results.values())
    results["mean over sets"] = macro
    print(table(results))
    if output:
        output.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    typer.run(main)
