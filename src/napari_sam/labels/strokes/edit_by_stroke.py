"""Edit by stroke: labels split, merged, enlarged or cut by a line drawn over them."""

from collections.abc import Generator, Sequence
from contextlib import suppress

from numpy.typing import ArrayLike

from napari_sam.errors import LabelError
from napari_sam.labels.label_array import LabelArray

from .merge import merge_labels
from .reshape import NothingEnclosedError, add_to_label, cut_label
from .split import Predict, split_labels
from .stroke import Stroke, stroke_of
from .stroke_action import StrokeAction, action_of
from .stroke_change import StrokeChange


def edit_by_stroke(
    labels: LabelArray,
    points: ArrayLike,
    plane: Sequence[int] = (),
    action: StrokeAction | str | None = None,
    axis: int | None = None,
    first: int | None = None,
    predict: Predict | None = None,
) -> StrokeChange:
    """Change of labels by a stroke; the labels are read, not changed.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers, in memory or on disk; only boxes around the labels under the
        stroke are read.
    points : array-like
        ``(N, 2)`` the line, yx, data pixels; it may leave the image.
    plane : sequence of int
        Index of the leading axes of `labels`.
    action : StrokeAction or str, optional
        ``"split"``, ``"merge"``, ``"add"`` or ``"cut"``; by default told from where the line runs,
        see :func:`~napari_sam.labels.strokes.stroke_action.action_of`.
    axis : int, optional
        Axis of `labels` along which the same stroke is applied to the slices before and after, as
        far as the label goes on without a gap; by default to its own slice alone.
    first : int, optional
        Label of the first new part of a split; by default that after the largest in use, for which
        all labels are read.
    predict : callable, optional
        Asks the model for a split; by default the label is divided along the line.

    Returns
    -------
    StrokeChange
        Not applied yet.

    Raises
    ------
    LabelError
        If the stroke is empty, a single point, or outside; if there is no label under it; or if it
        changes nothing.
    """
    stroke = stroke_of(points, plane, labels.shape)
    action = None if action is None else _action(action)
    steps = iter_edit_by_stroke(labels, stroke, action, axis, first, predict)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            change: StrokeChange = end.value
            return change


def _action(action: StrokeAction | str) -> StrokeAction:
    try:
        return StrokeAction(action)
    except ValueError:
        names = ", ".join(each.value for each in StrokeAction)
        raise LabelError(f"{action!r} is no action of a stroke: use one of {names}") from None


def iter_edit_by_stroke(
    labels: LabelArray,
    stroke: Stroke,
    action: StrokeAction | None = None,
    axis: int | None = None,
    first: int | None = None,
    predict: Predict | None = None,
) -> Generator[int, None, StrokeChange]:
    """The steps of :func:`edit_by_stroke`, for progress and cancel.

    Yields
    ------
    int
        Number of slices read so far.

    Returns
    -------
    StrokeChange
        Not applied yet.
    """
    if action is None:
        action = action_of(labels, stroke)
        if action is StrokeAction.ADD:
            with suppress(NothingEnclosedError):  # a line through a hole of the label
                return (yield from add_to_label(labels, stroke, axis))
            action = StrokeAction.SPLIT
    if action is StrokeAction.SPLIT:
        return (yield from split_labels(labels, stroke, axis, first, predict))
    if action is StrokeAction.MERGE:
        return (yield from merge_labels(labels, stroke, axis))
    if action is StrokeAction.ADD:
        return (yield from add_to_label(labels, stroke, axis))
    return (yield from cut_label(labels, stroke, axis))
