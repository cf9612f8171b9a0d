"""SamDock: the rows and folds of the dock, one below the other; the controller has the logic.

Image, tools and folds scroll where the window is too low for them. The line for the user and the
buttons for the object under way stay below them, always visible.
"""

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from napari_sam.plugin.classes.class_box import ClassBox
from napari_sam.plugin.clicks.click_box import ClickBox
from napari_sam.plugin.everything.everything_box import EverythingBox
from napari_sam.plugin.folder.folder_box import FolderBox
from napari_sam.plugin.follow.follow_row import FollowRow
from napari_sam.plugin.keys import key_help, tip_of
from napari_sam.plugin.learning.learn_box import LearnBox
from napari_sam.plugin.models.model_row import ModelRow
from napari_sam.plugin.status.status import Status
from napari_sam.plugin.strokes.stroke_box import StrokeBox
from napari_sam.plugin.widgets.buttons import heading, push_button, text_label
from napari_sam.plugin.widgets.calm_progress import CalmProgress
from napari_sam.plugin.widgets.fold import Fold, Folds
from napari_sam.plugin.widgets.scroll import Scroll
from napari_sam.plugin.widgets.wheel import WheelScrolls

from .accept_box import AcceptBox
from .correct_row import CorrectRow
from .first_hint import FirstHint
from .image_row import ImageRow
from .key_help import KeyHelp
from .object_row import ObjectRow
from .restore_box import RestoreBox
from .tool_row import ToolRow

_NARROWEST = 268
"""Width of the widest section, screen pixels; kept from the start, for a dock that widened when a
section is opened would move the image under the mouse."""


class SamDock(QWidget):
    """Layout of the dock, with the methods for several rows at once.

    Attributes
    ----------
    first_hint, image_row, model_row, restore_box, tool_row, clicks, follow_row, correct_row
        The rows, from top to bottom.
    stroke_box : StrokeBox
        Below them.
    folder_box, everything_box, learn_box, class_box, accept_box, keys
        The folds below, from top to bottom.
    scroll_area : Scroll
        Has all of them.
    object_row : ObjectRow
        Below the scrolled part, as the following ones.
    progress : CalmProgress
    cancel_button : QPushButton
    status : QLabel
        What happened, or what to do next.

    Signals
    -------
    cancel_clicked
    run_clicked
        The name of an action, whose button was pressed; see :mod:`napari_sam.plugin.keys`.
    closed
        The dock was taken out of its window.
    """

    cancel_clicked = Signal()
    run_clicked = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.first_hint, self.image_row, self.model_row = FirstHint(), ImageRow(), ModelRow()
        self.restore_box, self.tool_row, self.clicks = RestoreBox(), ToolRow(), ClickBox()
        self.follow_row, self.correct_row, self.object_row = FollowRow(), CorrectRow(), ObjectRow()
        self.accept_box, self.class_box = AcceptBox(), ClassBox()
        self.everything_box, self.keys = EverythingBox(), KeyHelp(key_help())
        self.learn_box, self.stroke_box = LearnBox(), StrokeBox()
        self.folder_box = FolderBox()
        self.progress = CalmProgress()
        self.cancel_button = push_button("Cancel", tip_of("cancel"))
        self.cancel_button.clicked.connect(lambda: self.cancel_clicked.emit())
        self.status = text_label(word_wrap=True)
        self.status.setMinimumHeight(self.status.fontMetrics().lineSpacing() * 3)
        self.status.setAlignment(Qt.AlignmentFlag.AlignBottom)
        self._lay_out()
        self._connect_buttons()
        WheelScrolls(self)
        self.show_busy(False)
        self.show_available(Status())

    def show_images(self, names: Sequence[str], chosen: int) -> None:
        """List the images, and enable the widgets for work on an image; see :class:`ImageRow`."""
        self.image_row.show_images(names, chosen)
        self.tool_row.setEnabled(chosen >= 0)
        self.everything_box.show_has_image(chosen >= 0)

    def show_restore(self, text: str) -> None:
        """Offer to restore accepted labels; an empty text takes the offer away."""
        if text:
            self.first_hint.leave()  # who accepted objects before knows the three steps
            self.scroll_area.show_widgets(self.restore_box, self.restore_box)
        self.restore_box.show_offer(text)

    def show_stack(self, axes: Sequence[str]) -> None:
        """Offer the work along the stack axes of an image, given by their letters."""
        self.follow_row.show_axes(axes)
        self.everything_box.show_axes(axes)
        self.stroke_box.show_stack(bool(axes))

    def show_available(self, status: Status) -> None:
        """Enable the buttons of actions that do something now, and disable all others."""
        enabled = status.enabled
        self.object_row.show_available(enabled, status.undo)
        self.follow_row.follow_button.setEnabled("follow" in enabled)

    def show_status(self, text: str) -> None:
        """Show a line on the last event, or on the next step of the user."""
        self.status.setText(text)

    def show_busy(self, busy: bool) -> None:
        """Enable the cancel button and the progress bar during work."""
        self.cancel_button.setEnabled(busy)
        if busy:
            self.progress.show_work()
        else:
            self.progress.show_nothing()

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how many of `total` steps are done; a `total` of 0 means unknown."""
        self.progress.show_work(text, done, total)

    def disable(self, reason: str) -> None:
        """Disable all widgets but the status, and show the reason there."""
        for child in self.findChildren(QWidget):
            child.setEnabled(False)
        self.status.setEnabled(True)
        self.show_status(reason)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802, Qt's name
        """Emit :attr:`closed` after the loss of the window: napari closes a dock by its removal."""
        super().changeEvent(event)
        has_new_parent = event is not None and event.type() == QEvent.Type.ParentChange
        if has_new_parent and self.parent() is None:
            self.closed.emit()
            self.deleteLater()  # napari forgets the dock, but its buttons keep it alive

    def show_fold(self, fold: Fold) -> None:
        """Open a fold, and scroll to it."""
        fold.set_open()
        self.scroll_area.show_widgets(fold.button, fold)

    def _connect_buttons(self) -> None:
        review = self.everything_box.review_box
        buttons = {
            "accept": self.object_row.accept_clicked,
            "drop": self.object_row.drop_clicked,
            "undo": self.object_row.undo_clicked,
            "next_object": self.object_row.next_clicked,
            "mask_before": self.object_row.before_clicked,
            "next_size": self.clicks.size_clicked,
            "follow": self.follow_row.follow_clicked,
            "end_here": self.follow_row.end_clicked,
            "find_alike": self.everything_box.alike.find_clicked,
            "review_next": review.next_clicked,
            "review_keep": review.keep_clicked,
            "review_drop": review.drop_clicked,
        }
        for name, clicked in buttons.items():
            clicked.connect(lambda name=name: self.run_clicked.emit(name))

        self.learn_box.undo_clicked.connect(lambda: self.run_clicked.emit("undo"))
        self.folder_box.run_clicked.connect(self.run_clicked)

    def _lay_out(self) -> None:
        self.scroll_area = Scroll(self._scrolled(), _NARROWEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(5)
        column.addWidget(self.scroll_area, 1)
        column.addWidget(self.status)
        column.addWidget(self.object_row)
        bottom = QHBoxLayout()
        bottom.addWidget(self.progress, 1)
        bottom.addWidget(self.cancel_button)
        column.addLayout(bottom)

    def _scrolled(self) -> QWidget:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.first_hint)
        images = QGridLayout()
        images.setVerticalSpacing(2)
        images.setColumnStretch(1, 1)
        self.image_row.add_to(images)
        self.model_row.add_to(images)
        column.addLayout(images)
        column.addWidget(self.restore_box)
        column.addLayout(self._click_group())
        column.addWidget(self.follow_row)
        column.addWidget(self.correct_row)
        column.addWidget(self.stroke_box)
        search = (self.folder_box, self.everything_box, self.learn_box)
        folds = Folds((*search, self.class_box, self.accept_box, self.keys))
        folds.opened.connect(self.show_fold)
        column.addWidget(folds)
        column.addStretch(1)
        return content

    def _click_group(self) -> QVBoxLayout:
        group = QVBoxLayout()
        group.setSpacing(2)
        for widget in (heading("Click on an object"), self.tool_row, self.clicks):
            group.addWidget(widget)
        return group
