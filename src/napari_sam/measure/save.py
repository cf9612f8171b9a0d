"""Save measures: what was asked for of some labels, measured once."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from napari_sam.errors import OutputError
from napari_sam.image.calibration import Calibration
from napari_sam.image.volume import Volume
from napari_sam.labels.classes import ClassTable
from napari_sam.labels.files.target import check_may_replace

from .measure import iter_measure
from .outlines import outlines
from .write_outlines import OUTLINES, write_outlines
from .write_table import TABLES, write_table

SUFFIXES = TABLES + OUTLINES

_LIBRARIES = {
    ".parquet": ("pyarrow.parquet", "Parquet needs pyarrow", "parquet", "a .csv"),
    ".zip": ("roifile", "ROIs for Fiji need roifile", "fiji", "a .geojson"),
}
"""Suffix -> module that it needs, what to say, our extra that brings it, what does without."""


def save_measures(
    paths: Sequence[Path],
    labels: Any,
    calibration: Calibration,
    image: Volume | None = None,
    *,
    classes: ClassTable | None = None,
    scores: Mapping[int, float] | None = None,
) -> Iterator[tuple[int, int]]:
    """Measure labels, and write tables and outlines as the suffixes say.

    Parameters
    ----------
    paths : sequence of Path
        ``.csv``, ``.parquet``, ``.geojson`` or ``.zip``; see
        :func:`~napari_sam.measure.write_table.write_table` and
        :func:`~napari_sam.measure.write_outlines.write_outlines`. What is there is replaced.
    labels, calibration, image, classes, scores
        See :func:`~napari_sam.measure.measure.iter_measure`.

    Yields
    ------
    tuple of int
        Steps done, and steps in all.

    Raises
    ------
    LabelError, ImageError
        If it cannot be measured.
    OutputError
        If one cannot be written.
    """
    table = yield from iter_measure(labels, calibration, image, classes=classes, scores=scores)
    plane_axes = calibration.axes[:-2]
    for path in paths:
        if path.suffix.lower() in TABLES:
            write_table(path, table)
        else:
            found = outlines(labels, plane_axes, table)
            write_outlines(path, found, plane_axes, classes=classes, scores=scores)


def check_measures(paths: Sequence[Path], *, overwrite: bool) -> None:
    """See that measures can be written, before anything takes long.

    Raises
    ------
    OutputError
        If a suffix says no format, a library for it or the folder is missing, or something is there
        that is not to be replaced.
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
    module, what, extra, instead = _LIBRARIES[suffix]
    try:
        import_module(module)
    except ImportError as error:
        raise OutputError(
            f'{what}: pip install "napari-sam-microscopy[{extra}]", or write {instead}'
        ) from error
