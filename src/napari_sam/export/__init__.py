"""Export: images with labels as training data for other programs."""

from .layout import Layout
from .picture import Picture, pictures
from .write_folder import write_folder

__all__ = ["Layout", "Picture", "pictures", "write_folder"]
