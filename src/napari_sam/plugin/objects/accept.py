"""Accept: an object becomes a label, at once or after the last missing mask."""

from collections.abc import Sequence

from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.undo.history import Step
from napari_sam.plugin.workspace import Workspace

from .accept_later import AcceptLater
from .accepted_object import AcceptedObject
from .current_object import CurrentObject


def accept(
    desk: Desk,
    later: AcceptLater,
    finished: CurrentObject,
    masks: Sequence[Mask],
    work: Workspace,
    step: Step,
    how: Acceptance,
    daughter: bool = False,
) -> bool:
    """Paint an object as a label, now or after missing masks.

    :meth:`AcceptedObject.paint` is called at once, or by :class:`AcceptLater` after the last mask.
    It calls ``LabelWriter.accept``, which writes the journal, the Labels layer and the history.

    Parameters
    ----------
    desk, work
        Status line and labels.
    later : AcceptLater
        Paints the object after missing masks.
    finished : CurrentObject
        The object.
    masks : sequence of Mask
        Cleaned masks, at most one a plane.
    step : Step
        The step to undo that the label belongs to.
    how : Acceptance
        The user's choice.
    daughter : bool
        Whether it is a daughter of the label in the frame before.

    Returns
    -------
    bool
        Whether the user is done with the object.
    """
    questions, time = finished.questions, work.source.plane_axes.find("T")
    frames = [plane[time] for plane in questions.asked] if time >= 0 else []
    accepted = AcceptedObject(
        desk,
        work,
        step,
        how,
        questions.prompts,
        finished.origin,
        finished.held,
        daughter,
        born=min(frames, default=0),
    )
    if missing := questions.missing:
        answered = {p: mask for p, mask in finished.masks.items() if p not in missing}
        open_questions = {plane: questions.on(plane) for plane in missing}
        later.when_answered(finished, accepted, answered, open_questions)
        return True
    if (job := finished.following.job) is not None:
        later.when_followed(finished, accepted, job)
        return True
    return bool(masks) and accepted.paint(masks)
