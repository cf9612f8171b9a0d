"""Measuring: numbers of all labels, in the features of their layer; no Qt."""

import math
from collections.abc import Callable

from napari.layers import Labels

from napari_sam.measure.measurements import Measurements
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.class_layer import CLASS, PROBABILITY
from napari_sam.plugin.layers.label_features import with_columns
from napari_sam.plugin.worker.events import Event, Measured
from napari_sam.plugin.worker.jobs import Job, Priority
from napari_sam.plugin.workspace import Workspace

_OMITTED = ("label", "t", "class", "score")
"""Columns left out of the features: the layer has such columns, or the column is the row's key."""

_WHERE = "The table below shows them: a click on a row goes to the object."


class Measuring:
    """Measures all labels on request, in the worker, after clicks.

    Parameters
    ----------
    desk : Desk
        Has the image in use, the engine and the runner; shows the count of measured objects.
    show_table : callable
        Shows the measurements of the image's labels as a table.
    with_texture : callable
        Whether the texture is measured too.
    """

    def __init__(
        self,
        desk: Desk,
        show_table: Callable[[Workspace, Labels, Measurements], None],
        with_texture: Callable[[], bool],
    ) -> None:
        self._desk, self._show_table, self._with_texture = desk, show_table, with_texture

    def start(self) -> None:
        """Measure all labels of the image."""
        self._desk.begin_action()
        work = self._desk.look()
        if work is None:
            return
        layer = work.labels_layer.ensure()
        steps = self._desk.engine.measure(
            work.labels_layer.plain(), work.source, self._with_texture()
        )
        receive = lambda event: self._receive(work, layer, event)  # noqa: E731
        self._desk.runner.submit(Job(steps, receive, priority=Priority.ASKED))

    def _receive(self, work: Workspace, layer: Labels, event: Event) -> None:
        if not isinstance(event, Measured):
            self._desk.receive(event)
        elif layer in work.viewer.layers:
            self._show(work, layer, event.table)

    def _show(self, work: Workspace, layer: Labels, table: Measurements) -> None:
        time = work.source.plane_axes.find("T")
        frame = None if time < 0 else work.shown_plane[time]
        if not len(table):
            self._desk.say("There are no labels yet: accept objects first.")
            return
        rows = [row for row in table.rows() if row.get("t") == frame]
        columns = {
            name: {row["label"]: row[name] for row in rows}
            for name in table.columns
            if name not in _OMITTED
        }
        if (classes := work.classes.table).of_label:  # the engine measures without classes
            columns[CLASS] = {row["label"]: classes.class_of(row["label"]) for row in rows}
        if classes.predicted:
            columns[PROBABILITY] = {
                row["label"]: classes.predicted.get(row["label"], math.nan) for row in rows
            }
        if rows:
            layer.features = with_columns(layer.features, columns, None)
        when = "" if frame is None else f" in frame {frame}"
        self._desk.say(f"{len(rows)} objects are measured{when}. {_WHERE}")
        self._show_table(work, layer, table)
