"""Automatic contrast: limits from the content of an image, without its empty areas."""

from .automatic import AutomaticContrast, automatic_contrast, saturation

__all__ = ["AutomaticContrast", "automatic_contrast", "saturation"]
