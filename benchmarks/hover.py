r"""Time from a resting mouse to the painted preview of a click there.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/hover.py \
        ../shared/data/val/cells_phase/val_set46.npz

The image is open in napari, its tile encoded, the preview switched on. The mouse moves to the
innermost point of one true object after another, and rests there. Milliseconds:

whole      From the end of the rest, :data:`REST` after the last move of the mouse, until the window
           is painted with the preview.
decode     Part of `whole` for the model: the decoder, and the conversion of its answer to a mask.
draw       Part of `whole` from the mask's arrival in the window's thread until it is painted.
first      The first `whole`, for which napari makes the layer; left out of the medians.

The remaining time is the start of the worker, and its answer's way into the window's thread.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import napari
import numpy as np
import typer
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication
from scipy.ndimage import distance_transform_edt, find_objects

from napari_sam.plugin.clicks.hover import REST
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings

PATIENCE = 300.0
"""Seconds of waiting, after which the benchmark fails."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians and 95th percentiles over places, in milliseconds; see the module."""

    places: int
    first: float
    whole_median: float
    whole_p95: float
    decode_median: float
    decode_p95: float
    draw_median: float
    draw_p95: float


class Window:
    """napari with the dock and an image; keeps the times of decoding, arrival and painting."""

    def __init__(self, image: NDArray[Any], model: str) -> None:
        self.viewer = napari.Viewer(show=False)
        self.viewer.add_image(image, name="image", rgb=image.ndim == 3)
        self.dock = SamWidget(self.viewer, Settings(model, cache_dir=False, prefetch=False))
        self.viewer.window.add_dock_widget(self.dock, name="SAM")
        self.viewer.show()
        self.viewer.window.resize(1280, 800)
        self.decoded = self.answered = self.painted = 0.0
        self.until(lambda: not self.controller.runner.busy)
        self.canvas.native.frameSwapped.connect(self._paint)

    @property
    def controller(self) -> Any:
        """Controller of the dock."""
        return self.dock.controller

    @property
    def canvas(self) -> Any:
        """Canvas with the image."""
        return self.viewer.window._qt_viewer.canvas

    def prepare(self, place: Place) -> None:
        """Encode the tile at a place, then wrap the preview's functions to measure times."""
        self.viewer.layers["SAM points"].add(place)
        QApplication.processEvents()
        self.until(lambda: not self.controller.runner.busy)
        self.controller.actions.drop()
        self.viewer.reset_view()
        self.until(lambda: not self.controller.runner.busy)
        session, layer = self.controller.engine._session, self.controller.workspace.hover
        glimpse, show = session.interactive.glimpse, layer.show

        def timed_glimpse(*args: Any) -> Any:
            start = time.perf_counter()
            answer = glimpse(*args)
            self.decoded = time.perf_counter() - start
            return answer

        def timed_show(*args: Any) -> None:
            self.answered = time.perf_counter()
            show(*args)

        session.interactive.glimpse, layer.show = timed_glimpse, timed_show

    def hover(self, place: Place) -> tuple[float, float, float] | None:
        """Rest the mouse; returns whole, decode and draw in ms, or None without a preview."""
        self.answered = self.painted = 0.0
        moved = self._move(self._pixel(place))
        self.until(lambda: time.perf_counter() - moved > (REST + 5) / 1000)
        self.until(lambda: not self.controller.runner.busy)
        if not self.answered:
            return None
        self.until(lambda: self.painted)
        whole = self.painted - moved - REST / 1000
        return 1000 * whole, 1000 * self.decoded, 1000 * (self.painted - self.answered)

    def until(self, ready: Callable[[], Any]) -> None:
        """Let the window work until `ready` is true."""
        deadline = time.perf_counter() + PATIENCE
        while not ready():
            if time.perf_counter() > deadline:
                raise TimeoutError("the window does not get there")
            QApplication.processEvents()
            time.sleep(0.001)  # a loop without a pause would slow the worker down

    def _paint(self) -> None:
        if self.answered and not self.painted:
            self.painted = time.perf_counter()

    def _move(self, pixel: QPoint) -> float:
        native, none = self.canvas.native, Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(pixel),
            QPointF(native.mapToGlobal(pixel)),
            none,
            none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(native, event)
        return time.perf_counter()

    def _pixel(self, place: Place) -> QPoint:
        axes = list(self.viewer.dims.displayed)
        view = self.canvas.view
        origin = np.array(self.canvas._map_canvas2world((0, 0), view))[axes]
        step = np.array(self.canvas._map_canvas2world((100, 100), view))[axes] - origin
        row, column = (np.asarray(place) - origin) / step * 100
        return QPoint(round(column), round(row))


def innermost(labels: NDArray[np.integer]) -> list[Place]:
    """Return the innermost point yx of each object."""
    places = []
    for index, box in enumerate(find_objects(labels), 1):
        if box is not None:
            depth = distance_transform_edt(np.pad(labels[box] == index, 1))[1:-1, 1:-1]
            y, x = np.unravel_index(int(depth.argmax()), depth.shape)
            places.append((float(y + box[0].start), float(x + box[1].start)))
    return places


def main(
    image: Annotated[Path, typer.Argument(help="A .npz file with `image` and `labels`.")],
    model: Annotated[str, typer.Option(help="Name or weights file.")] = "cells-tiny",
    places: Annotated[int, typer.Option(help="How many objects at most.")] = 100,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Print median and 95th percentile."""
    with np.load(image) as file:
        pixels, objects = file["image"], innermost(file["labels"])
    window = Window(pixels, model)
    window.prepare(objects[0])
    times = [ms for place in objects[: places + 1] if (ms := window.hover(place))]
    whole, decode, draw = np.array(times[1:]).T
    figures = Figures(
        places=len(whole),
        first=times[0][0],
        whole_median=float(np.median(whole)),
        whole_p95=float(np.percentile(whole, 95)),
        decode_median=float(np.median(decode)),
        decode_p95=float(np.percentile(decode, 95)),
        draw_median=float(np.median(draw)),
        draw_p95=float(np.percentile(draw, 95)),
    )
    for name, value in asdict(figures).items():
        print(f"{name:14} {value:.0f}")
    if output:
        output.write_text(json.dumps(asdict(figures), indent=2))
    window.viewer.close()


if __name__ == "__main__":
    typer.run(main)
