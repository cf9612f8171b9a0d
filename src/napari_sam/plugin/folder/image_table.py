"""ImageTable: the images of a folder as rows of a list; thousands of rows cost nothing."""

from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QImage, QPixmap
from qtpy.QtWidgets import QWidget

from napari_sam.folder.state import ImageState, Stage

from .steps import OpenFolder
from .thumbnails import Pixels, Thumbnails

SIDE = 40
"""Width and height of a picture in a row, screen pixels."""

_WORDS = {
    Stage.UNTOUCHED: ("○", "untouched"),
    Stage.BEGUN: ("◐", "begun"),
    Stage.DONE: ("✓", "done"),
}
"""By stage: mark before the name, and word in the tooltip."""

_NO_INDEX = QModelIndex()


class ImageTable(QAbstractListModel):
    """Rows with picture, mark and name; pictures are made for the rows that are drawn.

    Parameters
    ----------
    parent : QWidget
        Owner, whose font the rows have.

    Attributes
    ----------
    thumbnails : Thumbnails
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._owner = parent
        self._folder: OpenFolder | None = None
        self._rows: dict[str, int] = {}
        self._current = -1
        self.thumbnails = Thumbnails(self)
        self.thumbnails.made.connect(self._renew)
        blank = QPixmap(SIDE, SIDE)
        blank.fill(QColor(0, 0, 0, 0))
        self._blank = QIcon(blank)

    def show_folder(self, folder: OpenFolder | None) -> None:
        """List the images of a folder; None for no folder."""
        self.beginResetModel()
        self._folder, self._current = folder, -1
        names = [] if folder is None else folder.names
        self._rows = {name: row for row, name in enumerate(names)}
        self.thumbnails.forget()
        self.endResetModel()

    def show_state(self, folder: OpenFolder, current: int) -> None:
        """Show the states of the images, and mark the open image."""
        self._folder, self._current = folder, current
        self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def rowCount(self, parent: QModelIndex = _NO_INDEX) -> int:  # noqa: N802, Qt's name
        """Number of images."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, picture or tooltip of a row."""
        if self._folder is None or not index.isValid():
            return None
        image = self._folder.listed.images[index.row()]
        state = self._folder.state.of(image.name)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{_mark(state)} {image.name}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{image.path}\n{_words(state)}"
        if role == Qt.ItemDataRole.FontRole and index.row() == self._current:
            font = self._owner.font()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.DecorationRole:
            pixels = self.thumbnails.of(image)
            return self._blank if pixels is None else _icon_of(pixels)
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, SIDE + 4)
        return None

    def _renew(self, name: str) -> None:
        if (row := self._rows.get(name)) is not None:
            place = self.index(row)
            self.dataChanged.emit(place, place, [Qt.ItemDataRole.DecorationRole])


def _mark(state: ImageState) -> str:
    if state.problem or state.part_of:
        return "✕"
    return ("⚑ " if state.flagged else "") + _WORDS[state.stage][0]


def _words(state: ImageState) -> str:
    if state.problem:
        return state.problem
    if state.part_of:
        return f"a file of the image {state.part_of}"
    return _WORDS[state.stage][1] + (", flagged" if state.flagged else "")


def _icon_of(pixels: Pixels) -> QIcon:
    """Icon of :data:`SIDE` pixels with a picture in its middle."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return QIcon(
        QPixmap.fromImage(image.copy()).scaled(
            SIDE,
            SIDE,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    )
