"""How long the window does not answer while a stack is being encoded, and how long a click waits.

    xvfb-run -s "-screen 0 1280x800x24" python benchmarks/responsiveness.py [--seconds 60]
        [--rounds 3] [--model cells-tiny] [--json FILE]

A stack of 8 x 4096 x 4096 is open in napari, *Encode everything* is on, into an empty cache.

gaps       A timer of 10 ms in the window's thread notes the time between each two of its ticks.
tile       Seconds from one encoded tile to the next, median.
click      While a tile is being encoded, a click into a tile that is not: seconds from the press
           of the mouse to the preview. `rest` is what it takes beyond one tile. Every other is
           just after a tile was begun, which is the longest wait that there is.

The first three seconds are not counted: the model is warm, and the window is drawn.
"""

import json
import os
import tempfile
import time
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


@dataclass(frozen=True, slots=True)
class Round:
    """What one run measured; seconds."""

    ticks: int
    p50: float
    p99: float
    worst: float
    over_100_ms: int
    tile: float
    clicks: tuple[float, ...]

    @property
    def rest(self) -> float:
        """What the slowest click took beyond one tile."""
        return max(self.clicks) - self.tile


class Ticks:
    """Notes each gap between two ticks of a timer in the window's thread."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin."""
        self._last = time.perf_counter()
        self._timer.start(int(TICK * 1000))

    def stop(self) -> list[float]:
        """End; gives the gaps."""
        self._timer.stop()
        return [gap for _, gap in self.gaps]

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now, now - self._last))
        self._last = now


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
        self.controller.cancel()
        wait_for(lambda: not self.controller.runner.busy)
        self.viewer.close()


def wait_for(ready: Callable[[], Any], seconds: float = 300) -> None:
    """Let the window work until something is so, as its own loop would."""
    end = time.perf_counter() + seconds
    while not ready():
        if time.perf_counter() > end:
            raise TimeoutError("the dock does not answer")
        QApplication.processEvents()
        time.sleep(0.001)


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


def measure(stack: Any, model: str, seconds: float) -> Round:
    """One run in a new window, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        window = Window(stack, model, Path(folder))
        wait_for(lambda: not window.controller.runner.busy)
        window.viewer.dims.set_point(0, 0)
        window.dock.ahead.everything.click()
        run(WARM_UP)
        ticks = Ticks()
        window.tiles.clear()
        ticks.start()
        run(seconds)
        gaps = ticks.stop()
        tile = median(np.diff(window.tiles).tolist())
        clicks = [click_elsewhere(window, 7 - i, at_once=i % 2 == 0) for i in range(CLICKS)]
        window.close()
    p50, p99 = np.percentile(gaps, (50, 99))
    over = sum(gap > 0.1 for gap in gaps)
    return Round(len(gaps), float(p50), float(p99), max(gaps), over, tile, tuple(clicks))


def click_elsewhere(window: Window, plane: int, at_once: bool) -> float:
    """Click in a tile that is not encoded, while another one is being encoded."""
    window.viewer.dims.set_point(0, plane)
    # The last tile of a plane is encoded last; it has not come to that yet.
    window.viewer.scene.camera.center = (0, 3900, 3900)
    window.viewer.scene.camera.zoom = 2
    run(0.05)
    before = len(window.tiles)
    wait_for(lambda: len(window.tiles) > before)
    run(0.02 if at_once else 0.3)
    seconds = window.click(3900, 3900)
    window.controller.drop()
    wait_for(lambda: not window.controller.object.masks)
    return seconds


def main(
    seconds: Annotated[float, typer.Option(help="How long gaps are noted, each round.")] = 60,
    rounds: Annotated[int, typer.Option(help="How often.")] = 3,
    model: Annotated[str, typer.Option(help="Which model encodes.")] = "cells-tiny",
    json_file: Annotated[Path | None, typer.Option("--json", help="Where figures go.")] = None,
) -> None:
    """Measure, and print a table."""
    stack = make_stack()
    print(f"{os.cpu_count()} processors, torch on {torch.get_num_threads()} threads, {model}")
    print(
        "| round | ticks | p50 ms | p99 ms | worst ms | over 100 ms | tile s | click s | rest ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    measured = []
    for number in range(1, rounds + 1):
        one = measure(stack, model, seconds)
        measured.append(one)
        gaps = " | ".join(f"{1000 * value:.0f}" for value in (one.p50, one.p99, one.worst))
        print(
            f"| {number} | {one.ticks} | {gaps} | {one.over_100_ms} | {one.tile:.2f} "
            f"| {max(one.clicks):.2f} | {1000 * one.rest:.0f} |",
            flush=True,
        )
    if json_file is not None:
        figures = [asdict(one) | {"rest": one.rest} for one in measured]
        json_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
