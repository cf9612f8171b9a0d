"""Reading: the change that the user wants of a stroke; no Qt."""

from enum import Enum

from napari_sam.labels.strokes.stroke_action import StrokeAction


class Reading(Enum):
    """Change that a stroke shall make, with the text of the choice."""

    AUTOMATIC = "automatic"
    SPLIT = "split along the line"
    BY_MODEL = "split by the model"
    MERGE = "merge"
    ADD = "add"
    CUT = "cut"

    @property
    def action(self) -> StrokeAction | None:
        """The change; None where it is told from where the line runs."""
        return _ACTIONS.get(self)

    @property
    def by_model(self) -> bool:
        """Whether the model divides a label."""
        return self is Reading.BY_MODEL


_ACTIONS = {
    Reading.SPLIT: StrokeAction.SPLIT,
    Reading.BY_MODEL: StrokeAction.SPLIT,
    Reading.MERGE: StrokeAction.MERGE,
    Reading.ADD: StrokeAction.ADD,
    Reading.CUT: StrokeAction.CUT,
}


def next_reading(reading: Reading, action: StrokeAction | None) -> Reading:
    """Another reading of the same stroke.

    Parameters
    ----------
    reading : Reading
        The present one.
    action : StrokeAction or None
        The change that it came to; None if it came to none.

    Returns
    -------
    Reading
        The next of the explicit readings, behind the last the first. From ``AUTOMATIC`` on, that
        after the one which was told from the line.
    """
    explicit = list(_ACTIONS)
    if reading is Reading.AUTOMATIC:
        if action is None:
            return explicit[0]
        reading = next(each for each in explicit if each.action is action)
    return explicit[(explicit.index(reading) + 1) % len(explicit)]
