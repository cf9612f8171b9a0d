"""Labels of image: a file of labels, with the axes of its image."""

from dataclasses import replace
from pathlib import Path

from napari_sam.errors import LabelError

from .arranged_array import ArrangedArray
from .fit import fit_labels
from .outlines.draw import draw_outlines
from .outlines.drawn_object import Outlines
from .outlines.read import is_outlines, read_outlines
from .project_files import refuse_project
from .read import read_image, read_stored
from .series import Series
from .volume import Volume
from .whole_numbers import WholeNumbers


def read_labels_of_image(
    path: Path,
    image: Volume | None = None,
    *,
    axes: str | None = None,
    series: Series | None = None,
) -> Volume:
    """Open labels; pixels are read later, and outlines are drawn at once.

    Parameters
    ----------
    path : Path
        Any file that :func:`~napari_sam.image.read.read_image` reads; or outlines, see
        :func:`~napari_sam.image.outlines.read.read_outlines`.
    image : Volume, optional
        The image of the labels, see :func:`~napari_sam.image.fit.fit_labels`; required for
        outlines, which do not say how large their image is.
    axes : str, optional
        Letters of the dimensions of the labels; not used with an image.
    series : int or str, optional
        The label image in a file that holds several.

    Returns
    -------
    Volume
        Without channels; its data are a :class:`~napari_sam.image.whole_numbers.WholeNumbers`.
        With an image it has the axes and the calibration of the image.

    Raises
    ------
    ImageError
        If the file cannot be read.
    LabelError
        If it has channels, does not fit the image, is of a type that labels cannot have, or is a
        project of another program.
    """
    refuse_project(path)
    if is_outlines(path):
        return labels_of_outlines(path, read_outlines(path), image)
    if image is None:
        volume = _without_channels(read_image(path, axes=axes, series=series, labels=True))
        return replace(volume, data=WholeNumbers(volume.data, str(path)))
    stored = read_stored(path, series, labels=True)
    fitted = fit_labels(str(path), stored.data, stored.letters, image)
    return Volume.from_array(
        WholeNumbers(fitted, str(path)),
        axes=image.label_axes,
        scale=image.scale,
        translate=image.translate,
        units=image.units,
        name=str(path),
        warnings=stored.warnings,
    )


def labels_of_outlines(path: Path, outlines: Outlines, image: Volume | None) -> Volume:
    """Draw outlines as labels of their image.

    Parameters
    ----------
    path : Path
        The file, for messages.
    outlines : Outlines
        Its content.
    image : Volume or None
        The image.

    Returns
    -------
    Volume
        uint32 in memory, with the axes and the calibration of the image, and warnings about
        outlines that were cut or left out.

    Raises
    ------
    LabelError
        If the image is missing, or the outlines do not fit.
    """
    if image is None:
        raise LabelError(
            f"{path} holds outlines, which do not say how large their image is: give the image too"
        )
    labels, warnings = draw_outlines(str(path), outlines, image)
    return Volume.from_array(
        labels,
        axes=image.label_axes,
        scale=image.scale,
        translate=image.translate,
        units=image.units,
        name=str(path),
        warnings=(*outlines.warnings, *warnings),
    )


def _without_channels(labels: Volume) -> Volume:
    if "C" not in labels.axes:
        return labels
    channel = labels.axes.index("C")
    if labels.data.shape[channel] > 1:
        raise LabelError(
            f"{labels.name} has channels, which labels have not: name the axes with --axes"
        )
    dimensions = tuple((d,) for d in range(len(labels.axes)) if d != channel)
    data = ArrangedArray(labels.data, dimensions)
    return replace(labels, data=data, axes=labels.label_axes, channels=(0,))
