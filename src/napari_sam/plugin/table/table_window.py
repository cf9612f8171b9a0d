"""TableWindow: the table of measured objects with the plot beside it, docked in napari's window."""

from pathlib import Path

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.widgets.buttons import check_box, push_button, text_label

from .plot_panel import PlotPanel, has_plot
from .table_view import TableView

TABLE_FILES = "CSV (*.csv);;Parquet (*.parquet)"
PICTURE_FILES = "PNG (*.png)"


class TableWindow(QWidget):
    """Layout of table, plot and buttons.

    Attributes
    ----------
    table : TableView
    panel : PlotPanel
    again_button, class_button, save_button, picture_button : QPushButton
    pick_button : QPushButton
        Stays pressed while clicks on the image choose.
    texture : QCheckBox
    line : QLabel
        How many objects there are, are chosen and have changed.

    Signals
    -------
    closed
        The user has closed the window.
    """

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.table, self.panel = TableView(), PlotPanel()
        self.again_button = push_button("Measure again", tip_of("measure_again"))
        self.texture = check_box("Texture", "Measure the texture of each channel too, next time")
        self.pick_button = push_button("Pick on image", tip_of("pick_row"))
        self.pick_button.setCheckable(True)
        self.class_button = push_button("Give class", tip_of("class_of_rows"))
        self.save_button = push_button("Save table…", tip_of("save_table"))
        self.picture_button = push_button("Save plot…", tip_of("save_plot"))
        self.picture_button.setVisible(has_plot())
        self.line = text_label()
        self.line.setMinimumWidth(60)
        self._lay_out()

    def show_line(self, text: str, changed: bool) -> None:
        """Show a line below the table; bold where objects have `changed`."""
        self.line.setText(text)
        self.line.setToolTip(text)
        self.line.setStyleSheet("QLabel { font-weight: bold; }" if changed else "")

    def show_rows(self, any_rows: bool, any_chosen: bool) -> None:
        """Enable the buttons for rows."""
        for button in (self.save_button, self.picture_button, self.pick_button):
            button.setEnabled(any_rows)
        self.class_button.setEnabled(any_chosen)

    def ask_table_file(self) -> Path | None:
        """Let the user choose where the table goes; None if they cancel the dialog."""
        return self._ask("Save the table", TABLE_FILES, (".csv", ".parquet"))

    def ask_picture_file(self) -> Path | None:
        """Let the user choose where the plot goes; None if they cancel the dialog."""
        return self._ask("Save the plot", PICTURE_FILES, (".png",))

    def _ask(self, title: str, files: str, suffixes: tuple[str, ...]) -> Path | None:
        name, kind = QFileDialog.getSaveFileName(self, title, "", files)
        if not name:
            return None
        path = Path(name)
        if path.suffix.lower() in suffixes:
            return path
        suffix = next((each for each in suffixes if f"*{each}" in kind), suffixes[0])
        return path.with_name(path.name + suffix)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802, Qt's name
        """Emit :attr:`closed` after the loss of the window: napari closes a dock by its removal."""
        super().changeEvent(event)
        has_new_parent = event is not None and event.type() == QEvent.Type.ParentChange
        if has_new_parent and self.parent() is None:
            self.closed.emit()
            self.deleteLater()

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.table)
        split.addWidget(self.panel)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 4)
        column.setSpacing(4)
        column.addWidget(split, 1)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        widgets: list[QWidget] = [self.pick_button, self.class_button, self.again_button]
        for widget in (*widgets, self.texture, self.save_button, self.picture_button):
            row.addWidget(widget)
        return row
