"""Thirty cells, from nothing: minutes of a person with the dock until the labels are right.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/race.py --data ../shared/data/val
        [--set nuclei_fluo] [--fields 2] [--way click] [--learning off] [--pace 1] [--minutes 15]
        [--model cells-tiny] [--json FILE]

A simulated person knows the truth, and works with real mouse and key events in a real napari
window, from opening the image until labels are saved as OME-Zarr. A field is a part of an image,
512 pixels wide where that holds at most 45 cells, at the place with a number nearest to thirty. The
person stops when the AP at an IoU of 0.5 over the field is 0.9, when nothing is left to try, or
after 15 minutes.

click      Click on each cell. Where the preview overlaps less than 0.75 with the cell, click into
           its largest error, four times at most; then begin anew with a box, and two clicks at
           most. Accept it if it overlaps by half.
review     *Find all objects* first, then its review, least sure first: keep, drop, or correct with
           Shift-J and clicks. Then cells that are missing, as in `click`.
mend       *Find all objects* first, then straight to what is wrong: Delete on false labels, clicks
           on missing cells, Shift-J on those that overlap less than 0.75.
examples   Six cells with clicks, as in `click`, then as in `review`; with learning, the person
           waits for the lesson of the six before the search.

Each action takes the person the seconds of the keystroke-level model, during which the window goes
on: 1.3 s for a click, 2.4 s for a box, 0.28 s for a key, 1.08 s for Enter, 1.35 s for a judgement
of what is seen (``race_hands.py`` has all of them). Waits are times from the end of an action to
its painted result. The time in which this program compares labels is not counted. Opening the image
and the dock takes the person two clicks for each in menus, and a look.

Other programs on the machine make waits longer. So the table also has the seconds of the processor
during the waits, and the total with these instead; while the program works in the background, the
person's pauses last until it has had the processor for as long as on an idle machine.

With learning, the dock learns by itself from accepted objects. Each race runs in a process of its
own, with an empty cache on disk; what Python imports is part of the wait for the dock. The first
figures of a row are medians over the fields of a set.
"""

import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated as Option
from typing import Any

import numpy as np
import typer
from qtpy.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.race_fields import Field, choose_fields
from benchmarks.race_hands import Clock, Hands
from benchmarks.race_person import GOAL, Person
from benchmarks.race_result import Race, table
from napari_sam.evaluate.ground_truth import Pair
from napari_sam.evaluate.matching import detect
from tests.plugin.bench import Bench
from tests.plugin.patience import Patience

SETS = ("nuclei_fluo_test", "cells_phase", "nuclei_histology", "powder_sem", "qpi_adherent")
WAYS = ("click", "review", "mend", "examples")


class RaceBench(Bench):
    """Dock beside a person, who does not wait for work in the background."""

    def idle(self) -> None:
        """Wait until all work that the user knows of is done."""
        QApplication.processEvents()
        self.wait(lambda: not self.controller.runner.working)
        QApplication.processEvents()


@dataclass(frozen=True, slots=True)
class Rules:
    """How a race is run.

    Parameters
    ----------
    way : str
        See the module.
    learning : bool
        Whether the dock learns by itself.
    pace : float
        Share of the person's seconds that pass in reality.
    goal : float
        AP at an IoU of 0.5 at which the person stops.
    minutes : float
        Minutes after which the person stops.
    model : str
        Name or weights file.
    """

    way: str
    learning: bool
    pace: float = 1.0
    goal: float = GOAL
    minutes: float = 15.0
    model: str = "cells-tiny"


def race(field: Field, rules: Rules) -> Race:
    """Run a race in a new window; journals, cache and preferences are in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "NAPARI_SAM_JOURNAL_DIR": f"{folder}/journals",
            "NAPARI_CONFIG": f"{folder}/settings.yaml",
            "XDG_DATA_HOME": f"{folder}/data",
        }
        import napari

        viewer = napari.Viewer(show=True)
        viewer.window.resize(1280, 800)
        return run(viewer, Patience(), field, rules, Path(folder))


def run(viewer: Any, patience: Any, field: Field, rules: Rules, folder: Path) -> Race:
    """Run a race in an empty viewer, which is closed at the end."""
    clock, path = Clock(rules.pace), field.write(folder)
    hands = Hands(open_dock(viewer, patience, clock, path, rules, folder / "cache"), clock)
    person = Person(hands, field.truth, rules.goal, 60 * rules.minutes)
    ways = {
        "click": person.click_each,
        "review": person.find_and_review,
        "mend": person.find_and_mend,
        "examples": person.show_examples,
    }
    ways[rules.way]()
    saved = folder / "cells.ome.zarr"
    shown = hands.labels().copy()
    hands.save(saved)
    labels = np.asarray(Pair(path, saved).read().plane(()))
    ended = result(field, rules, person, hands, labels, shown)
    close(hands.bench)
    return ended


def open_dock(
    viewer: Any, patience: Any, clock: Clock, path: Path, rules: Rules, cache: Path
) -> RaceBench:
    """Open the image and the dock; returns when the dock can be clicked on."""
    from napari_sam.image.read import read_pyramid
    from napari_sam.plugin.open_viewer import add_image
    from napari_sam.plugin.settings import Settings

    settings = Settings(model=rules.model, cache_dir=cache, learn=rules.learning)
    benches: list[RaceBench] = []
    clock.spend("click", 2)
    clock.timed("open", lambda: add_image(viewer, path, read_pyramid(path)), lambda: True)
    clock.spend("click", 2)
    make = lambda: benches.append(  # noqa: E731
        RaceBench(viewer, rules.model, patience, settings=settings)
    )
    clock.timed("dock", make, lambda: not benches[0].controller.runner.working)
    clock.spend("look")
    return benches[0]


def close(bench: Bench) -> None:
    """Stop all work, and close the window."""
    bench.cancel()
    bench.wait(lambda: not bench.controller.runner.busy)
    bench.controller.close()
    bench.wait(lambda: not bench.controller.model_view.busy)
    bench.viewer.close()


def result(
    field: Field, rules: Rules, person: Person, hands: Hands, labels: Any, shown: Any
) -> Race:
    """Gather the figures of a race."""
    clock, detection = hands.clock, detect(field.truth, labels)
    waits: dict[str, float] = defaultdict(float)
    for name, seconds in clock.waits:
        waits[name] += seconds
    return Race(
        field=field.name,
        way=rules.way,
        learning=rules.learning,
        cells=detection.objects,
        labels=detection.predicted,
        given_up=person.in_vain,
        actions=dict(clock.actions),
        person=clock.person,
        waiting=clock.waiting,
        processor=clock.processor,
        worst_wait=max(clock.waits, key=lambda wait: wait[1]),
        waits={name: round(seconds, 2) for name, seconds in waits.items()},
        ap=detection.ap50,
        found_ap=person.found_ap,
        reviewed=person.reviewed,
        dropped=hands.dropped,
        curve=person.curve,
        learned=hands.bench.dock.learn_box.line.text(),
        is_saved=np.array_equal(labels, shown),
    )


# --- all races, and the table ----------------------------------------------------------------


def fields_of(data: Path, sets: Sequence[str], most: int) -> Iterator[Field]:
    """Yield the fields of all sets that are in a folder."""
    for name in sets:
        yield from choose_fields(data / name, most)


def in_process(field: Field, rules: Rules) -> Race:
    """Run a race in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(race, field, rules).result()


def main(
    data: Option[Path, typer.Option(help="Folder with a folder of .npz files for each set.")],
    sets: Option[list[str] | None, typer.Option("--set", help="By default five of them.")] = None,
    fields: Option[int, typer.Option(help="Fields of a set, each of another file.")] = 2,
    ways: Option[list[str] | None, typer.Option("--way", help="By default all.")] = None,
    learning: Option[list[str] | None, typer.Option(help="off or on; by default both.")] = None,
    pace: Option[float, typer.Option(help="Share of the person's seconds that pass.")] = 1.0,
    goal: Option[float, typer.Option(help="AP at which the person stops.")] = GOAL,
    minutes: Option[float, typer.Option(help="After which the person stops, at most.")] = 15.0,
    model: Option[str, typer.Option(help="Name or weights file.")] = "cells-tiny",
    output: Option[Path | None, typer.Option("--json", help="Write all races here.")] = None,
) -> None:
    """Run all races, and print the table."""
    races: list[Race] = []
    for field in fields_of(data, sets or SETS, fields):
        for way in ways or WAYS:
            for word in learning or ("off", "on"):
                rules = Rules(way, word == "on", pace, goal, minutes, model)
                races.append(in_process(field, rules))
                name = f"{field.name} {field.truth.shape[1]} px, {way}, learning {word}"
                print(f"{name}: {races[-1].minutes:.1f} min, AP {races[-1].ap:.2f}", flush=True)
                if output is not None:
                    output.write_text(json.dumps([asdict(each) for each in races], indent=1))
    print(*table(races), sep="\n")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[2]:.1f}")


if __name__ == "__main__":
    typer.run(main)
