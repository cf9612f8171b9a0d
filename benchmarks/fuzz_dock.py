"""Random events on the dock in a real napari window: faults, undo to the start, and the journal.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/fuzz_dock.py [--seeds 20] [--events 50]
        [--first 0] [--json FILE]

The events are clicks, boxes, scribbles, keys, napari's brush, eraser and fill, its own undo and
redo, saving, copies of layers, and for odd seeds a closed dock and deleted layers, too; see
``tests/plugin/fuzz.py``. After each, no error may have been shown, and the journal of *SAM labels*
must replay to what the layer shows. In the end everything is undone; for even seeds, prompts and
labels must be as in the beginning. The model is tiny and random: it answers at once, and anything.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated as Option
from typing import Any

import typer

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.plugin.bench import Bench, GatedSam, picture
from tests.plugin.fuzz import Fuzz, Run
from tests.plugin.patience import Patience


def run(model: Any, seed: int, events: int, folder: Path) -> Run:
    """Do the events of a seed in a window of its own."""
    import napari

    viewer = napari.Viewer()
    viewer.add_image(picture(3, 48, 64, seed=seed), name="cells", axis_labels=("z", "y", "x"))
    bench = Bench(viewer, model, Patience())
    fuzz = Fuzz(
        bench, seed, folder, bool(seed % 2), lambda old: Bench(old.viewer, model, Patience())
    )
    try:
        return fuzz.run(events)
    finally:
        fuzz.bench.controller.close()
        viewer.close()


def main(
    seeds: Option[int, typer.Option(help="Number of windows.")] = 20,
    events: Option[int, typer.Option(help="Events in each.")] = 50,
    first: Option[int, typer.Option(help="The first seed.")] = 0,
    json_file: Option[Path | None, typer.Option("--json", help="Write the figures there.")] = None,
) -> None:
    """Print each fault, and the figures of all runs."""
    model = GatedSam().eval()
    counts: Counter[str] = Counter()
    faults, undone, of_napari, started = [], 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_SAM_JOURNAL_DIR"] = str(Path(folder) / "journals")
        for seed in range(first, first + seeds):
            result = run(model, seed, events, Path(folder))
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
