"""DockState: the state by which the dock enables buttons and chooses its line; no Qt, no napari."""

from dataclasses import dataclass, field
from enum import Enum


class Receiver(Enum):
    """Owner of a click on the canvas."""

    PROMPTS = "prompts"
    """A prompt layer in the mode of the chosen tool."""
    CANVAS = "canvas"
    """The dock: the selected layer pans and zooms, or several layers are selected."""
    OTHER = "other"
    """Another layer, in a mode of its own such as paint, fill or select."""


class Tool(Enum):
    """Kind of prompt that the next press of the mouse makes."""

    CLICK = "click"
    BOX = "box"
    SCRIBBLE = "scribble"


class ModelState(Enum):
    """State of the model for clicks."""

    LOADING = "loading"
    READY = "ready"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Objects under way: those with prompts or masks that are not accepted.

    Parameters
    ----------
    numbers : tuple of int
        Numbers of the objects with prompts or masks.
    current : int
        Number of the object that new clicks belong to.
    pixels : int
        Pixels of the current object, on all of its planes; 0 while masks are to come.
    writable : int or None
        Pixels that get the label of the current object on acceptance, under the chosen overlap
        policy; None while masks are to come.
    slices : int
        Planes with a mask of the current object.
    here : bool
        Whether the shown plane is among these.
    waiting : bool
        Whether an answer of the model for the current object is to come.
    following : bool
        Whether the current object is being followed.
    followed : bool
        Whether the current object was followed to other planes.
    background_only : bool
        Whether all prompts of the current object are on the background.
    label : int
        The label that the current object was picked up from; 0 for a new object.
    acceptable : bool
        Whether at least one of the objects gets pixels on acceptance, or still may.
    refused : bool
        Whether the overlap policy forbids the current object.
    offer : str
        Line on the offered mask before the last click; empty without an offer.
    """

    numbers: tuple[int, ...] = ()
    current: int = 1
    pixels: int = 0
    writable: int | None = 0
    slices: int = 0
    here: bool = True
    waiting: bool = False
    following: bool = False
    followed: bool = False
    background_only: bool = False
    label: int = 0
    acceptable: bool = False
    refused: bool = False
    offer: str = ""

    @property
    def touched(self) -> bool:
        """Whether the current object has prompts or masks."""
        return self.current in self.numbers


@dataclass(frozen=True, slots=True)
class StrokeState:
    """The tool for strokes over labels.

    Parameters
    ----------
    armed : bool
        Whether the mouse draws strokes.
    drawing : bool
        Whether the button is held.
    is_waiting : bool
        Whether a drawn stroke is being read.
    is_ready : bool
        Whether a change is in the preview.
    line : str
        The change in the preview, or why the stroke changes nothing, without a full stop; empty for
        neither.
    """

    armed: bool = False
    drawing: bool = False
    is_waiting: bool = False
    is_ready: bool = False
    line: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is a stroke."""
        return self.drawing or self.is_waiting or bool(self.line)


@dataclass(frozen=True, slots=True)
class DockState:
    """State of the dock, read by :class:`~napari_sam.plugin.state_reader.StateReader`.

    Parameters
    ----------
    closed : bool
        Whether the dock is gone.
    images : bool
        Whether the viewer has an Image layer.
    image : str
        Name of the image in use; empty for none.
    image_hidden : bool
        Whether the image in use is not visible.
    hidden : tuple of str
        Names of the dock's layers that are not visible: preview and labels.
    obstacle : str
        Reason for ambiguous clicks, as a line; see :func:`~napari_sam.plugin.view.view.obstacle`.
    model : ModelState
        State of the model.
    tool : Tool
        The chosen tool.
    background : bool
        Whether the next click or scribble is background.
    drawing : bool
        Whether an outline is being drawn.
    picking : bool
        Whether the next click chooses a label to correct.
    stroke : StrokeState
        The tool for strokes over labels.
    receiver : Receiver
        Owner of a click on the canvas.
    active : str
        Name of the selected layer; empty for none or several.
    mode : str
        napari's mode of the selected layer.
    taken_keys : frozenset of str
        Keys of the dock that the selected layer needs itself, as in the table of actions.
    objects : UnderWay
        Objects under way.
    stack : bool
        Whether the image has planes to follow objects through.
    time : bool
        Whether one of these axes is time.
    review : str
        Label and score of the object under review; empty without such an object.
    rated, to_review : int
        Automatically found objects, and those of them that wait for review.
    working : bool
        Whether work runs that can be cancelled.
    undo, redo : str
        The action that undo takes back, and that redo does again; empty for none.
    undo_labels : bool
        Whether a change of the labels can be taken back.
    """

    closed: bool = False
    images: bool = True
    image: str = "cells"
    image_hidden: bool = False
    hidden: tuple[str, ...] = ()
    obstacle: str = ""
    model: ModelState = ModelState.READY
    tool: Tool = Tool.CLICK
    background: bool = False
    drawing: bool = False
    picking: bool = False
    stroke: StrokeState = field(default_factory=StrokeState)
    receiver: Receiver = Receiver.PROMPTS
    active: str = ""
    mode: str = ""
    taken_keys: frozenset[str] = frozenset()
    objects: UnderWay = field(default_factory=UnderWay)
    stack: bool = False
    time: bool = False
    review: str = ""
    rated: int = 0
    to_review: int = 0
    working: bool = False
    undo: str = ""
    redo: str = ""
    undo_labels: bool = False
