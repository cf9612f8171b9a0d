"""Giving way: encoding is given up between two layers, in its own thread alone."""

from threading import Thread

import pytest
import torch

from napari_sam.model.giving_way import GaveWay, giving_way
from napari_sam.model.sam import Sam


def picture(model: Sam) -> torch.Tensor:
    side = model.config.image_size
    return torch.zeros(1, 3, side, side)


def test_encoding_is_given_up_at_the_next_layer_and_works_again(tiny_model: Sam) -> None:
    asked: list[bool] = []

    def wanted() -> bool:
        asked.append(True)
        return len(asked) == 5

    image = picture(tiny_model)
    with pytest.raises(GaveWay), giving_way(tiny_model.image_encoder, wanted):
        tiny_model.encode_image(image)
    assert len(asked) == 5
    expected = tiny_model.encode_image(image).image_embedding
    with giving_way(tiny_model.image_encoder, lambda: False):
        found = tiny_model.encode_image(image).image_embedding
    assert torch.equal(found, expected)
    assert len(asked) == 5  # nobody is asked any more


def test_another_thread_is_left_alone(tiny_model: Sam) -> None:
    found: list[torch.Tensor] = []
    image = picture(tiny_model)
    with giving_way(tiny_model.image_encoder, lambda: True):
        other = Thread(target=lambda: found.append(tiny_model.encode_image(image).image_embedding))
        other.start()
        other.join()
    assert len(found) == 1
