"""Prompt layers: points and shapes to prompts, object by object and plane by plane; no Qt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from napari.layers import Image, Layer, Points, Shapes
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from napari_sam.image.volume import Plane
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.layers.conventions import BACKGROUND, LABEL, OBJECT, SCRIBBLES
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt
from napari_sam.prompts.scribble import along

Key = tuple[object, ...]

_ELLIPSE_CORNERS = 64
"""Corners of the polygon by which an ellipse is drawn into a mask."""

_SEVERAL_PLANES = "The shape lies in more than one slice: show y and x, and draw it in one slice."


@dataclass(slots=True)
class PlanePrompts:
    """Prompts on a plane, and a key to compare prompts by."""

    prompts: list[Prompt] = field(default_factory=list)
    key: list[Key] = field(default_factory=list)

    @property
    def positive(self) -> bool:
        """Whether a prompt lies on the object, besides background clicks."""
        return any(not isinstance(p, PointPrompt) or p.label for p in self.prompts)


@dataclass(slots=True)
class FoundPrompts:
    """Prompts from both layers, and unusable points and shapes.

    Parameters
    ----------
    objects : dict of int to dict of tuple to PlanePrompts
        Prompts by object number and plane, in the order of the layers.
    bad_points, bad_shapes : list of int
        Indices of unusable prompts in the layers.
    problems : list of str
        Why; one line each.
    """

    objects: dict[int, dict[Plane, PlanePrompts]] = field(default_factory=dict)
    bad_points: list[int] = field(default_factory=list)
    bad_shapes: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, number: int, plane: Plane, prompts: Iterable[Prompt], key: Key) -> None:
        """Add the prompts of a point or shape."""
        on_plane = self.objects.setdefault(number, {}).setdefault(plane, PlanePrompts())
        on_plane.prompts.extend(prompts)
        on_plane.key.append(key)


def read_prompts(
    source: ImageSource, image: Image, points: Points | None, shapes: Shapes | None
) -> FoundPrompts:
    """Prompts in the Points and Shapes layers.

    Parameters
    ----------
    source : ImageSource
        The image as it is now.
    image : napari.layers.Image
        The Image layer; positions go through the world, so that a moved layer means the visible
        place.
    points : napari.layers.Points or None
        With a feature ``label``, foreground or background, and maybe one ``object``.
    shapes : napari.layers.Shapes or None
        Rectangles are boxes; ellipses and polygons are boxes and masks; lines and paths are clicks
        along them, on the object or, as a feature ``label`` says, on the background.

    Returns
    -------
    FoundPrompts
    """
    result = FoundPrompts()
    numbers = object_numbers(points)
    for index, (position, label) in enumerate(_points(points)):
        place = _in_image(image, points, position[None])[0]
        if not _inside(source, place):
            result.bad_points.append(index)
            result.problems.append("The click lies outside of the image: click on the image.")
            continue
        plane = source.to_plane(place)
        prompt = PointPrompt((*plane, float(place[-2]), float(place[-1])), label)
        result.add(numbers[index], plane, [prompt], ("point", label, place.tobytes()))
    numbers = object_numbers(shapes)
    for index, (corners, kind, label) in enumerate(_shapes(shapes)):
        corners = _in_image(image, shapes, corners)
        if kind in SCRIBBLES:
            _read_scribble(result, source, index, numbers[index], corners, label)
        else:
            _read_shape(result, source, index, numbers[index], corners, kind)
    return result


def click_at(
    source: ImageSource, image: Image, world: Sequence[float], label: str
) -> PointPrompt | None:
    """Prompt for a click at a position in the world; None outside of the image."""
    place = np.asarray(image.world_to_data(world), float)
    if not _inside(source, place):
        return None
    at = (*source.to_plane(list(place)), float(place[-2]), float(place[-1]))
    return PointPrompt(at, int(label != BACKGROUND))


def object_numbers(layer: Points | Shapes | None) -> list[int]:
    """Object number of each point or shape; 1 without the feature."""
    if layer is None:
        return []
    if OBJECT not in layer.features:
        return [1] * len(layer.data)
    return [int(n) if n == n and n >= 1 else 1 for n in layer.features[OBJECT]]


def _points(layer: Points | None) -> Iterator[tuple[NDArray[np.float64], int]]:
    if layer is not None:
        yield from zip(np.asarray(layer.data, float), labels_of(layer), strict=True)


def _shapes(layer: Shapes | None) -> Iterator[tuple[NDArray[np.float64], str, int]]:
    if layer is not None:
        kinds = zip(layer.data, layer.shape_type, labels_of(layer), strict=True)
        for corners, kind, label in kinds:
            yield np.asarray(corners, float), str(kind), label


def labels_of(layer: Points | Shapes) -> list[int]:
    """1 for points and shapes on the object, 0 for background."""
    if LABEL not in layer.features:
        return [1] * len(layer.data)
    return [0 if label == BACKGROUND else 1 for label in layer.features[LABEL]]


def _in_image(image: Image, layer: Layer, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([image.world_to_data(layer.data_to_world(p)) for p in positions])


def _inside(source: ImageSource, place: NDArray[np.float64]) -> bool:
    shape = np.array(source.data.shape[: len(source.layer_axes)])
    pixel = np.floor(place + 0.5)
    return bool(np.all(pixel >= 0) and np.all(pixel < shape))


def _read_scribble(
    result: FoundPrompts,
    source: ImageSource,
    index: int,
    number: int,
    vertices: NDArray[np.float64],
    label: int,
) -> None:
    plane = source.to_plane(vertices[0])
    problem = None if _in_one_plane(source, vertices) else _SEVERAL_PLANES
    points = [
        PointPrompt((*plane, float(y), float(x)), label)
        for y, x in along(vertices[:, -2:])
        if _inside(source, np.append(vertices[0, :-2], (y, x)))
    ]
    if problem is None and not points:
        problem = "The scribble lies outside of the image: draw it on the image."
    if problem is not None:
        result.bad_shapes.append(index)
        result.problems.append(problem)
        return
    result.add(number, plane, points, ("scribble", label, vertices.tobytes()))


def _read_shape(
    result: FoundPrompts,
    source: ImageSource,
    index: int,
    number: int,
    corners: NDArray[np.float64],
    kind: str,
) -> None:
    height, width = source.plane_size
    plane = source.to_plane(corners[0])
    start = np.maximum(corners[:, -2:].min(axis=0), 0)
    stop = np.minimum(corners[:, -2:].max(axis=0), (height - 1, width - 1))
    problem = _problem(source, corners, bool(np.all(stop - start >= 1)))
    if problem is not None:
        result.bad_shapes.append(index)
        result.problems.append(problem)
        return
    prompts: list[Prompt] = [BoxPrompt((*plane, *map(float, start)), (*plane, *map(float, stop)))]
    outline = _outline(corners[:, -2:], kind)
    if outline is not None:
        y0, x0 = np.floor(start).astype(int)
        y1, x1 = np.ceil(stop).astype(int) + 1
        pixels = polygon2mask((y1 - y0, x1 - x0), outline - (y0, x0))
        if pixels.any():
            prompts.append(MaskPrompt(plane, int(y0), int(x0), pixels))
    result.add(number, plane, prompts, (kind, corners.tobytes()))


def _in_one_plane(source: ImageSource, corners: NDArray[np.float64]) -> bool:
    return len({source.to_plane(corner) for corner in corners}) == 1


def _problem(source: ImageSource, corners: NDArray[np.float64], has_area: bool) -> str | None:
    if not _in_one_plane(source, corners):
        return _SEVERAL_PLANES
    first = corners[0].copy()
    first[-2:] = 0
    if not has_area or not _inside(source, first):
        return "The box has no area in the image: draw it around an object."
    return None


def _outline(corners: NDArray[np.float64], kind: str) -> NDArray[np.float64] | None:
    """Outline of a shape, ``(N, 2)`` yx; None for a box along the axes."""
    if kind == "ellipse":
        centre, u, v = corners.mean(axis=0), corners[1] - corners[0], corners[3] - corners[0]
        angle = np.linspace(0, 2 * np.pi, _ELLIPSE_CORNERS, endpoint=False)[:, None]
        return np.asarray(centre + 0.5 * (np.cos(angle) * u + np.sin(angle) * v))
    edges = np.diff(corners, axis=0)
    upright = np.all(np.min(np.abs(edges), axis=1) < 1e-6 * (1 + np.abs(edges).max()))
    return None if kind == "rectangle" and upright else corners
