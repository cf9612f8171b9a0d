"""Random events on the dock in a real napari window: faults, undo to the start, and the journal.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/fuzz_dock.py [--seeds 20] [--events 50]
        [--first 0] [--learning] [--json FILE]

The events are clicks, boxes, scribbles, keys, napari's brush, eraser and fill, its own undo and
redo, saving, copies of layers, and for odd seeds a closed dock and deleted layers, too; see
``tests/plugin/fuzz.py``. After each, no error may have been shown, and the journal of *SAM labels*
must replay to what the layer shows. In the end everything is undone; for even seeds, prompts and
labels must be as in the beginning. The model is tiny and random: it answers at once, and anything.

With ``--learning`` the model learns in lessons of a few steps, too, half of the events come while
work is under way, and more like these, classes, review, labels of a file, other images and models
come as well. Then no accepted label may change by itself, each click must be answered by the lesson
in use, and for even seeds redo must bring back the labels and the lesson of the end; see
``tests/plugin/fuzz_learning.py``.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated as Option
from typing import Any

import typer

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.plugin.bench import Bench, GatedSam, picture
from tests.plugin.fuzz import Fuzz, Run
from tests.plugin.fuzz_learning import (
    LearningFuzz,
    lessons_of_few_steps,
)
from tests.plugin.patience import Patience
from tests.plugin.sure_model import discs, sure_model


def run(model: Any, seed: int, events: int, folder: Path, learning: bool) -> Run:
    """Do the events of a seed in a window of its own."""
    import napari

    viewer, kind = napari.Viewer(), LearningFuzz if learning else Fuzz
    data = discs(3) if learning else picture(3, 48, 64, seed=seed)
    viewer.add_image(data, name="cells", axis_labels=("z", "y", "x"))
    bench = Bench(viewer, model, Patience())
    fuzz = kind(
        bench, seed, folder, bool(seed % 2), lambda old: Bench(old.viewer, model, Patience())
    )
    try:
        with lessons_of_few_steps(model, seed) if learning else nullcontext():
            return fuzz.run(events)
    finally:
        fuzz.bench.controller.close()
        fuzz.bench.wait(lambda: not fuzz.bench.controller.runner.busy)
        viewer.close()


def main(
    seeds: Option[int, typer.Option(help="Number of windows.")] = 20,
    events: Option[int, typer.Option(help="Events in each.")] = 50,
    first: Option[int, typer.Option(help="The first seed.")] = 0,
    learning: Option[bool, typer.Option("--learning", help="Lessons, too.")] = False,
    json_file: Option[Path | None, typer.Option("--json", help="Write the figures there.")] = None,
) -> None:
    """Print each fault, and the figures of all runs."""
    model = sure_model() if learning else GatedSam().eval()
    counts: Counter[str] = Counter()
    faults, undone, of_napari, started = [], 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_SAM_JOURNAL_DIR"] = str(Path(folder) / "journals")
        os.environ["XDG_DATA_HOME"] = str(Path(folder) / "data")  # of saved models
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        for seed in range(first, first + seeds):
            result = run(model, seed, events, Path(folder), learning)
            counts.update(result.events)
            undone, of_napari = undone + result.undone, of_napari + result.of_napari
            faults += result.faults
            for fault in result.faults:
                print(f"seed {seed}, event {fault.number} ({fault.events[-3:]}): {fault.text}")
            print(f"seed {seed}: {len(result.events)} events, {result.undone} undone", flush=True)
    figures = {
        "events": counts.total(),
        "seeds": seeds,
        "undone": undone,
        "faults": len(faults),
        "faults of napari's status thread": of_napari,
        "seconds": round(time.monotonic() - started),
        "of each": dict(counts),
    }
    print(json.dumps(figures))
    if json_file is not None:
        json_file.write_text(json.dumps(figures), encoding="utf-8")
    if faults:
        raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
