"""SamDock: the widgets and their signals; what they do is the controller's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_sam.plugin.ahead.ahead_box import AheadBox
from napari_sam.plugin.classes.class_box import ClassBox
from napari_sam.plugin.clicks.click_box import ClickBox
from napari_sam.plugin.clicks.tools import BOX, SCRIBBLE
from napari_sam.plugin.everything.review_box import ReviewBox
from napari_sam.plugin.follow.strip import Strip
from napari_sam.plugin.image.channel_box import ChannelBox
from napari_sam.plugin.image.view_box import ViewBox
from napari_sam.plugin.keys import key_help
from napari_sam.plugin.layers.conventions import (
    BACKGROUND,
    BOX_COLOUR,
    COLOURS,
    FOREGROUND,
    PREVIEW_COLOURS,
)
from napari_sam.plugin.layers.preview_layer import colour_of
from napari_sam.plugin.widgets.buttons import check_box, push_button
from napari_sam.plugin.widgets.calm_progress import CalmProgress
from napari_sam.plugin.widgets.fold import Fold, Folds

from .accept_box import AcceptBox
from .first_hint import FirstHint
from .key_help import KeyHelp

WEIGHTS = "Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"
TOOLS = {
    FOREGROUND: ("● Object", COLOURS[FOREGROUND], "Click on the object [Q]"),
    BACKGROUND: (
        "✕ Background",
        COLOURS[BACKGROUND],
        "Click on what is not the object [Q]; for a single click, hold [Shift]",
    ),
    BOX: ("▭ Box", BOX_COLOUR, "Drag a box around the object; polygons and ellipses too [W]"),
    SCRIBBLE: (
        "~ Scribble",
        COLOURS[FOREGROUND],
        "Draw a line over the object [W], or over what is not the object [Q]",
    ),
}


class SamDock(QWidget):
    """The dock: layout and signals, no logic.

    Signals
    -------
    image_chosen : int
        Index in the list given to :meth:`show_images`.
    models_wanted
        The list of models is about to be looked at.
    model_chosen : int
        Index in the list given to :meth:`show_models`; -1 for a file.
    tool_chosen : str
        ``"foreground"``, ``"background"``, ``"box"`` or ``"scribble"``.
    auto_contrast_changed : bool
    accept_clicked, drop_clicked, undo_clicked, next_clicked, follow_clicked, tracks_clicked,
    measure_clicked, cancel_clicked
    restore_answered : bool
        Whether to restore what an earlier napari had accepted.
    slice_chosen : int
        In the strip of a followed object.
    segment_clicked : bool
        True for all slices.
    here_clicked
        Segment what is on the screen.
    closed
        The dock was taken out of its window.
    """

    image_chosen = Signal(int)
    models_wanted = Signal()
    model_chosen = Signal(int)
    tool_chosen = Signal(str)
    auto_contrast_changed = Signal(bool)
    accept_clicked = Signal()
    drop_clicked = Signal()
    undo_clicked = Signal()
    next_clicked = Signal()
    follow_clicked = Signal()
    slice_chosen = Signal(int)
    tracks_clicked = Signal()
    measure_clicked = Signal()
    restore_answered = Signal(bool)
    segment_clicked = Signal(bool)
    here_clicked = Signal()
    cancel_clicked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(250)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(5)
        self.first_hint = FirstHint()
        column.addWidget(self.first_hint)
        column.addLayout(self._image_and_model_rows())
        column.addWidget(self._restore_box())
        column.addLayout(self._tool_rows())
        self.clicks = ClickBox()
        column.addWidget(self.clicks)
        column.addLayout(self._accept_rows())
        column.addWidget(self._folds())
        column.addLayout(self._progress_row())
        self.status = _text("", word_wrap=True)
        self.status.setMinimumHeight(self.status.fontMetrics().lineSpacing() * 3)
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.status)
        column.addStretch(1)
        self.show_busy(False)
        self.show_can_accept(False)

    # --- what the controller shows -----------------------------------------------------------

    def show_images(self, names: Sequence[str], chosen: int) -> None:
        """List the images; `chosen` is an index, -1 for none. No signal is sent."""
        self.images.blockSignals(True)
        self.images.clear()
        self.images.addItems(list(names) or ["no image layer"])
        self.images.setCurrentIndex(max(chosen, 0))
        self.images.setEnabled(bool(names))
        self.images.blockSignals(False)
        segment = (self.here_button, self.slice_button, self.all_button)
        for widget in (*self.tools.values(), *segment, self.ahead):
            widget.setEnabled(chosen >= 0)

    def show_restore(self, text: str) -> None:
        """Offer to restore what was accepted before; an empty text takes the offer away."""
        if text:
            self.first_hint.leave()  # somebody who accepted objects knows how it goes
        self.restore_text.setText(text)
        self.restore_box.setVisible(bool(text))

    def show_stack(self, axes: Sequence[str]) -> None:
        """Offer all slices only where there is more than one, along any of some axes."""
        is_stack = bool(axes)
        self.all_button.setVisible(is_stack)
        self.follow_button.setVisible(is_stack)
        self.linked.setVisible(is_stack)
        self.tracks_button.setVisible("T" in axes)
        self.axis.clear()
        self.axis.addItems([f"through {axis.lower()}" for axis in axes])
        for index, axis in enumerate(axes):
            self.axis.setItemData(index, axis)
        self.axis.setVisible(len(axes) > 1)
        self.slice_button.setText("This slice" if is_stack else "Whole image")

    def show_tool(self, tool: str, background: bool = False) -> None:
        """Press the button of a tool, in the colour of what it says; no signal is sent."""
        self.tools[tool].setChecked(True)
        if tool == SCRIBBLE:
            colour = COLOURS[BACKGROUND if background else FOREGROUND]
            self.tools[tool].setStyleSheet(_tool_style(colour))

    def show_status(self, text: str) -> None:
        """Say what happened, or what to do next."""
        self.status.setText(text)

    def show_models(self, models: Sequence[tuple[str, str]], chosen: int) -> None:
        """List the texts and tips of the models; `chosen` is an index, -1 for none."""
        self.models.clear()
        for index, (text, tip) in enumerate(models):
            self.models.addItem(text, index)
            self.models.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self.models.insertSeparator(len(models))
        self.models.addItem("From a file …", -1)
        self.models.setCurrentIndex(chosen)
        self.models.setToolTip(models[chosen][1] if chosen >= 0 else "The model that answers")

    def show_model(self, text: str) -> None:
        """Say which model runs where, or how far it is on its way."""
        self.model.setText(text)

    def ask_weights_file(self) -> Path | None:
        """Let the user choose a file of weights; None if they do not."""
        path, _ = QFileDialog.getOpenFileName(self, "Weights of a model", "", WEIGHTS)
        return Path(path) if path else None

    def show_can_accept(self, can: bool) -> None:
        """Whether there is an object to accept or drop."""
        self.accept_button.setEnabled(can)
        self.drop_button.setEnabled(can)
        self.next_button.setEnabled(can)
        self.follow_button.setEnabled(can)

    def show_objects(self, current: int, numbers: Sequence[int]) -> None:
        """Say which objects are under way, and which is the current one."""
        several = len(numbers) > 1
        colour = PREVIEW_COLOURS[colour_of(current) - 1]
        self.current.setText(
            f'<span style="color: {colour}">■</span> Object {current} of {len(numbers)}'
        )
        self.current.setVisible(several)
        self.accept_button.setText(f"Accept {len(numbers)} objects" if several else "Accept object")

    def show_followed(self, size: int, values: Mapping[int, float | None]) -> None:
        """Show on which slices an object is, and where to look; none takes the strip away."""
        self.strip.show_slices(size, values)
        self.strip.setVisible(bool(values))

    @property
    def follow_axis(self) -> str | None:
        """The axis through which to follow an object; None where there is none."""
        axis = self.axis.currentData()
        return None if axis is None else str(axis)

    def show_busy(self, busy: bool) -> None:
        """Whether work can be cancelled."""
        self.cancel_button.setEnabled(busy)
        if busy:
            self.progress.show_work()
        else:
            self.progress.show_nothing()

    def show_progress(self, text: str, done: int, total: int) -> None:
        """How far the work is; no `total` if that is not known."""
        self.progress.show_work(text, done, total)

    def disable(self, reason: str) -> None:
        """Leave nothing but the reason why there is nothing to do."""
        for child in self.findChildren(QWidget):
            child.setEnabled(False)
        self.status.setEnabled(True)
        self.show_status(reason)

    # --- layout ------------------------------------------------------------------------------

    def _image_and_model_rows(self) -> QGridLayout:
        self.images = QComboBox()
        self.images.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.images.currentIndexChanged.connect(self.image_chosen)
        self.images.setToolTip("The image to segment")
        self.auto_contrast = check_box(
            "Automatic contrast",
            "Off: the model sees the image as it is shown, at the layer's contrast limits.\n"
            "On: it sees the contrast that suits the whole image.",
        )
        self.auto_contrast.toggled.connect(self.auto_contrast_changed)
        grid = QGridLayout()
        grid.addWidget(QLabel("Image"), 0, 0)
        grid.addWidget(self.images, 0, 1)
        grid.addWidget(self.auto_contrast, 1, 0, 1, 2)
        self.channel_box = ChannelBox()
        grid.addWidget(self.channel_box, 2, 0, 1, 2)
        self.view_box = ViewBox()
        grid.addWidget(self.view_box, 0, 2, 3, 1)
        self._model_rows(grid, 3)
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(2)
        return grid

    def _restore_box(self) -> QFrame:
        self.restore_box = QFrame()
        self.restore_box.setFrameShape(QFrame.Shape.StyledPanel)
        self.restore_text = _text("", word_wrap=True)
        self.restore_button = push_button("Restore", "Bring the objects back as they were accepted")
        self.forget_button = push_button("Forget", "Do not offer them again")
        self.restore_button.clicked.connect(lambda: self.restore_answered.emit(True))
        self.forget_button.clicked.connect(lambda: self.restore_answered.emit(False))
        grid = QGridLayout(self.restore_box)
        grid.setContentsMargins(4, 4, 4, 4)
        grid.addWidget(self.restore_text, 0, 0, 1, 2)
        grid.addWidget(self.restore_button, 1, 0)
        grid.addWidget(self.forget_button, 1, 1)
        self.restore_box.hide()
        return self.restore_box

    def _model_rows(self, grid: QGridLayout, row: int) -> None:
        self.models = _ModelBox()
        self.models.opened.connect(self.models_wanted)
        self.models.activated.connect(
            lambda place: self.model_chosen.emit(self.models.itemData(place))
        )
        self.model = _text("", word_wrap=True)
        grid.addWidget(QLabel("Model"), row, 0)
        grid.addWidget(self.models, row, 1, 1, -1)
        grid.addWidget(self.model, row + 1, 1, 1, -1)

    def _tool_rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(2)
        group = QButtonGroup(self)
        self.tools = {}
        for place, (tool, (text, colour, tip)) in enumerate(TOOLS.items()):
            button = push_button(text, tip)
            button.setCheckable(True)
            button.setStyleSheet(_tool_style(colour))
            button.clicked.connect(lambda checked, tool=tool: self.tool_chosen.emit(tool))
            group.addButton(button)
            grid.addWidget(button, *divmod(place, 2))
            self.tools[tool] = button
        return grid

    def _accept_rows(self) -> QGridLayout:
        self.accept_button = push_button("Accept object", "Make it the next label [Enter]")
        self.drop_button = push_button("Drop", "Forget the clicks and the preview [Escape]")
        self.undo_button = push_button(
            "Undo", "Take the last accepted object back [U]; whatever was last: [Ctrl-Z]"
        )
        self.accept_button.clicked.connect(lambda: self.accept_clicked.emit())
        self.drop_button.clicked.connect(lambda: self.drop_clicked.emit())
        self.undo_button.clicked.connect(lambda: self.undo_clicked.emit())
        self.current = _text("")
        self.current.setToolTip("The object that clicks belong to now")
        self.current.hide()
        self.next_button = push_button(
            "Another object", "Keep this one as it is and click on another; all are accepted [J]"
        )
        self.next_button.clicked.connect(lambda: self.next_clicked.emit())
        self.follow_button = push_button("Follow", "Find it in all slices that it is in [G]")
        self.follow_button.clicked.connect(lambda: self.follow_clicked.emit())
        self.axis = QComboBox()
        self.axis.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.axis.setToolTip("Where to follow it: through depth or through time")
        self.strip = Strip()
        self.strip.chosen.connect(self.slice_chosen)
        self.strip.hide()
        follow = QHBoxLayout()
        follow.setSpacing(2)
        follow.addWidget(self.follow_button, 1)
        follow.addWidget(self.axis)
        grid = QGridLayout()
        grid.setSpacing(2)
        grid.addLayout(follow, 0, 0, 1, 2)
        grid.addWidget(self.strip, 1, 0, 1, 2)
        grid.addWidget(self.next_button, 2, 0)
        grid.addWidget(self.current, 2, 1)
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.accept_button, 1)
        row.addWidget(self.drop_button)
        row.addWidget(self.undo_button)
        grid.addLayout(row, 3, 0, 1, 2)
        return grid

    def _folds(self) -> Folds:
        self.accept_box, self.class_box = AcceptBox(), ClassBox()
        self.segment_box = Fold(
            "Everything", "Find all objects, and review them; make clicks quick"
        )
        self._segment_rows(self.segment_box.grid)
        self.keys = KeyHelp(key_help())
        folds = Folds((self.accept_box, self.class_box, self.segment_box, self.keys))
        self.keys.set_open()
        return folds

    def _segment_rows(self, grid: QGridLayout) -> None:
        self.here_button = push_button(
            "Here", "Find all objects in what is on the screen now; those at its edge are whole too"
        )
        self.slice_button = push_button("This slice", "Find all objects in the slice that is shown")
        self.all_button = push_button("All slices", "Find all objects in every slice")
        self.linked = check_box(
            "One label through all slices",
            "Link the objects of neighbouring slices: each has one label in the whole stack.\n"
            "The labels appear when all slices are done.",
        )
        self.here_button.clicked.connect(lambda: self.here_clicked.emit())
        self.slice_button.clicked.connect(lambda: self.segment_clicked.emit(False))
        self.all_button.clicked.connect(lambda: self.segment_clicked.emit(True))
        grid.addWidget(QLabel("Segment everything in"), 0, 0, 1, 3)
        grid.addWidget(self.here_button, 1, 0)
        grid.addWidget(self.slice_button, 1, 1)
        grid.addWidget(self.all_button, 1, 2)
        grid.addWidget(self.linked, 2, 0, 1, 3)
        self.tracks_button = push_button("Show tracks", "Draw the ways of all labels through time")
        self.tracks_button.clicked.connect(lambda: self.tracks_clicked.emit())
        self.measure_button = push_button(
            "Measure", "Size, place and brightness of all labels, in their layer's features table"
        )
        self.measure_button.clicked.connect(lambda: self.measure_clicked.emit())
        grid.addWidget(self.measure_button, 3, 0)
        grid.addWidget(self.tracks_button, 3, 1, 1, 2)
        self.ahead = AheadBox()
        grid.addWidget(self.ahead, 4, 0, 1, 3)
        self.review_box = ReviewBox()
        grid.addWidget(self.review_box, 5, 0, 1, 3)

    def _progress_row(self) -> QHBoxLayout:
        self.progress = CalmProgress()
        self.cancel_button = push_button("Cancel", "Stop the work")
        self.cancel_button.clicked.connect(lambda: self.cancel_clicked.emit())
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        return row

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802, Qt's name
        """Notice that the dock was taken out of its window: napari does so when it is closed."""
        super().changeEvent(event)
        left = event is not None and event.type() == QEvent.Type.ParentChange
        if left and self.parent() is None:
            self.closed.emit()
            self.deleteLater()  # napari forgets it, and its buttons hold it


class _ModelBox(QComboBox):
    """Chosen from by a click alone: a wheel or a key that passes over it must not download."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMaxVisibleItems(40)
        self.setStyleSheet("QComboBox { combobox-popup: 0; }")  # a list with a scroll bar

    def showPopup(self) -> None:  # noqa: N802, Qt's name
        """Say that the list is about to be looked at, and make it as wide as it needs to be."""
        self.opened.emit()
        if (view := self.view()) is not None:
            view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * view.fontMetrics().height())
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802, Qt's name
        """Leave the wheel to whatever is around."""
        if event is not None:
            event.ignore()


def _tool_style(colour: str) -> str:
    return (
        "QPushButton { padding: 3px 4px; border: 2px solid transparent; }"
        f"QPushButton:checked {{ border-color: {colour}; }}"
    )


def _text(text: str, word_wrap: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(word_wrap)
    return label
