"""Colours of labels, the same in every file."""

import colorsys

# Share of the colour circle between the hues of successive labels: the golden section spreads
# any run of labels evenly.
_GOLDEN = 0.618033988749895


def label_color(label: int) -> tuple[int, int, int, int]:
    """Colour of a label, computed from its number alone.

    Parameters
    ----------
    label : int
        The label, from 1.

    Returns
    -------
    tuple of int
        Red, green, blue, alpha, 0 to 255.
    """
    saturation = (1.0, 0.75, 0.5)[label % 3]
    red, green, blue = colorsys.hsv_to_rgb(label * _GOLDEN % 1, saturation, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue), 255
