"""Record: fields of a recipe, a JSON object beside or inside a result."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .inputs import ContrastRecord, FileRecord, ImageRecord, LearnedRecord, ModelRecord

FORMAT = "napari-sam recipe"
"""Value of ``format`` in a recipe."""

VERSION = "1.0"
"""Version of the fields. A new optional field increases the second number; a field that is taken
away, or means something else, the first."""


class Command(StrEnum):
    """Kind of work that a recipe describes."""

    SEGMENT = "segment"
    PAINT = "paint"
    MEASURE = "measure"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """Options of a segmentation: all of them, also those that were left at their defaults.

    Parameters
    ----------
    points, boxes : FileRecord or None
        Tables of prompts, with their text; without both, all objects were looked for.
    propagate, link : bool
        Whether objects were followed from plane to plane: those of the prompts, or all.
    along : str or None
        Letter of the axis that was given for it.
    track : bool
        Whether all objects were numbered through time.
    skip_empty : bool
        Whether tiles of background alone were left out.
    ome_zarr_version : str or None
        Version of OME-Zarr that was asked for.
    """

    points: FileRecord | None = None
    boxes: FileRecord | None = None
    propagate: bool = False
    link: bool = False
    along: str | None = None
    track: bool = False
    skip_empty: bool = True
    ome_zarr_version: str | None = None


@dataclass(frozen=True, slots=True)
class PaintRecord:
    """Labels as a journal: the objects that were accepted and painted, one after the other.

    Parameters
    ----------
    axes : str
        Letter for each dimension of the labels that the journal is about.
    shape : tuple of int
        Their lengths.
    entries : tuple of dict
        Lines of a journal that stand, in order: see :class:`napari_sam.journal.entry.Entry`.
    classes : dict or None
        Classes of the objects.
    ask : bool
        Whether the prompts were given to the model again, instead of painting the pixels.
    learned : tuple of LearnedRecord
        What models had learned that answered, for `ask`.
    complete : bool
        Whether the entries make all of the labels; False if labels were there before.
    ome_zarr_version : str or None
        Version of OME-Zarr that was asked for.
    """

    axes: str
    shape: tuple[int, ...]
    entries: tuple[dict[str, Any], ...]
    classes: dict[str, Any] | None = None
    ask: bool = False
    learned: tuple[LearnedRecord, ...] = ()
    complete: bool = True
    ome_zarr_version: str | None = None


@dataclass(frozen=True, slots=True)
class MeasureRecord:
    """Options of measurements of labels.

    Parameters
    ----------
    labels : FileRecord
        The labels.
    shape, texture : bool
        Whether shapes and neighbours, and textures were measured.
    contrast : tuple of float or None
        Intensities of the lowest and highest grey level of textures, if they were given.
    axes : str or None
        Letters that were given for the dimensions of the image, or of labels without an image.
    series : str, int or None
        The image in a file that holds several.
    classes : FileRecord or None
        Table of classes beside the labels.
    """

    labels: FileRecord
    shape: bool = True
    texture: bool = False
    contrast: tuple[float, float] | None = None
    axes: str | None = None
    series: int | str | None = None
    classes: FileRecord | None = None


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """Options of an export of training data.

    Parameters
    ----------
    images : FileRecord
        The image, or the folder of images; its digest is empty for a folder.
    labels : FileRecord or None
        Labels that are elsewhere.
    files : tuple of FileRecord
        Each image and its labels, for comparison.
    layout : str
        Format of the data.
    apart : float
        Share of planes for validation.
    axes, channels, series
        As they were given.
    """

    images: FileRecord
    layout: str
    apart: float
    labels: FileRecord | None = None
    files: tuple[FileRecord, ...] = ()
    axes: str | None = None
    channels: tuple[int, ...] | None = None
    series: int | str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """Programs and machine that made a result.

    Parameters
    ----------
    versions : dict of str to str
        Version of each package, and of Python.
    platform : str
        Operating system and kind of processor.
    threads : int or None
        Threads of torch; None where no model was used.
    """

    versions: dict[str, str]
    platform: str
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that made a result: written beside or inside it, and read by ``napari-sam rerun``.

    Parameters
    ----------
    command : Command
        Kind of work; the field of that name has its options.
    environment : Environment
        Programs and machine.
    outputs : tuple of FileRecord
        The labels first; digests of labels are of their pixels.
    image, model, contrast
        None where the work needed none.
    segment, paint, measure, export
        Options; one of the four is there.
    format, version : str
        :data:`FORMAT` and :data:`VERSION`.

    Raises
    ------
    ValueError
        If the options of the command are missing, or an image or a model that it needs.
    """

    command: Command
    environment: Environment
    outputs: tuple[FileRecord, ...]
    image: ImageRecord | None = None
    model: ModelRecord | None = None
    contrast: ContrastRecord | None = None
    segment: SegmentRecord | None = None
    paint: PaintRecord | None = None
    measure: MeasureRecord | None = None
    export: ExportRecord | None = None
    format: str = FORMAT
    version: str = VERSION

    def __post_init__(self) -> None:
        if getattr(self, str(self.command)) is None:
            raise ValueError(f"the options of {self.command} are missing")
        if not self.outputs:
            raise ValueError("no output is named")
        asks = self.paint is not None and self.paint.ask
        if self.command is Command.SEGMENT or asks:
            for name in ("image", "model", "contrast"):
                if getattr(self, name) is None:
                    raise ValueError(f"the {name} is missing")
