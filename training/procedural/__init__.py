"""Procedural micrographs: synthetic training images of kinds that the real sets lack.

A layout (:mod:`.layouts`) draws a label map from outlines, and a look renders the image that a
microscope might take of it. Variety matters more than realism. The table of kinds is in
:mod:`.generate`.
"""

from .derived import derived
from .fields import Image, Labels
from .generate import GENERATORS, LOOKS, PAINTED_LOOKS, TEXTURES, Kind, Look, render
from .layouts import SIZE

__all__ = [
    "GENERATORS",
    "LOOKS",
    "PAINTED_LOOKS",
    "SIZE",
    "TEXTURES",
    "Image",
    "Kind",
    "Labels",
    "Look",
    "derived",
    "render",
]
