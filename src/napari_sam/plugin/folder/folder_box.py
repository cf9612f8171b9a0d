"""FolderBox: the section *Folder*, with the place of images and labels, and the list of images."""

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QModelIndex, QSize, Qt, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QWidget,
)

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import push_button, text_label
from napari_sam.plugin.widgets.fold import Fold

from .image_table import SIDE, ImageTable
from .steps import OpenFolder

_ROWS = 4
"""Rows of the list that are seen without scrolling."""

_IMAGES_TIP = (
    "A folder of images, a pattern such as exp/**/*.tif, or an OME-Zarr plate.\n"
    "Type it and press Enter, or choose a folder"
)
_LABELS_TIP = (
    "Folder for the labels, a file for each image, written when you go on to another image.\n"
    "Empty: the folder labels beside the images. Beside them it is noted which images are done"
)


class FolderBox(Fold):
    """The fold *Folder*.

    Attributes
    ----------
    images, labels : QLineEdit
        Folder or pattern of images; folder of labels.
    progress : QLabel
        How many images are done.
    table : ImageTable
    list : QListView
        The rows of the table.
    previous_button, next_button, done_button, flag_button : QPushButton

    Signals
    -------
    open_wanted : str, str
        Images and labels, as they were typed or chosen.
    image_wanted : int
        The row of an image that shall be opened.
    run_clicked : str
        Name of an action whose button was pressed.
    """

    open_wanted = Signal(str, str)
    image_wanted = Signal(int)
    run_clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__("Folder", "Go through a folder of images, one after the other")
        self.images, self.labels = (
            _line("folder or pattern", _IMAGES_TIP),
            _line("labels beside them", _LABELS_TIP),
        )
        self.images_button = push_button("…", "Choose a folder of images, or a plate")
        self.labels_button = push_button("…", "Choose a folder for the labels")
        self.progress = text_label()
        self.table, self.list = ImageTable(self), QListView()
        self.previous_button = push_button("← Back", tip_of("previous_image"))
        self.next_button = push_button("→ Next", tip_of("next_image"))
        self.done_button = push_button("✓ Done", tip_of("done_image"))
        self.flag_button = push_button("⚑ Flag", tip_of("flag_image"))
        self._set_up_list()
        self._lay_out()
        self._connect()
        self.show_nothing()

    def show_nothing(self) -> None:
        """Show that no folder is open."""
        self.table.show_folder(None)
        self._show_open(False)
        self.progress.setText("No folder is open.")
        self.show_note([])

    def show_folder(self, folder: OpenFolder) -> None:
        """List the images of a folder, and name the place of the labels."""
        self.images.setText(folder.listed.words)
        self.labels.setText("" if folder.place == folder.listed.place else str(folder.place))
        self.table.show_folder(folder)
        self._show_open(True)

    def show_state(self, folder: OpenFolder, current: int) -> None:
        """Show the states of the images, the open one, and the counts.

        Parameters
        ----------
        folder : OpenFolder
            The folder that is shown.
        current : int
            Row of the open image; -1 for none.
        """
        self.table.show_state(folder, current)
        counts = folder.state.count(folder.names)
        line = f"Image {current + 1:,} of {counts.all:,}, {counts.done:,} done"
        self.progress.setText(line + (f", {counts.flagged:,} flagged" if counts.flagged else ""))
        self.show_note([f"{current + 1:,} of {counts.all:,}"])
        if current >= 0:
            place = self.table.index(current)
            self.list.setCurrentIndex(place)
            self.list.scrollTo(place)

    def ask_folder(self, title: str) -> str:
        """Let the user choose a folder; empty if they cancel the dialog."""
        return QFileDialog.getExistingDirectory(self, title)

    def _show_open(self, is_open: bool) -> None:
        for widget in (*self._buttons, self.list):
            widget.setEnabled(is_open)

    @property
    def _buttons(self) -> dict[QPushButton, str]:
        return {
            self.previous_button: "previous_image",
            self.next_button: "next_image",
            self.done_button: "done_image",
            self.flag_button: "flag_image",
        }

    def _set_up_list(self) -> None:
        self.list.setModel(self.table)
        self.list.setUniformItemSizes(True)  # or Qt asks for each of thousands of rows
        self.list.setIconSize(QSize(SIDE, SIDE))
        self.list.setFixedHeight(_ROWS * (SIDE + 4) + 6)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys still reach the canvas
        self.list.setToolTip("Double-click opens an image")

    def _lay_out(self) -> None:
        grid = self.grid
        grid.setColumnStretch(1, 1)
        rows = (
            ("Images", self.images, self.images_button),
            ("Labels", self.labels, self.labels_button),
        )
        for row, (title, line, button) in enumerate(rows):
            grid.addWidget(QLabel(title), row, 0)
            grid.addWidget(line, row, 1)
            grid.addWidget(button, row, 2)
        buttons = QWidget()
        row_of_buttons = QHBoxLayout(buttons)
        row_of_buttons.setContentsMargins(0, 0, 0, 0)
        row_of_buttons.setSpacing(2)
        for button in self._buttons:
            row_of_buttons.addWidget(button)
        grid.addWidget(buttons, 2, 0, 1, 3)
        grid.addWidget(self.progress, 3, 0, 1, 3)
        grid.addWidget(self.list, 4, 0, 1, 3)

    def _connect(self) -> None:
        for line in (self.images, self.labels):
            line.returnPressed.connect(self._open)
        self.images_button.clicked.connect(lambda: self._choose(self.images, "Images"))
        self.labels_button.clicked.connect(lambda: self._choose(self.labels, "Labels"))
        self.list.activated.connect(self._activate)
        for button, name in self._buttons.items():
            button.clicked.connect(_emitting(self.run_clicked.emit, name))

    def _open(self) -> None:
        window = self.window() or self
        for canvas in window.findChildren(QOpenGLWidget)[:1]:
            canvas.setFocus()  # the keys of the actions are for it from now on
        self.open_wanted.emit(self.images.text(), self.labels.text())

    def _choose(self, line: QLineEdit, title: str) -> None:
        if chosen := self.ask_folder(title):
            line.setText(str(Path(chosen)))
            if line is self.images:
                self.labels.clear()
            if self.images.text():
                self._open()

    def _activate(self, index: QModelIndex) -> None:
        self.image_wanted.emit(index.row())


def _emitting(emit: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: emit(name)


def _line(placeholder: str, tip: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    line.setToolTip(tip)
    return line
