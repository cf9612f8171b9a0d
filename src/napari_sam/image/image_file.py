"""ImageFile: path and choice of image of a Volume, for other processes."""

import os
from dataclasses import dataclass

from .series import Series


@dataclass(frozen=True, slots=True)
class ImageFile:
    """Arguments of :func:`~napari_sam.image.read.read_image` that give the same image.

    Made by :func:`~napari_sam.image.read.read_image`; workers of a cluster read by it.

    Parameters
    ----------
    path : str
        The file as it was given, or a URL.
    axes : str, optional
        Letters that were given for the dimensions of the file.
    series : int or str, optional
        The image in a file that holds several: a number in a TIFF, a path in a zarr.
    """

    path: str
    axes: str | None = None
    series: Series | None = None

    @property
    def name(self) -> str:
        """Name of the image for messages: the path; in a zarr that of the image inside."""
        return f"{self.path}/{self.series}" if isinstance(self.series, str) else self.path

    @property
    def identity(self) -> str:
        """Unique name of the image on this machine, for the cache of embeddings."""
        path = self.name if "://" in self.path else os.path.abspath(self.name)
        return f"{path}#{self.series}" if isinstance(self.series, int) and self.series else path
