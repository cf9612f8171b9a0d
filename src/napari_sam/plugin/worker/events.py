"""Events: values from the worker to the GUI thread; no Qt, no napari."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_sam.image.volume import Plane
from napari_sam.labels.strokes.stroke_change import StrokeChange
from napari_sam.labels.tracks import Tracks
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.size import Size
from napari_sam.measure.measurements import Measurements
from napari_sam.prompts.prompt import Prompt
from napari_sam.tiles.bbox import BBox
from napari_sam.tiles.grid import Tile, TileGrid

from .objects_tracked import ObjectsTracked

if TYPE_CHECKING:
    from napari_sam.classify.predictions import ClassPredictions
    from napari_sam.journal.lesson_record import LessonRecord
    from napari_sam.model.sam import Sam
    from napari_sam.plugin.image.image_source import ImageSource


class Question(NamedTuple):
    """Prompts of an object on a plane, to be answered by the model with a mask.

    Parameters
    ----------
    prompts : sequence of Prompt
        Points, boxes and masks.
    key : tuple
        Equal for equal prompts; comes back with the answer.
    size : Size
        Size of the object meant by the first click.
    """

    prompts: Sequence[Prompt]
    key: tuple[object, ...]
    size: Size = Size.BEST


PlaneQuestions = Mapping[Plane, Mapping[int, Question]]
"""Questions by plane and number of the object."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job; a `total` of 0 for unknown."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Downloading:
    """Progress of a model's download, in MB; a `total` of 0 for unknown."""

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
class Trained:
    """A model was trained and stored under a name.

    Parameters
    ----------
    name : str
        Its name.
    text : str
        How good it is, a line for the user.
    page : Path
        Its page of results, HTML.
    """

    name: str
    text: str
    page: Path


@dataclass(frozen=True, slots=True)
class Answer:
    """Mask of an object on a plane, for the question with the same `key`.

    `number` is the number of the object under way.
    """

    plane: Plane
    key: tuple[object, ...]
    mask: Mask
    number: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Result of following on a plane; no mask if the object was not found.

    Parameters
    ----------
    plane : tuple of int
        Index of the plane.
    mask : Mask, optional
        The object on the plane; None if not found.
    ended : str
        Reason for the end of following on the plane; empty if following goes on.
    disagreement : float
        Disagreement of the masks followed from both sides, from 0 to 1.
    """

    plane: Plane
    mask: Mask | None
    ended: str = ""
    disagreement: float = 0.0


class Found(NamedTuple):
    """Confidence from 0 to 1 and bounding box of an automatically found object."""

    score: float
    bbox: BBox


@dataclass(frozen=True, slots=True, eq=False)
class PlaneObjects:
    """Objects of a plane; `numbers` are ``(h, w)`` uint32, 1 to n, 0 for background.

    `bbox` is the place of `numbers` in the plane, ``(y0, x0, y1, x1)``, data pixels. With `linked`,
    a number means the same object on all planes. `found` has score and box by number.
    """

    plane: Plane
    bbox: BBox
    numbers: NDArray[np.uint32]
    linked: bool = False
    found: Mapping[int, Found] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Proposed:
    """Proposed objects that are like the examples, with their similarity as confidence."""

    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """Tracks of all labels."""

    tracks: Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measurements of all labels."""

    table: Measurements


@dataclass(frozen=True, slots=True, eq=False)
class ClassesPredicted:
    """Classes of all objects, predicted from the objects with a given class."""

    predictions: "ClassPredictions"


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Mask of an object after a possible further click."""

    mask: Mask


@dataclass(frozen=True, slots=True, eq=False)
class PickedUp:
    """Masks of a picked up label, by plane."""

    label: int
    masks: Mapping[Plane, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class LabelBoxes:
    """Bounding boxes of a label on all of its planes."""

    label: int
    boxes: Mapping[Plane, BBox]


@dataclass(frozen=True, slots=True, eq=False)
class LabelsRead:
    """Labels of a file, as napari's tuple for a layer: data, attributes and type."""

    layer_data: tuple[Any, dict[str, Any], str]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedObjects:
    """Bounding boxes of loaded labels, by label and plane."""

    boxes: Mapping[int, Mapping[Plane, BBox]]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Agreement of the model with loaded labels, 0 to 1, by label."""

    agreements: Mapping[int, float]


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """Tiles with immediate answers to clicks.

    Parameters
    ----------
    source : ImageSource
        The image with the look shown to the model.
    grid : TileGrid
        Grid of the tiles.
    tiles : tuple of Tile
        The tiles.
    all_there_are : bool
        Whether all other tiles are not ready any more.
    """

    source: "ImageSource"
    grid: TileGrid
    tiles: tuple[Tile, ...]
    all_there_are: bool = False


@dataclass(frozen=True, slots=True)
class Learned:
    """Result of a lesson: None if nothing got better, or if there was a problem, in a line."""

    lesson: "LessonRecord | None"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """Mean IoU with an accepted object, of the model without and with the lesson."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Saved:
    """A model that has learned is in the folder of weights."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class StrokeRead:
    """Change of the labels by a stroke, or a line on why there is none."""

    change: StrokeChange | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Warning for the user; the work goes on."""

    text: str


Event = (
    Progress
    | Downloading
    | ModelReady
    | Trained
    | Answer
    | Followed
    | PlaneObjects
    | Proposed
    | Tracked
    | ObjectsTracked
    | Measured
    | ClassesPredicted
    | PickedUp
    | LabelBoxes
    | LabelsRead
    | LoadedObjects
    | Compared
    | Glimpse
    | Ready
    | Learned
    | Scored
    | Saved
    | StrokeRead
    | Warned
)
