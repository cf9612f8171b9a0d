"""Ground truth: images with true labels, from files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

from napari_sam.errors import ImageError
from napari_sam.image.fit import fit_labels
from napari_sam.image.labels_of_image import read_labels_of_image
from napari_sam.image.read import read_image
from napari_sam.image.series import Series
from napari_sam.image.volume import Plane, Volume
from napari_sam.image.whole_numbers import WholeNumbers
from napari_sam.npz import read_npz

PLANES_APART = 4
"""Smallest distance of evaluated planes of a stack, in planes: neighbours show the same objects."""

Labels = NDArray[np.integer]
"""True labels, ``(y, x)`` or ``(z, y, x)`` integers; 0 is background."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image with true labels.

    Made by :meth:`Pair.read`.

    Parameters
    ----------
    volume : Volume
        The image.
    labels : array-like
        ``volume.label_shape`` integers; 0 is background. A file is read plane by plane.
    """

    volume: Volume
    labels: Any

    def plane(self, plane: Plane) -> Labels:
        """Return the true labels ``(y, x)`` of a plane; of a stack, of connected parts.

        A plane may cut an object of a stack into several parts, and each is an object there.
        """
        labels = np.asarray(self.labels[plane])
        if not plane:
            return labels
        parts: Labels = connected_components(labels, background=0)
        return parts

    def planes(self) -> Iterator[Plane]:
        """Yield the planes to evaluate: a single image; of a stack, planes `PLANES_APART` apart.

        Planes of a stack without a true object are skipped.
        """
        last: Plane | None = None
        for plane in self.volume.planes():
            if last is not None and last[:-1] == plane[:-1] and plane[-1] < last[-1] + PLANES_APART:
                continue
            if not plane or np.asarray(self.labels[plane]).any():
                last = plane
                yield plane

    def stacks(self) -> Iterator[tuple[Any, ...]]:
        """Yield the index of each stack ``(z, y, x)`` in the labels; nothing without z planes."""
        axes = self.volume.plane_axes
        if "Z" not in axes or self.volume.plane_shape[axes.index("Z")] == 1:
            return
        sizes = [
            1 if axis == "Z" else n for axis, n in zip(axes, self.volume.plane_shape, strict=True)
        ]
        for index in np.ndindex(*sizes):
            yield tuple(
                slice(None) if axis == "Z" else i for axis, i in zip(axes, index, strict=True)
            )


@dataclass(frozen=True, slots=True)
class Pair:
    """Paths of an image and its true labels.

    Parameters
    ----------
    image : Path
        An image, or an ``.npz`` with the arrays ``image`` and ``labels``.
    labels : Path or None
        Labels of the image; None for an ``.npz``.
    axes : str or None
        One letter of TCZYX for each dimension of the image; guessed if None.
    channels : tuple of int or None
        Channels for the model; the image's default if None.
    series : int or str, optional
        The image in a file that holds several; the first if None.
    """

    image: Path
    labels: Path | None = None
    axes: str | None = None
    channels: tuple[int, ...] | None = None
    series: Series | None = None

    def read(self) -> Sample:
        """Open the image and the labels.

        Raises
        ------
        ImageError
            If the image cannot be read or segmented.
        LabelError
            If the labels are not whole numbers, or not as large as the image.
        """
        if self.labels is None:
            return self._read_npz()
        volume = read_image(self.image, axes=self.axes, channels=self.channels, series=self.series)
        labels = read_labels_of_image(self.labels, volume)
        volume = replace(volume, warnings=(*volume.warnings, *labels.warnings))
        return Sample(volume, labels.data)

    def _read_npz(self) -> Sample:
        try:
            with self.image.open("rb") as file:
                arrays = read_npz(file, ("image", "labels"), str(self.image), ImageError)
        except OSError as error:
            raise ImageError(
                f"{self.image} cannot be read ({error.strerror or error}): check the path"
            ) from error
        image, labels = arrays["image"], arrays["labels"]
        volume = Volume.from_array(
            image, axes=self.axes, channels=self.channels, name=str(self.image)
        )
        fitted = fit_labels(str(self.image), labels, None, volume)
        return Sample(volume, WholeNumbers(fitted, str(self.image)))


def files_with_both(images: Path) -> dict[str, list[Path]]:
    """Find ``.npz`` files with an image and labels, grouped into sets.

    Parameters
    ----------
    images : Path
        An ``.npz``, a folder of such files, or a folder of such folders, each of which is a set.

    Returns
    -------
    dict of str to list of Path
        Files by the name of the set: the name of the folder, or the stem of a single file.
    """
    if images.is_file():
        return {images.stem: [images]} if images.suffix == ".npz" else {}
    folders = [images, *sorted(path for path in images.iterdir() if path.is_dir())]
    files = {folder.name: sorted(folder.glob("*.npz")) for folder in folders}
    return {name: paths for name, paths in files.items() if paths}
