"""Size names: words for the sizes that a click may mean."""

from napari_sam.masks.prompted.size import Size

NAMES = {
    Size.BEST: "automatic",
    Size.SMALL: "small",
    Size.MEDIUM: "medium",
    Size.LARGE: "large",
}
"""Name of a size on the button, by size."""

MEANINGS = {
    Size.BEST: "what the model thinks best",
    Size.SMALL: "a small object, or a part of one",
    Size.MEDIUM: "an object of medium size",
    Size.LARGE: "a large object, or a cluster",
}
"""What a click of a size means, by size; the end of a sentence."""
