"""CurrentImage: the Image layer in use, and the last look at the layer."""

from napari.layers import Image

from napari_sam.image.volume import Plane

from .image_source import ImageSource


class CurrentImage:
    """The Image layer in use, shared by prompts, preview and labels.

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
        """Unique id of the layer, noted in the metadata of layers of the dock."""
        return str(self.layer.unique_id)

    def plane_at(self, world: tuple[float, ...]) -> Plane:
        """Index of the plane at a position in the world, without channels."""
        return self.source.to_plane(self.layer.world_to_data(world))
