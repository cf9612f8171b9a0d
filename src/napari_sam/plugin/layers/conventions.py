"""Conventions: names, metadata keys and colours of the dock's layers."""

from napari.components import LayerList
from napari.layers import Layer

AXES_KEY = "napari-sam-axes"
"""Key of the letters of the axes in a layer's metadata."""

IMAGE_KEY = "napari-sam-image"
"""Key of the unique id of the image in a layer's metadata."""

FILE_KEY = "napari-sam-file"
"""Key of the path of the image's file in a Labels layer's metadata; missing without a file."""

ROLE_KEY = "napari-sam-role"
"""Key of the first name of a layer in the layer's metadata: the user may rename layers."""

POINTS, SHAPES, LABELS = "SAM points", "SAM boxes", "SAM labels"
"""Roles of the layers that stay when the dock goes on to another image, and their names as long as
it has used a single image; see :func:`~napari_sam.plugin.layers.own_layers.name_layers`."""

HELPER_KEY = "napari-sam-helper"
"""Key in the metadata of a layer that only shows something, with nothing of the user's to save."""

OBJECT = "object"
"""Feature of points and shapes with the number of their object: 1, 2, 3, ..."""

LABEL = "label"
"""Feature of points and shapes, :data:`FOREGROUND` or :data:`BACKGROUND`."""

FOREGROUND = "foreground"

BACKGROUND = "background"

# Okabe and Ito's bluish green and vermillion: told apart also by red-green blind eyes, and the
# symbols differ besides.
COLOURS = {FOREGROUND: "#009e73", BACKGROUND: "#d55e00"}

SYMBOLS = {FOREGROUND: "ring", BACKGROUND: "x"}
"""Symbols of clicks: the object is to be seen through both."""

# The first is seen on every image; the others are Okabe and Ito's.
PREVIEW_COLOURS = ("#ffe600", "#56b4e9", "#cc79a7", "#e69f00", "#8de28d", "#b39ddb", "#f28e8e")

HOVER_COLOURS = ("#ffffff", COLOURS[BACKGROUND])
"""Colours of pixels added and removed by a click; different from all colours of objects."""

BOX_COLOUR = "#f0e442"

SCRIBBLES = ("line", "path")
"""napari's types of shapes for clicks along a line."""

JOURNAL_KEY = "napari-sam-journal"
"""Key of the path of the journal in a Labels layer's metadata; a copy of the layer has it too, and
another journal."""

LESSON_KEY = "napari-sam-lesson"
"""Key of what the model learned from the labels, in a Labels layer's metadata."""

ORIGINAL_KEY = "napari-sam-layer"
"""Key of a layer's own unique id in its metadata: of a copy, it is the id of the original."""


def find_layer(
    layers: LayerList, image_key: str, ndim: int, role: str, shape: tuple[int, ...] | None = None
) -> Layer | None:
    """A layer of an earlier dock for the same image, to go on with.

    Parameters
    ----------
    layers : LayerList
        All layers of the viewer.
    image_key : str
        Unique id of the image.
    ndim : int
        Number of axes of the image.
    role : str
        The name under which the layer was made, for example ``"SAM points"``.
    shape : tuple of int, optional
        Shape that its data must have.

    Returns
    -------
    napari.layers.Layer or None
        None if there is none; a copy of such a layer, made in napari, is not one.
    """
    for layer in layers:
        if layer.metadata.get(ORIGINAL_KEY, str(layer.unique_id)) != str(layer.unique_id):
            continue
        belongs = layer.metadata.get(IMAGE_KEY) == image_key and layer.ndim == ndim
        made_for = layer.metadata.get(ROLE_KEY, layer.name)
        if not belongs or not made_for.startswith(role):
            continue
        if shape is None or tuple(layer.data.shape) == shape:
            return layer
    return None
