"""Steady corrections: a click changes the mask around it, and what was right elsewhere stays."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from napari_sam import Session
from napari_sam.masks.mask import Mask
from napari_sam.masks.prompted.correction import correction_by
from napari_sam.masks.prompted.steady import Step, correct_steadily
from napari_sam.masks.prompted.steps import Steps
from napari_sam.prompts.prompt import BoxPrompt, MaskPrompt, PointPrompt, Prompt
from napari_sam.weights.load import load_model

FIRST, END, BESIDE = PointPrompt((2.0, 5.0)), PointPrompt((2.0, 27.0), 0), PointPrompt((2.0, 9.0))
BOX = BoxPrompt((0.0, 0.0), (4.0, 39.0))


def bar(start: int, stop: int) -> Mask:
    """Rows 1 to 3, some columns."""
    return Mask((), (1, start, 4, stop), np.ones((3, stop - start), bool), 0.8, 3.0)


def correct(model: "Listener", objects: Mapping[int, tuple[Prompt, ...]]) -> dict[int, Mask]:
    return correct_steadily(model, objects, lambda prompts: None, lambda prompts, step: None)


class Listener:
    """Model that answers by the number of prompts that are no masks, and notes what it is asked."""

    def __init__(self, *answers: Mask) -> None:
        self.answers = answers
        self.asked: list[dict[int, tuple[Prompt, ...]]] = []

    def __call__(self, prompts: Mapping[int, tuple[Prompt, ...]]) -> dict[int, Mask]:
        self.asked.append(dict(prompts))
        counts = {
            i: sum(not isinstance(p, MaskPrompt) for p in of_object)
            for i, of_object in prompts.items()
        }
        return {i: self.answers[count - 1] for i, count in counts.items()}


def test_the_far_end_of_a_mask_survives_a_click_at_the_other() -> None:
    model = Listener(bar(0, 30), bar(5, 22), bar(0, 36))
    (mask,) = correct(model, {1: (FIRST, END)}).values()
    assert mask.bbox == (1, 0, 4, 24)  # within four pixels of the click
    assert model.asked == [{1: (FIRST,)}, {1: (FIRST, END)}]
    # the third click corrects what the user sees
    more = Listener(bar(0, 30), bar(5, 22), bar(0, 25))
    (mask,) = correct(more, {1: (FIRST, END, BESIDE)}).values()
    *clicks, seen = more.asked[2][1]
    assert clicks == [FIRST, END, BESIDE]
    assert isinstance(seen, MaskPrompt)
    assert seen.bbox == (1, 0, 4, 24)
    assert mask.bbox == (1, 0, 4, 25)


def test_an_answer_that_changes_little_or_everything_is_taken() -> None:
    for answer in (bar(0, 27), bar(0, 95)):
        model = Listener(bar(0, 30), answer)
        (mask,) = correct(model, {1: (FIRST, END)}).values()
        assert mask.bbox == answer.bbox


def test_objects_with_other_numbers_of_clicks_are_asked_together() -> None:
    model = Listener(bar(0, 30), bar(0, 29), bar(0, 28))
    masks = correct(model, {1: (FIRST, END), 2: (BOX, FIRST, END), 3: (FIRST, END, BESIDE)})
    assert [set(step) for step in model.asked] == [{1, 2, 3}, {1, 2, 3}, {2, 3}]
    assert model.asked[0][2] == (BOX,)
    assert {i: mask.bbox[3] for i, mask in masks.items()} == {1: 29, 2: 28, 3: 28}


def test_an_empty_mask_is_replaced_by_any_answer() -> None:
    empty = Mask((), (0, 0, 0, 0), np.zeros((0, 0), bool), 0.1, -3.0)
    (mask,) = correct(Listener(empty, bar(3, 9)), {1: (FIRST, BESIDE)}).values()
    assert mask.bbox == (1, 3, 4, 9)


def test_a_further_click_costs_one_answer() -> None:
    steps: dict[tuple[Prompt, ...], Step] = {}
    model = Listener(bar(0, 30), bar(5, 22), bar(0, 25))
    for prompts in ((FIRST, END), (FIRST, END, BESIDE)):
        (mask,) = correct_steadily(model, {1: prompts}, steps.get, steps.__setitem__).values()
    assert mask.bbox == (1, 0, 4, 25)
    assert len(model.asked) == 3
    # the last step is taken anew
    correct_steadily(model, {1: (FIRST, END, BESIDE)}, steps.get, steps.__setitem__)
    assert len(model.asked) == 4
    assert model.asked[3] == model.asked[2] != model.asked[1]


def touching_disks() -> np.ndarray:
    y, x = np.mgrid[:128, :160]
    image = np.full((128, 160), 40.0)
    for cy in range(16, 128, 30):
        for cx in range(16, 160, 31):
            image[np.hypot(y - cy, x - cx) < 15] = 150
    noise = np.random.default_rng(0).normal(0, 25, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_a_session_answers_as_if_asked_click_by_click() -> None:
    plain, steady = (load_model("cells-tiny", "cpu") for _ in range(2))
    plain.policy = replace(plain.policy, steady_corrections=False)
    steady.policy = replace(plain.policy, steady_corrections=True)
    models = (Session.open(touching_disks(), model=m, cache_dir=False) for m in (plain, steady))
    all_at_once, by_click = models
    clicks = [PointPrompt((40, 47)), PointPrompt((60, 62)), PointPrompt((46, 78), 0)]
    mask = all_at_once.predict_objects({1: clicks[:1]})[1]
    chosen: list[Prompt] = []
    for count in (2, 3):
        answer = all_at_once.predict_objects({1: [*clicks[:count], *chosen]})[1]
        correction = correction_by(clicks[count - 1], mask, answer)
        if correction.is_suspicious:
            answer = correction.near_only
            chosen = [MaskPrompt((), answer.bbox[0], answer.bbox[1], answer.pixels)]
        mask = answer
    assert chosen
    answer = by_click.predict_objects({1: clicks})[1]
    assert answer.bbox == mask.bbox
    assert (answer.pixels == mask.pixels).all()
    assert (by_click.predict_objects({1: clicks})[1].pixels == mask.pixels).all()
    other = all_at_once.predict_objects({1: clicks})[1]
    assert other.area != answer.area
    first = (s.predict_objects({1: clicks[:1]})[1] for s in (all_at_once, by_click))
    assert len({mask.pixels.tobytes() for mask in first}) == 1


def test_a_step_is_forgotten_with_its_image_and_its_weights() -> None:
    model = load_model("cells-tiny", "cpu")
    image = touching_disks()
    encoder = Session.open(image, model=model, cache_dir=False).encoder
    prompts, step = (PointPrompt((40, 47)),), Step(bar(0, 30))
    assert Steps(encoder).recall(prompts) is None
    Steps(encoder).remember(prompts, step)
    assert encoder.calls == 0  # nothing is encoded for the memory
    assert Steps(encoder).recall(prompts) is None
    encoder.get(encoder.grid.tile((), 0, 0))
    Steps(encoder).remember(prompts, step)
    assert Steps(encoder).recall(prompts) is step
    assert Steps(encoder).recall((PointPrompt((40, 48)),)) is None
    other = Session.open(image[:, ::-1].copy(), model=model, cache_dir=False).encoder
    assert Steps(other).recall(prompts) is None
    with torch.no_grad():
        next(model.mask_decoder.parameters()).mul_(1.01)
    assert Steps(encoder).recall(prompts) is None
    Steps(encoder).remember(prompts, step)
    image[30:60, 30:60] = 0
    assert Steps(encoder).recall(prompts) is None
