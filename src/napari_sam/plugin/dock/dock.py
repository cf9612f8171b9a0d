"""SamDock: the rows and folds of the dock, one below the other; the controller has the logic."""

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from napari_sam.plugin.classes.class_box import ClassBox
from napari_sam.plugin.clicks.click_box import ClickBox
from napari_sam.plugin.everything.everything_box import EverythingBox
from napari_sam.plugin.follow.follow_row import FollowRow
from napari_sam.plugin.keys import key_help, tip_of
from napari_sam.plugin.models.model_row import ModelRow
from napari_sam.plugin.status.status import Status
from napari_sam.plugin.widgets.buttons import push_button, text_label
from napari_sam.plugin.widgets.calm_progress import CalmProgress
from napari_sam.plugin.widgets.fold import Folds
from napari_sam.plugin.widgets.wheel import WheelScrolls

from .accept_box import AcceptBox
from .first_hint import FirstHint
from .image_row import ImageRow
from .key_help import KeyHelp
from .object_row import ObjectRow
from .restore_box import RestoreBox
from .tool_row import ToolRow


class SamDock(QWidget):
    """Layout of the dock, with the methods for several rows at once.

    Attributes
    ----------
    first_hint, image_row, model_row, restore_box, tool_row, clicks, follow_row, object_row
        The rows, from top to bottom.
    accept_box, class_box, everything_box, keys
        The folds, from left to right.
    progress : CalmProgress
    cancel_button : QPushButton
    status : QLabel
        What happened, or what to do next.

    Signals
    -------
    cancel_clicked
    closed
        The dock was taken out of its window.
    """

    cancel_clicked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(250)
        self.first_hint, self.image_row, self.model_row = FirstHint(), ImageRow(), ModelRow()
        self.restore_box, self.tool_row, self.clicks = RestoreBox(), ToolRow(), ClickBox()
        self.follow_row, self.object_row = FollowRow(), ObjectRow()
        self.accept_box, self.class_box = AcceptBox(), ClassBox()
        self.everything_box, self.keys = EverythingBox(), KeyHelp(key_help())
        self.progress = CalmProgress()
        self.cancel_button = push_button("Cancel", tip_of("cancel"))
        self.cancel_button.clicked.connect(lambda: self.cancel_clicked.emit())
        self.status = text_label(word_wrap=True)
        self.status.setMinimumHeight(self.status.fontMetrics().lineSpacing() * 3)
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out()
        WheelScrolls(self)
        self.keys.set_open()
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
        self.restore_box.show_offer(text)

    def show_stack(self, axes: Sequence[str]) -> None:
        """Offer the work along the stack axes of an image, given by their letters."""
        self.follow_row.show_axes(axes)
        self.everything_box.show_axes(axes)

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

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(5)
        column.addWidget(self.first_hint)
        images = QGridLayout()
        images.setVerticalSpacing(2)
        images.setColumnStretch(1, 1)
        self.image_row.add_to(images)
        self.model_row.add_to(images)
        column.addLayout(images)
        column.addWidget(self.restore_box)
        column.addWidget(self.tool_row)
        column.addWidget(self.clicks)
        objects = QVBoxLayout()
        objects.setSpacing(2)
        objects.addWidget(self.follow_row)
        objects.addWidget(self.object_row)
        column.addLayout(objects)
        folds = (self.accept_box, self.class_box, self.everything_box, self.keys)
        column.addWidget(Folds(folds))
        bottom = QHBoxLayout()
        bottom.addWidget(self.progress, 1)
        bottom.addWidget(self.cancel_button)
        column.addLayout(bottom)
        column.addWidget(self.status)
        column.addStretch(1)
