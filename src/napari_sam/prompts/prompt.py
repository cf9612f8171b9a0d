"""Prompts: points, boxes and masks of an object, in data coordinates."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_sam.errors import PromptError
from napari_sam.image.volume import Plane, Volume
from napari_sam.tiles.bbox import BBox

BACKGROUND, FOREGROUND = 0, 1


@dataclass(frozen=True, slots=True)
class PointPrompt:
    """A click.

    Parameters
    ----------
    position : tuple of float
        ``(*plane, y, x)`` data coordinates, integers at pixel centres.
    label : int
        1 foreground, 0 background.
    """

    position: tuple[float, ...]
    label: int = FOREGROUND

    @property
    def plane(self) -> Plane:
        """Index of the leading axes."""
        return _plane(self.position)

    @property
    def is_foreground(self) -> bool:
        """Whether the click is on the object."""
        return self.label == FOREGROUND

    @property
    def bbox(self) -> BBox:
        """The clicked pixel, ``(y0, x0, y1, x1)``, data pixels, the ends excluded."""
        y, x = (_nearest(v) for v in self.position[-2:])
        return y, x, y + 1, x + 1


@dataclass(frozen=True, slots=True)
class BoxPrompt:
    """A box around the object.

    Parameters
    ----------
    start, stop : tuple of float
        Two opposite corners, ``(*plane, y, x)`` data coordinates.
    """

    start: tuple[float, ...]
    stop: tuple[float, ...]

    @property
    def plane(self) -> Plane:
        """Index of the leading axes."""
        return _plane(self.start)

    @property
    def is_foreground(self) -> bool:
        """True: a box is always around the object."""
        return True

    @property
    def corners(self) -> NDArray[np.float64]:
        """``(2, 2)`` float64, yx, data coordinates: smallest y and x, then largest y and x."""
        yx = np.array([self.start[-2:], self.stop[-2:]], float)
        return np.stack([yx.min(axis=0), yx.max(axis=0)])

    @property
    def bbox(self) -> BBox:
        """Pixels that the box touches, ``(y0, x0, y1, x1)``, the ends excluded."""
        (y0, x0), (y1, x1) = self.corners
        return _nearest(y0), _nearest(x0), _nearest(y1) + 1, _nearest(x1) + 1


@dataclass(frozen=True, slots=True, eq=False)
class MaskPrompt:
    """A rough mask of the object, which the model corrects.

    Parameters
    ----------
    plane : tuple of int
        Index of the leading axes.
    y0, x0 : int
        First pixel of `pixels`, data coordinates.
    pixels : ndarray
        ``(h, w)`` bool.
    """

    plane: Plane
    y0: int
    x0: int
    pixels: NDArray[np.bool_]

    @property
    def is_foreground(self) -> bool:
        """True: a mask is always of the object."""
        return True

    @property
    def bbox(self) -> BBox:
        """Box of `pixels`, ``(y0, x0, y1, x1)``, data pixels, the ends excluded."""
        h, w = self.pixels.shape
        return self.y0, self.x0, self.y0 + h, self.x0 + w


Prompt = PointPrompt | BoxPrompt | MaskPrompt


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Prompts of several objects, on any planes of an image.

    Parameters
    ----------
    objects : mapping of int to tuple of Prompt
        Object id to its prompts.
    parents : mapping of int to int
        Object id of a daughter to that of its mother, for cells that divide.
    """

    objects: Mapping[int, tuple[Prompt, ...]]
    parents: Mapping[int, int] = field(default_factory=dict)

    def of(self, object_id: int) -> tuple[Prompt, ...]:
        """Prompts of an object; an empty tuple for an unknown object."""
        return self.objects.get(object_id, ())

    def planes(self) -> tuple[Plane, ...]:
        """Planes with prompts, sorted."""
        return tuple(sorted({prompt.plane for prompt in self._prompts()}))

    def on_plane(self, plane: Plane) -> "PromptSet":
        """The prompts on a plane; without objects that have no prompt there."""
        on_plane = {i: tuple(p for p in ps if p.plane == plane) for i, ps in self.objects.items()}
        return PromptSet({i: prompts for i, prompts in on_plane.items() if prompts})

    def check(self, volume: Volume) -> None:
        """Check that each object has prompts that describe an object inside the image.

        Parameters
        ----------
        volume : Volume
            The image.

        Raises
        ------
        PromptError
            If a prompt lies outside or is malformed, or an object has no foreground prompt; the
            message names the prompt and a remedy.
        """
        for prompt in self._prompts():
            _check_prompt(prompt, volume)
        for object_id, prompts in self.objects.items():
            if not any(prompt.is_foreground for prompt in prompts):
                fault = "only background points" if prompts else "no prompts"
                raise PromptError(
                    f"object {object_id} has {fault}: add a foreground point or a box on the object"
                )

    def _prompts(self) -> Iterator[Prompt]:
        for prompts in self.objects.values():
            yield from prompts


def _nearest(value: float) -> int:
    """Index of the pixel around a coordinate; a border between pixels belongs to the next pixel."""
    return math.floor(value + 0.5)


def _plane(position: tuple[float, ...]) -> Plane:
    return tuple(_nearest(v) for v in position[:-2])


def _check_prompt(prompt: Prompt, volume: Volume) -> None:
    if isinstance(prompt, MaskPrompt):
        _check_mask(prompt, volume)
        return
    if isinstance(prompt, PointPrompt):
        _check_inside("point", prompt.position, volume)
        if prompt.label not in (BACKGROUND, FOREGROUND):
            raise PromptError(
                f"a point has the label {prompt.label}: use 1 for the object, 0 for background"
            )
        return
    _check_inside("box corner", prompt.start, volume, outside_plane=True)
    _check_inside("box corner", prompt.stop, volume, outside_plane=True)
    if _plane(prompt.start) != _plane(prompt.stop):
        raise PromptError(f"box {prompt.start} - {prompt.stop} spans planes: draw it on one plane")
    (y0, x0), (y1, x1) = prompt.corners
    if y0 == y1 or x0 == x1:
        raise PromptError(f"box {prompt.start} - {prompt.stop} has no area: give opposite corners")
    by0, bx0, by1, bx1 = prompt.bbox
    if by1 <= 0 or bx1 <= 0 or by0 >= volume.height or bx0 >= volume.width:
        raise PromptError(f"box {prompt.start} - {prompt.stop} lies outside {_extent(volume)}")


def _check_inside(
    kind: str, position: tuple[float, ...], volume: Volume, outside_plane: bool = False
) -> None:
    shape = volume.label_shape
    if len(position) != len(shape):
        raise PromptError(
            f"{kind} {position} has {len(position)} coordinates: this image takes "
            f"{len(shape)}, ({', '.join(volume.label_axes.lower())})"
            f"{_without_channel(position, volume)}"
        )
    if not all(math.isfinite(v) for v in position):
        raise PromptError(f"{kind} {position} is not a place: give finite coordinates")
    limits = zip(position, shape, strict=True)
    inside = [0 <= _nearest(v) < size for v, size in limits]
    if not all(inside[: -2 if outside_plane else None]):
        raise PromptError(f"{kind} {position} lies outside {_extent(volume)}")


def _without_channel(position: tuple[float, ...], volume: Volume) -> str:
    """Advice on a position of a layer of napari with channels."""
    if "C" not in volume.axes or len(position) != len(volume.axes):
        return ""
    return f"; leave out the channel, which is axis-{volume.axes.index('C')}"


def _check_mask(prompt: MaskPrompt, volume: Volume) -> None:
    if prompt.pixels.ndim != 2:
        raise PromptError(
            f"a mask prompt has {prompt.pixels.ndim} dimensions: give the rows and columns of one "
            "plane"
        )
    y0, x0, y1, x1 = prompt.bbox
    planes = volume.plane_shape
    on_plane = len(prompt.plane) == len(planes) and all(
        0 <= i < size for i, size in zip(prompt.plane, planes, strict=True)
    )
    if not (on_plane and 0 <= y0 <= y1 <= volume.height and 0 <= x0 <= x1 <= volume.width):
        raise PromptError(f"mask at {prompt.plane}, {prompt.bbox} lies outside {_extent(volume)}")
    if not prompt.pixels.any():
        raise PromptError("the mask prompt is empty: draw it on the object")


def _extent(volume: Volume) -> str:
    sizes = zip(volume.label_axes.lower(), volume.label_shape, strict=True)
    return "the image (" + ", ".join(f"{axis} 0 to {size - 1}" for axis, size in sizes) + ")"
