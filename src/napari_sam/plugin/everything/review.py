"""Review: objects found automatically or loaded, the least sure first and some at random."""

import numpy as np
from napari.components import ViewerModel
from napari.utils.events import Event

from napari_sam.evaluate.estimate import FEWEST_LOOKS
from napari_sam.evaluate.looks import draw, is_random_turn
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.rating import WRONG, Look, Rating, Source
from napari_sam.plugin.layers.hover_layer import HoverLayer, make_outline
from napari_sam.plugin.view.focus import show_object
from napari_sam.plugin.view.view import obstacle
from napari_sam.plugin.widgets.soon import Soon
from napari_sam.plugin.workspace import Workspace

from .error_line import error_line
from .review_box import ReviewBox

_NOTHING = "Nothing to review yet: press Find all objects first, or load labels from a file."

_LINES = {
    Source.FOUND: "{:.0%} sure",
    Source.LOADED: "not compared with the model",
    Source.COMPARED: "the model agrees by {:.0%}",
}
"""By source of an object: words for its score."""


class Review:
    """Shows object after object to the user, and keeps or drops it by the user's answer.

    Parameters
    ----------
    desk : Desk
        The image in use; shows what to do.
    viewer : napari.Viewer
        Its camera and sliders are moved to the object.
    box : ReviewBox
        The review rows of the dock.
    """

    def __init__(self, desk: Desk, viewer: ViewerModel, box: ReviewBox) -> None:
        self._desk, self._viewer, self._box = desk, viewer, box
        self._work: Workspace | None = None
        self._outline: HoverLayer | None = None
        self._current = self._shown = 0  # the latter stays after the look
        self._last_shown = (-1.0, 0)  # score and label of the object shown last in this order
        self._drawn_at = -1  # looks before the last random draw
        # Not at once: the list of layers would go on to mark the layer that was left.
        self._select_labels_soon = Soon(self._select_labels, box)

    def use(self, work: Workspace) -> None:
        """Review the objects of an image."""
        self._work, self._outline = work, HoverLayer(self._viewer, work.image, make_outline)
        self._last_shown, self._drawn_at = (-1.0, 0), -1
        work.ratings.changed.connect(self._show)
        self._viewer.layers.selection.events.active.connect(self._selected)
        self._show()

    def leave(self) -> None:
        """Stop the review of an image, and remove the outline."""
        if self._work is not None and self._outline is not None:
            self._work.ratings.changed.disconnect(self._show)
            self._viewer.layers.selection.events.active.disconnect(self._selected)
            self._outline.remove()
            self._work.ratings.show()
        self._work = self._outline = None
        self._current = 0

    @property
    def line(self) -> str:
        """Label and score of the object under review; empty without such an object."""
        rating = None if self._work is None else self._work.ratings.of_label.get(self._current)
        if rating is None or rating.look is not Look.WAITING:
            return ""
        why = ", a random one for the estimate" if rating.random else ""
        return f"Label {self._current}: {_LINES[rating.source].format(rating.score)}{why}"

    # --- actions of the user -----------------------------------------------------------------

    def next(self) -> None:
        """Show a random object at each third turn, else the one with the next higher score.

        After the highest score, the lowest comes again.
        """
        work = self._desk.look()
        if work is None:
            return
        if problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
            return
        while label := self._draw(work) or self._next_label(work):
            if self._go(work, label, work.ratings.of_label[label]):
                return
            # other labels have all of its pixels by now
            work.ratings.look_at([label], Look.CORRECTED)
        looks = [rating.look for rating in work.ratings.of_label.values()]
        wrong = sum(look in WRONG for look in looks)
        text = f"All {len(looks)} objects are looked at: {wrong} were dropped or corrected."
        self._desk.say(text if looks else _NOTHING)

    def keep(self) -> None:
        """Mark the object as looked at, and go to the next object."""
        if (work := self._work) is not None and (label := self._in_sight(work)):
            work.ratings.look_at([label])
            self.next()

    def drop(self) -> None:
        """Erase the object, as one step of undo, and go to the next object."""
        if (work := self._work) is not None and (label := self._in_sight(work)):
            with work.history.one_action(text=f"the removal of label {label}"):
                rated = work.ratings.of_label[label]
                work.searches.note_refused(label, rated, work.labels_layer.plain())
                work.ratings.reshape((), (label,))
                work.writer.erase(label, rated.boxes)
            work.ratings.show()
            self.next()

    def go_on(self, corrected: int) -> None:
        """Go on to the next object after a correction of the object shown last, by clicks."""
        rating = None if self._work is None else self._work.ratings.of_label.get(corrected)
        if rating is not None and corrected == self._shown and rating.look is Look.CORRECTED:
            self.next()

    def _in_sight(self, work: Workspace) -> int:
        """Label of the object on the screen; 0 for an object elsewhere, which is shown then."""
        rating = work.ratings.of_label.get(self._current)
        if rating is None or rating.look is not Look.WAITING:
            self.next()
        elif work.shown_plane in rating.boxes and not obstacle(self._viewer.dims):
            return self._current
        elif problem := obstacle(self._viewer.dims):
            self._desk.say(problem)
        else:
            self._go(work, self._current, rating)
        return 0

    # --- the place of the object -------------------------------------------------------------

    def _draw(self, work: Workspace) -> int:
        """Label of a random object for the estimate; 0 while none is due, or it was passed over."""
        ratings, waiting = work.ratings.of_label, list(work.ratings.waiting)
        looks = len(ratings) - len(waiting)
        is_due = is_random_turn(looks) and looks != self._drawn_at and len(ratings) > FEWEST_LOOKS
        if not (waiting and is_due):
            return 0
        self._drawn_at = looks
        passed_over = [label for label in waiting if ratings[label].random]
        label = passed_over[0] if passed_over else draw(waiting, looks)
        work.ratings.note_drawn(label)
        return label

    def _next_label(self, work: Workspace) -> int:
        ratings = work.ratings.of_label
        order = [(ratings[label].score, label) for label in work.ratings.waiting]
        later = (entry for entry in order if entry > self._last_shown)
        self._last_shown = min(later, default=min(order, default=(-1.0, 0)))
        return self._last_shown[1]

    def _go(self, work: Workspace, label: int, rating: Rating) -> bool:
        """Show an object; False if no pixel has the label any more."""
        y0, x0, y1, x1 = bbox = rating.boxes[rating.plane]
        labels = work.labels_layer.plain()[(*rating.plane, slice(y0, y1), slice(x0, x1))]
        mask = Mask(rating.plane, bbox, np.asarray(labels) == label, 1.0, 0.0)
        if mask.empty or self._outline is None:
            return False
        self._current = self._shown = label
        show_object(self._viewer, work.image, work.source, rating.plane, bbox)
        work.labels_layer.ensure().selected_label = label
        self._outline.show(work.source, None, mask)
        self._desk.renew()
        return True

    def _selected(self, event: Event) -> None:
        if self._outline is not None and self._outline.owns(event.value):
            self._select_labels_soon.start()

    def _select_labels(self) -> None:
        """Select the labels instead of the outline, on which no keys of the dock work."""
        selection = self._viewer.layers.selection
        if (work := self._work) is None or self._outline is None:
            return
        if self._outline.owns(selection.active):
            selection.active = work.labels

    def _show(self) -> None:
        """Show the count of objects to review; remove the outline of a reviewed object."""
        if self._work is None:
            return
        ratings = self._work.ratings.of_label
        waiting = sum(rating.look is Look.WAITING for rating in ratings.values())
        self._box.show_count(len(ratings) - waiting, len(ratings))
        self._box.show_errors(error_line(ratings))
        current = ratings.get(self._current)
        if self._outline is not None and (current is None or current.look is not Look.WAITING):
            self._outline.clear()
            self._current = 0
        self._desk.renew()
