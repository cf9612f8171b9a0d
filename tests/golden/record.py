"""Record what a model answers: once from its reference, in every test run from ours."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .generated import SHAPES, Case, Shapes, cases, excerpt, image, summary

FOLDER = Path(__file__).parent
Answers = dict[str, NDArray[np.float32]]


class Predictor(Protocol):
    """What a reference and our model have to offer for a recording."""

    def encode(self, rgb: NDArray[np.uint8]) -> Mapping[str, NDArray[np.floating]]:
        """Take an image ``(h, w, 3)`` and give its features, without the batch dimension.

        ``image_embedding`` ``(D, 64, 64)``, and for models that have them ``high_res_8``
        ``(D/4, 128, 128)`` and ``high_res_4`` ``(D/8, 256, 256)``.
        """
        ...

    def decode(self, case: Case, multimask_output: bool) -> Mapping[str, NDArray[np.floating]]:
        """Answer the prompts of a case on the image encoded last.

        ``low_res_logits`` ``(M, 256, 256)`` as the decoder gives them, not clipped;
        ``iou_predictions`` ``(M,)``; for models that have it ``object_score`` ``(1,)``;
        ``mask_logits`` ``(M, h, w)`` at the resolution of the image, before the threshold.
        """
        ...


def record(predictor: Predictor, shapes: Iterable[str] = SHAPES) -> Answers:
    """All answers of a model, as excerpts and summaries under readable names."""
    answers: Answers = {}
    for shape in shapes:
        keep(answers, shape, predictor.encode(image(shape)))
        for case in cases(shape):
            for multimask in (False, True):
                where = f"{shape}/{case.name}/{'three' if multimask else 'one'}"
                keep(answers, where, predictor.decode(case, multimask))
    return answers


def keep(answers: Answers, where: str, arrays: Mapping[str, NDArray[np.floating]]) -> None:
    for name, values in arrays.items():
        answers[f"{where}/{name}"] = excerpt(values, 8 if name.startswith("high_res") else 12)
        answers[f"{where}/{name}/summary"] = summary(values)


def save(name: str, shapes: Shapes, answers: Answers) -> None:
    """Write ``<name>.npz``: the answers, and the shapes that the weights are generated from."""
    table = json.dumps({key: list(shape) for key, shape in shapes.items()})
    np.savez_compressed(FOLDER / f"{name}.npz", shapes=np.array(table), **answers)  # type: ignore[arg-type]


def load(name: str) -> tuple[Shapes, Answers]:
    """Inverse of :func:`save`."""
    with np.load(FOLDER / f"{name}.npz") as file:
        answers = {key: file[key] for key in file.files if key != "shapes"}
        shapes = {key: tuple(shape) for key, shape in json.loads(str(file["shapes"])).items()}
    return shapes, answers


def difference(ours: Answers, reference: Answers, name: str) -> float:
    """Largest absolute difference of one array, relative to the reference's largest value."""
    largest = float(np.abs(reference[f"{name}/summary"][2:]).max())
    excerpts = float(np.abs(ours[name] - reference[name]).max())
    summaries = float(np.abs(ours[f"{name}/summary"] - reference[f"{name}/summary"]).max())
    return max(excerpts, summaries) / max(largest, 1e-12)
