"""Conventions: names, metadata keys and colours of the layers that the dock adds."""

AXES_KEY = "napari-sam-axes"
"""Where a layer's metadata keeps the letters of its axes."""

IMAGE_KEY = "napari-sam-image"
"""Where a layer's metadata keeps which image it belongs to."""

ROLE_KEY = "napari-sam-role"
"""Where a layer's metadata keeps what it was made for, whatever it is called now."""

OBJECT = "object"
"""The feature of points and shapes that says which object they belong to: 1, 2, 3, ..."""

LABEL = "label"
"""The feature of points and shapes that says whether they are on the object or the background."""

FOREGROUND, BACKGROUND = "foreground", "background"

# Okabe and Ito's bluish green and vermillion: told apart also by red-green blind eyes, and the
# symbols differ besides.
COLOURS = {FOREGROUND: "#009e73", BACKGROUND: "#d55e00"}

SYMBOLS = {FOREGROUND: "disc", BACKGROUND: "x"}

# The first is seen on every image; the others are Okabe and Ito's.
PREVIEW_COLOURS = ("#ffe600", "#56b4e9", "#cc79a7", "#e69f00", "#8de28d", "#b39ddb", "#f28e8e")

HOVER_COLOURS = ("#ffffff", COLOURS[BACKGROUND])
"""Of what a click would add and take away; none of the objects' own."""

BOX_COLOUR = "#f0e442"

SCRIBBLES = ("line", "path")
"""Types of shapes that are clicks along them."""

JOURNAL_KEY = "napari-sam-journal"
"""Where a Labels layer's metadata keeps the path of its journal."""
