"""Encodings of place: values that sam2 1.1.0 gives."""

import pytest
import torch

from napari_sam.model.positions import sine_grid

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("grid", "dim", "expected"),
    [
        # channels 0, 1, 2, 127, 128, 129, 130, 255 of row 1, column 2
        (
            (64, 64),
            256,
            [0.19509, 0.980785, 0.169214, 1.0, 0.290285, 0.95694, 0.252291, 1.0],
        ),
        (
            (32, 48),
            256,
            [0.382683, 0.92388, 0.333547, 1.0, 0.382683, 0.92388, 0.333547, 1.0],
        ),
    ],
)
def test_sines_are_those_of_sam2(grid: tuple[int, int], dim: int, expected: list[float]) -> None:
    place = sine_grid(*grid, dim, CPU).view(*grid, dim)[1, 2]
    found = place[[0, 1, 2, 127, 128, 129, 130, 255]]
    torch.testing.assert_close(found, torch.tensor(expected), atol=2e-6, rtol=0)


def test_sines_can_be_used_in_training_after_inference() -> None:
    with torch.inference_mode():
        place = sine_grid(4, 6, 8, CPU)
    weight = torch.ones(8, requires_grad=True)
    (sine_grid(4, 6, 8, CPU) * weight).sum().backward()
    torch.testing.assert_close(weight.grad, place.sum(0))
