"""Own layers: names and visibility of the dock's layers where several images are used; no Qt."""

import re
from collections.abc import Iterable, Mapping

from napari.layers import Image, Layer

from .conventions import IMAGE_KEY, LABELS, ORIGINAL_KEY, POINTS, ROLE_KEY, SHAPES

_STAY = (POINTS, SHAPES, LABELS)
"""Roles of layers that stay in the viewer when another image is used."""

_HIDDEN_KEY = "napari-sam-hidden"
"""Key in the metadata of a layer that was hidden with its image, and not by the user."""


def layers_by_image(layers: Iterable[Layer]) -> dict[str, list[Layer]]:
    """Prompt and Labels layers of the dock, by the unique id of their image."""
    by_image: dict[str, list[Layer]] = {}
    for layer in layers:
        is_copy = layer.metadata.get(ORIGINAL_KEY, str(layer.unique_id)) != str(layer.unique_id)
        if layer.metadata.get(ROLE_KEY) in _STAY and IMAGE_KEY in layer.metadata and not is_copy:
            by_image.setdefault(layer.metadata[IMAGE_KEY], []).append(layer)
    return by_image


def is_helper(layer: Layer) -> bool:
    """Whether the dock made a layer, other than one with accepted objects."""
    role = layer.metadata.get(ROLE_KEY)
    return role != LABELS and (role is not None or IMAGE_KEY in layer.metadata)


def name_layers(layers: Iterable[Layer]) -> None:
    """Name layers of several images after their images: ``SAM labels (cells)``.

    Of a single image they are called ``SAM labels``, as scripts expect. Names that the user gave,
    and names of layers whose image is gone, stay as they are.
    """
    every = list(layers)
    images = {str(each.unique_id): each.name for each in every if isinstance(each, Image)}
    by_image = layers_by_image(every)
    for key, of_image in by_image.items():
        for layer in of_image:
            role = layer.metadata[ROLE_KEY]
            name = f"{role} ({images.get(key)})" if len(by_image) > 1 else role
            if key in images and _given_here(layer.name, role) and not _is_named(layer, name):
                layer.name = name


def show_with_images(layers: Iterable[Layer], visible: Mapping[str, bool]) -> None:
    """Hide the layers of images that are not seen, and show them again with their image.

    Parameters
    ----------
    layers : iterable of Layer
        Layers of the viewer.
    visible : mapping of str to bool
        By unique id of an image, whether it is seen or in use. Layers of other images stay as they
        are; so do layers that the user has hidden.
    """
    for key, of_image in layers_by_image(layers).items():
        for layer in of_image:
            if visible.get(key) is False and layer.visible:
                layer.metadata[_HIDDEN_KEY] = True
                layer.visible = False
            elif visible.get(key) and layer.metadata.pop(_HIDDEN_KEY, False):
                layer.visible = True


def _given_here(name: str, role: str) -> bool:
    return re.fullmatch(rf"{re.escape(role)}( \(.*\))?( \[\d+\])?", name) is not None


def _is_named(layer: Layer, name: str) -> bool:
    """Whether a layer has a name, perhaps with a number that napari has put behind it."""
    return re.fullmatch(rf"{re.escape(name)}( \[\d+\])?", layer.name) is not None
