"""Accuracy of clicks, boxes and automatic segmentation, beside baselines without a model.

    python benchmarks/accuracy.py --data ../shared/data/val [--model cells-tiny] [--json FILE]
        [--figure FILE] [--previous FILE_OR_NAME] [--sets SET,SET] [--clicks 10] [--objects 100]
        [--only clicks,boxes,automatic,baselines] [--most 5] [--jobs 2]
    python benchmarks/accuracy.py --data ../shared/data/val --leave-out cells_phase,dic_cho
        [--together] [--recipes old,new] [--training ../shared/data/train] [--minutes 20]
        [--start FILE]

The evaluation is that of ``napari-sam evaluate``, and ``napari_sam.evaluate`` defines the figures.
Means are taken per set and then over the sets, never over pooled objects. Objects under 25 px are
not prompted, because slices of 3D labels end in a few pixels. At most --objects of an image are
prompted, evenly spread over its labels. --most limits the images of a set: on the training sets,
minutes are enough to see whether the model does better there. A volume counts twice: every fourth
slice as an image, in which connected components are objects; and as a whole, segmented and linked
through z.

``baselines.py`` has the baselines, each with the parameters that suit the set best. The previous
release comes from git: ``git show v0.1.0:src/napari_sam/weights/cells-tiny.safetensors``.

--leave-out trains a model without each of the sets, for --minutes and with each recipe of
``training/recipe.py``, and measures it on that set: images of an origin that it has not seen. The
rows have the names of the recipes. With --together, one training goes without all of the sets. Runs
lie in --runs and are resumed. Training is from random weights; --start must not have seen the sets.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
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
from benchmarks.leave_out import LeaveOut
from napari_sam import Session
from napari_sam.evaluate.clicks import Protocol
from napari_sam.evaluate.figures import Figures, Outcome, summarise
from napari_sam.evaluate.ground_truth import Pair, files_with_both
from napari_sam.evaluate.objects import spread
from napari_sam.evaluate.published import published
from napari_sam.evaluate.report import Results, markdown, with_means
from napari_sam.evaluate.run import Part, Task, evaluate
from napari_sam.image.volume import Volume
from napari_sam.model.sam import Sam
from napari_sam.weights.load import best_device, load_model
from training.recipe import RECIPES

BASELINES = "baselines"


def score_models(
    pairs: Sequence[Pair],
    models: Mapping[str, str],
    device: str,
    task: Task,
    name: str,
    pool: ProcessPoolExecutor,
) -> dict[str, Figures]:
    """Figures of models, by label, on a set; its images are spread over processes."""
    figures = {}
    for label, model in models.items():
        outcomes = pool.map(partial(evaluate_image, model=model, device=device, task=task), pairs)
        images = list(tqdm(outcomes, f"{name}, {label}", len(pairs), file=sys.stderr))
        figures[label] = summarise((each for image in images for each in image), task.protocol)
    return figures


def evaluate_image(pair: Pair, model: str, device: str, task: Task) -> list[Outcome]:
    """Evaluate a model on an image."""

    def open_session(volume: Volume) -> Session:
        return Session.open(volume, model=loaded(model, device), cache_dir=False)

    return [step.outcome for step in evaluate([pair], open_session, task)]


@cache
def loaded(model: str, device: str) -> Sam:
    """Load a model once in a process, with one thread: the processes share the cores."""
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
    leave_out: Annotated[
        str | None, typer.Option(help="Train without each of these sets, and measure on it.")
    ] = None,
    together: Annotated[bool, typer.Option(help="One training without all of them.")] = False,
    recipes: Annotated[
        str, typer.Option(help=f"Of these trainings: {', '.join(RECIPES)}.")
    ] = "new",
    training: Annotated[Path, typer.Option(help="Training sets.")] = Path("../shared/data/train"),
    minutes: Annotated[float, typer.Option(help="Length of such a training.")] = 20,
    start: Annotated[Path | None, typer.Option(help="Weights to start it from.")] = None,
    procedural: Annotated[int, typer.Option(help="Canvases painted for it.")] = 40,
    runs: Annotated[Path, typer.Option(help="Folder of these trainings.")] = Path("runs"),
) -> None:
    """Print the figures of each set, and their means over the sets."""
    task = Task(_parts(only), Protocol(most=clicks), objects)
    sets = leave_out or sets
    pairs_by_set = {
        name: [Pair(path) for path in spread(paths, most or len(paths))]
        for name, paths in files_with_both(data).items()
        if _is_wanted(name, sets)
    }
    if not pairs_by_set:
        raise typer.BadParameter(f"no set of .npz files in {data}")
    where = device or best_device()
    models = {} if only == BASELINES else {_label(model): model}
    if models and previous is not None:
        models[f"previous ({_label(previous)})"] = previous

    def models_for(name: str) -> dict[str, str]:
        if leave_out is None:
            return models
        without = LeaveOut(training, runs, minutes, start, procedural)
        left_out = leave_out if together else name
        return {r: str(without.train(r, left_out, where)) for r in recipes.split(",")}

    started = perf_counter()
    results: dict[str, dict[str, Figures]] = {}
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for name, pairs in pairs_by_set.items():
            results[name] = score_models(pairs, models_for(name), where, task, name, pool)
            if BASELINES in only.split(","):
                results[name] |= score_baselines(pairs, task, pool)
            if output:  # after each set, so that figures can be read during a long run
                _write(output, with_means(results), task, perf_counter() - started)
    everything = with_means(results)
    others = published(results) if Part.AUTOMATIC in task.parts else ""
    print("\n\n".join(filter(None, [markdown(everything), others])))
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
    """Return the parts of the models, or all parts if only the baselines are evaluated."""
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
