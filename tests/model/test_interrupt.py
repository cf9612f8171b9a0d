"""Interrupt an encoder between two layers, in one thread alone."""

from threading import Thread

import pytest
import torch

from napari_sam.model.interrupt import Interrupted, interruptible
from napari_sam.model.sam import Sam


def picture(model: Sam) -> torch.Tensor:
    side = model.config.image_size
    return torch.zeros(1, 3, side, side)


def test_an_encoder_stops_before_the_next_layer_and_works_again(tiny_model: Sam) -> None:
    calls: list[bool] = []

    def should_stop() -> bool:
        calls.append(True)
        return len(calls) == 5

    image = picture(tiny_model)
    with pytest.raises(Interrupted), interruptible(tiny_model.image_encoder, should_stop):
        tiny_model.encode_image(image)
    assert len(calls) == 5
    expected = tiny_model.encode_image(image).image_embedding
    with interruptible(tiny_model.image_encoder, lambda: False):
        found = tiny_model.encode_image(image).image_embedding
    assert torch.equal(found, expected)
    assert len(calls) == 5  # the hooks are gone


def test_another_thread_is_left_alone(tiny_model: Sam) -> None:
    found: list[torch.Tensor] = []
    image = picture(tiny_model)
    with interruptible(tiny_model.image_encoder, lambda: True):
        other = Thread(target=lambda: found.append(tiny_model.encode_image(image).image_embedding))
        other.start()
        other.join()
    assert len(found) == 1
