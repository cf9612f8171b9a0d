"""Labels: edits that can be undone, painting of masks, and files."""

from napari_sam.labels.files.write import SUFFIXES, iter_write_labels, write_labels

from .edit import LabelEdit
from .paint import OverlapPolicy, next_free_label, paint

__all__ = [
    "SUFFIXES",
    "LabelEdit",
    "OverlapPolicy",
    "iter_write_labels",
    "next_free_label",
    "paint",
    "write_labels",
]
