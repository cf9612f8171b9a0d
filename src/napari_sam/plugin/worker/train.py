"""Train: fine-tuning on images of the viewer, in a worker; no Qt, no napari."""

from collections.abc import Collection, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from napari_sam.errors import LearningError
from napari_sam.plugin.image.image_source import ImageSource
from napari_sam.plugin.image.session_input import mapping_of, volume_of
from napari_sam.plugin.settings import display_name

from .events import Event, Progress, Trained
from .learn import Accepted

if TYPE_CHECKING:
    from napari_sam.evaluate.figures import Figures
    from napari_sam.finetuning.fine_tune import FineTuned
    from napari_sam.finetuning.split import Split
    from napari_sam.model.sam import Sam

# torch and all that it brings are imported inside the functions: they take seconds, and this module
# is imported by the GUI thread.


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImage:
    """An image of the viewer with labels.

    Parameters
    ----------
    source : ImageSource
        The image as the model sees it.
    labels : array-like
        ``source.label_shape`` integers.
    unknown : collection of int
        Labels of objects that were found automatically and that nobody has looked at.
    """

    source: ImageSource
    labels: Any
    unknown: Collection[int] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TrainRequest:
    """Request of the dock for a model.

    Parameters
    ----------
    name : str
        Name of the new model.
    minutes : float
        Minutes of learning.
    images : tuple of LabelledImage
        Images to learn from and to judge by.
    model : str, Path or Sam
        The model to begin with.
    device : str or None
        Device; None for the fastest.
    stop : threading.Event
        Set by the dock: end after the present step, with the progress on disk.
    """

    name: str
    minutes: float
    images: tuple[LabelledImage, ...]
    model: "str | Path | Sam"
    device: str | None
    stop: Flag


def train(request: TrainRequest) -> Generator[Event, None, None]:
    """Fine-tune a model, and store it with its page of results.

    The whole built-in model learns, and of other models the decoder. What has no label may be
    anything.

    Yields
    ------
    Event
        :class:`Progress`; at the end :class:`Trained`, unless the dock wants it stopped.

    Raises
    ------
    NapariSamError
        If the name is taken, or there is too little to learn from.
    """
    from napari_sam.finetuning.fine_tune import fine_tune
    from napari_sam.finetuning.pixel_step import can_train_encoder
    from napari_sam.finetuning.schedule import Schedule
    from napari_sam.finetuning.store_model import progress_of
    from napari_sam.model.sam import Sam
    from napari_sam.weights.load import best_device, load_model

    yield Progress("Reading the labels")
    place = progress_of(request.name, overwrite=False)
    data = _split(request.images)
    model, device = request.model, request.device or best_device()
    model = model.to(device) if isinstance(model, Sam) else load_model(model, device, None)
    schedule = Schedule(can_train_encoder(model.config), minutes=request.minutes, partial=True)
    texts = {"learn": f"Training {request.name}", "judge": f"Judging {request.name}"}
    # with other labels than before, a training that was stopped begins anew
    with closing(fine_tune(model, data, schedule, place, overwrite=True)) as steps:
        for step in steps:
            if request.stop.is_set():
                return
            yield Progress(texts[step.stage], step.done, step.total)
            result = step.result
    assert result is not None  # the last step has it
    yield _store(request, result, data, schedule.text, place)


def _split(images: Collection[LabelledImage]) -> "Split":
    from napari_sam.evaluate.ground_truth import Sample
    from napari_sam.finetuning.labelled_plane import planes_of
    from napari_sam.finetuning.split import split

    planes = [
        plane
        for number, image in enumerate(images)
        for plane in planes_of(
            Sample(volume_of(image.source), Accepted(image.labels, image.unknown)),
            mapping_of(image.source),
            number,
            image.source.name,
        )
    ]
    if not planes:
        raise LearningError("there is no object to train on: accept objects, or use labels, first")
    return split(planes)


def _store(
    request: TrainRequest, result: "FineTuned", data: "Split", course: str, place: Path
) -> Trained:
    from napari_sam.finetuning.finish import finish
    from napari_sam.finetuning.results_page import About

    base = request.model if isinstance(request.model, str | Path) else None
    about = About(request.name, display_name(request.model), "Train on this project", course)
    stored = finish(result, data, about, base, place)
    return Trained(request.name, _line(stored.figures, data), stored.page)


def _line(figures: "tuple[Figures, Figures]", data: "Split") -> str:
    """How much better the model is, in a sentence."""
    before, after = figures
    on = "objects held back" if data.by_object else "images kept apart"
    return (
        f"Trained on {data.objects} objects. On {on}, one click: IoU {before['click_1_iou']:.2f} "
        f"→ {after['click_1_iou']:.2f}, a box: {before['box_iou']:.2f} → {after['box_iou']:.2f}. "
        "It is in the list of models."
    )
