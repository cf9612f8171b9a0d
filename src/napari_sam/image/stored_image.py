"""StoredImage: the array of an image in a file, with the metadata of the file."""

from dataclasses import dataclass, field
from typing import Any

from .physical_size import Spacing
from .series import Series


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """Array and metadata of an image as its file holds them; metadata may be missing.

    Made by the readers of the formats; :func:`~napari_sam.image.read.read_image` makes a
    :class:`~napari_sam.image.volume.Volume` of it.

    Parameters
    ----------
    data : array-like
        Any order of dimensions.
    letters : tuple of str, optional
        What each dimension is, see :func:`~napari_sam.image.arrangement.arrange`; None if the file
        does not say.
    spacing : mapping of str to (float, str)
        Letter of an axis to the size of a pixel and its unit as the file spells it.
    origin : mapping of str to float
        Letter of an axis to the world coordinate of the first pixel, in the unit of the spacing.
    series : int or str, optional
        The image that was taken, of a file that holds several.
    warnings : tuple of str
        Sentences about what was decided or left out, without the name of the file.
    levels : tuple of array-like
        All levels of the image's pyramid in the same order of dimensions, `data` first; empty
        without a pyramid.
    channel_names : tuple of str
        Name of each channel; empty if the file does not say them.
    """

    data: Any
    letters: tuple[str, ...] | None = None
    spacing: Spacing = field(default_factory=dict)
    origin: dict[str, float] = field(default_factory=dict)
    series: Series | None = None
    warnings: tuple[str, ...] = ()
    levels: tuple[Any, ...] = ()
    channel_names: tuple[str, ...] = ()
