"""Gaps in which the window does not answer, and waits for clicks, while a stack is encoded.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/responsiveness.py [--seconds 40]
        [--rounds 3] [--model cells-tiny] [--learning] [--why] [--json FILE]

A stack of 8 x 4096 x 4096 is open in napari, and *Encode everything* fills an empty cache. The
benchmark takes three and a half minutes. Run it on an idle machine (the load is printed).

gaps       Time between two ticks of a 10 ms timer in the window's thread. The longest are listed
           with the second at which they ended.
tile       Median seconds from one encoded tile to the next.
new        Click into a tile without an embedding, while another tile is being encoded: seconds from
           the press of the mouse to the preview. Every second click comes just after the encoding
           of a tile has begun, for the longest possible wait. The table has the slowest click, and
           its time beyond one tile.
known      The same for clicks into a tile with an embedding.

With ``--learning`` the model learns from eight accepted objects, lesson after lesson, and encodes
nothing ahead. Then `tile` is the median time of a step of a lesson, and all clicks go into a tile
with an embedding: a click waits for the step under way.

Bars: p99 <= 100 ms, worst <= 250 ms, both clicks within one tile and 100 ms. The first three
seconds are not counted, in which the model warms up and the window is drawn.
"""

import json
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import napari
import numpy as np
import torch
import typer
from qtpy.QtCore import QEventLoop, QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy.ndimage import gaussian_filter
from skimage.measure import label, regionprops
from skimage.segmentation import clear_border

from napari_sam.masks.mask import Mask
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

SHAPE = (8, 4096, 4096)  # pixels of the stack, zyx
TICK = 0.010  # seconds between two ticks
WARM_UP = 3.0  # seconds that are not counted
CLICKS = 4  # into a tile with an embedding
LEARNED = 8  # accepted objects
WORST = 5  # number of longest gaps that are listed


@dataclass(frozen=True, slots=True)
class Round:
    """Figures of a run, in seconds; see the module.

    `worst` has a pair for each of the longest gaps: the second at which it ended, and its length.
    """

    ticks: int
    p50: float
    p99: float
    worst: tuple[tuple[float, float], ...]
    over_100_ms: int
    tile: float
    new: tuple[float, ...]
    known: tuple[float, ...]

    @property
    def longest(self) -> float:
        """The longest gap."""
        return self.worst[0][1]

    def rest(self, clicks: tuple[float, ...]) -> float:
        """Return the time of the slowest click beyond the time of a tile."""
        return max(clicks) - self.tile

    @property
    def kept(self) -> bool:
        """Whether all bars of the module are met."""
        rests = (self.rest(self.new), self.rest(self.known))
        return self.p99 <= 0.1 and self.longest <= 0.25 and max(rests) <= 0.1


class Ticks:
    """Timer in the window's thread that keeps each gap between two ticks."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self.last = self._start = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Start the timer."""
        self.last = self._start = time.perf_counter()
        self._timer.start(int(TICK * 1000))

    def stop(self) -> None:
        """Stop the timer."""
        self._timer.stop()

    def worst(self) -> tuple[tuple[float, float], ...]:
        """Return the longest gaps: the second at which each ended, and its length."""
        return tuple(sorted(self.gaps, key=lambda gap: -gap[1])[:WORST])

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._start, now - self.last))
        self.last = now


class Why:
    """Watcher thread that prints the stacks of all threads during a long gap.

    The watcher needs the interpreter's lock as well. If its own last look is long ago, the lock
    was held, or the processor was busy with other programs.
    """

    def __init__(self, ticks: Ticks, patience: float = 0.06) -> None:
        self._ticks, self._patience = ticks, patience
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()

    def _watch(self) -> None:
        printed, before = 0.0, time.perf_counter()
        while not self._over.wait(0.005):
            now, last = time.perf_counter(), self._ticks.last
            if last and last != printed and now - last > self._patience:
                printed = last
                self._tell(now - last, now - before)
            before = now

    @staticmethod
    def _tell(gap: float, late: float) -> None:
        print(f"--- no tick for {1000 * gap:.0f} ms; looked {1000 * late:.0f} ms ago")
        for ident, frame in sys._current_frames().items():
            if ident == threading.get_ident():
                continue
            places = [
                f"{Path(f.filename).name}:{f.lineno} {f.name}"
                for f in traceback.extract_stack(frame)
            ]
            print("   ", " < ".join(reversed(places[-9:])))


class Window:
    """napari with the dock and a stack; keeps the time of each encoded tile or step of a lesson."""

    def __init__(self, stack: Any, model: str, cache: Path) -> None:
        self.viewer = napari.Viewer(show=False)
        self.viewer.add_image(stack, name="stack", axis_labels=("z", "y", "x"))
        self.dock = SamWidget(self.viewer, Settings(model, cache_dir=cache))
        self.viewer.window.add_dock_widget(self.dock, name="SAM")
        self.viewer.show()
        self.viewer.window.resize(1280, 800)
        self.tiles: list[float] = []
        self._note_tiles()

    @property
    def controller(self) -> Any:
        """Controller of the dock."""
        return self.dock.controller

    def _note_tiles(self) -> None:
        note = self.controller.ahead.note

        def noted(event: Any) -> None:
            self.tiles.append(time.perf_counter())
            note(event)

        self.controller.ahead.note = noted

    def keep_learning(self, stack: Any) -> None:
        """Accept eight objects, and begin a lesson whenever the last has ended."""
        engine, work, button = (
            self.controller.engine,
            self.controller.workspace,
            self.dock.learn_box.learn_button,
        )
        learn = engine.learn

        def noted(*request: Any) -> Iterator[Any]:
            for event in learn(*request):
                self.tiles.append(time.perf_counter())
                yield event

        engine.learn = noted
        self.dock.learn_box.set_open()
        for mask in masks_at(stack, 7, (1800, 1800, 2200, 2200))[:LEARNED]:
            work.writer.accept([mask])
        self._again = QTimer()
        self._again.timeout.connect(lambda: None if "Stop" in button.text() else button.click())
        self._again.start(200)

    def click(self, y: float, x: float) -> float:
        """Click and wait for the preview; returns the seconds of waiting."""
        canvas = self.viewer.window._qt_viewer.canvas
        axes = list(self.viewer.dims.displayed)
        origin = np.array(canvas._map_canvas2world((0, 0), canvas.view))[axes]
        step = np.array(canvas._map_canvas2world((100, 100), canvas.view))[axes] - origin
        row, column = (np.array((y, x)) - origin) / step * 100
        start = time.perf_counter()
        place = QPoint(round(column), round(row))
        mouse: Any = QTest  # its annotations are at odds with how it is called
        mouse.mouseMove(canvas.native, place)
        mouse.mouseClick(canvas.native, Qt.MouseButton.LeftButton, pos=place)
        wait_for(lambda: self.controller.object.masks)
        return time.perf_counter() - start

    def close(self) -> None:
        """Close the window, and wait for the worker."""
        self.controller.actions.cancel()
        wait_for(lambda: not self.controller.runner.busy)
        self.viewer.close()


def wait_for(ready: Callable[[], Any], seconds: float = 300) -> None:
    """Let the window work until `ready` is true, as its own loop would."""
    end = time.perf_counter() + seconds
    while not ready():
        if time.perf_counter() > end:
            raise TimeoutError("the dock does not answer")
        QApplication.processEvents()
        time.sleep(0.004)  # a shorter pause would take processor time from the measured program


def run(seconds: float) -> None:
    """Let the window's own loop run for some seconds."""
    loop = QEventLoop()  # a second loop: when the program's loop ends, napari ends all workers
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def make_stack() -> Any:
    """Make a stack of blobs of the size of cells, in noise."""
    generator = np.random.default_rng(0)
    small = gaussian_filter(generator.normal(size=(SHAPE[0], 1024, 1024)), (1, 4, 4))
    cells = (small > small.std()).astype(np.uint8) * np.uint8(120)
    stack = cells.repeat(4, axis=1).repeat(4, axis=2)
    return stack + generator.integers(0, 60, SHAPE, dtype=np.uint8)


def masks_at(stack: Any, plane: int, box: tuple[int, int, int, int]) -> list[Mask]:
    """Return the true masks of the blobs that lie in a part of a plane, the largest first."""
    y0, x0, y1, x1 = box
    blobs = regionprops(clear_border(label(stack[plane, y0:y1, x0:x1] >= 100)))
    masks = []
    for blob in sorted(blobs, key=lambda each: -each.area):
        top, left, bottom, right = blob.bbox
        place = (y0 + top, x0 + left, y0 + bottom, x0 + right)
        masks.append(Mask((plane,), place, blob.image, 1.0, 1.0))
    return masks


def measure(stack: Any, model: str, seconds: float, learning: bool, why: bool) -> Round:
    """Measure a run in a new window, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        window = Window(stack, model, Path(folder))
        wait_for(lambda: not window.controller.runner.busy)
        window.viewer.dims.set_point(0, 7 if learning else 0)
        if learning:
            window.keep_learning(stack)
            wait_for_tiles(window, 1)
        else:
            window.dock.everything_box.ahead.everything.click()
        run(WARM_UP)
        ticks = Ticks()
        watch = Why(ticks) if why else None
        window.tiles.clear()
        ticks.start()
        run(seconds)
        ticks.stop()
        if watch is not None:
            watch.stop()
        tile = median(np.diff(window.tiles).tolist())
        show(window, (2000, 2000), plane=7)
        wait_for_tiles(window, 3)  # tiles on the screen are encoded first
        corners = [(3900, 3900), (200, 200), (3900, 200), (200, 3900)]  # not encoded yet
        if learning:
            corners = [(2000, 2000)] * CLICKS
            window.click(2000, 2000)  # under the present lesson, the tile is not encoded yet
            window.controller.actions.drop()
        new = [click_while_busy(window, at, i % 2 == 0) for i, at in enumerate(corners)]
        known = [click_while_busy(window, (2000, 2000), i % 2 == 0) for i in range(CLICKS)]
        window.close()
    gaps = [gap for _, gap in ticks.gaps]
    p50, p99 = (float(value) for value in np.percentile(gaps, (50, 99)))
    over = sum(gap > 0.1 for gap in gaps)
    return Round(len(gaps), p50, p99, ticks.worst(), over, tile, tuple(new), tuple(known))


def show(window: Window, place: tuple[float, float], plane: int) -> None:
    """Move the camera to a place yx on a plane."""
    window.viewer.dims.set_point(0, plane)
    window.viewer.scene.camera.center = (0, *place)
    window.viewer.scene.camera.zoom = 2


def wait_for_tiles(window: Window, count: int) -> None:
    """Wait until `count` more tiles are encoded."""
    before = len(window.tiles)
    wait_for(lambda: len(window.tiles) >= before + count)


def click_while_busy(window: Window, place: tuple[float, float], at_once: bool) -> float:
    """Click into a tile while another tile is encoded; returns the seconds of waiting.

    With `at_once`, the click comes right after the encoding of a tile has begun.
    """
    wait_for_tiles(window, 1)
    run(0.02 if at_once else 0.3)
    show(window, place, plane=7)
    run(0.02)  # a longer pause would let the worker encode the tiles on the screen first
    seconds = window.click(*place)
    window.controller.actions.drop()
    wait_for(lambda: not window.controller.object.masks)
    return seconds


HEADINGS = (
    *("round", "load", "ticks", "p50 ms", "p99 ms", "worst ms", "> 100 ms", "tile s"),
    *("new s", "beyond ms", "known s", "beyond ms", "bars"),
)


def row(number: int, run: Round) -> str:
    """Format a row of the table."""
    ms = [f"{1000 * value:.0f}" for value in (run.p50, run.p99, run.longest)]
    clicks = [(f"{max(c):.2f}", f"{1000 * run.rest(c):.0f}") for c in (run.new, run.known)]
    load = f"{os.getloadavg()[0]:.1f}"
    cells = [str(number), load, str(run.ticks), *ms, str(run.over_100_ms), f"{run.tile:.2f}"]
    return " | ".join([*cells, *clicks[0], *clicks[1], "kept" if run.kept else "missed"])


def main(
    seconds: Annotated[float, typer.Option(help="How long gaps are noted, each round.")] = 40,
    rounds: Annotated[int, typer.Option(help="How often.")] = 3,
    model: Annotated[str, typer.Option(help="Which model encodes.")] = "cells-tiny",
    learning: Annotated[bool, typer.Option("--learning", help="Learn all the while.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Print the stacks in long gaps.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where figures go.")] = None,
) -> None:
    """Measure, and print a table."""
    stack = make_stack()
    print(f"{os.cpu_count()} processors, torch on {torch.get_num_threads()} threads, {model}")
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    runs = []
    for number in range(1, rounds + 1):
        runs.append(measure(stack, model, seconds, learning, why))
        print(f"| {row(number, runs[-1])} |", flush=True)
    for number, measured in enumerate(runs, start=1):
        gaps = ", ".join(f"{1000 * gap:.0f} ms at {at:.1f} s" for at, gap in measured.worst)
        print(f"round {number}, the longest gaps: {gaps}")
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(measured) for measured in runs], indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
