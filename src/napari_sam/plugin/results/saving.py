"""Saving: the labels in use to a file that the user names; no Qt.

napari's own dialog begins with its own format, which leaves scale and classes out of a TIFF, and
fails for the name of an OME-Zarr.
"""

from collections.abc import Callable
from pathlib import Path

from napari.layers import Labels

from napari_sam.errors import NapariSamError
from napari_sam.plugin.desk import Desk
from napari_sam.plugin.workspace import Workspace

from .writers import write_labels_layer

NOTHING = "There is nothing to save yet: accept an object first."


class Saving:
    """Saves the labels of the image in use, with scale, units, classes and scores.

    Parameters
    ----------
    desk : Desk
        Has the labels in use; shows where they are.
    ask_place : callable
        Lets the user name a file, from a proposal; None if they do not.
    """

    def __init__(self, desk: Desk, ask_place: Callable[[Path], Path | None]) -> None:
        self._desk, self._ask_place = desk, ask_place

    def start(self) -> None:
        """Ask for a name, and save the labels there."""
        self._desk.begin_action()
        work = self._desk.workspace
        if work is None or work.labels is None or work.labels_layer.is_blank:
            self._desk.say(NOTHING)
        elif (path := self._ask_place(proposed(work))) is not None:
            self._save(work.labels, path)

    def _save(self, layer: Labels, path: Path) -> None:
        data, attributes, _ = layer.as_layer_data_tuple()
        try:
            (written,) = write_labels_layer(str(path), data, attributes)
        except NapariSamError as error:
            self._desk.fail(f"{error}.")
        else:
            self._desk.say(f"Saved as {Path(written).name}.")


def proposed(work: Workspace) -> Path:
    """Name for the labels: beside the file of the image, as ``napari-sam segment`` names them."""
    path = Path(work.image.source.path or work.image.name)
    return path.with_name(f"{path.stem.removesuffix('.ome')}_labels.ome.tif")
