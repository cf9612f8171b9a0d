"""``napari-sam rerun``: results made again from their recipes."""
