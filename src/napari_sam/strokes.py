"""Strokes: labels of a session split, merged, enlarged and cut by a line drawn over them."""

from collections.abc import Mapping, Sequence
from functools import partial

from numpy.typing import ArrayLike

from napari_sam.image.volume import Plane
from napari_sam.labels.strokes.edit_by_stroke import edit_by_stroke
from napari_sam.labels.strokes.stroke_action import StrokeAction
from napari_sam.labels.strokes.stroke_change import StrokeChange
from napari_sam.masks.mask import Mask
from napari_sam.prompts.prompt import PointPrompt

from .errors import LabelError
from .session import Session


def stroke(
    session: Session,
    points: ArrayLike,
    plane: Sequence[int] = (),
    action: StrokeAction | str | None = None,
    axis: str | None = None,
    by_model: bool = False,
    commit: bool = True,
) -> StrokeChange:
    """Split, merge, enlarge or cut labels of a session by a line drawn over them.

    Parameters
    ----------
    session : Session
        Its labels change, as a single step of ``session.undo()``.
    points, plane, action
        See :func:`~napari_sam.labels.strokes.edit_by_stroke.edit_by_stroke`.
    axis : str, optional
        Letter of the axis, ``"Z"`` or ``"T"``, along which the same stroke is applied to the slices
        before and after, as far as the label goes on without a gap.
    by_model : bool
        Whether the model divides a label: it is asked with a point on each side of the line.
    commit : bool
        Whether to change the labels; without, the change is only computed.

    Returns
    -------
    StrokeChange
        The labels that came of it, with their pixels.

    Raises
    ------
    LabelError
        If the stroke describes no change, see
        :func:`~napari_sam.labels.strokes.edit_by_stroke.edit_by_stroke`, or the image has no such
        axis. The labels stay as they were.
    """
    change = edit_by_stroke(
        session.labels,
        points,
        plane,
        action,
        axis=None if axis is None else _index(session, axis),
        first=session.book.next_label,
        predict=partial(predict_parts, session) if by_model else None,
    )
    if commit:
        session.book.apply(change.edits)
    return change


def predict_parts(
    session: Session, plane: Plane, points: Mapping[int, tuple[int, int]]
) -> dict[int, Mask]:
    """Ask the model for the parts of a label, each with a click of its own.

    Parameters
    ----------
    session : Session
        Model and image.
    plane : tuple of int
        Index of the leading axes.
    points : mapping of int to tuple
        Number of each part to a pixel inside, yx, data pixels.

    Returns
    -------
    dict of int to Mask
        Mask of each part. They may share pixels; where the model sees nothing, a mask is empty.
    """
    return session.predict_objects(
        {part: [PointPrompt((*plane, *point))] for part, point in points.items()}
    )


def _index(session: Session, axis: str) -> int:
    axes = session.volume.label_axes[:-2]
    if axis.upper() not in axes:
        there = f"it has {', '.join(axes)}" if axes else "it is a single slice"
        raise LabelError(f"the image has no axis {axis} to go along: {there}")
    return axes.index(axis.upper())
