"""Automatic contrast: limits from the content of an image, not from what is empty around it."""

from .automatic import AutomaticContrast, automatic_contrast, saturation

__all__ = ["AutomaticContrast", "automatic_contrast", "saturation"]
