"""Painting: an object under way becomes a label, and the user is told."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from napari_sam.errors import NapariSamError
from napari_sam.journal.entry import Origin
from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.mask import Mask
from napari_sam.plugin.desk import FIRST_HINT, Desk
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.workspace import Workspace

from .current_object import CurrentObject, Painter
from .held import Held

REFUSED = (
    "it lies on others by more than a quarter. "
    "Choose another way for overlaps, or correct it with background clicks [Q]."
)


def painter(
    desk: Desk, work: Workspace, one: CurrentObject, daughter: bool, how: Acceptance
) -> Painter:
    """What makes the masks of an object a label, now or when they come.

    Parameters
    ----------
    desk : Desk
        The controller, which tells the user.
    work : Workspace
        Where the labels are.
    one : CurrentObject
        As it is now: what it was made from is noted.
    daughter : bool
        Of the object that was there in the frame before, which divided.
    how : Acceptance
        What the user chose; a daughter gets a label of her own, and takes from her mother alone.

    Returns
    -------
    callable
        False where it cannot be.
    """
    paint: Painter
    if daughter:
        paint = partial(_paint_daughter, desk, work, one.origin, one.born, how.of_class)
    elif one.held:
        paint = partial(_put_back, desk, work, one.held, how)
    else:
        paint = partial(_paint, desk, work, one.origin, how)
    return partial(_try, desk, work, paint)


def _try(desk: Desk, work: Workspace, paint: Painter, masks: Sequence[Mask]) -> bool:
    if work.image not in work.viewer.layers:  # it was closed meanwhile
        return False
    try:
        return paint(masks)
    except NapariSamError as error:
        desk.fail(str(error))
        return False


def _paint(
    desk: Desk, work: Workspace, origin: Origin, how: Acceptance, masks: Sequence[Mask]
) -> bool:
    label, area = work.accept(masks, origin, how)
    if area:
        desk.say(f"Object {label} accepted, {area} pixels. {FIRST_HINT}")
    elif how.policy is OverlapPolicy.ONLY_BACKGROUND and any(not mask.empty for mask in masks):
        desk.say(f"Not accepted: {REFUSED}")
        return False
    else:
        desk.say("Nothing accepted: it is empty, or all of it belongs to others.")
    return True


def _put_back(
    desk: Desk, work: Workspace, held: Held, how: Acceptance, masks: Sequence[Mask]
) -> bool:
    """Make masks the label that they were before; what they were made from is the label itself."""
    if all(mask.empty for mask in masks):
        desk.say(f"Nothing is left of label {held.label}: Escape leaves it as it was.")
        return False
    if how.policy is OverlapPolicy.ONLY_BACKGROUND:  # it was accepted already
        how = replace(how, policy=OverlapPolicy.KEEP_EXISTING)
    how = replace(how, label=held.label, of_class="")  # its class is not what was corrected
    work.accept(masks, desk.engine.origin, how, held)
    area = sum(mask.area for mask in masks)
    desk.say(f"Label {held.label} is put back, {area} pixels. {FIRST_HINT}")
    return True


def _paint_daughter(
    desk: Desk,
    work: Workspace,
    origin: Origin,
    born: int,
    of_class: str,
    masks: Sequence[Mask],
) -> bool:
    """Make masks a daughter from the frame on in which she was born."""
    time = work.source.plane_axes.find("T")
    own = [m for m in masks if not m.empty and (time < 0 or m.plane[time] >= born)]
    if not own:
        desk.say("Nothing found here: click elsewhere on the daughter.")
        return False
    label, mother = work.accept_daughter(own, origin, of_class)
    desk.say(f"Object {label} is a daughter of {mother}. {FIRST_HINT}")
    return True
