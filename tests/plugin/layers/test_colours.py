"""Colours of the dock's Labels layers: each label its own, in turn, and nothing for 0."""

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.colormaps.standardize_color import transform_color

from napari_sam.plugin.layers.colours import colours_in_turn
from napari_sam.plugin.layers.conventions import HOVER_COLOURS, PREVIEW_COLOURS


def test_labels_are_drawn_in_the_colours_of_a_mapping_and_then_again_from_the_first() -> None:
    for colours in (PREVIEW_COLOURS, HOVER_COLOURS):
        names = {0: "transparent", None: "transparent"} | dict(enumerate(colours, 1))
        labels = np.arange(len(colours) + 1, dtype=np.uint8)
        expected = DirectLabelColormap(color_dict=names).map(labels)
        layer = Labels(labels[None], colormap=colours_in_turn(colours))
        np.testing.assert_allclose(layer.colormap.map(labels), expected, atol=1e-6)
        assert layer.get_color(0) is None
        first = transform_color(colours[0])[0]
        np.testing.assert_allclose(layer.get_color(len(colours) + 1), first, atol=1e-6)
