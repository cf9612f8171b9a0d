"""Layout: the training data of a program, as files in a folder."""

from enum import StrEnum


class Layout(StrEnum):
    """Program, or format, whose training data a folder holds.

    ``coco`` has masks as run lengths, which are exact, holes included; ``coco-polygons`` has
    polygons, for programs that read nothing else.
    """

    COCO = "coco"
    COCO_POLYGONS = "coco-polygons"
    YOLO = "yolo"
    CELLPOSE = "cellpose"
    STARDIST = "stardist"
