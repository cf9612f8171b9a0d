"""A bench for the tests of the dock: a real napari window, real clicks and keys, a real worker."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam import Session
from napari_sam.model.sam import Sam
from napari_sam.plugin.commands import SamWidget
from napari_sam.plugin.settings import Settings
from tests.tiny import TINY_POLICY, tiny_config

NO_KEYS = Qt.KeyboardModifier.NoModifier


class GatedSam(Sam):
    """A model whose image encoder can be held, and that notes in which threads it ran."""

    def __init__(self) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            # without boxes: its points are asked as clicks are, which random weights answer alike
            super().__init__(tiny_config(proposal_boxes=False), TINY_POLICY)
        self.gate, self.inside = threading.Event(), threading.Event()
        self.gate.set()
        self.threads: set[int] = set()
        self.begun = 0

    def encode_image(self, *args: Any, **kwargs: Any) -> Any:
        self.threads.add(threading.get_ident())
        self.begun += 1
        self.inside.set()
        assert self.gate.wait(60)
        return super().encode_image(*args, **kwargs)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the worker inside the encoder."""
        self.gate.clear()
        self.inside.clear()
        try:
            yield
        finally:
            self.gate.set()


class Bench:
    """A viewer with the dock in it."""

    def __init__(
        self,
        viewer: Any,
        model: Any,
        qtbot: Any,
        dock: SamWidget | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.viewer, self.model, self.qtbot = viewer, model, qtbot
        # Most tests count what is encoded for a click, so nothing is encoded before.
        settings = settings or Settings(model=model, cache_dir=False, prefetch=False)
        self.dock = dock or SamWidget(viewer, settings)
        viewer.window.add_dock_widget(self.dock, name="SAM")
        self.idle()

    @property
    def controller(self) -> Any:
        return self.dock.controller

    # actions, as keys and buttons run them

    def accept(self) -> None:
        self.controller.actions.accept()

    def accept_daughter(self) -> None:
        self.controller.actions.accept_daughter()

    def follow(self) -> None:
        self.controller.actions.follow()

    def next_object(self) -> None:
        self.controller.actions.next_object()

    def drop(self) -> None:
        self.controller.actions.drop()

    def undo(self) -> None:
        self.controller.actions.undo()

    def redo(self) -> None:
        self.controller.actions.redo()

    def undo_labels(self) -> None:
        self.controller.actions.undo_labels()

    def cancel(self) -> None:
        self.controller.actions.cancel()

    def layer(self, name: str) -> Any:
        """A layer of the dock for the image in use, which is named after several images."""
        work, name = self.controller.workspace, f"SAM {name}"
        key = None if work is None else str(work.image.unique_id)
        for layer in self.viewer.layers:
            mine = layer.metadata.get("napari-sam-image") == key
            if mine and layer.metadata.get("napari-sam-role") == name:
                return layer
        return self.viewer.layers[name]

    def names(self) -> list[str]:
        return [layer.name for layer in self.viewer.layers]

    def wait(self, ready: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(ready()), timeout=60_000)

    def idle(self) -> None:
        """Until all events are handled and no work is left."""
        QApplication.processEvents()
        self.wait(lambda: not self.controller.runner.busy)
        QApplication.processEvents()

    def add(self, *place: float) -> None:
        """A click, through the layer."""
        self.layer("points").add(place)
        QApplication.processEvents()

    def shown(self) -> np.ndarray:
        """What the preview shows, as a mask of the whole image."""
        image, preview = self.controller.workspace.image, self.layer("preview")
        full = np.zeros(self.layer("labels").data.shape, bool)
        start = image.world_to_data(preview.data_to_world((0,) * preview.ndim))
        index = np.argwhere(preview.data) + np.round(start).astype(int)
        full[tuple(index.T)] = True
        return full

    def expected(self, **prompts: Any) -> np.ndarray:
        """What a Session answers to the same prompts, as a mask of the whole image."""
        image = self.controller.workspace.image
        session = Session.open(
            np.asarray(image.data),
            model=self.model,
            contrast=tuple(image.contrast_limits),
            cache_dir=False,
        )
        mask = session.predict(**prompts)
        full = np.zeros(session.volume.label_shape, bool)
        y0, x0, y1, x1 = mask.bbox
        full[(*mask.plane, slice(y0, y1), slice(x0, x1))] = mask.pixels
        return full

    # mouse and keyboard

    def place(self, world: Sequence[float]) -> QPoint:
        canvas = self._canvas
        axes = list(self.viewer.dims.displayed)
        origin = np.array(canvas._map_canvas2world((0, 0), canvas.view))[axes]
        step = np.array(canvas._map_canvas2world((100, 100), canvas.view))[axes] - origin
        row, column = (np.asarray(world, float) - origin) / step * 100
        return QPoint(round(column), round(row))

    @property
    def _canvas(self) -> Any:
        window = self.viewer.window  # wrapped if the viewer is a proxy, as plugins get it
        return getattr(window, "__wrapped__", window)._qt_viewer.canvas

    @property
    def native(self) -> Any:
        return self._canvas.native

    def aim(self, world: Sequence[float]) -> None:
        """Move the mouse there."""
        QTest.mouseMove(self.native, self.place(world))

    def click(self, world: Sequence[float]) -> None:
        self.aim(world)
        self.click_there(world)

    def click_there(self, world: Sequence[float]) -> None:
        """A click where the mouse is already."""
        QTest.mouseClick(self.native, Qt.MouseButton.LeftButton, pos=self.place(world))
        QApplication.processEvents()

    def move(self, world: Sequence[float]) -> None:
        """Move the mouse, and wait until napari knows."""
        cursor = self.viewer.cursor
        self.move_to(self.place(world))
        self.wait(lambda: np.allclose(cursor.position[-len(world) :], world, atol=1))

    def move_to(self, place: QPoint) -> None:
        """Move the mouse on the canvas: as Qt tells it, for the screen tells it when it likes."""
        self.qtbot.wait(15)  # vispy takes no move within 10 ms of another
        there, none = QPointF(self.native.mapToGlobal(place)), Qt.MouseButton.NoButton
        kind, here = QEvent.Type.MouseMove, QPointF(place)
        QApplication.sendEvent(self.native, QMouseEvent(kind, here, there, none, none, NO_KEYS))
        self.qtbot.wait(15)  # and napari takes it 5 ms later

    def drag(self, start: Sequence[float], stop: Sequence[float]) -> None:
        first, last = self.place(start), self.place(stop)
        QTest.mouseMove(self.native, first)
        QTest.mousePress(self.native, Qt.MouseButton.LeftButton, pos=first)
        for share in np.linspace(0.2, 1, 5):
            QTest.mouseMove(self.native, first + (last - first) * float(share))
            QApplication.processEvents()
        QTest.mouseRelease(self.native, Qt.MouseButton.LeftButton, pos=last)
        QApplication.processEvents()

    # the list of layers

    @property
    def _layer_list(self) -> Any:
        window = self.viewer.window
        return getattr(window, "__wrapped__", window)._qt_viewer.layers

    def choose_row(self, name: str) -> None:
        """Click on a layer in the list of layers."""
        rows, model = self._layer_list, self._layer_list.model()
        indices = [model.index(row, 0) for row in range(model.rowCount())]
        (index,) = [each for each in indices if each.data() == name]
        rows.scrollTo(index)
        place = rows.visualRect(index).center()
        QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QApplication.processEvents()

    def marked_rows(self) -> list[str]:
        """Names of the layers that the list of layers shows as selected."""
        QApplication.processEvents()
        return [index.data() for index in self._layer_list.selectionModel().selectedIndexes()]

    def press(self, key: Any) -> None:
        QTest.keyClick(self.native, key)
        QApplication.processEvents()


Open = Callable[..., Bench]


@contextmanager
def opening(make_viewer: Any, model: Any, qtbot: Any) -> Iterator[Open]:
    """Open docks, each in a viewer of its own; all of them are closed in the end."""
    benches: list[Bench] = []

    def opened(
        data: np.ndarray | None = None,
        show: bool = False,
        settings: Settings | None = None,
        **kwargs: Any,
    ) -> Bench:
        viewer = make_viewer(show=show)
        if data is not None:
            viewer.add_image(data, **{"name": "cells", **kwargs})
        benches.append(Bench(viewer, model, qtbot, settings=settings))
        return benches[-1]

    yield opened
    if isinstance(model, GatedSam):
        model.gate.set()
    for bench in benches:
        bench.cancel()
        bench.wait(lambda bench=bench: not bench.controller.runner.busy)
        bench.controller.close()
        bench.wait(lambda bench=bench: not bench.controller.model_view.busy)


def picture(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)


def tube(depth: int = 9) -> np.ndarray:
    """A bright textured disc that goes through all slices of a stack, slowly moving."""
    noise = np.random.default_rng(1).integers(0, 60, (depth, 64, 64))
    z, y, x = np.mgrid[:depth, :64, :64]
    inside = (y - 28 - z / 2) ** 2 + (x - 30) ** 2 < 12**2
    return (noise + 150 * inside).astype(np.uint8)


def dividing() -> np.ndarray:
    """A textured disc that is two from the third of five frames on."""
    y, x = np.mgrid[:64, :96]
    one = (y - 32) ** 2 + (x - 48) ** 2 < 150
    two = ((y - 32) ** 2 + (x - 36) ** 2 < 70) | ((y - 32) ** 2 + (x - 60) ** 2 < 70)
    noise = np.random.default_rng(0).integers(0, 50, (5, 64, 96))
    return (noise + 160 * np.stack([one, one, two, two, two])).astype(np.uint8)
