"""Volumes without background are divided as a whole, and only these."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_sam import Session
from napari_sam.evaluate.matching import detect
from napari_sam.image.volume import Volume
from napari_sam.masks.packed.divide import divide, masks_of_plane
from napari_sam.masks.packed.packed import LARGEST_ZOOM, is_cubic, zoom_if_packed
from napari_sam.masks.packed.views import maps_of_views
from tests.masks.drawing import disc
from tests.propagation.drawing import balls, textured
from tests.tiny import tiny_sam

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]


def foam(side: int = 48, cells: int = 8) -> tuple[Bytes, Labels]:
    """A cube of cells with dark walls between them, and their labels from 1 on."""
    rng = np.random.default_rng(0)
    middles: list[NDArray[np.float64]] = []
    while len(middles) < cells:
        middle = rng.uniform(0, side, 3)
        apart = 0.8 * side / np.cbrt(cells)
        if all(np.linalg.norm(middle - other) > apart for other in middles):
            middles.append(middle)
    voxels = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), -1)
    distances = np.linalg.norm(voxels[..., None, :] - np.array(middles), axis=-1)
    nearest = np.sort(distances, -1)
    wall = np.exp(-(((nearest[..., 1] - nearest[..., 0]) / 2.5) ** 2))
    grain = rng.normal(0, 8, wall.shape) + gaussian_filter(rng.normal(0, 40, wall.shape), 2)
    image = gaussian_filter(170 - 120 * wall, 0.7) + grain
    return image.clip(0, 255).astype(np.uint8), distances.argmin(-1) + 1


def opened(image: Bytes, **options: object) -> Session:
    volume = Volume.from_array(image, axes="ZYX", **options)  # type: ignore[arg-type]
    return Session.open(volume, model="cells-tiny", cache_dir=False)


def zoom_of(session: Session, spacing: float = 1.0) -> float | None:
    return zoom_if_packed(session.encoder, list(session.volume.planes()), spacing)


def test_all_cells_of_a_packed_volume_are_found_and_undone_at_once() -> None:
    image, truth = foam()
    session = opened(image)
    session.commit(disc(8, 8, 3, (30,)), label=3)
    before = np.array(session.labels)
    steps = list(session.segment_stack())
    assert [step.done for step in steps] == list(range(1, steps[-1].total + 1))
    labels = np.asarray(session.labels).astype(int)
    np.testing.assert_array_equal(labels == 3, before == 3)
    assert sorted(set(np.unique(labels)) - {0}) == list(range(3, 12))
    labels[before > 0] = 0
    found = detect(truth, labels)
    assert found.ap50 == 1.0
    assert found.msa > 0.7
    session.undo()
    np.testing.assert_array_equal(session.labels, before)


def test_a_volume_is_divided_only_if_packed_and_cubic() -> None:
    image, _ = foam()
    assert zoom_of(opened(image)) == LARGEST_ZOOM
    assert zoom_of(opened(image), spacing=3.0) is None
    assert zoom_of(opened(image[::3])) is None  # planes 3 voxels apart, which nobody told
    assert zoom_of(opened(image[:12])) is None  # too thin
    assert zoom_of(opened(textured(balls()).repeat(2, axis=0))) is None  # background around
    square = Session.open(
        Volume.from_array(image, axes="ZYX"), model=tiny_sam(proposals=False), cache_dir=False
    )
    assert zoom_of(square) is None


def test_neighbouring_planes_of_cubic_voxels_are_as_alike_as_rows() -> None:
    image, _ = foam()
    for axis in range(3):
        volume = Volume.from_array(np.moveaxis(image, axis, 0), axes="ZYX")
        assert is_cubic(volume, list(volume.planes()))
    sparse = Volume.from_array(image[::4], axes="ZYX")
    assert not is_cubic(sparse, list(sparse.planes()))


def test_each_voxel_has_the_mean_of_its_three_views() -> None:
    session = opened(np.random.default_rng(1).integers(0, 255, (20, 24, 28), np.uint8))
    stack = np.stack([session.volume.read((z,), 0, 0, 24, 28) for z in range(20)])
    each = [maps.copy() for maps in maps_of_views(session.encoder, stack, 2.0)]
    assert len(each) == 20 + 24 + 28
    changed = [np.argwhere((b != a).any(axis=0)) for a, b in pairwise(each)]
    assert {tuple(np.unique(where[:, 0])) for where in changed[:19]} == {(z,) for z in range(1, 20)}
    assert set(changed[19][:, 1]) == {0}  # the first plane along y
    assert set(changed[-1][:, 2]) == {27}  # the last along x
    assert each[-1].min() >= 0
    assert each[-1].max() <= 1


@pytest.mark.parametrize(("saddle", "objects"), [(0.2, 2), (0.7, 1)])
def test_maxima_with_a_low_pass_between_them_are_two_objects(saddle: float, objects: int) -> None:
    centre = np.zeros((16, 16, 40), np.float32)
    centre[4:12, 4:12, 4:16] = centre[4:12, 4:12, 24:36] = 0.9
    centre[4:12, 4:12, 16:24] = saddle
    foreground = np.zeros_like(centre)
    foreground[2:14, 2:14, 2:38] = 1
    labels = divide(np.stack([centre, foreground]))
    np.testing.assert_array_equal(labels > 0, foreground > 0)
    assert set(np.unique(labels)) == set(range(objects + 1))
    if objects == 2:
        assert len(set(np.unique(labels[2:14, 2:14, :18])) - {0}) == 1


def test_specks_are_left_out_and_numbers_have_no_gaps() -> None:
    centre = np.zeros((12, 12, 40), np.float32)
    for x in (6, 20, 33):
        centre[3:9, 3:9, x - 3 : x + 3] = 1
    foreground = (centre > 0).astype(np.float32)
    foreground[:, :, 17:23] = 0
    foreground[5:8, 5:8, 19:22] = 1  # 27 voxels
    labels = divide(np.stack([centre, foreground]))
    assert np.unique(labels[:, :, :12]).tolist() == [0, 1]
    assert not labels[:, :, 15:25].any()
    assert np.unique(labels[:, :, 28:]).tolist() == [0, 2]


def test_masks_of_a_plane_are_its_labels() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[2:7, 3:9], labels[10:12, 20:29] = 4, 2
    masks = masks_of_plane(labels, (5,), [0.1, 0.2, 0.3, 0.4])
    assert sorted(masks) == [2, 4]
    assert masks[4].bbox == (2, 3, 7, 9)
    assert masks[2].area == 18
    assert masks[2].plane == (5,)
    assert [masks[2].iou, masks[4].iou] == [0.2, 0.4]
