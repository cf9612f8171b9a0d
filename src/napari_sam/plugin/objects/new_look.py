"""NewLook: asks about the objects under way again after a change of contrast; no Qt."""

from napari_sam.plugin.desk import Desk
from napari_sam.plugin.image.image_source import ImageSource

from .objects import Objects

_ASKS_AGAIN = "The contrast has changed: the model looks at the object again."
_NEXT_CLICK = "The contrast has changed: the model sees it from the next click on."
_AUTOMATIC = (
    "SAM now sees the image with a contrast of its own, as in the small picture above. The image "
    "on the screen stays as it is."
)
_AS_SHOWN = "SAM now sees the image as it is on the screen, with the contrast limits of the layer."


class NewLook:
    """Reacts when the model sees the image differently than at the last question.

    Parameters
    ----------
    desk : Desk
        Reads the image; shows what happens.
    objects : Objects
        The objects under way.
    """

    def __init__(self, desk: Desk, objects: Objects) -> None:
        self._desk, self._objects = desk, objects
        self._asked: ImageSource | None = None

    def note(self) -> None:
        """Note how the image looks: the model was asked, or another image is in use."""
        work = self._desk.workspace
        self._asked = None if work is None else work.source

    def image_changed(self) -> None:
        """Ask again if contrast, colours or data differ from those of the last question."""
        work = self._desk.workspace
        source = None if work is None else self._desk.read_image(work.image, aloud=False)
        if work is None or source is None or source.same_view(self._asked):
            return
        if self._objects.unfinished:
            self._desk.report(_ASKS_AGAIN)
            self._objects.ask_again()
        else:
            self._asked = source
            self._desk.report(_NEXT_CLICK)

    def automatic_changed(self, is_automatic: bool) -> None:
        """Ask again after the choice of contrast; says what the choice means."""
        self._desk.begin_action()
        self._desk.say(_AUTOMATIC if is_automatic else _AS_SHOWN)
        self._objects.ask_again()
