"""Plate pairs: fields of a plate with their labels."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.errors import LabelError
from napari_sam.folder.image_names import field_name

from .pair_layouts import has_labels_inside

if TYPE_CHECKING:
    from napari_sam.image.plate import PlateField


def plate_pairs(images: Path, labels: Path | None) -> list[tuple[Path, Path]]:
    """Find the fields of a plate that have labels, and their labels.

    Parameters
    ----------
    images : Path
        A plate, or a well of it.
    labels : Path or None
        A plate of labels, or a folder of files such as ``screen_B03_0_labels.ome.tif``, as
        ``segment`` writes them; None for labels inside the fields.

    Returns
    -------
    list of tuple of Path
        Image and labels of each field that has labels; empty if `images` is no plate.

    Raises
    ------
    ImageError
        If the plate is damaged.
    LabelError
        If no field has labels.
    """
    from napari_sam.image.read_plate import read_plate

    plate = read_plate(images)
    if plate is None or plate.is_field:
        return []
    pairs = [
        (Path(field.path), path)
        for field in plate.fields
        if (path := labels_of_field(field, labels)) is not None
    ]
    if not pairs:
        place = "inside" if labels is None else f"in {labels}"
        raise LabelError(
            f"no field of the plate {images} has labels {place}: segment it first, or give its "
            "labels behind it"
        )
    return pairs


def labels_of_field(field: "PlateField", labels: Path | None) -> Path | None:
    """Path of the labels of a field; None if there are none.

    Parameters
    ----------
    field : PlateField
        The field.
    labels : Path or None
        See :func:`plate_pairs`.
    """
    if labels is None:
        return Path(field.path) / "labels" if has_labels_inside(Path(field.path)) else None
    in_plate = labels / field.place
    if in_plate.is_dir():
        return in_plate
    files = (
        labels / f"{field_name(field)}{suffix}" for suffix in (".ome.tif", ".tif", ".ome.zarr")
    )
    return next((file for file in files if file.exists()), None)
