"""Images: what the microscope gave us."""

from .calibration import Calibration
from .intensity import IntensityMapping, contrast_mapping
from .volume import Volume

# Reading files is in napari_sam.image.read alone: zarr and tifffile take a second to import.
__all__ = ["Calibration", "IntensityMapping", "Volume", "contrast_mapping"]
