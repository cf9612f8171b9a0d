"""ViewBox: a small picture of the model input."""

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel

_WIDTH, _HEIGHT = 72, 52
"""Size of the picture, screen pixels."""


class ViewBox(QLabel):
    """The plane on the screen with the channels, colours and contrast of the model input.

    Attributes
    ----------
    pixels : ndarray or None
        The picture, ``(h, w, 3)`` uint8 RGB; None without an image.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(QSize(_WIDTH, _HEIGHT))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setStyleSheet("padding: 0;")  # napari's would cut the picture off
        self.setToolTip("What SAM sees of this slice: its channels, colours and contrast")
        self.pixels: NDArray[np.uint8] | None = None

    def show_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show a picture, ``(h, w, 3)`` uint8 RGB; None clears the box."""
        self.pixels = pixels
        if pixels is None:
            self.clear()
            return
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).tobytes()
        image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        ratio = self.devicePixelRatioF()
        picture = QPixmap.fromImage(image).scaled(
            self.size() * ratio,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        picture.setDevicePixelRatio(ratio)
        self.setPixmap(picture)
