"""Annotation of thirty objects in a real napari window: clicks, seconds, and time spent waiting.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/annotator.py --data ../shared/data/val
        [--set nuclei_fluo] [--objects 30] [--pace 1] [--model cells-tiny] [--json FILE]

A simulated annotator (``tests/plugin/annotator.py``) compares the preview with the true object. It
clicks at the innermost point of the object, then into the middle of the largest error, with Q
pressed before for a background click, until the overlap (IoU) is 0.85 or three corrections were
made, and presses Enter. All clicks and keys are Qt events on the canvas. In each set the largest
image with enough objects is used. The objects are evenly spread over its labels; objects at the rim
are included, objects under 25 px are not.

Every image is annotated twice. First without a pause, which measures the machine alone. Then with
--pace seconds to aim at each click, during which Qt and the worker continue, as for a human. One
second is fast: Bearman et al. (What's the Point, ECCV 2016) measured 2.4 s for the first click in
an image and 0.9 s for each further click, for pointing alone, without a look at the result. Keys
take the annotator no time. Both choices make the share of waiting larger.

Waiting is the time from a click until its preview is painted, and from Enter until the label is
painted. The share of waiting is waiting / (waiting + aiming). The time in which this program
compares masks is not counted. Nothing is cached on disk; the first click waits for its tile.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated as Option
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_sam.evaluate.objects import objects_of, spread
from tests.plugin.annotator import Annotated, Annotator
from tests.plugin.bench import Bench
from tests.plugin.patience import Patience

Figures = dict[str, float]


def largest_image(folder: Path, objects: int) -> Path | None:
    """Find the largest image of a set with at least so many objects."""
    candidates: list[tuple[int, Path]] = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            labels = file["labels"]
        if labels.ndim == 2 and sum(1 for _ in objects_of(labels)) >= objects:
            candidates.append((labels.size, path))
    return max(candidates, key=lambda item: item[0])[1] if candidates else None


def masks(labels: NDArray[np.integer], objects: int) -> Iterator[NDArray[np.bool_]]:
    """Yield objects of a label image, as masks ``(Y, X)`` bool of the full image."""
    for truth in spread(list(objects_of(labels)), objects):
        yield truth.within((0, 0, *labels.shape))


def annotate(path: Path, model: Any, objects: int, pace: float) -> Figures:
    """Annotate an image in a new window; returns the figures."""
    import napari

    with np.load(path) as file:
        image, labels = file["image"], file["labels"]
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1280, 800)
    viewer.add_image(image, name=path.stem)
    bench = Bench(viewer, model, Patience())
    annotator = Annotator(bench, pace=pace)
    done = [annotator.annotate(mask) for mask in masks(labels, objects)]
    label_count = int(bench.layer("labels").data.max())
    viewer.window.remove_dock_widget(bench.dock)
    viewer.close()
    return figures(done, pace) | {"labels": label_count}


def figures(done: Sequence[Annotated], pace: float) -> Figures:
    """Compute the figures of an image from its annotated objects."""
    clicks = [annotated.clicks for annotated in done]
    seconds = [annotated.seconds for annotated in done]
    later = [wait for annotated in done[1:] for wait in annotated.waits[:-1]]
    waiting = sum(wait for annotated in done for wait in annotated.waits)
    return {
        "objects": len(done),
        "pace": pace,
        "clicks per object": float(np.mean(clicks)),
        "median seconds per object": float(np.median(seconds)),
        "p95 seconds per object": float(np.percentile(seconds, 95)),
        "first click": done[0].waits[0],
        "median wait for a click": float(np.median(later)),
        "p95 wait for a click": float(np.percentile(later, 95)),
        "median wait for enter": float(np.median([annotated.waits[-1] for annotated in done])),
        "share of waiting": waiting / sum(seconds),
        "mean IoU": float(np.mean([annotated.iou for annotated in done])),
        "good": float(np.mean([annotated.iou >= 0.85 for annotated in done])),
    }


COLUMNS: dict[str, Callable[[Figures], str]] = {
    "pace": lambda f: f"{f['pace']:.1f} s a click" if f["pace"] else "no pause",
    "objects": lambda f: f"{f['objects']:.0f}",
    "clicks an object": lambda f: f"{f['clicks per object']:.2f}",
    "s an object, median": lambda f: f"{f['median seconds per object']:.2f}",
    "p95": lambda f: f"{f['p95 seconds per object']:.2f}",
    "first click": lambda f: f"{f['first click']:.2f} s",
    "other clicks, median": lambda f: f"{f['median wait for a click'] * 1000:.0f} ms",
    "p95 ": lambda f: f"{f['p95 wait for a click'] * 1000:.0f} ms",
    "Enter": lambda f: f"{f['median wait for enter'] * 1000:.0f} ms",
    "waiting": lambda f: f"{f['share of waiting']:.1%}",
    "mean IoU": lambda f: f"{f['mean IoU']:.3f}",
    "IoU >= 0.85": lambda f: f"{f['good']:.0%}",
}


def table(results: dict[str, list[Figures]]) -> str:
    """Format results as a Markdown table."""
    lines = ["| image | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, rows in results.items():
        for row in rows:
            cells = [column(row) for column in COLUMNS.values()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    data: Option[Path, typer.Option(help="Folder with one folder of .npz files per set.")],
    sets: Option[list[str] | None, typer.Option("--set", help="By default nuclei_fluo*.")] = None,
    objects: Option[int, typer.Option(help="How many are accepted in each image.")] = 30,
    pace: Option[float, typer.Option(help="Seconds to aim at a click, in the second run.")] = 1.0,
    model: Option[str, typer.Option(help="Name or weights file.")] = "cells-tiny",
    output: Option[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Print the table."""
    from napari_sam.weights.load import load_model

    names = sets or sorted(folder.name for folder in data.glob("nuclei_fluo*"))
    results: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"NAPARI_SAM_JOURNAL_DIR": folder, "NAPARI_CONFIG": ""}
        loaded = load_model(model)
        for name in names:
            if path := largest_image(data / name, objects):
                runs = [annotate(path, loaded, objects, aiming) for aiming in (0.0, pace)]
                results[f"{name}/{path.stem}"] = runs
    print(table(results))
    if output:
        output.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    typer.run(main)
