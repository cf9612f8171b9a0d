"""Images: files and arrays, read plane by plane and mapped to the RGB of a model."""

from .calibration import Calibration
from .intensity import IntensityMapping, contrast_mapping
from .volume import Volume

# read_image stays in napari_sam.image.read: to import zarr and tifffile takes a second.
__all__ = ["Calibration", "IntensityMapping", "Volume", "contrast_mapping"]
