"""ImageRow: the choice of image, contrast and channels, and a picture of the model input."""

from collections.abc import Sequence

from qtpy.QtCore import QObject, QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy

from napari_sam.plugin.image.channel_box import ChannelBox
from napari_sam.plugin.image.view_box import ViewBox
from napari_sam.plugin.widgets.buttons import check_box

NO_IMAGE = "no image layer"
"""Text of the list of images while the viewer has no Image layer."""


class ImageRow(QObject):
    """The list of images, below that contrast and channels, and a picture on the right.

    The list is not magicgui's combo box of napari layers, which follows the viewer by itself: when
    the chosen layer is renamed, that combo box chooses the first layer instead, and while layers
    are cleared it chooses each remaining layer in turn. A choice here costs a model run.

    Attributes
    ----------
    images : QComboBox
        Names of the Image layers, in the order given to :meth:`show_images`.
    auto_contrast : QCheckBox
        Checked: the model gets the contrast computed from the whole image instead of the layer's.
    channel_box : ChannelBox
    view_box : ViewBox

    Signals
    -------
    chosen : int
        Index in the list given to :meth:`show_images`.
    auto_contrast_changed : bool
    """

    chosen = Signal(int)
    auto_contrast_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.images = QComboBox()
        self.images.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.images.currentIndexChanged.connect(self.chosen)
        self.images.setToolTip("The image to segment")
        self.auto_contrast = check_box(
            "Auto contrast for SAM",
            "Off: SAM sees the image as it is on the screen, at the layer's contrast limits.\n"
            "On: SAM sees it with a contrast that suits the whole image; the screen stays as it is."
            "\nThe small picture on the right is what SAM sees.",
        )
        self.auto_contrast.toggled.connect(self.auto_contrast_changed)
        self.channel_box = ChannelBox()
        self.view_box = ViewBox()

    def show_images(self, names: Sequence[str], chosen: int) -> None:
        """List the names of the images; `chosen` is an index, -1 for none. Sends no signal."""
        blocker = QSignalBlocker(self.images)
        self.images.clear()
        self.images.addItems(list(names) or [NO_IMAGE])
        self.images.setCurrentIndex(max(chosen, 0))
        self.images.setEnabled(bool(names))
        blocker.unblock()

    def add_to(self, grid: QGridLayout) -> None:
        """Put the widgets into the first three rows of a grid, into columns 0 to 2."""
        grid.addWidget(QLabel("Image"), 0, 0)
        grid.addWidget(self.images, 0, 1)
        grid.addWidget(self.auto_contrast, 1, 0, 1, 2)
        grid.addWidget(self.channel_box, 2, 0, 1, 2)
        grid.addWidget(self.view_box, 0, 2, 3, 1)
