"""Finish: store a fine-tuned model and its page of results."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_sam.evaluate.figures import Figures

from .fine_tune import FineTuned
from .results_page import About, write_results_page
from .split import Split
from .store_model import store_model

PAGE = "results.html"
"""Name of the page of results, in the folder of the model."""

_COMPARED = ("plane_ap50", "click_1_iou", "box_iou")
"""Figures of which a mean that falls is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A stored model.

    Parameters
    ----------
    name : str
        Name to load it by.
    weights, page : Path
        Its file, and its page of results.
    figures : tuple of dict
        Figures on the images kept apart, before and after.
    steps : int
        Steps that it learned.
    warnings : tuple of str
        A sentence if it did not get better.
    """

    name: str
    weights: Path
    page: Path
    figures: tuple[Figures, Figures]
    steps: int
    warnings: tuple[str, ...]


def finish(
    tuned: FineTuned,
    data: Split,
    about: About,
    base: str | Path | None,
    progress: Path,
    page: Path | None = None,
    overwrite: bool = False,
) -> Stored:
    """Store a fine-tuned model and its page of results; remove the progress file.

    Parameters
    ----------
    tuned : FineTuned
        Model with figures, from :func:`~napari_sam.finetuning.fine_tune.fine_tune`.
    data : Split
        Images that were learned and kept apart.
    about : About
        Name of the model, and more for the page.
    base : str, Path or None
        Name or file of the model that it was fine-tuned from; None for a model without a file.
    progress : Path
        File of the progress.
    page : Path, optional
        HTML file for the results; in the folder of the model by default.
    overwrite : bool
        Replace a model of the same name.

    Raises
    ------
    ModelError
        If the model cannot be stored: the progress stays.
    OutputError
        If the page cannot be written.
    """
    weights = store_model(tuned.model, base, about.name, overwrite)
    place = weights.with_name(PAGE) if page is None else page
    write_results_page(place, tuned, data, about)
    with suppress(OSError):
        progress.unlink(missing_ok=True)
        progress.parent.rmdir()
    figures = tuned.figures
    lines = () if got_better(*figures) else (_NOT_BETTER,)
    return Stored(about.name, weights, place, figures, len(tuned.losses), lines)


_NOT_BETTER = (
    "on the images kept apart the new model is not better than the old one: give more images, more "
    "minutes or --encoder, or go on with the old one"
)


def got_better(before: Figures, after: Figures) -> bool:
    """Whether the mean of automatic segmentation, clicks and boxes grew."""
    names = [name for name in _COMPARED if name in before and name in after]
    return sum(after[name] for name in names) > sum(before[name] for name in names)
