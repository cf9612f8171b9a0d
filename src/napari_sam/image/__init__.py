"""Images: what the microscope gave us."""

from .intensity import IntensityMapping, contrast_mapping
from .read import read_image
from .volume import Volume

__all__ = ["IntensityMapping", "Volume", "contrast_mapping", "read_image"]
