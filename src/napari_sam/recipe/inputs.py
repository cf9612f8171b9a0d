"""Inputs: records of the files, the image, the model and the contrast behind a result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file, folder or array that was read or written.

    Parameters
    ----------
    role : str
        Noun for messages, such as ``image``, ``file of points`` or ``labels``.
    path : str
        Relative to the folder of the recipe, with slashes; absolute on another drive; a URL as it
        is; empty for an array in memory.
    bytes : int
        Bytes of the files; of an array, those of its values.
    digest : str
        See :mod:`napari_sam.recipe.identity`.
    text : str or None
        Content of a table of prompts.
    """

    role: str
    path: str
    bytes: int
    digest: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The image, and how it was read.

    Parameters
    ----------
    file : FileRecord
        The image.
    axes : str
        Letter of TCZYX for each dimension of the image as it was segmented.
    given_axes : str or None
        Letters that the user gave for the dimensions of the file.
    series : int, str or None
        The image in a file that holds several.
    shape : tuple of int
        Length of each dimension.
    dtype : str
        Type of the values, as numpy names it.
    channels : tuple of int
        Channels that the model got.
    scale, translate : tuple of float
        Size of a pixel, and place of the first one, along each axis but C.
    units : tuple of str
        Their units.
    """

    file: FileRecord
    axes: str
    shape: tuple[int, ...]
    dtype: str
    channels: tuple[int, ...]
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    given_axes: str | None = None
    series: int | str | None = None

    def __post_init__(self) -> None:
        if len(self.axes) != len(self.shape):
            raise ValueError("axes and shape of the image are of different length")

    @property
    def label_axes(self) -> str:
        """Letters of the axes of labels: all but the channels."""
        return self.axes.replace("C", "")

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Lengths of :attr:`label_axes`."""
        pairs = zip(self.axes, self.shape, strict=True)
        return tuple(size for axis, size in pairs if axis != "C")


@dataclass(frozen=True, slots=True)
class LearnedRecord:
    """Differences of weights that a model learned.

    Parameters
    ----------
    hash : str
        :func:`napari_sam.learning.keep.delta_hash`.
    objects : int
        Accepted objects that it was learned from.
    quick : bool
        Whether the image encoder is as it was.
    file : FileRecord or None
        Its file, if it is too large for `content`.
    content : str or None
        Its file in base64.
    """

    hash: str
    objects: int
    quick: bool
    file: FileRecord | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The model, and how it computed.

    Parameters
    ----------
    name : str
        Name of the model.
    weights : str
        :func:`napari_sam.weights.load.weights_hash` of the model before it learned.
    precision : str
        Arithmetic of the image encoder: ``fp32`` or ``bf16``.
    device : str
        Kind of processor: ``cpu``, ``cuda`` or ``mps``.
    tile_size : int
        Side of a tile, data pixels.
    closer : bool
        Whether the built-in model looked again at small and at large objects.
    rounded : bool
        Whether embeddings were rounded to a byte per value for a cache, which moves single pixels.
    file : FileRecord or None
        Its file of weights, if it was given as a file.
    learned : LearnedRecord or None
        What the model had learned.
    """

    name: str
    weights: str
    precision: str
    device: str
    tile_size: int
    closer: bool = True
    rounded: bool = True
    file: FileRecord | None = None
    learned: LearnedRecord | None = None


@dataclass(frozen=True, slots=True)
class ContrastRecord:
    """Values of the image to the brightness that the model saw.

    Parameters
    ----------
    limits : tuple of pair of float
        For each channel, the values shown black and white.
    colours : tuple of tuple of float
        Red, green and blue of each channel, 0 to 1; empty for grey, red and green, or RGB.
    automatic : bool or None
        Whether the limits were chosen from the image; None if that is not known.
    """

    limits: tuple[tuple[float, float], ...]
    colours: tuple[tuple[float, float, float], ...] = ()
    automatic: bool | None = None
