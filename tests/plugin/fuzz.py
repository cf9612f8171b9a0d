"""Random mouse, keys and buttons on the dock in a real window, looked at after each."""

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers._layer_actions import _duplicate_layer
from napari.utils.notifications import NotificationSeverity, notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from tests.plugin.bench import Bench
from tests.plugin.journals import replayed

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier

WEIGHTS = {
    "click": 8,
    "background_click": 3,
    "box": 2,
    "scribble": 1,
    "enter": 6,
    "next_object": 2,
    "escape": 1,
    "undo": 5,
    "redo": 3,
    "undo_labels": 2,
    "brush": 3,
    "eraser": 2,
    "fill": 2,
    "undo_in_napari": 1,
    "redo_in_napari": 1,
    "slide": 2,
    "everything": 1,
    "save": 1,
    "duplicate": 1,
    "hide": 1,
}
"""By event, how often it comes."""

BREAKS = {"reopen": 2, "delete_labels": 1, "delete_points": 1}
"""Events after which undo goes back to them at most."""


@dataclass(slots=True)
class Fault:
    """What went wrong.

    Parameters
    ----------
    seed, number : int
        Of the run, and of the event in it.
    events : list of str
        All events so far.
    text : str
        The fault.
    """

    seed: int
    number: int
    events: list[str]
    text: str


@dataclass(slots=True)
class Run:
    """Result of a run.

    Parameters
    ----------
    events : list of str
        In order.
    faults : list of Fault
        All faults of the dock.
    undone : int
        Number of steps that were undone in the end.
    of_napari : int
        Errors of the thread that makes napari's status bar, which reads layers as they change.
    """

    events: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    undone: int = 0
    of_napari: int = 0


def is_of_status_thread(error: BaseException | None) -> bool:
    """Whether an exception passed through napari's module for the status bar."""
    frames = [] if error is None else traceback.extract_tb(error.__traceback__)
    return any(Path(frame.filename).name == "status_checker.py" for frame in frames)


class Fuzz:
    """Random events on a dock.

    Parameters
    ----------
    bench : Bench
        A shown window with a stack of planes.
    seed : int
        Of the events.
    folder : Path
        For labels that are saved.
    with_breaks : bool
        Whether the dock is closed and layers are removed, too.
    reopened : callable
        Opens the dock again in the same viewer.
    """

    def __init__(
        self,
        bench: Bench,
        seed: int,
        folder: Path,
        with_breaks: bool,
        reopened: Callable[[Bench], Bench],
    ) -> None:
        self.bench, self.folder, self.reopened = bench, folder, reopened
        self.random, self.seed = random.Random(seed), seed
        self.weights = WEIGHTS | (BREAKS if with_breaks else {})
        self.with_breaks = with_breaks
        self.result = Run()
        self._notified = len(notification_manager.records)
        self._prompt_tool = "foreground"
        bench.viewer.reset_view()
        bench.idle()
        self._start = self.state()

    # --- a run ---------------------------------------------------------------------------------

    def run(self, events: int) -> Run:
        """Do random events, then undo all of them."""
        names, weights = list(self.weights), list(self.weights.values())
        for _ in range(events):
            name = self.random.choices(names, weights)[0]
            self._do(name, getattr(self, f"_{name}"))
        self._undo_all()
        return self.result

    def _do(self, name: str, event: Callable[[], None]) -> None:
        self.result.events.append(name)
        try:
            event()
            self.bench.idle()
        except Exception as error:
            self._fault(f"{type(error).__name__}: {error}")
        self._look()

    def _look(self) -> None:
        records = list(notification_manager.records)[self._notified :]
        self._notified = len(notification_manager.records)
        for record in records:
            if record.severity != NotificationSeverity.ERROR:
                continue
            if is_of_status_thread(getattr(record, "exception", None)):
                self.result.of_napari += 1
            else:
                self._fault(f"notified: {record.message}")
        layer = self.labels
        if layer is not None and not np.array_equal(replayed(layer), layer.data):
            self._fault("the journal does not replay to the screen")

    def _undo_all(self) -> None:
        for _ in range(10 * len(self.result.events) + 10):
            self.bench.undo()
            self.bench.idle()
            self._look()
            if "nothing to take back" in self.bench.dock.status.text():
                break
            self.result.undone += 1
        else:
            self._fault("undo does not end")
        if not self.with_breaks and self.state() != self._start:
            self._fault("undo to the start does not give the start")

    def _fault(self, text: str) -> None:
        events = [*self.result.events]
        self.result.faults.append(Fault(self.seed, len(events), events, text))

    @property
    def labels(self) -> Any:
        """The dock's Labels layer; None without."""
        work = self.bench.controller.workspace
        return None if work is None else work.labels

    def state(self) -> tuple[Any, ...]:
        """Prompts, preview and labels."""
        bench, labels = self.bench, self.labels
        points, boxes = bench.layer("points"), bench.layer("boxes")
        return (
            np.asarray(points.data).round(3).tolist(),
            [np.asarray(shape).round(3).tolist() for shape in boxes.data],
            None if labels is None else np.flatnonzero(labels.data).tolist(),
            bool(bench.shown().any()) if labels is not None else None,
        )

    # --- mouse ---------------------------------------------------------------------------------

    def _place(self) -> tuple[float, float]:
        height, width = self.bench.controller.workspace.source.plane_size
        return self.random.uniform(2, height - 3), self.random.uniform(2, width - 3)

    def _tool(self, name: str) -> None:
        self.bench.controller.tools.choose(name)
        self.bench.idle()

    def _click(self) -> None:
        self._tool("foreground")
        self.bench.click(self._place())

    def _background_click(self) -> None:
        self._tool("background")
        self.bench.click(self._place())
        self._tool("foreground")

    def _box(self) -> None:
        self._tool("box")
        self.bench.drag(self._place(), self._place())
        self._tool("foreground")

    def _scribble(self) -> None:
        self._tool("scribble")
        self.bench.drag(self._place(), self._place())
        self._tool("foreground")

    def _stroke(self, mode: str) -> None:
        layer = self.labels
        if layer is None or not layer.visible:
            return
        self.bench.viewer.layers.selection.active = layer
        layer.mode, layer.brush_size = mode, self.random.randint(1, 9)
        layer.selected_label = self.random.randint(1, 6)
        self.bench.drag(self._place(), self._place())
        layer.mode = "pan_zoom"
        self.bench.viewer.layers.selection.active = self.bench.layer("points")

    def _brush(self) -> None:
        self._stroke("paint")

    def _eraser(self) -> None:
        self._stroke("erase")

    def _fill(self) -> None:
        self._stroke("fill")

    # --- keys ----------------------------------------------------------------------------------

    def _enter(self) -> None:
        self.bench.press(Qt.Key.Key_Return)

    def _next_object(self) -> None:
        self.bench.press("j")

    def _escape(self) -> None:
        self.bench.press(Qt.Key.Key_Escape)

    def _undo(self) -> None:
        QTest.keyClick(self.bench.native, Qt.Key.Key_Z, CTRL)

    def _redo(self) -> None:
        QTest.keyClick(self.bench.native, Qt.Key.Key_Z, CTRL | SHIFT)

    def _undo_labels(self) -> None:
        self.bench.press("u")

    # --- napari --------------------------------------------------------------------------------

    def _undo_in_napari(self) -> None:
        if self.labels is not None:
            self.labels.undo()

    def _redo_in_napari(self) -> None:
        if self.labels is not None:
            self.labels.redo()

    def _slide(self) -> None:
        planes = self.bench.controller.workspace.source.plane_shape
        if planes:
            self.bench.viewer.dims.set_point(0, self.random.randrange(planes[0]))

    def _everything(self) -> None:
        self.bench.dock.everything_box.slice_button.click()

    def _save(self) -> None:
        layer = self.labels
        if layer is not None:
            path = self.folder / f"{self.seed} {len(self.result.events)}.ome.tif"
            self.bench.viewer.layers.selection = {layer}
            self.bench.viewer.layers.save(str(path), selected=True)
            self.bench.viewer.layers.selection.active = self.bench.layer("points")

    def _duplicate(self) -> None:
        layers, layer = self.bench.viewer.layers, self.labels
        copies = [each for each in layers if "copy" in each.name]
        if copies:
            layers.remove(copies[0])
        elif layer is not None:
            layers.selection = {layer}
            _duplicate_layer(layers)
            layers.selection.active = self.bench.layer("points")

    def _hide(self) -> None:
        if self.labels is not None:
            self.labels.visible = not self.labels.visible

    # --- the dock ------------------------------------------------------------------------------

    def _reopen(self) -> None:
        self.bench.controller.close()
        if self.labels is not None and self.random.random() < 0.5:
            self.labels.undo()
        self.bench = self.reopened(self.bench)

    def _delete_labels(self) -> None:
        if self.labels is not None:
            self.bench.viewer.layers.remove(self.labels)

    def _delete_points(self) -> None:
        self.bench.viewer.layers.remove(self.bench.layer("points"))
