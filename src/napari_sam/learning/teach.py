"""Teach: gradient steps on a copy of a model, from the objects of a lesson."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from napari_sam.embeddings.embedding import Embedding
from napari_sam.errors import LearningError
from napari_sam.model.config import PATCH
from napari_sam.model.features import ImageFeatures
from napari_sam.model.sam import Sam
from napari_sam.tiles.bbox import BBox

from .annotator import Annotator
from .batch import Batch
from .cut_windows import cut_windows
from .lesson import Lesson, Page
from .losses import partial_proposal_loss
from .low_rank import LowRank
from .one_thread import one_thread
from .prompts import draw_objects
from .targets import STRIDE, draw_targets
from .windows import Windows, inner_distance, normalise, without_small

PROMPTS = ({"point": 1.0}, {"box": 1.0}, {"box and point": 1.0})
"""Annotators of each step: kind of the first prompt -> probability."""

OBJECTS = 4
"""Prompted objects of a window, at most."""

DENSE_WEIGHT = 4.0
"""Weight of the proposal loss; the losses of prompts have weight 1."""

WARM_UP = 10
"""Steps in which the learning rate rises."""

QUICK_SIDE = 12
"""Side of the part of an embedding that a quick step decodes, in tokens of 16 pixels."""

GRID = 64
"""Side of the model's positional grid, in tokens: windows lie anywhere on it."""


@dataclass(frozen=True, slots=True)
class Course:
    """Length and pace of a lesson.

    Parameters
    ----------
    steps : int
        Gradient steps.
    learning_rate : float
        Of AdamW (arXiv:1711.05101), after the warm-up.
    quick : bool
        Whether only prompt encoder and decoder learn, from embeddings, by differences of a low
        rank of their matrices.
    seed : int
        Seed of windows and prompts: the same lesson gives the same weights on a machine.
    """

    steps: int
    learning_rate: float
    quick: bool
    seed: int = 0


QUICK = Course(60, 2e-3, quick=True)
FULL = Course(50, 3e-4, quick=False)

Step = Callable[[Sam, Generator], Tensor]
"""Loss of a step, from the model that learns."""


def teach(
    model: Sam, lesson: Lesson, course: Course, get: Callable[[Page], Embedding]
) -> Iterator[Sam]:
    """Let a copy of a model learn.

    Parameters
    ----------
    model : Sam
        The model, which stays as it is.
    lesson : Lesson
        Objects to learn.
    course : Course
        Length and pace.
    get : callable
        Embedding of the tile of a page under `model`, for a quick course.

    Yields
    ------
    Sam
        After each step, the same copy. Between two steps a caller may stop, or do other work.

    Raises
    ------
    LearningError
        If a loss is not finite.
    """
    learner = copy_of(model)
    low_rank = LowRank(_matrices_of_decoder(learner)) if course.quick else None
    parameters = list(learner.parameters()) if low_rank is None else low_rank.factors
    optimizer = torch.optim.AdamW(parameters, lr=course.learning_rate, weight_decay=0.0)
    loss_of = _quick_step(lesson, get) if course.quick else _full_step(lesson, model)
    for number in range(course.steps):
        for group in optimizer.param_groups:
            group["lr"] = course.learning_rate * pace(number, course.steps)
        with seeded([course.seed, number]) as rng, torch.enable_grad():
            loss = loss_of(learner, rng)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if low_rank is not None:
                low_rank.take_gradients()
            norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            if not bool(loss.isfinite() & norm.isfinite()):
                raise LearningError("the lesson had no finite loss: nothing was learned from it")
            optimizer.step()
            if low_rank is not None:
                low_rank.update()
        yield learner


_TURN = Lock()
"""Held while torch's random numbers are drawn: in a step, and as a copy is built."""


@contextmanager
def seeded(seed: list[int]) -> Iterator[Generator]:
    """A generator of numpy, with torch's own seeded alike, on one thread.

    Two threads wait longer for each other than a step of this small model takes. Steps of a lesson
    and of a training in another worker take turns, since torch has one generator for all threads.
    """
    rng = np.random.default_rng(seed)
    with _TURN, one_thread():
        state = torch.get_rng_state()
        torch.manual_seed(int(rng.integers(2**62)))
        try:
            yield rng
        finally:
            torch.set_rng_state(state)


def copy_of(model: Sam) -> Sam:
    """A trainable copy with its own weights."""
    with _TURN:  # a new model draws its first weights, which are replaced below
        copy = Sam(model.config, model.policy).to(model.device)
    copy.load_state_dict(model.state_dict())
    return copy


def _matrices_of_decoder(learner: Sam) -> list[torch.nn.Parameter]:
    """Matrices and kernels of prompt encoder and decoder; all other weights are frozen."""
    learner.requires_grad_(False)
    parts = learner.prompt_encoder, learner.prompt_maps, learner.mask_decoder
    weights = (w for part in parts if part is not None for w in part.parameters())
    return [weight for weight in weights if weight.ndim > 1]


def pace(step: int, steps: int) -> float:
    """Factor of the learning rate: linear warm-up, then cosine to 0."""
    return min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))


# --- the whole model, from pixels -------------------------------------------------------------


def _full_step(lesson: Lesson, before: Sam) -> Step:
    def loss(learner: Sam, rng: Generator) -> Tensor:
        with torch.no_grad():
            cut = cut_windows(lesson, rng)
            windows = cut.windows
            image = normalise(learner.config, windows.rgb).to(learner.device)
            free = GRID - image.shape[-1] // PATCH
            offset = int(rng.integers(free + 1)), int(rng.integers(free + 1))
            batch = batch_of(windows, offset)
            old = before.image_encoder(image, offset).proposals
        features = learner.image_encoder(image, offset)
        if features.proposals is None or old is None:
            raise LearningError(
                f"{learner.config.name} has no proposals to teach: choose cells-tiny"
            )
        known = functional.avg_pool2d(cut.known.float(), STRIDE) > 0.99
        dense = partial_proposal_loss(features.proposals, old, batch.targets, known)
        return prompted_loss(learner, batch, features, rng) + DENSE_WEIGHT * dense

    return loss


# --- the decoder, from embeddings -------------------------------------------------------------


def _quick_step(lesson: Lesson, get: Callable[[Page], Embedding]) -> Step:
    objects = [(page, number) for page in lesson.pages for number in range(len(page.boxes))]

    def loss(learner: Sam, rng: Generator) -> Tensor:
        page, number = objects[int(rng.integers(len(objects)))]
        with torch.no_grad():
            embedding = get(page)
            part = embedding.window(_tokens(page, number, embedding))
            windows = _windows_of(page, part)
            if not bool((windows.areas > 0).any()):
                return torch.zeros((), requires_grad=True)
            batch = batch_of(windows, part.offset)
        # views of inference tensors cannot take part in gradients; copies can
        features = ImageFeatures(
            part.features.image_embedding.clone(),
            tuple(each.clone() for each in part.features.high_res_features),
        )
        return prompted_loss(learner, batch, features, rng)

    return loss


def _tokens(page: Page, number: int, embedding: Embedding) -> BBox:
    """Part of a tile around a whole object, in tokens."""
    rows, cols = embedding.features.image_embedding.shape[-2:]
    y0, x0, y1, x1 = page.boxes[number]
    tokens = []
    for low, high, start, first, most in (
        (y0, y1, page.bbox[0], page.tile.y0, rows),
        (x0, x1, page.bbox[1], page.tile.x0, cols),
    ):
        low, high = low + start - first, high + start - first
        side = min(most, max(QUICK_SIDE, math.ceil((high - low) / PATCH) + 4))
        begin = round((low + high) / 2 / PATCH - side / 2)
        begin = min(max(begin, 0), most - side)
        tokens += [begin, begin + side]
    top, bottom, left, right = tokens
    return top, left, bottom, right


def _windows_of(page: Page, part: Embedding) -> Windows:
    """The objects of a page in a part of its tile; the pixels beyond the tile are background."""
    h, w = (n * PATCH for n in part.features.image_embedding.shape[-2:])
    numbers = np.zeros((h, w), np.int64)
    y, x = part.tile.y0 - page.bbox[0], part.tile.x0 - page.bbox[1]
    rows, cols = slice(max(y, 0), y + part.tile.height), slice(max(x, 0), x + part.tile.width)
    cut = page.labels[rows, cols]
    top, left = rows.start - y, cols.start - x
    numbers[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    labels, areas = without_small(torch.from_numpy(numbers[None]), len(page.boxes) + 1)
    depth = torch.from_numpy(inner_distance(numbers))[None] * (labels > 0)
    empty = torch.zeros_like(labels, dtype=torch.bool)
    return Windows(torch.zeros(1, 3, 1, 1), labels, empty, depth, areas)


# --- both -------------------------------------------------------------------------------------


def batch_of(windows: Windows, offset: tuple[int, int], background_share: float = 0.0) -> Batch:
    """Draw the objects and targets of windows; `background_share` as in :func:`draw_objects`."""
    objects = draw_objects(windows, OBJECTS, background_share)
    return Batch(windows.rgb, offset, objects, draw_targets(windows))


def prompted_loss(learner: Sam, batch: Batch, features: ImageFeatures, rng: Generator) -> Tensor:
    """Mean loss of the answers to a click, a box, and both."""
    annotators = [Annotator(batch, kinds, rng) for kinds in PROMPTS]
    losses = [user.answer(learner, features, all_masks=True) for user in annotators]
    return torch.stack(losses).mean()
