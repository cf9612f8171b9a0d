"""StrokeAction: change of labels by a stroke, told by the stroke's course."""

from enum import Enum

from napari_sam.errors import LabelError
from napari_sam.labels.label_array import LabelArray

from .label_region import in_order, labels_under
from .stroke import Stroke


class StrokeAction(Enum):
    """Change of labels by a stroke."""

    SPLIT = "split"
    """Each label that the line divides becomes several; the largest part keeps the number."""

    MERGE = "merge"
    """All labels under the line become one; the largest keeps its number."""

    ADD = "add"
    """Free pixels that the line encloses, from a label and back, join the label."""

    CUT = "cut"
    """What the line cuts off or encloses is taken away from the label."""


def action_of(labels: LabelArray, stroke: Stroke, takes_away: bool = False) -> StrokeAction:
    """Tell the action from where the stroke runs.

    Parameters
    ----------
    labels : array-like
        ``(*planes, Y, X)`` integers; only those under the line are read.
    stroke : Stroke
        The line.
    takes_away : bool
        Whether the user held the modifier that takes away.

    Returns
    -------
    StrokeAction
        CUT with the modifier. MERGE over several labels. Over a single label: ADD for a line that
        begins inside, leaves it, and comes back or makes a loop; SPLIT for any other.

    Raises
    ------
    LabelError
        If there is no label under the stroke.
    """
    under = labels_under(labels, stroke.plane, stroke.pixels)
    crossed = in_order(under)
    if takes_away:
        return StrokeAction.CUT
    if not crossed:
        raise no_label()
    if len(crossed) > 1:
        return StrokeAction.MERGE
    begins_inside, leaves = under[0] != 0, bool((under == 0).any())
    if begins_inside and leaves and (under[-1] != 0 or stroke.is_loop):
        return StrokeAction.ADD
    return StrokeAction.SPLIT


def no_label() -> LabelError:
    """Error for a stroke over background alone."""
    return LabelError("there is no label under the stroke: draw it over one")
