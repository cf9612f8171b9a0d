"""Colours: the colormap of the dock's Labels layers."""

from collections.abc import Sequence

from napari.utils.colormaps import CyclicLabelColormap


def colours_in_turn(colours: Sequence[str]) -> CyclicLabelColormap:
    """Colormap with the first colour for 1, the second for 2, and so on; 0 is transparent.

    After the last colour the first comes again. Drawing is as quick as with napari's own colours;
    for a mapping from labels to colours napari compiles a dictionary first, for some seconds.

    Parameters
    ----------
    colours : sequence of str
        Names or ``#rrggbb``.
    """
    return CyclicLabelColormap(colors=["transparent", *colours])
