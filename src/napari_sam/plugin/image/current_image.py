"""CurrentImage: the Image layer in use, and how it looked last."""

from napari.layers import Image

from napari_sam.image.volume import Plane

from .image_source import ImageSource


class CurrentImage:
    """The Image layer in use, shared by all parts that work on it.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.
    source : ImageSource
        How the layer looked when it was read last; replaced before each question to the model.
    """

    def __init__(self, layer: Image, source: ImageSource) -> None:
        self.layer, self.source = layer, source

    @property
    def key(self) -> str:
        """The layer's unique id, as layers of the dock keep it in their metadata."""
        return str(self.layer.unique_id)

    def plane_at(self, world: tuple[float, ...]) -> Plane:
        """Index of the plane at a position in the world, channels left out."""
        return self.source.to_plane(self.layer.world_to_data(world))
