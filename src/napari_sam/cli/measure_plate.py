"""Measure plate: the labels of all fields of a plate to one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import ImageError, LabelError, OutputError

from .measure_options import MeasureOptions
from .plate_pairs import labels_of_field
from .report import progress

if TYPE_CHECKING:
    from napari_sam.image.plate import Plate, PlateField
    from napari_sam.measure.measurements import Measurements


def measure_plate(
    plate: "Plate",
    output: Sequence[Path],
    image: Path | None,
    options: MeasureOptions,
    *,
    quiet: bool,
) -> list[str]:
    """Measure the objects of all fields, and write tables with columns for plate, well and field.

    Parameters
    ----------
    plate : Plate
        A plate of labels, or one with labels inside its fields: other fields are left out.
    output : sequence of Path
        Tables to write.
    image : Path or None
        The plate of the images, for intensities.
    options : MeasureOptions
        Its series is the name of the labels inside the fields.
    quiet : bool
        Show no bar.

    Returns
    -------
    list of str
        Warnings, each once.

    Raises
    ------
    NapariSamError
        If labels or images cannot be read, no field has labels, or an output is no table.
    """
    from napari_sam.measure.join import join
    from napari_sam.measure.write_table import TABLES, write_table

    for path in output:
        if path.suffix.lower() not in TABLES:
            raise OutputError(
                f"{path.name} would hold outlines, which are for a single image: of a plate write "
                "a table, .csv or .parquet, or measure its fields one by one"
            )
    images = _images(image, plate)
    tables: list[Measurements] = []
    warnings = dict.fromkeys(plate.warnings)
    for field in progress(plate.fields, len(plate.fields), "measure", quiet=quiet):
        labels = _labels(field, options.series)
        if labels is None:
            continue
        table, lines = _measured(labels, images.get(field.place), options)
        tables.append(table.with_cells(field.cells))
        warnings |= dict.fromkeys(lines)
    if not tables:
        raise LabelError(f"no field of the plate {plate.path} has labels: segment it first")
    for path in output:
        write_table(path, join(tables))
    return [*warnings]


def _images(image: Path | None, plate: "Plate") -> dict[str, Path]:
    """Images of fields by their path in the plate; raises ImageError if they are of no plate."""
    from napari_sam.image.read_plate import read_plate

    if image is None:
        return {}
    images = read_plate(image)
    if images is None:
        raise ImageError(f"{image} is no plate, and {plate.path} is: give the plate of the images")
    paths = {field.place: Path(field.path) for field in images.fields}
    if missing := [field.place for field in plate.fields if field.place not in paths]:
        raise ImageError(f"{image} has no {missing[0]}, which {plate.path} has: check both plates")
    return paths


def _labels(field: "PlateField", name: str | None) -> Path | None:
    """Label image inside a field, by name or the first; or the field, if it is a label image."""
    from napari_sam.labels.files.image_group import ome_attributes

    path = Path(field.path)
    if "image-label" in ome_attributes(path):
        return path
    labels = labels_of_field(field, None)
    if labels is None:
        return None
    names = ome_attributes(labels).get("labels") or [""]
    return labels / (names[0] if name is None else name)


def _measured(
    labels: Path, image: Path | None, options: MeasureOptions
) -> "tuple[Measurements, Sequence[str]]":
    """Measurements of a field, and warnings."""
    from napari_sam.image.labels_of_image import read_labels_of_image
    from napari_sam.image.read import read_image
    from napari_sam.labels.files.class_files import read_classes
    from napari_sam.measure.measure import measure

    volume = None if image is None else read_image(image, axes=options.axes)
    label_volume = read_labels_of_image(labels, volume, axes=options.axes)
    table = measure(
        label_volume.data,
        label_volume.calibration,
        volume,
        classes=read_classes(labels),
        shape=options.shape,
        texture=options.grey_levels(),
    )
    return table, [*(volume.warnings if volume else ()), *label_volume.warnings]
