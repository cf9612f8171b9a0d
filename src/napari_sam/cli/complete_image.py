"""Complete image: missing tracks, tables and outlines of existing labels."""

from pathlib import Path
from typing import TYPE_CHECKING

from .measure import show_measuring
from .task import Method, Task

if TYPE_CHECKING:
    from napari_sam.image.volume import Volume


def complete_image(task: Task, method: Method) -> list[Path]:
    """Make the missing files of a task from its existing labels.

    Labels may have been corrected since they were segmented, so they are read, not made again.
    Files may be missing because an option was added to the command, or because the process was
    killed between the labels and them.

    Parameters
    ----------
    task : Task
        A task whose labels exist.
    method : Method
        How to open the image; no model is loaded.

    Returns
    -------
    list of Path
        The files that were made; empty if none was missing.

    Raises
    ------
    NapariSamError
        If the image or the labels cannot be read, or a file cannot be written.
    """
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.labels.files.class_files import read_classes
    from napari_sam.measure.save import save_measures
    from napari_sam.mosaic.tile_folder import remove_tiles, tile_folder_of

    missing = task.missing
    measures = tuple(path for path in missing if path in task.measures)
    if missing:
        volume = method.settings.read(task.image)
        labels = read_labels_of_image(task.output, volume)
        if task.tracks in missing:
            _save_tracks(task, method, volume, labels)
        if measures:
            classes = read_classes(task.output)
            cells = task.cells
            steps = save_measures(
                measures, labels.data, volume.calibration, volume, classes=classes, cells=cells
            )
            show_measuring(steps, quiet=method.quiet)
    remove_tiles(tile_folder_of(task.output))  # left by a process that was killed after the labels
    return list(missing)


def _save_tracks(task: Task, method: Method, volume: "Volume", labels: "Volume") -> None:
    """Write the tracks of labels, with the mothers that prompts name if they are propagated."""
    from napari_sam.labels.files.write_tracks import write_tracks
    from napari_sam.labels.tracks import tracks_of
    from napari_sam.prompts.read_csv import read_prompts

    lineage = task.prompted and method.propagate
    parents = read_prompts(task.points, task.boxes).parents if lineage else {}
    tracks = tracks_of(labels.data, volume.label_axes, parents)
    if task.tracks is not None:
        write_tracks(task.tracks, tracks, volume.calibration)
