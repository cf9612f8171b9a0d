"""Windows of a lesson show its objects whole and turned, and invent no label."""

import numpy as np
import pytest
import torch

from napari_sam.learning.cut_windows import cut_windows
from tests.learning.rings import rings
from tests.learning.test_gather import lesson_of, session_of


@pytest.mark.parametrize("seed", range(6))
def test_windows_have_an_object_and_its_pixels(seed: int) -> None:
    image, truth = rings()
    lesson = lesson_of(np.where(truth <= 5, truth, 0), session_of(image))
    cut = cut_windows(lesson, np.random.default_rng(seed))
    windows, rgb = cut.windows, cut.windows.rgb
    assert rgb.shape == (2, 3, 192, 192)
    assert 0 <= float(rgb.min()) <= float(rgb.max()) <= 255
    assert bool((windows.labels > 0).flatten(1).any(1).all())
    assert bool(cut.known[windows.labels > 0].all())
    assert int(windows.labels.max()) <= 5
    counts = torch.stack([torch.bincount(each.flatten(), minlength=9) for each in windows.labels])
    shared = min(counts.shape[1], windows.areas.shape[1])
    assert torch.equal(counts[:, 1:shared].int(), windows.areas[:, 1:shared])


def test_the_same_seed_cuts_the_same_windows() -> None:
    image, truth = rings()
    lesson = lesson_of(np.where(truth <= 5, truth, 0), session_of(image))
    first, second, other = (cut_windows(lesson, np.random.default_rng(n)) for n in (3, 3, 4))
    assert torch.equal(first.windows.rgb, second.windows.rgb)
    assert not torch.equal(first.windows.rgb, other.windows.rgb)


def test_an_object_larger_than_a_window_is_reduced() -> None:
    labels = np.zeros((700, 700), np.uint32)
    labels[20:680, 20:640] = 1
    labels[2:6, 2:690] = 2
    labels[690:694, 2:690] = 3
    lesson = lesson_of(labels, session_of(labels.astype(np.uint8) * 60))
    cut = cut_windows(lesson, np.random.default_rng(0))
    assert cut.windows.rgb.shape == (1, 3, 288, 288)
    assert bool((cut.windows.labels > 0).any())
