r"""How long it takes from a resting mouse to the picture of what a click would give.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/hover.py \
        ../shared/data/val/cells_phase/val_set46.npz

The image is open in napari, its tile encoded, the preview switched on. The mouse goes from object
to object of the ground truth, each time to the innermost point, and rests. Milliseconds:

whole      From the moment at which the mouse has rested, :data:`REST` after its last move, until
           the window has been painted with the preview.
decode     Of these, the model's: the decoder and what makes a mask of its answer.
draw       From there being a mask to show to the window having been painted with it.
first      The whole of the first one, which makes the layer. It is not among the others.

The rest of the whole is the worker's start and the way of its answer into the window's thread.
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
"""Seconds after which nothing is waited for any more."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; milliseconds."""

    places: int
    first: float
    whole_median: float
    whole_p95: float
    decode_median: float
    decode_p95: float
    draw_median: float
    draw_p95: float


class Window:
    """Napari with the dock, and an image in it; notes when what happens."""

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
        """Of the dock."""
        return self.dock.controller

    @property
    def canvas(self) -> Any:
        """What the image is drawn on."""
        return self.viewer.window._qt_viewer.canvas

    def prepare(self, place: Place) -> None:
        """Let the model look at the image; then note what the hover does."""
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
        """Rest the mouse; gives whole, decode and draw in ms, None if nothing was shown."""
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
        """Let the window work until something is so."""
        deadline = time.perf_counter() + PATIENCE
        while not ready():
            if time.perf_counter() > deadline:
                raise TimeoutError("the window does not get there")
            QApplication.processEvents()
            time.sleep(0.001)  # or it would take turns from the worker

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
    """The innermost point of each object."""
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
    seen = [one for place in objects[: places + 1] if (one := window.hover(place))]
    whole, decode, draw = np.array(seen[1:]).T
    figures = Figures(
        places=len(whole),
        first=seen[0][0],
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
