"""Project files: labels inside of another program's own format, which are to be exported first."""

from pathlib import Path

from napari_sam.errors import LabelError

_ADVICE = {
    "_seg.npy": "is a project of Cellpose, a Python pickle that may run any program when it is "
    "opened: in Cellpose, choose File > Save masks as PNG/tif",
    ".h5": "is HDF5, which is not read: in ilastik, export Object Identities as tif",
    ".hdf5": "is HDF5, which is not read: in ilastik, export Object Identities as tif",
    ".ilp": "is a project of ilastik: in ilastik, export Object Identities as tif",
    ".qpdata": "is the data file of QuPath: in QuPath, choose File > Export objects as GeoJSON",
}
"""Ending of a name -> what the file is, and what to do."""


def refuse_project(path: Path) -> None:
    """Raise a LabelError with the way to export labels, if a file is a project."""
    for ending, advice in _ADVICE.items():
        if path.name.lower().endswith(ending) and path.exists():
            raise LabelError(f"{path} {advice}")
