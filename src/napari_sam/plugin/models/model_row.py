"""ModelRow: the list of models, and a line on the present model."""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QGridLayout, QLabel, QSizePolicy

from napari_sam.plugin.widgets.buttons import text_label

WEIGHTS = "Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"
"""Filters of the file dialog, in Qt's notation."""


class ModelRow(QObject):
    """The list of models, and below the name of the present model or the progress of a download.

    Attributes
    ----------
    models : QComboBox
        The list; its last entry opens a file dialog.
    model : QLabel
        Name and device of the model that answers, or progress of the model being fetched.

    Signals
    -------
    opened
        The user opens the list: time to renew it.
    chosen : int
        Index in the list given to :meth:`show_models`; -1 for a file.
    """

    opened = Signal()
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.models = _ModelList()
        self.models.opened.connect(self.opened)
        self.models.activated.connect(lambda row: self.chosen.emit(self.models.itemData(row)))
        self.model = text_label(word_wrap=True)

    def show_models(self, models: Sequence[tuple[str, str]], chosen: int) -> None:
        """List texts and tooltips of the models; `chosen` is an index, -1 for none."""
        self.models.clear()
        for index, (text, tip) in enumerate(models):
            self.models.addItem(text, index)
            self.models.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self.models.insertSeparator(len(models))
        self.models.addItem("From a file …", -1)
        self.models.setCurrentIndex(chosen)
        self.models.setToolTip(models[chosen][1] if chosen >= 0 else "The model that answers")

    def show_model(self, text: str) -> None:
        """Show name and device of the present model, or the progress of a download."""
        self.model.setText(text)

    def ask_weights_file(self) -> Path | None:
        """Let the user choose a file of weights; None if they cancel the dialog."""
        path, _ = QFileDialog.getOpenFileName(self.models, "Weights of a model", "", WEIGHTS)
        return Path(path) if path else None

    def add_to(self, grid: QGridLayout) -> None:
        """Put the widgets below the rows of a grid, the label into column 0."""
        row = grid.rowCount()
        grid.addWidget(QLabel("Model"), row, 0)
        grid.addWidget(self.models, row, 1, 1, -1)
        grid.addWidget(self.model, row + 1, 1, 1, -1)


class _ModelList(QComboBox):
    """A list for clicks alone: a key above the list must not start a download."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMaxVisibleItems(40)
        self.setStyleSheet("QComboBox { combobox-popup: 0; }")  # a list with a scroll bar

    def showPopup(self) -> None:  # noqa: N802, Qt's name
        """Announce the opening, and widen the list to its longest entry."""
        self.opened.emit()
        if (view := self.view()) is not None:
            view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * view.fontMetrics().height())
        super().showPopup()
