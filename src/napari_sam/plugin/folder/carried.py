"""Carried: contrast, colours and channels of an image, for the next image of a folder; no Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from napari.components import LayerList
from napari.layers import Image

from napari_sam.plugin.image.composite import Composite

Limits = tuple[float, float]

_ATTRIBUTES = ("colormap", "gamma", "opacity", "blending", "visible")
"""Attributes that the layer of the same channel has in the next image too."""


@dataclass(frozen=True, slots=True, eq=False)
class ChannelLook:
    """Look of a layer.

    Parameters
    ----------
    limits : (float, float) or None
        Contrast limits that the user chose; None for those that napari chose for the image.
    attributes : dict
        Values of the other attributes.
    """

    limits: Limits | None
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Look of all channels of an image, and which of them the model sees.

    Parameters
    ----------
    channels : tuple of ChannelLook
        By number of the channel.
    dtype : Any
        Type of the pixels: limits of another type mean nothing.
    is_rgb : bool
        Whether the pixels are colours.
    in_use : int
        Number of the channel that the user clicks in.
    beside : tuple of int
        Numbers of the channels that the model sees besides.
    """

    channels: tuple[ChannelLook, ...]
    dtype: Any
    is_rgb: bool
    in_use: int
    beside: tuple[int, ...]

    @classmethod
    def of(
        cls, layers: Sequence[Image], first: Sequence[Limits], in_use: int, beside: Sequence[int]
    ) -> "Carried":
        """Read the look of the layers of an image.

        Parameters
        ----------
        layers : sequence of napari.layers.Image
            One for each channel.
        first : sequence of (float, float)
            Contrast limits that napari chose when each was opened.
        in_use, beside
            See :class:`Carried`.
        """
        channels = tuple(
            ChannelLook(
                None if _limits(layer) == before else _limits(layer),
                {name: getattr(layer, name) for name in _ATTRIBUTES},
            )
            for layer, before in zip(layers, first, strict=True)
        )
        return cls(channels, layers[0].dtype, layers[0].rgb, in_use, tuple(beside))

    def apply(self, layers: Sequence[Image], composite: Composite) -> Image | None:
        """Give the layers of another image the look.

        Parameters
        ----------
        layers : sequence of napari.layers.Image
            Of the other image.
        composite : Composite
            Gets the channels that the model sees besides.

        Returns
        -------
        napari.layers.Image or None
            The layer to click in; None for an image of other channels, which stays as it is.
        """
        if len(layers) != len(self.channels) or layers[0].rgb != self.is_rgb:
            return None
        for layer, look in zip(layers, self.channels, strict=True):
            for name, value in look.attributes.items():
                setattr(layer, name, value)
            if look.limits is not None and layer.dtype == self.dtype:
                layer.contrast_limits = look.limits
        used = layers[self.in_use]
        for number in self.beside:
            composite.choose(used, str(layers[number].unique_id), True)
        return used


def seen_beside(
    layers: Sequence[Image], used: Image, composite: Composite, every: LayerList
) -> list[int]:
    """Numbers of the layers that the model sees besides the layer in use, out of those of a file.

    Parameters
    ----------
    layers : sequence of napari.layers.Image
        Of the file.
    used : napari.layers.Image
        The layer in use.
    composite : Composite
        Has the choice.
    every : LayerList
        All layers of the viewer.
    """
    visible = composite.layers_beside(used, every)
    return [number for number, layer in enumerate(layers) if layer in visible]


def first_limits(layers: Sequence[Image]) -> list[Limits]:
    """Contrast limits of layers that were just made."""
    return [_limits(layer) for layer in layers]


def _limits(layer: Image) -> Limits:
    low, high = layer.contrast_limits
    return float(low), float(high)
