"""Read stroke: the change of labels by a stroke, in the worker; no Qt, no napari."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from napari_sam.errors import LabelError
from napari_sam.image.volume import Plane
from napari_sam.labels.label_array import LabelArray
from napari_sam.labels.strokes.stroke_action import StrokeAction

from .events import Event, Progress, StrokeRead

if TYPE_CHECKING:
    from napari_sam.session import Session

# The engine of strokes is imported inside the function: it brings parts of scikit-image that take
# tenths of a second, and this module is imported by the GUI thread.


@dataclass(frozen=True, slots=True, eq=False)
class StrokeRequest:
    """A line over labels, and how to read it.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers; not changed.
    points : array-like
        ``(N, 2)`` yx, data pixels.
    plane : tuple of int
        Index of the leading axes.
    action : StrokeAction or None
        None to tell it from where the line runs.
    axis : int or None
        Axis of `labels` along which to go on; None for the slice alone.
    first : int
        Next free label, for the parts of a split.
    by_model : bool
        Whether the model divides a label.
    """

    labels: LabelArray
    points: ArrayLike
    plane: Plane
    action: StrokeAction | None
    axis: int | None
    first: int
    by_model: bool = False


def read_stroke(
    request: StrokeRequest, session: "Session | None" = None
) -> Generator[Event, None, None]:
    """Read a stroke.

    Parameters
    ----------
    request : StrokeRequest
        The line.
    session : Session, optional
        Asked for the parts of a label; by default a label is divided along the line.

    Yields
    ------
    Event
        Progress, and at the end a :class:`~napari_sam.plugin.worker.events.StrokeRead`, also for a
        stroke that changes nothing.
    """
    from napari_sam.labels.strokes.edit_by_stroke import iter_edit_by_stroke
    from napari_sam.labels.strokes.stroke import stroke_of

    predict = None
    if session is not None:
        from napari_sam.strokes import predict_parts

        predict = partial(predict_parts, session)
    words = "Looking at the label" if session is None else "Asking the model for its parts"
    yield Progress(words)
    try:
        stroke = stroke_of(request.points, request.plane, request.labels.shape)
        steps = iter_edit_by_stroke(
            request.labels, stroke, request.action, request.axis, request.first, predict
        )
        while True:
            yield Progress(words, next(steps))
    except StopIteration as end:
        yield StrokeRead(end.value)
    except LabelError as error:
        yield StrokeRead(None, str(error))
