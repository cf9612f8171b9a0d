"""Save measures: measure labels once, and write several tables and outlines."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from napari_sam.errors import OutputError
from napari_sam.image.calibration import Calibration
from napari_sam.image.volume import Volume
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.target import check_may_replace
from napari_sam.labels.label_array import LabelArray

from .measure import iter_measure
from .outlines import outlines
from .texture import Texture
from .write_outlines import OUTLINES, write_outlines
from .write_table import TABLES, write_table

SUFFIXES = TABLES + OUTLINES
"""Suffixes of all files of measurements."""

_LIBRARIES = {
    ".parquet": ("pyarrow.parquet", "Parquet needs pyarrow", "parquet", "a .csv"),
    ".zip": ("roifile", "ROIs for Fiji need roifile", "fiji", "a .geojson"),
}
"""Suffix -> required module, message, extra of this package, suffix that needs no extra."""


def save_measures(
    paths: Sequence[Path],
    labels: LabelArray,
    calibration: Calibration,
    image: Volume | None = None,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
    shape: bool = True,
    texture: Texture | None = None,
    cells: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[int, int]]:
    """Measure labels, and write tables and outlines in the formats of the suffixes.

    Parameters
    ----------
    paths : sequence of Path
        ``.csv``, ``.parquet``, ``.geojson`` or ``.zip``; see
        :func:`~napari_sam.measure.write_table.write_table` and
        :func:`~napari_sam.measure.write_outlines.write_outlines`. Existing files are replaced.
    labels, calibration, image, classes, scores, shape, texture
        See :func:`~napari_sam.measure.measure.iter_measure`. Outlines alone need neither shapes
        nor textures.
    cells : mapping of str to str
        Columns in front of the tables with one value for all rows, such as the well.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.

    Raises
    ------
    LabelError, ImageError
        If the labels or the image cannot be measured.
    OutputError
        If a file cannot be written.
    """
    is_table = any(path.suffix.lower() in TABLES for path in paths)
    table = yield from iter_measure(
        labels,
        calibration,
        image,
        classes=classes,
        scores=scores,
        shape=shape and is_table,
        texture=texture if is_table else None,
    )
    plane_axes = calibration.axes[:-2]
    for path in paths:
        if path.suffix.lower() in TABLES:
            write_table(path, table.with_cells(cells))
        else:
            traced = outlines(labels, plane_axes, table)
            write_outlines(path, traced, plane_axes, classes=classes, scores=scores)


def check_measures(paths: Sequence[Path], *, overwrite: bool) -> None:
    """Check that measures can be written, before long computations begin.

    Raises
    ------
    OutputError
        If a suffix is no known format, its library or the folder is missing, or a file exists that
        must not be replaced.
    """
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise OutputError(
                f"{path.name!r} does not say how to save measurements: use .csv or .parquet for a "
                "table, .geojson or .zip for outlines"
            )
        if not path.parent.is_dir():
            raise OutputError(
                f"the folder {path.parent} does not exist: create it, or choose another one"
            )
        _check_library(path.suffix.lower())
        if path.is_dir():
            raise OutputError(f"{path} is a folder: choose another name")
        if path.exists():
            check_may_replace(path, overwrite)


def _check_library(suffix: str) -> None:
    if suffix not in _LIBRARIES:
        return
    module, message, extra, alternative = _LIBRARIES[suffix]
    try:
        import_module(module)
    except ImportError as error:
        raise OutputError(
            f'{message}: pip install "napari-sam-microscopy[{extra}]", or write {alternative}'
        ) from error
