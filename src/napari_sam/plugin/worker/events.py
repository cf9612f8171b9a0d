"""Events: what the worker tells the GUI thread; no Qt, no napari."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane
from napari_sam.labels.tracks import Tracks
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size
from napari_sam.measure.measurements import Measurements
from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid

if TYPE_CHECKING:
    from napari_sam.model.sam import Sam
    from napari_sam.plugin.image.image_source import ImageSource


class Question(NamedTuple):
    """Prompts of one object on one plane, to be answered by the model with a mask.

    Parameters
    ----------
    prompts : sequence of Prompt
        Points, boxes and masks.
    key : tuple
        Equal for equal prompts; comes back with the answer.
    size : Size
        Which of the objects that the first click may mean.
    """

    prompts: Sequence[Prompt]
    key: tuple[object, ...]
    size: Size = Size.BEST


PlaneQuestions = Mapping[Plane, Mapping[int, Question]]
"""Questions by plane and number of the object."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work is."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Downloading:
    """How far the download of a model is, in MB; no `total` if nobody knows it."""

    name: str
    done: int
    total: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ModelReady:
    """The model is loaded."""

    name: str
    device: str
    model: "Sam"


@dataclass(frozen=True, slots=True)
class Answer:
    """The mask of an object on one plane, for the prompts that `key` stands for.

    `number` says which of the objects under way.
    """

    plane: Plane
    key: tuple[object, ...]
    mask: Mask
    number: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What following the object says of one plane; no mask if it is not there.

    Parameters
    ----------
    plane : tuple of int
        Which.
    mask : Mask, optional
        The object on it.
    ended : str
        Why it was not followed any further here; empty if it was.
    disagreement : float
        From 0 to 1, how much what was seen from both sides differs.
    """

    plane: Plane
    mask: Mask | None
    ended: str = ""
    disagreement: float = 0.0


class Found(NamedTuple):
    """How sure the model is of an object, from 0 to 1, and where the object lies in its plane."""

    score: float
    bbox: BBox


@dataclass(frozen=True, slots=True, eq=False)
class PlaneObjects:
    """Objects of one plane; `numbers` are ``(h, w)`` uint32, 1 to n, 0 for background.

    If `linked`, they mean the same objects on all planes. What is known of each is in `found`.
    """

    plane: Plane
    bbox: BBox
    numbers: NDArray[np.uint32]
    linked: bool = False
    found: Mapping[int, Found] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """Where all labels are through time."""

    tracks: Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """How large, where and how bright all labels are."""

    table: Measurements


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What an object would be on one plane with another click."""

    mask: Mask


@dataclass(frozen=True, slots=True, eq=False)
class PickedUp:
    """Where a label is that was picked up, by plane."""

    label: int
    masks: Mapping[Plane, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """Tiles in which clicks are answered at once.

    Parameters
    ----------
    source : ImageSource
        The image as the model saw it.
    grid : TileGrid
        Of the tiles.
    tiles : tuple of Tile
        Which.
    all_there_are : bool
        Whether others are not ready any more.
    """

    source: "ImageSource"
    grid: TileGrid
    tiles: tuple[Tile, ...]
    all_there_are: bool = False


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong without stopping the work."""

    text: str


Event = (
    Progress
    | Downloading
    | ModelReady
    | Answer
    | Followed
    | PlaneObjects
    | Tracked
    | Measured
    | PickedUp
    | Glimpse
    | Ready
    | Warned
)
