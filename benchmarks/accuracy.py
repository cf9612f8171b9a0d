"""Accuracy of clicks, of boxes and of finding all objects by itself, beside what needs no model.

    python benchmarks/accuracy.py --data ../shared/data/val [--model cells-tiny] [--json FILE]
        [--figure FILE] [--previous FILE_OR_NAME] [--sets SET,SET] [--clicks 10] [--objects 100]
        [--only clicks,boxes,automatic,baselines] [--most 5] [--jobs 2]

Everything goes through the public API, as ``napari-sam evaluate`` does it; what is measured is
said there, in ``napari_sam.evaluate``. Means are taken per set and then over the sets, never over
pooled objects. Objects under 25 px are not prompted: slices of a 3D ground truth end in crumbs. Of
an image at most --objects are, evenly spread over its labels; of a set, --most of its images, which
tells in minutes whether images that were trained on do better. Of a volume every fourth slice is
used, objects being connected components of the slice; and the volume as a whole, segmented and
linked through z.

Baselines are those of ``baselines.py``, each with the parameters that suit the set best. The
previous release comes from git: ``git show v0.1.0:src/napari_sam/weights/cells-tiny.safetensors``.
"""

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Annotated

import torch
import typer
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.accuracy_figure import draw
from benchmarks.baselines import score_baselines
from napari_sam import Session
from napari_sam.evaluate.clicks import Protocol
from napari_sam.evaluate.figures import Figures, Seen, summarise
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.objects import spread
from napari_sam.evaluate.report import Results, markdown, with_means
from napari_sam.evaluate.run import Part, Task, evaluate
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.weights.load import best_device, load_model

BASELINES = "baselines"


def score(
    pairs: Sequence[Pair], model: str, device: str, task: Task, name: str, pool: ProcessPoolExecutor
) -> Figures:
    """The figures of a model on a set."""
    answers = pool.map(partial(look, model=model, device=device, task=task), pairs)
    images = list(tqdm(answers, name, len(pairs), file=sys.stderr))
    return summarise((seen for own in images for seen in own), task.protocol)


def look(pair: Pair, model: str, device: str, task: Task) -> list[Seen]:
    """What is seen on one image."""

    def opened(volume: Volume) -> Session:
        return Session.open(volume, model=loaded(model, device), cache_dir=False)

    return [step.seen for step in evaluate([pair], opened, task)]


@cache
def loaded(model: str, device: str) -> Sam:
    """A model, once in a process; processes share the cores, so each has one thread."""
    torch.set_num_threads(1)
    return load_model(model, device)


def main(
    data: Annotated[Path, typer.Option(help="Folder with one folder of .npz files per set.")],
    model: Annotated[str, typer.Option(help="Name or weights file.")] = "cells-tiny",
    previous: Annotated[
        str | None, typer.Option(help="Another one to compare with: name or weights file.")
    ] = None,
    only: Annotated[
        str, typer.Option(help="What to look at, with commas between.")
    ] = f"{','.join(Part)},{BASELINES}",
    sets: Annotated[str | None, typer.Option(help="Names of sets, with commas between.")] = None,
    clicks: Annotated[int, typer.Option(help="Most clicks on an object.", min=1)] = 10,
    objects: Annotated[int, typer.Option(help="Most objects that are prompted of an image.")] = 100,
    most: Annotated[int | None, typer.Option(help="Images of a set; all by default.")] = None,
    jobs: Annotated[int, typer.Option(help="Images at once.", min=1)] = min(8, os.cpu_count() or 1),
    device: Annotated[str | None, typer.Option()] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw them here: .png or .svg.")] = None,
) -> None:
    """Print the figures of each set, and their means over the sets."""
    task = Task(_parts(only), Protocol(most=clicks), objects)
    found = {
        name: [Pair(path) for path in spread(paths, most or len(paths))]
        for name, paths in files_with_both(data).items()
        if _is_wanted(name, sets)
    }
    if not found:
        raise typer.BadParameter(f"no set of .npz files in {data}")
    where = device or best_device()
    models = {} if only == BASELINES else {_label(model): model}
    if models and previous is not None:
        models[f"previous ({_label(previous)})"] = previous
    started = perf_counter()
    results: dict[str, dict[str, Figures]] = {}
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for name, pairs in found.items():
            results[name] = {
                label: score(pairs, one, where, task, f"{name}, {label}", pool)
                for label, one in models.items()
            }
            if BASELINES in only.split(","):
                results[name] |= score_baselines(pairs, task, pool)
            if output:  # after each set, for who is in a hurry
                _write(output, with_means(results), task, perf_counter() - started)
    everything = with_means(results)
    print(markdown(everything))
    seconds = perf_counter() - started
    print(f"\n{seconds:.0f} s, at most {clicks} clicks and {objects} objects an image")
    if figure:
        draw(everything, figure)


def _write(output: Path, results: Results, task: Task, seconds: float) -> None:
    protocol = {
        "clicks": task.protocol.most,
        "target": task.protocol.target,
        "objects": task.most_objects,
    }
    content = {"protocol": protocol, "seconds": round(seconds), "sets": results}
    output.write_text(json.dumps(content, indent=2))


def _parts(only: str) -> tuple[Part, ...]:
    """What to look at; of the baselines alone, all of it."""
    names = [name for name in only.split(",") if name != BASELINES]
    try:
        return tuple(map(Part, names or Part))
    except ValueError:
        raise typer.BadParameter(
            f"--only takes {', '.join(Part)} and {BASELINES}, with commas between"
        ) from None


def _is_wanted(name: str, sets: str | None) -> bool:
    return sets is None or name in sets.split(",")


def _label(model: str) -> str:
    return Path(model).stem if Path(model).is_file() else model


if __name__ == "__main__":
    typer.run(main)
