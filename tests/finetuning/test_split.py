"""Images to learn from and images kept apart: never the same one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.errors import LearningError
from napari_sam.finetuning.labelled_plane import LabelledPlane, labelled_plane
from napari_sam.finetuning.split import split


def squares(image: int, count: int) -> LabelledPlane:
    labels = np.zeros((8, 10 * max(count, 1)), int)
    for number in range(count):
        labels[1:6, 10 * number + 1 : 10 * number + 6] = 7 * number + 2
    rgb = np.zeros((*labels.shape, 3), np.uint8)
    return labelled_plane(f"{image}.tif", image, rgb, labels)


@given(
    images=st.lists(st.integers(0, 6), min_size=4, max_size=20).filter(lambda i: len(set(i)) > 1),
    apart=st.floats(0, 0.9),
)
def test_an_image_is_on_one_side(images: list[int], apart: float) -> None:
    planes = [squares(image, 3) for image in images]
    made = split(planes, apart)
    sides = [{plane.image for plane in side} for side in (made.learned, made.apart)]
    assert not made.by_object
    assert all(sides)
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == set(images)
    assert len(made.learned) + len(made.apart) == len(planes)
    assert made.learned == split(planes, apart).learned


def test_images_for_tests_are_kept_apart() -> None:
    planes = [squares(image, 3) for image in range(5)]
    made = split(planes, 0.2, tests=(1, 3))
    assert [plane.image for plane in made.apart] == [1, 3]
    assert [plane.image for plane in made.learned] == [0, 2, 4]


@pytest.mark.parametrize("counts", [(2, 4), (1,), (3,), (2, 1)])
def test_too_few_objects_are_said(counts: tuple[int, ...]) -> None:
    planes = [squares(image, count) for image, count in enumerate(counts)]
    if counts == (2, 4):  # whichever is kept apart
        kept = {image: split(planes, tests=(image,)) for image in (0,)}
        assert kept[0].objects == 4
        return
    with pytest.raises(LearningError, match="objects are too few to learn from: label at least 3"):
        split(planes)


def test_the_middle_of_the_objects_is_inside_the_plane() -> None:
    plane = squares(0, 30)
    rows, cols = plane.middle(40)
    assert plane.labels[rows, cols].shape == (8, 40)
    assert plane.labels[rows, cols].any()
