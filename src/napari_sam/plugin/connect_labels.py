"""Connect labels: signals between the dock and the parts that find, measure and save labels."""

from napari_sam.plugin.dock.dock import SamDock
from napari_sam.plugin.results.saving import Saving
from napari_sam.plugin.results.use_labels import UseLabels
from napari_sam.plugin.table.measured_table import MeasuredTable

from .actions import Actions


def connect_labels(
    dock: SamDock,
    actions: Actions,
    use_labels: UseLabels,
    table: MeasuredTable,
    saving: Saving,
) -> None:
    """Connect the buttons for all objects of an image, and for labels of files.

    Parameters
    ----------
    dock : SamDock
        Has the buttons.
    actions : Actions
        Segments planes.
    use_labels : UseLabels
        Goes on with labels of a layer or a file.
    table : MeasuredTable
        Measures the labels.
    saving : Saving
        Saves the labels.
    """
    everything = dock.everything_box
    everything.segment_clicked.connect(
        lambda every: actions.segment(every, everything.chosen.linked)
    )
    everything.here_clicked.connect(actions.segment_here)
    everything.track_box.action_clicked.connect(actions.run)
    everything.measure_clicked.connect(table.measure)
    dock.accept_box.use_labels_clicked.connect(use_labels.use_selected)
    dock.accept_box.labels_file_clicked.connect(use_labels.use_file)
    dock.correct_row.save_clicked.connect(saving.start)
