"""AcceptBox: the form for how objects become labels: overlaps, label, holes, outline and pieces."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFileDialog, QLabel

from napari_sam.labels.paint import OverlapPolicy
from napari_sam.masks.pixels.clean import ALL_HOLES, Cleaning
from napari_sam.plugin.keys import tip_of
from napari_sam.plugin.labels.acceptance import Acceptance
from napari_sam.plugin.widgets.buttons import push_button
from napari_sam.plugin.widgets.fold import Fold
from napari_sam.plugin.widgets.form import Form
from napari_sam.plugin.widgets.number_box import NumberBox

POLICIES = {
    OverlapPolicy.KEEP_EXISTING: (
        "Leave others alone",
        "The object gets the pixels that are free; those of others stay theirs",
    ),
    OverlapPolicy.REPLACE: (
        "Replace others",
        "The object gets all of its pixels, also those that others had",
    ),
    OverlapPolicy.ONLY_BACKGROUND: (
        "Only on background",
        "An object that lies by more than a quarter on others is not accepted at all",
    ),
}
"""By policy: text and tooltip of its entry in the list."""

_CHANGED = {
    "label": lambda label: f"label {label}",
    "policy": lambda policy: POLICIES[policy][0].lower(),
    "holes": lambda _: "holes filled",
    "smooth": lambda radius: f"smoothed by {radius} px",
    "smallest": lambda area: f"from {area} px",
    "one_piece": lambda _: "one piece",
}
"""By field of :class:`AcceptOptions`: words for a value that is not the default; a chosen label
first, for it merges whatever is accepted."""

LABEL_FILES = (
    "Labels and outlines (*.tif *.tiff *.npy *.png zarr.json *.geojson *.json *.geojson.gz "
    "*.json.gz *.roi *.zip *.txt);;All files (*)"
)
"""Filters of the file dialog, in Qt's notation; the zarr.json inside stands for an OME-Zarr."""

_LARGEST_LABEL = 2**31 - 1
"""Largest label that can be typed; labels are uint32, twice as large, but the spin box is int32."""

_LARGEST_AREA = 1_000_000
"""Largest area of a hole or piece that can be typed, pixels."""


@dataclass(frozen=True, slots=True)
class AcceptOptions:
    """Values of the form in :class:`AcceptBox`, for an :class:`Acceptance`.

    Parameters
    ----------
    policy : OverlapPolicy
        What happens to pixels that other objects have.
    label : int
        The label that objects are added to; 0 for the next free label.
    holes : bool
        Whether holes of an object are filled.
    holes_up_to : int
        Area of the largest hole that is filled, pixels; 0 for holes of any size.
    smooth : int
        Radius by which outlines are smoothed, pixels; 0 leaves them alone.
    smallest : int
        Area of the smallest piece that is kept, pixels.
    one_piece : bool
        Whether an object keeps only the pieces with a click on them, or its largest piece.
    """

    policy: Annotated[
        OverlapPolicy,
        {
            "choices": [(text, policy) for policy, (text, _) in POLICIES.items()],
            "tooltip": "What happens where an object lies on others",
        },
    ] = OverlapPolicy.KEEP_EXISTING
    label: Annotated[
        int,
        {
            "widget_type": NumberBox,
            "max": _LARGEST_LABEL,
            "text_for_zero": "next free",
            "tooltip": "The label that objects are added to, until it is set back to 0, the next "
            "free one.\nOf several objects at once only the current one gets it.",
        },
    ] = 0
    holes: Annotated[bool, {"text": "Fill holes", "tooltip": "Fill the holes of an object"}] = False
    holes_up_to: Annotated[
        int,
        {
            "widget_type": NumberBox,
            "max": _LARGEST_AREA,
            "text_for_zero": "of any size",
            "prefix": "up to ",
            "suffix": " px",
            "enabled": False,
            "tooltip": "The largest hole that is filled, in pixels",
        },
    ] = 0
    smooth: Annotated[
        int,
        {
            "widget_type": NumberBox,
            "max": 20,
            "text_for_zero": "as it is",
            "prefix": "smoothed by ",
            "suffix": " px",
            "tooltip": "Take bumps and dents narrower than this radius off the outline",
        },
    ] = 0
    smallest: Annotated[
        int,
        {
            "widget_type": NumberBox,
            "max": _LARGEST_AREA,
            "text_for_zero": "of any size",
            "prefix": "from ",
            "suffix": " px",
            "tooltip": "Drop pieces of fewer pixels, unless you clicked on them.\n"
            "When all objects are searched, smaller ones are left out, in each slice.",
        },
    ] = 0
    one_piece: Annotated[
        bool,
        {
            "text": "One piece only",
            "tooltip": "Drop all pieces but those you clicked on, or but the largest",
        },
    ] = False

    @property
    def acceptance(self) -> Acceptance:
        """The options for masks and labels, without a class of the object."""
        holes = (self.holes_up_to or ALL_HOLES) if self.holes else 0
        cleaning = Cleaning(holes, self.smooth, self.one_piece, self.smallest)
        return Acceptance(self.policy, self.label, cleaning)

    @property
    def changed(self) -> list[str]:
        """Words for each option that is not at its default."""
        defaults = AcceptOptions()
        values = {name: getattr(self, name) for name in _CHANGED}
        return [
            _CHANGED[name](value)
            for name, value in values.items()
            if value != getattr(defaults, name)
        ]


class AcceptBox(Fold):
    """The fold *Options for accepting*.

    Signals
    -------
    cleaning_changed
        The user changed an option that changes masks; they are to be shown anew.
    changed
        The user changed any option.
    use_labels_clicked, labels_file_clicked
        Accept into the selected Labels layer, or into labels of a file.
    """

    cleaning_changed = Signal()
    changed = Signal()
    use_labels_clicked = Signal()
    labels_file_clicked = Signal()

    def __init__(self) -> None:
        super().__init__(
            "Options for accepting",
            "What an object becomes: label, overlaps, holes, outline",
        )
        self._form = Form(AcceptOptions)
        self.policy = self._form.native("policy", QComboBox)
        self.label = self._form.native("label", QDoubleSpinBox)
        self.holes = self._form.native("holes", QCheckBox)
        self.holes_up_to = self._form.native("holes_up_to", QDoubleSpinBox)
        self.smooth = self._form.native("smooth", QDoubleSpinBox)
        self.smallest = self._form.native("smallest", QDoubleSpinBox)
        self.one_piece = self._form.native("one_piece", QCheckBox)
        for row, (_, tip) in enumerate(POLICIES.values()):
            self.policy.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        self.holes.toggled.connect(self.holes_up_to.setEnabled)
        for name in ("holes", "holes_up_to", "smooth", "smallest", "one_piece"):
            self._form.widget(name).changed.connect(lambda value: self.cleaning_changed.emit())
        self._form.on_change(lambda: self.show_note(self._form.value.changed))
        self._form.on_change(lambda: self.changed.emit())
        self.use_button = push_button("Use these labels", tip_of("use_labels"))
        self.file_button = push_button("Labels from a file …", tip_of("labels_from_file"))
        self.use_button.clicked.connect(lambda: self.use_labels_clicked.emit())
        self.file_button.clicked.connect(lambda: self.labels_file_clicked.emit())
        self._lay_out()

    def ask_labels_file(self) -> Path | None:
        """Let the user choose a file of labels; None if they cancel the dialog."""
        path, _ = QFileDialog.getOpenFileName(self, "Labels to go on with", "", LABEL_FILES)
        chosen = Path(path)
        if not path:
            return None
        return chosen.parent if chosen.name == "zarr.json" else chosen

    @property
    def chosen(self) -> Acceptance:
        """Present options of the form, as an :class:`Acceptance`."""
        return self._form.value.acceptance

    def _lay_out(self) -> None:
        grid = self.grid
        grid.setColumnStretch(1, 1)
        grid.addWidget(QLabel("Overlaps"), 0, 0)
        grid.addWidget(self.policy, 0, 1)
        grid.addWidget(QLabel("Add to label"), 1, 0)
        grid.addWidget(self.label, 1, 1)
        grid.addWidget(self.holes, 2, 0)
        grid.addWidget(self.holes_up_to, 2, 1)
        grid.addWidget(QLabel("Outline"), 3, 0)
        grid.addWidget(self.smooth, 3, 1)
        grid.addWidget(QLabel("Pieces"), 4, 0)
        grid.addWidget(self.smallest, 4, 1)
        grid.addWidget(self.one_piece, 5, 0, 1, 2)
        grid.addWidget(self.file_button, 6, 0, 1, 2)
        grid.addWidget(self.use_button, 7, 0, 1, 2)
