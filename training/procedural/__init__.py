"""Procedural micrographs for what the real sets lack.

A label map from :mod:`.shapes` is dressed in one of the looks: the image that a kind of microscope
would take of it. They are stand-ins: the variety matters more than the realism. The table of kinds
is in :mod:`.generate`.
"""

from .fields import Image, Labels
from .generate import (
    GENERATORS,
    LOOKS,
    procedural_image,
    procedural_images,
    procedural_set,
    render,
)
from .layouts import SIZE

__all__ = [
    "GENERATORS",
    "LOOKS",
    "SIZE",
    "Image",
    "Labels",
    "procedural_image",
    "procedural_images",
    "procedural_set",
    "render",
]
