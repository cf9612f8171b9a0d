"""Task and Method: an image with files to write, and settings for the segmentation."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import PromptError

from .settings import Settings
from .target import check_output, check_place

if TYPE_CHECKING:
    from napari_sam.cluster.cluster import Cluster
    from napari_sam.image.plate import PlateField
    from napari_sam.labels.files.label_plate import LabelPlate


@dataclass(frozen=True, slots=True)
class Task:
    """An image to segment, with prompts and files to write.

    Parameters
    ----------
    image : Path or str
        The image; a str is a URL.
    output : Path
        File or zarr folder for the labels.
    points, boxes : Path, optional
        CSV files with prompts; without both, all objects are segmented.
    tracks : Path, optional
        File for the tracks.
    measures : tuple of Path
        Files for tables and outlines.
    field : PlateField, optional
        The image as a field of a plate.
    label_plate : LabelPlate, optional
        Plate of which the labels are a field; lists them once they are written.
    """

    image: Path | str
    output: Path
    points: Path | None = None
    boxes: Path | None = None
    tracks: Path | None = None
    measures: tuple[Path, ...] = ()
    field: "PlateField | None" = None
    label_plate: "LabelPlate | None" = None

    @property
    def inputs(self) -> dict[Path, str]:
        """Local files and folders that are read, each with a noun for messages."""
        from napari_sam.image.series import split_series

        named = [(self.image, "image"), (self.points, "file of points")]
        named += [(self.boxes, "file of boxes")]
        local = [(path, role) for path, role in named if isinstance(path, Path)]
        return {split_series(path)[0]: role for path, role in local}

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Files and folders that are written, without :attr:`class_table`."""
        tracks = () if self.tracks is None else (self.tracks,)
        return (self.output, *tracks, *self.measures)

    @property
    def class_table(self) -> Path:
        """Table of classes beside a TIFF, which is written or removed with the labels."""
        from napari_sam.labels.files.class_files import class_table_path

        return class_table_path(self.output)

    @property
    def missing(self) -> tuple[Path, ...]:
        """Tracks, tables and outlines that do not exist."""
        tracks = () if self.tracks is None else (self.tracks,)
        return tuple(path for path in (*tracks, *self.measures) if not os.path.lexists(path))

    @property
    def cells(self) -> dict[str, str]:
        """Columns of a table with plate, well and field; empty if the image is no field."""
        return {} if self.field is None else self.field.cells

    @property
    def prompted(self) -> bool:
        """Whether prompts show the objects."""
        return self.points is not None or self.boxes is not None


@dataclass(frozen=True, slots=True)
class Method:
    """How images are segmented; the same for all images of a command.

    Parameters
    ----------
    settings : Settings
        Model, and how to read an image.
    propagate, link : bool
        Whether objects continue from plane to plane: those of the prompts, or all.
    along : str, optional
        Letter of the axis for `propagate` or `link`; z by default where the image has it.
    track : bool
        Whether all objects are numbered through time, with divisions.
    overwrite : bool
        Whether existing labels may be replaced.
    resumes : bool
        Whether existing labels are kept without an error, as a batch does.
    ome_zarr_version : str, optional
        Version of OME-Zarr for the labels; the latest, or that of the image around them, if None.
    quiet : bool
        Show no bars.
    cluster : Cluster, optional
        Workers that find the objects of the tiles; without it this process does.
    skip_empty : bool
        Whether tiles of background alone are left out of the search for all objects.
    """

    settings: Settings
    propagate: bool = False
    link: bool = False
    along: str | None = None
    track: bool = False
    overwrite: bool = False
    resumes: bool = False
    ome_zarr_version: str | None = None
    quiet: bool = False
    cluster: "Cluster | None" = None
    skip_empty: bool = True

    def check(self, task: Task) -> None:
        """Refuse a task before the long work, if options or outputs make it impossible.

        Raises
        ------
        PromptError
            If the options contradict each other.
        LabelError
            If a library is missing.
        OutputError
            If an output cannot be written.
        """
        self.check_outputs(task)
        if self.propagate and not task.prompted:
            raise PromptError("--propagate follows what prompts show: give --points or --boxes too")
        if self.link and task.prompted:
            raise PromptError(
                "--link is for all objects: use --propagate with --points and --boxes"
            )
        if self.cluster is not None and (task.prompted or self.link):
            raise PromptError(
                "--scheduler shares out the search for all objects: leave it out with --points, "
                "--boxes and --link"
            )
        if self.track:
            self._check_tracking(task)
        if self.along is not None and not (self.propagate or self.link):
            raise PromptError("--along says where objects go on: give --propagate or --link too")

    def _check_tracking(self, task: Task) -> None:
        from napari_sam.tracking.resolve import check_library

        if self.link or task.prompted:
            raise PromptError(
                "--track numbers all objects through time: leave it out with --link, --points and "
                "--boxes"
            )
        check_library()

    def check_outputs(self, task: Task) -> None:
        """Refuse a task of which an output cannot be written.

        Labels that are there and are not to be replaced stay, and so do the files beside them: only
        what is missing beside them is checked then, see :attr:`Task.missing`.

        Raises
        ------
        OutputError
            If an output cannot be written.
        """
        from napari_sam.image.series import split_series
        from napari_sam.labels.files.write_tracks import check_tracks_target
        from napari_sam.measure.save import check_measures

        measures, tracks = task.measures, task.tracks
        if self.keeps(task):
            measures = tuple(path for path in measures if path in task.missing)
            tracks = tracks if tracks in task.missing else None
        else:
            check_output(
                task.output,
                split_series(Path(task.image))[0],
                overwrite=self.overwrite,
                ome_zarr_version=self.ome_zarr_version,
            )
        for path in measures if tracks is None else (tracks, *measures):
            check_place(path)
        if tracks is not None:
            check_tracks_target(tracks, overwrite=self.overwrite)
        check_measures(measures, overwrite=self.overwrite)

    def keeps(self, task: Task) -> bool:
        """Whether a batch keeps the existing labels of a task."""
        # of a name that is too long: False, where Path.exists raises
        return self.resumes and not self.overwrite and os.path.exists(task.output)
