"""Label places: names of the files for the labels and measures of several images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import OutputError
from napari_sam.folder.image_names import LABELS, field_name, labels_name, stem

from .task import Task

if TYPE_CHECKING:
    from napari_sam.image.plate import Plate, PlateField
    from napari_sam.labels.files.label_plate import LabelPlate

IMAGE_SUFFIX, PLATE_SUFFIX = ".ome.tif", ".ome.zarr"
"""Suffixes of the labels of images, and of the labels of plates, unless the user chooses one."""


@dataclass(frozen=True, slots=True)
class LabelPlaces:
    """Places for the labels of several images.

    Parameters
    ----------
    folder : Path
        Output folder.
    suffix : str, optional
        ``.ome.tif``, ``.ome.zarr`` or ``.tif``; by default ``.ome.tif`` for images, ``.ome.zarr``
        for plates. A plate whose labels are a zarr gives a plate of labels, otherwise a file a
        field.
    inside : str, optional
        Name of the labels inside the OME-Zarr images, in their ``labels`` groups; with it only
        measures and the report go to the folder.
    """

    folder: Path
    suffix: str | None = None
    inside: str | None = None

    def check(self) -> None:
        """Refuse a folder, a suffix or a name that cannot be used.

        Raises
        ------
        OutputError
            If the suffix is no format, `inside` is no name, or the folder is a file.
        """
        from napari_sam.labels import SUFFIXES

        if self.suffix is not None and self.suffix not in SUFFIXES:
            raise OutputError(
                f"--suffix {self.suffix!r} says no format: use .ome.tif, .ome.zarr or .tif"
            )
        if self.suffix is not None and self.inside is not None:
            raise OutputError(
                "--suffix is for labels in files of their own, and --inside puts them into the "
                "images: leave one of them out"
            )
        if self.inside is not None and not _is_name(self.inside):
            raise OutputError(
                f"--inside {self.inside!r} is no name of labels: use letters, digits, - and _"
            )
        if self.folder.name.lower().endswith(SUFFIXES) or self.folder.is_file():
            raise OutputError(
                f"{self.folder} is one file, and there are several images: name a folder"
            )

    def make_folder(self) -> None:
        """Make the output folder if it is missing; raises OutputError if that fails."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.folder} cannot be made ({error.strerror}): choose another"
            ) from error

    def of_image(self, image: Path | str) -> Path:
        """Path of the labels of an image; raises OutputError if they cannot be put inside."""
        if self.inside is not None:
            return _inside(image, self.inside)
        return self.folder / labels_name(Path(image), self.suffix or IMAGE_SUFFIX)

    def task_of_field(self, plate: "Plate", field: "PlateField") -> Task:
        """Task for a field of a plate.

        Parameters
        ----------
        plate : Plate
            The plate.
        field : PlateField
            One of its fields.

        Returns
        -------
        Task
            Its labels are a field of a plate of labels, a file, or inside the image.
        """
        from napari_sam.labels.files.label_plate import LabelPlate

        if self.inside is not None:
            return Task(field.path, _inside(field.path, self.inside), field=field)
        suffix = self.suffix or PLATE_SUFFIX
        if not suffix.endswith(".zarr"):
            return Task(field.path, self.folder / f"{field_name(field)}{suffix}", field=field)
        name = f"{stem(Path(field.plate))}{LABELS}"
        label_plate = LabelPlate(self.folder / f"{name}{suffix}", name, plate.rows, plate.columns)
        output = label_plate.field_path(field)
        return Task(field.path, output, field=field, label_plate=label_plate)

    def measures(self, task: Task, suffixes: Sequence[str]) -> tuple[Path, ...]:
        """Files of tables and outlines: beside labels that are files, otherwise in the folder.

        Parameters
        ----------
        task : Task
            An image with the place of its labels.
        suffixes : sequence of str
            Suffix of each file.
        """
        if task.field is not None:
            place = self.folder / field_name(task.field)
        elif self.inside is not None:
            place = self.folder / f"{stem(Path(task.image))}{LABELS}"
        else:
            place = task.output.with_name(stem(task.output))
        return tuple(place.with_name(place.name + suffix) for suffix in suffixes)


def make_label_plates(tasks: Sequence[Task], version: str | None) -> None:
    """Create the plates of labels of tasks, with groups for the wells.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks of a command.
    version : str or None
        Version of OME-Zarr.

    Raises
    ------
    OutputError
        If a plate cannot be written.
    """
    fields: dict[LabelPlate, list[PlateField]] = {}
    for task in tasks:
        if task.label_plate is not None and task.field is not None:
            fields.setdefault(task.label_plate, []).append(task.field)
    for plate, of_plate in fields.items():
        plate.make(of_plate, version)


def _inside(image: Path | str, name: str) -> Path:
    from napari_sam.labels.files.image_group import LABELS as GROUP
    from napari_sam.labels.files.image_group import is_zarr

    if isinstance(image, str) or not is_zarr(image):
        raise OutputError(
            f"{image} is not the folder of an OME-Zarr, into which labels could be put: leave "
            "--inside out"
        )
    return image / GROUP / name


def _is_name(text: str) -> bool:
    return bool(text) and all(c.isalnum() or c in "-_." for c in text) and not text.startswith(".")
