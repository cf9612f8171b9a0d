"""Review: from one automatically found object to the next, the least sure first; no Qt."""

from typing import Any

import numpy as np

from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import FIRST_HINT, Desk
from napari_sam.plugin.labels.ratings import Look, Rating
from napari_sam.plugin.layers.hover_layer import HoverLayer, make_outline
from napari_sam.plugin.view.focus import show_object
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.workspace import Workspace

from .review_box import ReviewBox

_NOTHING = "Nothing to review: let everything be segmented first."
_KEYS = "keep [Shift-F], drop [Shift-D], next [Shift-S]."


class Review:
    """The object that is looked at, and what becomes of it.

    Parameters
    ----------
    desk : Desk
        The controller.
    viewer : napari.Viewer
        Is moved to the object.
    box : ReviewBox
        The row in the dock.
    """

    def __init__(self, desk: Desk, viewer: Any, box: ReviewBox) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._work: Workspace | None = None
        self._outline: HoverLayer | None = None
        self._current = 0
        self._after = (-1.0, 0)  # score and label of the object that was looked at last
        box.next_clicked.connect(self.next)
        box.keep_clicked.connect(self.keep)
        box.drop_clicked.connect(self.drop)

    def use(self, work: Workspace) -> None:
        """Review the objects of an image."""
        self._work, self._outline = work, HoverLayer(self._viewer, work.image, make_outline)
        self._after = (-1.0, 0)
        work.ratings.changed.connect(self._show)
        self._viewer.layers.selection.events.active.connect(self._selected)
        self._show()

    def leave(self) -> None:
        """Let go of an image."""
        if self._work is not None and self._outline is not None:
            self._work.ratings.changed.disconnect(self._show)
            self._viewer.layers.selection.events.active.disconnect(self._selected)
            self._outline.remove()
            self._work.ratings.show()
        self._work = self._outline = None
        self._current = 0

    # --- what the user does ------------------------------------------------------------------

    def next(self) -> None:
        """Go to the object of which the model is least sure, from the last one on."""
        work = self._desk.look()
        if work is None:
            return
        if problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
            return
        while label := self._next_label(work):
            known = work.ratings.of_label[label]
            self._after = (known.score, label)
            if self._go(work, label, known):
                return
            work.ratings.look_at([label])  # others have all of its pixels by now
        total = len(work.ratings.of_label)
        self._desk.say(f"All {total} objects are looked at. {FIRST_HINT}" if total else _NOTHING)

    def keep(self) -> None:
        """Leave the object as it is, and go to the next one."""
        if (work := self._work) is not None and (label := self._in_sight(work)):
            work.ratings.look_at([label])
            self.next()

    def drop(self) -> None:
        """Take the object away, and go to the next one."""
        if (work := self._work) is not None and (label := self._in_sight(work)):
            with work.history.one_action():
                boxes = work.ratings.of_label[label].boxes
                work.ratings.drop(label)
                work.writer.erase(label, boxes)
            work.ratings.show()
            self.next()

    def _in_sight(self, work: Workspace) -> int:
        """The object, if the user sees it; otherwise it is shown, and nothing else happens."""
        known = work.ratings.of_label.get(self._current)
        if known is None or known.look is not Look.WAITING:
            self.next()
        elif work.shown_plane in known.boxes and not obstacle(self._viewer.dims):
            return self._current
        elif problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
        else:
            self._go(work, self._current, known)
        return 0

    # --- where it is -------------------------------------------------------------------------

    def _next_label(self, work: Workspace) -> int:
        known = work.ratings.of_label
        order = [(known[label].score, label) for label in work.ratings.waiting]
        later = (one for one in order if one > self._after)
        return min(later, default=min(order, default=(0.0, 0)))[1]

    def _go(self, work: Workspace, label: int, known: Rating) -> bool:
        """Show an object; False if there is nothing of it."""
        y0, x0, y1, x1 = bbox = known.boxes[known.plane]
        there = np.asarray(work.labels_layer.plain()[(*known.plane, slice(y0, y1), slice(x0, x1))])
        mask = Mask(known.plane, bbox, there == label, 1.0, 0.0)
        if mask.empty or self._outline is None:
            return False
        self._current = label
        show_object(self._viewer, work.image, work.source, known.plane, bbox)
        work.labels_layer.ensure().selected_label = label
        self._outline.show(work.source, None, mask)
        self._desk.say(f"Label {label}: {known.score:.0%} sure. If it is right, {_KEYS}")
        return True

    def _selected(self, event: Any) -> None:
        """No keys of the dock work on the outline: to select it means the labels."""
        if self._work is not None and self._outline is not None and self._outline.owns(event.value):
            self._viewer.layers.selection.active = self._work.labels

    def _show(self) -> None:
        """Show how many are left; the outline goes with its object."""
        if self._work is None:
            return
        known = self._work.ratings.of_label
        left = sum(one.look is Look.WAITING for one in known.values())
        self._box.show_count(len(known) - left, len(known))
        current = known.get(self._current)
        if self._outline is not None and (current is None or current.look is not Look.WAITING):
            self._outline.clear()
            self._current = 0
