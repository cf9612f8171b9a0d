"""MaskBefore: brings the mask before a click back, as a step to undo; no Qt."""

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.status.availability import NO_OFFER
from napari_sam.plugin.undo.exchange import Exchange

from .objects import Objects

_STEP = "bringing the mask before back"
_IS_BACK = "The mask before is back, corrected around the click; Ctrl-Z undoes that."


class MaskBefore:
    """The answer of the user to an :class:`~napari_sam.plugin.objects.offered_mask.OfferedMask`.

    Parameters
    ----------
    desk : Desk
        Has the history; shows what happened.
    objects : Objects
        Has the current object with the offer.
    """

    def __init__(self, desk: Desk, objects: Objects) -> None:
        self._desk, self._objects = desk, objects

    def bring_back(self) -> None:
        """Replace the answer to the last click by the offered mask."""
        current, work = self._objects.current, self._desk.workspace
        offered = current.offered
        if work is None or offered is None or current.waiting:
            self._desk.say(NO_OFFER)
            return
        work.history.add_prompts(Exchange({current: current.state()}), _STEP)
        current.choose(offered)
        self._desk.say(_IS_BACK)
