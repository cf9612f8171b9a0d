"""Labels of image: a file of labels, with the axes of its image."""

from dataclasses import replace
from pathlib import Path

from napari_sam.errors import LabelError

from .arranged_array import ArrangedArray
from .fit import fit_labels
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
    """Open labels; pixels are read later.

    Parameters
    ----------
    path : Path
        Any file that :func:`~napari_sam.image.read.read_image` reads.
    image : Volume, optional
        The image of the labels, see :func:`~napari_sam.image.fit.fit_labels`.
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
        If it has channels, does not fit the image, or is of a type that labels cannot have.
    """
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
