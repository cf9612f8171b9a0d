"""How long the window does not answer while a stack is being encoded, and how long a click waits.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/responsiveness.py [--seconds 40]
        [--rounds 3] [--model cells-tiny] [--why] [--json FILE]

A stack of 8 x 4096 x 4096 is open in napari, *Encode everything* is on, into an empty cache. It
takes three minutes and a half; run it while the machine does nothing else (the load is printed).

gaps       A timer of 10 ms in the window's thread notes the time between each two of its ticks.
           The worst are listed with the second at which they ended.
tile       Seconds from one encoded tile to the next, median.
new        While a tile is being encoded, a click into a tile that is not: seconds from the press
           of the mouse to the preview. Every other is just after a tile was begun, which is the
           longest wait that there is. The slowest is given, and what it takes beyond one tile.
known      The same in a tile that is encoded already.

Bars: p99 <= 100 ms, worst <= 250 ms, both clicks within one tile and 100 ms. The first three
seconds are not counted: the model is warm, and the window is drawn.
"""

import json
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
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

from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

SHAPE = (8, 4096, 4096)
TICK = 0.010
WARM_UP = 3.0
CLICKS = 4
WORST = 5


@dataclass(frozen=True, slots=True)
class Round:
    """What one run measured; seconds.

    `worst` are pairs: the second at which a gap ended, and its length.
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
        """What the slowest of some clicks took beyond one tile."""
        return max(clicks) - self.tile

    @property
    def kept(self) -> bool:
        """Whether all bars are."""
        rests = (self.rest(self.new), self.rest(self.known))
        return self.p99 <= 0.1 and self.longest <= 0.25 and max(rests) <= 0.1


class Ticks:
    """Notes each gap between two ticks of a timer in the window's thread."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self.last = self._start = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin."""
        self.last = self._start = time.perf_counter()
        self._timer.start(int(TICK * 1000))

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def worst(self) -> tuple[tuple[float, float], ...]:
        """The longest gaps, and when they ended."""
        return tuple(sorted(self.gaps, key=lambda gap: -gap[1])[:WORST])

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._start, now - self.last))
        self.last = now


class Why:
    """Prints what the threads do while the window's thread does not tick.

    It needs the interpreter's lock, as they do: if it comes late itself, the lock was held, or
    the processor was not to be had.
    """

    def __init__(self, ticks: Ticks, patience: float = 0.06) -> None:
        self._ticks, self._patience = ticks, patience
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()

    def _watch(self) -> None:
        told, before = 0.0, time.perf_counter()
        while not self._over.wait(0.005):
            now, last = time.perf_counter(), self._ticks.last
            if last and last != told and now - last > self._patience:
                told = last
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
    """Napari with the dock, and a stack in it."""

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
        """Of the dock."""
        return self.dock.controller

    def _note_tiles(self) -> None:
        note = self.controller.ahead.note

        def noted(event: Any) -> None:
            self.tiles.append(time.perf_counter())
            note(event)

        self.controller.ahead.note = noted

    def click(self, y: float, x: float) -> float:
        """Click, wait for the preview; gives the seconds."""
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
    """Let the window work until something is so, as its own loop would."""
    end = time.perf_counter() + seconds
    while not ready():
        if time.perf_counter() > end:
            raise TimeoutError("the dock does not answer")
        QApplication.processEvents()
        time.sleep(0.004)  # shorter, it would take a share of the processor from what is measured


def run(seconds: float) -> None:
    """Let the window's own loop run."""
    loop = QEventLoop()  # not the program's: when that ends, napari ends all workers
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def make_stack() -> Any:
    """Blobs of the size of cells, in noise."""
    generator = np.random.default_rng(0)
    small = gaussian_filter(generator.normal(size=(SHAPE[0], 1024, 1024)), (1, 4, 4))
    cells = (small > small.std()).astype(np.uint8) * np.uint8(120)
    stack = cells.repeat(4, axis=1).repeat(4, axis=2)
    return stack + generator.integers(0, 60, SHAPE, dtype=np.uint8)


def measure(stack: Any, model: str, seconds: float, why: bool) -> Round:
    """One run in a new window, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        window = Window(stack, model, Path(folder))
        wait_for(lambda: not window.controller.runner.busy)
        window.viewer.dims.set_point(0, 0)
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
        wait_for_tiles(window, 3)  # what is on the screen is encoded first
        corners = [(3900, 3900), (200, 200), (3900, 200), (200, 3900)]  # it came to none of them
        new = [click_while_busy(window, at, i % 2 == 0) for i, at in enumerate(corners)]
        known = [click_while_busy(window, (2000, 2000), i % 2 == 0) for i in range(CLICKS)]
        window.close()
    gaps = [gap for _, gap in ticks.gaps]
    p50, p99 = (float(value) for value in np.percentile(gaps, (50, 99)))
    over = sum(gap > 0.1 for gap in gaps)
    return Round(len(gaps), p50, p99, ticks.worst(), over, tile, tuple(new), tuple(known))


def show(window: Window, place: tuple[float, float], plane: int) -> None:
    """Go to a place."""
    window.viewer.dims.set_point(0, plane)
    window.viewer.scene.camera.center = (0, *place)
    window.viewer.scene.camera.zoom = 2


def wait_for_tiles(window: Window, count: int) -> None:
    """Wait until some more tiles are encoded."""
    before = len(window.tiles)
    wait_for(lambda: len(window.tiles) >= before + count)


def click_while_busy(window: Window, place: tuple[float, float], at_once: bool) -> float:
    """Click in a tile while another one is being encoded."""
    wait_for_tiles(window, 1)
    run(0.02 if at_once else 0.3)
    show(window, place, plane=7)
    run(0.02)  # no longer, or what is on the screen now would be encoded before all others
    seconds = window.click(*place)
    window.controller.actions.drop()
    wait_for(lambda: not window.controller.object.masks)
    return seconds


HEADINGS = (
    *("round", "load", "ticks", "p50 ms", "p99 ms", "worst ms", "> 100 ms", "tile s"),
    *("new s", "beyond ms", "known s", "beyond ms", "bars"),
)


def row(number: int, one: Round) -> str:
    """A row of the table."""
    ms = [f"{1000 * value:.0f}" for value in (one.p50, one.p99, one.longest)]
    clicks = [(f"{max(c):.2f}", f"{1000 * one.rest(c):.0f}") for c in (one.new, one.known)]
    load = f"{os.getloadavg()[0]:.1f}"
    cells = [str(number), load, str(one.ticks), *ms, str(one.over_100_ms), f"{one.tile:.2f}"]
    return " | ".join([*cells, *clicks[0], *clicks[1], "kept" if one.kept else "missed"])


def main(
    seconds: Annotated[float, typer.Option(help="How long gaps are noted, each round.")] = 40,
    rounds: Annotated[int, typer.Option(help="How often.")] = 3,
    model: Annotated[str, typer.Option(help="Which model encodes.")] = "cells-tiny",
    why: Annotated[bool, typer.Option("--why", help="Print the stacks in long gaps.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where figures go.")] = None,
) -> None:
    """Measure, and print a table."""
    stack = make_stack()
    print(f"{os.cpu_count()} processors, torch on {torch.get_num_threads()} threads, {model}")
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    measured = []
    for number in range(1, rounds + 1):
        one = measure(stack, model, seconds, why)
        measured.append(one)
        print(f"| {row(number, one)} |", flush=True)
    for number, one in enumerate(measured, start=1):
        gaps = ", ".join(f"{1000 * gap:.0f} ms at {at:.1f} s" for at, gap in one.worst)
        print(f"round {number}, the longest gaps: {gaps}")
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(one) for one in measured], indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
