"""Demo: segment a real micrograph automatically and from prompts, save labels, draw a picture."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.data import immunohistochemistry

from napari_sam.labels.files.atomic import replacing, unwritable
from napari_sam.labels.files.inputs import Inputs
from napari_sam.model.sam import Sam
from napari_sam.prompts.prompt import PromptSet
from napari_sam.prompts.read_csv import read_prompts

from .demo_record import DemoRecord
from .errors import OutputError
from .overlay import draw_overlay
from .session import Session

DEMO_FILES = (
    "image.png",
    "points.csv",
    "boxes.csv",
    "automatic.ome.tif",
    "automatic.ome.zarr",
    "prompted.ome.tif",
    "prompted.ome.zarr",
    "overlay.png",
)
"""Names of the files that the demo writes, in this order."""

# clicks yx on well visible nuclei; object 6 touches another nucleus, so it gets a background
# click (label 0) there
_POINTS = """\
index,axis-0,axis-1,object,label
0,368,308,1,1
1,375,330,2,1
2,360,343,3,1
3,346,335,4,1
4,425,172,5,1
5,426,211,6,1
6,437,224,6,0
"""
_BOXES = """\
index,shape-type,vertex-index,axis-0,axis-1,object
0,rectangle,0,338,259,7
0,rectangle,1,338,276,7
0,rectangle,2,362,276,7
0,rectangle,3,362,259,7
1,rectangle,0,377,231,8
1,rectangle,1,377,245,8
1,rectangle,2,409,245,8
1,rectangle,3,409,231,8
"""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Summary of a demo, which ``napari-sam demo`` prints.

    Parameters
    ----------
    automatic, prompted : int
        Number of objects found without prompts, and from the clicks and boxes.
    seconds : float
        Wall time of :func:`run_demo`, the loading of the model included.
    model, device : str
        Name of the model, and the device it ran on, as torch names it.
    files : tuple of Path
        Written files: :data:`DEMO_FILES`.
    """

    automatic: int
    prompted: int
    seconds: float
    model: str
    device: str
    files: tuple[Path, ...]


def run_demo(
    folder: str | Path,
    *,
    model: str | Sam = "cells-tiny",
    device: str | None = None,
    precision: str | None = None,
    overwrite: bool = False,
    on_file: Callable[[Path], None] = lambda path: None,
) -> DemoResult:
    """Segment the immunohistochemistry image that scikit-image ships, without a download.

    Parameters
    ----------
    folder : str or Path
        Folder for the files; made if missing. Other files in it stay as they are.
    model : str or Sam
        Name of a model, path of a weights file, or a loaded model.
    device : str, optional
        Device for the model; the fastest by default.
    precision : {"fp32", "bf16", "auto"}, optional
        As for :meth:`Session.open <napari_sam.encoded_image.EncodedImage.open>`.
    overwrite : bool
        Whether the files of an earlier demo may be replaced; files of others never are.
    on_file : callable
        Called with the path of each file after it is written, for a progress bar.

    Returns
    -------
    DemoResult

    Raises
    ------
    OutputError
        If the folder cannot be made, or has files of these names and `overwrite` is False or an
        earlier demo did not write them, or one of them is the file of weights.
    ModelError
        If the model cannot be loaded.
    """
    started = perf_counter()
    paths = _checked_paths(Path(folder), model, overwrite=overwrite)
    on_file = _recorded(DemoRecord(Path(folder)), on_file)
    image = immunohistochemistry()
    session = Session.open(
        image, model=model, device=device, precision=precision, cache_dir=False
    )  # takes a second
    for path in _write_inputs(paths, image):
        on_file(path)
    prompts = read_prompts(paths["points.csv"], paths["boxes.csv"])
    automatic, prompted = _segment(session, prompts, paths, on_file)
    draw_overlay(paths["overlay.png"], image, automatic, prompted, prompts)
    on_file(paths["overlay.png"])
    return DemoResult(
        automatic=len(np.unique(automatic[automatic > 0])),
        prompted=len(np.unique(prompted[prompted > 0])),
        seconds=perf_counter() - started,
        model=session.model.config.name,
        device=session.device,
        files=tuple(paths.values()),
    )


def _checked_paths(folder: Path, model: str | Sam, *, overwrite: bool) -> dict[str, Path]:
    """Return the path of each file by name; raise OutputError if a file may not be replaced."""
    paths = {name: folder / name for name in DEMO_FILES}
    weights = [Path(model)] if isinstance(model, str) and Path(model).is_file() else []
    Inputs(dict.fromkeys(weights, "file of weights")).check(paths.values())
    existing = [path for path in paths.values() if os.path.lexists(path)]
    if existing and not overwrite:
        raise OutputError(
            f"{existing[0]} exists: choose another folder with --output, or add --overwrite"
        )
    DemoRecord(folder).check(existing)
    return paths


def _recorded(record: DemoRecord, on_file: Callable[[Path], None]) -> Callable[[Path], None]:
    """Call that notes a written file in the record first."""

    def note(path: Path) -> None:
        record.note(path)
        on_file(path)

    return note


def _write_inputs(paths: dict[str, Path], image: NDArray[np.uint8]) -> Iterator[Path]:
    """Write the image, clicks and boxes; yields each path."""
    contents = {"points.csv": _POINTS, "boxes.csv": _BOXES}
    folder = paths["image.png"].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(unwritable(folder, error)) from error
    with replacing(paths["image.png"]) as partial:
        Image.fromarray(image).save(partial, format="PNG")
    yield paths["image.png"]
    for name, text in contents.items():
        with replacing(paths[name]) as partial:
            partial.write_text(text, encoding="utf-8")
        yield paths[name]


def _segment(
    session: Session, prompts: PromptSet, paths: dict[str, Path], on_file: Callable[[Path], None]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Labels ``(y, x)`` of all objects, and of the prompted ones; both are saved."""
    automatic = _automatic(session)
    _save(session, paths, "automatic", on_file)
    session.labels[...] = 0
    prompted = _prompted(session, prompts)
    _save(session, paths, "prompted", on_file)
    return automatic, prompted


def _automatic(session: Session) -> NDArray[np.uint32]:
    """Segment all objects; returns a copy of the labels ``(y, x)``."""
    for _ in session.segment_everything():
        pass
    return np.array(session.labels, dtype=np.uint32)


def _prompted(session: Session, prompts: PromptSet) -> NDArray[np.uint32]:
    """Segment the prompted objects; returns a copy of the labels ``(y, x)``."""
    for number, mask in session.predict_objects(prompts.objects).items():
        if not mask.empty:
            session.commit(mask, label=number)
    return np.array(session.labels, dtype=np.uint32)


def _save(
    session: Session, paths: dict[str, Path], stem: str, on_file: Callable[[Path], None]
) -> None:
    """Save the labels as OME-TIFF and OME-Zarr under the name `stem`."""
    for suffix in (".ome.tif", ".ome.zarr"):
        path = paths[stem + suffix]
        session.save(path, overwrite=True, recipe=False)
        on_file(path)
