"""EverythingBox: the buttons of the segmentation without prompts, of measures and of the review."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel

from napari_sam.plugin.ahead.ahead_box import AheadBox
from napari_sam.plugin.alike.alike_box import AlikeBox
from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.tracking.track_box import TrackBox
from napari_sam.plugin.widgets.buttons import push_button
from napari_sam.plugin.widgets.fold import Fold
from napari_sam.plugin.widgets.form import Form

from .review_box import ReviewBox


@dataclass(frozen=True, slots=True)
class EverythingOptions:
    """Values of the form: how objects are segmented without prompts.

    Parameters
    ----------
    linked : bool
        Whether objects of neighbouring slices are linked, so that each has one label in the stack.
    """

    linked: Annotated[
        bool,
        {
            "text": "One label through all slices",
            "tooltip": "Link the objects of neighbouring slices: each has one label in the whole "
            "stack.\nThe labels appear when all slices are done.",
        },
    ] = False


class EverythingBox(Fold):
    """The fold *Find all objects*.

    Attributes
    ----------
    linked : QCheckBox
        Of :attr:`EverythingOptions.linked`; hidden without a stack.
    alike : AlikeBox
    ahead : AheadBox
    review_box : ReviewBox
    track_box : TrackBox
        Hidden without a time axis.

    Signals
    -------
    here_clicked
        Segment the part of the slice that is on the screen.
    segment_clicked : bool
        True to segment all slices, False for the shown one.
    measure_clicked
    """

    here_clicked = Signal()
    segment_clicked = Signal(bool)
    measure_clicked = Signal()

    def __init__(self) -> None:
        super().__init__(
            "Find all objects", "Find objects without clicks, check them, and measure them"
        )
        self.here_button = push_button("In view", tip_of("segment_here"))
        self.slice_button = push_button("This slice", tip_of("segment_slice"))
        self.all_button = push_button("All slices", tip_of("segment_all"))
        self._form = Form(EverythingOptions)
        self.linked = self._form.native("linked", QCheckBox)
        self.measure_button = push_button("Measure", tip_of("measure"))
        self.alike, self.ahead = AlikeBox(), AheadBox()
        self.review_box, self.track_box = ReviewBox(), TrackBox()
        self.here_button.clicked.connect(lambda: self.here_clicked.emit())
        self.slice_button.clicked.connect(lambda: self.segment_clicked.emit(False))
        self.all_button.clicked.connect(lambda: self.segment_clicked.emit(True))
        self.measure_button.clicked.connect(lambda: self.measure_clicked.emit())
        self.linked.toggled.connect(self._show_note)
        self._lay_out()

    def _show_note(self) -> None:
        counts = self.linked.isChecked() and not self.linked.isHidden()
        self.show_note(["linked"] if counts else [])

    @property
    def chosen(self) -> EverythingOptions:
        """Present options of the form."""
        return self._form.value

    def show_axes(self, axes: Sequence[str]) -> None:
        """Offer all slices for a stack with these axes, and tracks for a stack with a time axis."""
        is_stack = bool(axes)
        self.all_button.setVisible(is_stack)
        self.linked.setVisible(is_stack)
        self.alike.show_stack(is_stack)
        self.track_box.setVisible("T" in axes)
        self._show_note()
        self.slice_button.setText("This slice" if is_stack else "Whole image")
        self.grid.addWidget(self.slice_button, 1, 1, 1, 1 if is_stack else 2)

    def show_has_image(self, has_image: bool) -> None:
        """Enable the buttons for work on an image, or disable them."""
        for widget in (
            self.here_button,
            self.slice_button,
            self.all_button,
            self.alike,
            self.ahead,
        ):
            widget.setEnabled(has_image)

    def _lay_out(self) -> None:
        grid = self.grid
        for column in range(3):
            grid.setColumnStretch(column, 1)
        grid.addWidget(QLabel("Search, without clicks:"), 0, 0, 1, 3)
        grid.addWidget(self.here_button, 1, 0)
        grid.addWidget(self.slice_button, 1, 1)
        grid.addWidget(self.all_button, 1, 2)
        grid.addWidget(self.linked, 2, 0, 1, 3)
        grid.addWidget(self.alike, 3, 0, 1, 3)
        grid.addWidget(self.review_box, 4, 0, 1, 3)
        grid.addWidget(self.measure_button, 5, 0)
        grid.addWidget(self.track_box, 6, 0, 1, 3)
        grid.addWidget(self.ahead, 7, 0, 1, 3)
