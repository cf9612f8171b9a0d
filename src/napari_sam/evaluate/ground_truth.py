"""Ground truth: images whose objects are known, from files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label as connected_components

from napari_sam.errors import ImageError, LabelError
from napari_sam.image.read import read_image
from napari_sam.image.volume import Plane, Volume

PLANES_APART = 4
"""Of a stack only planes so far apart are used: neighbours show the same objects."""

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image and its true objects.

    Parameters
    ----------
    volume : Volume
        The image.
    labels : array-like
        ``volume.label_shape`` integers; 0 is background. Planes are read when they are asked for.
    """

    volume: Volume
    labels: Any

    def plane(self, plane: Plane) -> Labels:
        """True objects of a plane ``(y, x)``; of a stack, each connected part is one."""
        labels = np.asarray(self.labels[plane])
        if not plane:
            return labels
        parts: Labels = connected_components(labels, background=0)
        return parts

    def planes(self) -> Iterator[Plane]:
        """Planes to look at: a single image; of a stack, some of those that have objects."""
        last: Plane | None = None
        for plane in self.volume.planes():
            if last is not None and last[:-1] == plane[:-1] and plane[-1] < last[-1] + PLANES_APART:
                continue
            if not plane or np.asarray(self.labels[plane]).any():
                last = plane
                yield plane

    def stacks(self) -> Iterator[tuple[Any, ...]]:
        """Each stack ``(z, y, x)``, as an index into the labels; none if the image is flat."""
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
    """Where an image and its labels are.

    Parameters
    ----------
    image : Path
        An image, or an ``.npz`` with the arrays ``image`` and ``labels``.
    labels : Path or None
        None for an ``.npz``.
    axes : str or None
        Of the image; guessed without.
    channels : tuple of int or None
        That the model sees.
    """

    image: Path
    labels: Path | None = None
    axes: str | None = None
    channels: tuple[int, ...] | None = None

    def read(self) -> Sample:
        """Open both.

        Raises
        ------
        ImageError
            If it is not an image that can be segmented.
        LabelError
            If the labels are not whole numbers, or not as large as the image.
        """
        if self.labels is None:
            return self._read_npz()
        volume = read_image(self.image, axes=self.axes, channels=self.channels)
        labels = read_image(self.labels, axes=volume.label_axes)
        return Sample(volume, _checked(labels.data, volume, self.labels))

    def _read_npz(self) -> Sample:
        try:
            with self.image.open("rb") as file, np.load(file) as arrays:
                image, labels = arrays["image"], arrays["labels"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            reason = str(error).splitlines()[0]
            raise ImageError(
                f"{self.image} has no arrays image and labels that can be read: {reason}"
            ) from error
        volume = Volume.from_array(
            image, axes=self.axes, channels=self.channels, name=str(self.image)
        )
        return Sample(volume, _checked(labels, volume, self.image))


def _checked(labels: Any, volume: Volume, path: Path) -> Any:
    if np.dtype(labels.dtype).kind not in "ui":
        raise LabelError(
            f"{path} holds {labels.dtype} values: labels are whole numbers, one an object"
        )
    if tuple(labels.shape) != volume.label_shape:
        raise LabelError(
            f"{path} is of shape {tuple(labels.shape)} and its image of {volume.label_shape}: "
            "give the labels of this image, without channels"
        )
    return labels


def files_with_both(images: Path) -> dict[str, list[Path]]:
    """Files that hold images and their labels, by the name of their set.

    Parameters
    ----------
    images : Path
        An ``.npz``, a folder of them, or a folder of such folders, each of which is a set.

    Returns
    -------
    dict of str to list of Path
        Empty if there is none.
    """
    if images.is_file():
        return {images.stem: [images]} if images.suffix == ".npz" else {}
    folders = [images, *sorted(path for path in images.iterdir() if path.is_dir())]
    found = {folder.name: sorted(folder.glob("*.npz")) for folder in folders}
    return {name: paths for name, paths in found.items() if paths}
