"""Fine-tune: from labelled planes to a model and its figures, before and after."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from napari_sam.evaluate.figures import Figures, summarise
from napari_sam.learning.mix import mix
from napari_sam.model.sam import Sam
from napari_sam.weights.load import weights_hash

from .decoder_step import decoder_step
from .judge_planes import ONE_CLICK, Judged, judge_planes, to_judge
from .labelled_plane import LabelledPlane
from .optimise import Learned, optimise
from .pixel_step import pixel_step
from .progress_file import ProgressFile
from .schedule import Schedule
from .split import Split

MIXED = 0.6
"""Share of the learned weights in the model, beside the old ones. Wholly learned weights gain about
as much on images of the kind, and forget more of all others."""

STEPS_OF_TIME = 1000
"""Parts into which the bar of a course limited by time is divided."""


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """A fine-tuned model with its figures.

    Parameters
    ----------
    model : Sam
        The model, on the device of the one that learned.
    losses : tuple of float
        Loss of each step.
    planes : tuple of LabelledPlane
        Planes that were judged; none was learned.
    before, after : tuple of Judged
        Answers on each of them, of the model as it was and of the new one.
    """

    model: Sam
    losses: tuple[float, ...]
    planes: tuple[LabelledPlane, ...]
    before: tuple[Judged, ...]
    after: tuple[Judged, ...]

    @property
    def figures(self) -> tuple[Figures, Figures]:
        """Figures before and after, by name; see :func:`napari_sam.evaluate.figures.summarise`."""
        before, after = (
            summarise([each.outcome for each in judged], ONE_CLICK)
            for judged in (self.before, self.after)
        )
        return before, after


@dataclass(frozen=True, slots=True, eq=False)
class TuneStep:
    """Progress of :func:`fine_tune`.

    Parameters
    ----------
    stage : {"learn", "judge"}
        What is being done.
    done, total : int
        Parts of the stage.
    result : FineTuned or None
        With the last step.
    """

    stage: str
    done: int
    total: int
    result: FineTuned | None = None


def fine_tune(
    model: Sam, data: Split, schedule: Schedule, progress: Path, overwrite: bool = False
) -> Generator[TuneStep, None, None]:
    """Fine-tune a model, and judge it on the planes kept apart.

    Parameters
    ----------
    model : Sam
        The model, which stays as it is.
    data : Split
        From :func:`~napari_sam.finetuning.split.split`.
    schedule : Schedule
        Length and pace.
    progress : Path
        File in which the progress is kept, see
        :func:`~napari_sam.finetuning.store_model.progress_of`.
        :func:`~napari_sam.finetuning.finish.finish` removes it.
    overwrite : bool
        Whether the progress of another training under this name may be replaced.

    Yields
    ------
    TuneStep
        The last has the result. To stop, stop asking: the progress stays for the next call.

    Raises
    ------
    LearningError
        If the model cannot learn, a loss is not finite, or another training was stopped under
        this name.
    """
    model.eval()
    make = pixel_step if schedule.encoder else decoder_step
    step = make(data.learned, model, schedule.partial)
    file = ProgressFile(progress, key_of(model, data, schedule), overwrite)
    total = STEPS_OF_TIME if schedule.steps is None else schedule.steps
    state: Learned | None = None
    for state in optimise(model, step, schedule, file):
        yield TuneStep("learn", round(state.done * total), total)
    assert state is not None  # there is a state before the first step
    tuned = mix(model, state.learner, MIXED)
    planes = to_judge(data.apart)
    complete = not (data.by_object or schedule.partial)
    judged: list[list[Judged]] = []
    for number, each in enumerate((model, tuned)):
        judged.append([])
        for answers in judge_planes(each, planes, complete):
            judged[-1].append(answers)
            yield TuneStep("judge", number * len(planes) + len(judged[-1]), 2 * len(planes))
    before, after = map(tuple, judged)
    result = FineTuned(tuned, state.losses, planes, before, after)
    yield TuneStep("judge", 2 * len(planes), 2 * len(planes), result)


def key_of(model: Sam, data: Split, schedule: Schedule) -> str:
    """Hash of weights, pixels, labels and schedule, which decide the result of a course."""
    digest = hashlib.blake2b(f"{weights_hash(model)} {schedule}".encode(), digest_size=16)
    for plane in data.learned:
        for array in (plane.rgb, plane.labels):
            digest.update(f"{array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()
