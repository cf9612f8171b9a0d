"""Images: what the microscope gave us."""

from .intensity import IntensityMapping, contrast_mapping
from .volume import Volume

# Reading files is in napari_sam.image.read alone: zarr and tifffile take a second to import.
__all__ = ["IntensityMapping", "Volume", "contrast_mapping"]
