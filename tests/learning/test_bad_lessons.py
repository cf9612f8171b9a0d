"""Lessons that teach little, or contradict themselves, end well: with a finite result or a line."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from napari_sam import Session
from napari_sam.errors import LearningError
from napari_sam.learning import learn as learning
from napari_sam.learning.delta import Delta
from napari_sam.learning.gather import gather
from napari_sam.learning.teach import Course
from napari_sam.masks.mask import Mask
from napari_sam.weights.load import weights_hash
from tests.learning.rings import rings
from tests.tiny import tiny_sam

Case = tuple[np.ndarray, np.ndarray]
"""Image and labels."""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lessons of few steps, and the same weights of the model each time."""
    monkeypatch.setattr(learning, "QUICK", Course(3, 1e-2, quick=True))
    monkeypatch.setattr(learning, "FULL", Course(2, 1e-3, quick=False))
    torch.manual_seed(0)


def session_of(case: Case) -> Session:
    image, labels = case
    session = Session.open(image, model=tiny_sam(), cache_dir=False)
    session.labels = labels.astype(np.uint32)
    return session


def learned(session: Session, quick: bool) -> Delta:
    *_, last = session.learn(quick=quick)
    assert last.delta is not None
    return last.delta


def identical() -> Case:
    """One ring, five times, to the last pixel."""
    image, truth = rings()
    rows, cols = np.nonzero(truth == 1)
    cut = np.s_[rows.min() - 4 : rows.max() + 5, cols.min() - 4 : cols.max() + 5]
    height, width = truth[cut].shape
    tiled = np.tile(image[cut], (3, 3))
    labels = np.tile(truth[cut] == 1, (3, 3)).astype(np.uint32)
    numbers = np.arange(9).reshape(3, 3).repeat(height, 0).repeat(width, 1) + 1
    return tiled, np.where(numbers <= 5, labels * numbers, 0)


def one_grey() -> Case:
    """Objects on an image of a single value."""
    _, truth = rings()
    return np.full(truth.shape, 90, np.uint8), np.where(truth <= 5, truth, 0)


def background_too() -> Case:
    """The ground as one more object, as in labels that number it."""
    image, truth = rings()
    return image, np.where(truth == 0, 99, np.where(truth <= 5, truth, 0))


def whole_tile() -> Case:
    """An object of the whole tile but for a line at the side, with four others on it."""
    image, truth = rings()
    labels = np.where(truth <= 4, truth, 7)
    labels[:, -3:] = 0
    return image, labels


def contradicting() -> Case:
    """Whole discs, and on others only their rims."""
    image, truth = rings()
    rim = image < 110
    return image, np.where((truth <= 3) | ((truth <= 6) & rim), truth, 0) * (truth <= 6)


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize(
    "case",
    [identical, one_grey, background_too, whole_tile, contradicting],
    ids=lambda c: c.__name__,
)
def test_the_result_is_finite_and_no_worse_on_what_was_held_back(
    case: Callable[[], Case], quick: bool
) -> None:
    session = session_of(case())
    delta = learned(session, quick)
    assert all(np.isfinite(tensor).all() for tensor in delta.tensors.values())
    assert delta.origin.after > delta.origin.before or (
        delta.is_empty and delta.origin.after == delta.origin.before
    )
    session.use(delta)
    assert (weights_hash(session.model) == delta.origin.base) is delta.is_empty


def test_background_alone_is_too_little() -> None:
    image, truth = rings()
    with pytest.raises(LearningError, match=r"^1 accepted objects are too few"):
        learned(session_of((image, truth == 0)), quick=True)


def test_an_object_of_three_pixels_changes_nothing_of_a_lesson() -> None:
    image, truth = rings()
    labels = np.where(truth <= 4, truth, 0)
    session = session_of((image, labels))
    lesson = gather(session.encoder, labels, session.tiles())
    labels[300, 300:303] = 5
    crumb = gather(session.encoder, labels, session.tiles())
    assert crumb.objects == lesson.objects == 4
    np.testing.assert_array_equal(crumb.pages[0].labels, lesson.pages[0].labels)


def test_an_accepted_object_that_was_dropped_before_stays_an_object() -> None:
    image, truth = rings()
    labels = np.where(truth <= 4, truth, 0)
    session = session_of((image, labels))
    rows, cols = np.nonzero(labels == 2)
    box = (rows.min(), cols.min(), rows.max() + 1, cols.max() + 1)
    inside = labels[box[0] : box[2], box[1] : box[3]] == 2
    refused = Mask((), box, inside, 0.9, 1.0)
    with_it = gather(session.encoder, labels, session.tiles(), dropped=[refused]).pages[0]
    without = gather(session.encoder, labels, session.tiles()).pages[0]
    np.testing.assert_array_equal(with_it.labels, without.labels)
    np.testing.assert_array_equal(with_it.known, without.known)


@pytest.mark.parametrize("quick", [True, False])
def test_the_same_lesson_gives_the_same_delta(quick: bool) -> None:
    image, truth = rings()
    case = image, np.where(truth <= 5, truth, 0)
    session = session_of(case)
    first = learned(session, quick)
    torch.manual_seed(7)  # other draws in the program change nothing
    again = learned(session, quick)
    assert first.origin == again.origin
    assert first.tensors.keys() == again.tensors.keys()
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(tensor, again.tensors[name])


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_lesson_and_changes_nothing(
    quick: bool, value: float
) -> None:
    image, truth = rings()
    session = session_of((image, np.where(truth <= 5, truth, 0)))
    model = session.model
    with torch.no_grad():
        model.mask_decoder.iou_token.weight.fill_(value)
    before = weights_hash(model)
    with pytest.raises(LearningError, match="no finite loss: nothing was learned") as raised:
        learned(session, quick)
    assert "\n" not in str(raised.value)
    assert session.model is model
    assert weights_hash(model) == before
