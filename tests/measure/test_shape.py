"""Shapes and intensities are scikit-image's, contacts are those of a plain count."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.draw import disk, ellipsoid
from skimage.measure import regionprops, regionprops_table

from napari_sam.cli.app import run
from napari_sam.image.volume import Volume
from napari_sam.labels import blocks
from napari_sam.measure.measure import measure
from napari_sam.measure.shape import IN_PLANE, IN_SPACE


def cells(seed: int = 0) -> np.ndarray:
    """Discs in a plane of 90 x 110 pixels that touch and cover each other."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((90, 110), np.uint16)
    for label in range(1, 15):
        place = rng.uniform(0, labels.shape)
        labels[disk(place, rng.uniform(1, 20), shape=labels.shape)] = label
    return labels


@pytest.mark.parametrize("block", [blocks.BLOCK_ELEMENTS, 300])
@pytest.mark.parametrize("chunks", [None, (16, 32)])
def test_shapes_in_a_plane_are_those_of_regionprops(
    block: int, chunks: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one block and across many, from memory and from chunks, lengths in units."""
    monkeypatch.setattr(blocks, "BLOCK_ELEMENTS", block)
    labels = cells()
    stored = labels if chunks is None else zarr.array(labels, chunks=chunks)
    volume = Volume.from_array(labels, scale=(0.5, 0.5), units=("um", "um"))
    table = measure(stored, volume.calibration).columns
    expected = regionprops_table(labels, properties=("label", *IN_PLANE), spacing=(0.5, 0.5))
    np.testing.assert_array_equal(table["label"], expected["label"])
    for name in IN_PLANE:
        np.testing.assert_allclose(table[name], expected[name], err_msg=name)
    with np.errstate(divide="ignore"):
        circularity = 4 * np.pi * table["area"] / expected["perimeter"] ** 2
    measured = expected["perimeter"] > 0
    np.testing.assert_allclose(table["circularity"][measured], np.minimum(1, circularity[measured]))
    assert np.isnan(table["circularity"][~measured]).all()


def test_shapes_in_a_stack_are_those_of_regionprops() -> None:
    """Anisotropic voxels; Feret's diameter within a voxel, as the hull has no voxels here."""
    labels = np.zeros((14, 40, 40), np.uint16)
    ball = ellipsoid(4.2, 9.1, 6.3)
    labels[tuple(slice(1, 1 + size) for size in ball.shape)] = ball
    labels[4:9, 28:33, 10:30] = 2
    spacing = (2.0, 0.5, 0.5)
    volume = Volume.from_array(labels, axes="ZYX", scale=spacing)
    table = measure(labels, volume.calibration).columns
    expected = regionprops_table(
        labels, properties=(*IN_SPACE, "solidity", "feret_diameter_max"), spacing=spacing
    )
    for name in (*IN_SPACE, "solidity"):
        np.testing.assert_allclose(table[name], expected[name], err_msg=name)
    assert np.abs(table["feret_diameter_max"] - expected["feret_diameter_max"]).max() < 2
    box = 2 * (10 * 2.5 + 10 * 10 + 2.5 * 10)  # of the second object, whose corners are cut off
    assert 0.9 * box < table["surface_area"][1] < box
    assert 0 < table["sphericity"][1] < table["sphericity"][0] <= 1


def test_objects_of_one_plane_in_a_stack() -> None:
    """A flat object has no hull in space, and everything else."""
    labels = np.zeros((3, 9, 9), np.uint8)
    labels[1, 2:6, 3:7], labels[2, 8, 8] = 1, 2
    table = measure(labels, Volume.from_array(labels, axes="ZYX").calibration).columns
    assert np.isnan(table["solidity"]).all()
    assert (table["surface_area"] > 0).all()
    assert table["feret_diameter_max"][0] == pytest.approx(np.hypot(4, 3), abs=0.8)


def test_each_frame_has_its_shapes() -> None:
    labels = np.stack([cells(0), np.zeros((90, 110), np.uint16), cells(1)])
    table = measure(labels, Volume.from_array(labels, axes="TYX").calibration).columns
    for frame in (0, 2):
        expected = regionprops_table(labels[frame], properties=("label", "solidity", "perimeter"))
        rows = table["t"] == frame
        np.testing.assert_array_equal(table["label"][rows], expected["label"])
        np.testing.assert_allclose(table["perimeter"][rows], expected["perimeter"])
        np.testing.assert_allclose(table["solidity"][rows], expected["solidity"])


def test_pixels_that_are_no_squares_have_no_perimeter() -> None:
    labels = cells()
    volume = Volume.from_array(labels, scale=(0.5, 0.25))
    table = measure(labels, volume.calibration).columns
    assert np.isnan(table["perimeter"]).all()
    assert np.isnan(table["circularity"]).all()
    expected = regionprops_table(labels, properties=("axis_major_length",), spacing=(0.5, 0.25))
    np.testing.assert_allclose(table["axis_major_length"], expected["axis_major_length"])


@given(arrays(np.uint8, (3, 6, 7), elements=st.integers(0, 4)), st.booleans())
@settings(deadline=None, max_examples=40)
def test_contacts_are_pairs_of_sides(labels: np.ndarray, solid: bool) -> None:
    """Each side between two objects counts for both."""
    stack = labels if solid else labels[0]
    scale = (3.0, 2.0, 0.5)[-stack.ndim :]
    axes = "ZYX"[-stack.ndim :]
    table = measure(stack, Volume.from_array(stack, axes=axes, scale=scale).calibration).columns
    extent = dict.fromkeys(np.unique(stack[stack > 0]).tolist(), 0.0)
    neighbours: dict[int, set[int]] = {label: set() for label in extent}
    for place in np.ndindex(*stack.shape):
        for axis in range(stack.ndim):
            after = tuple(at + (i == axis) for i, at in enumerate(place))
            if after[axis] == stack.shape[axis]:
                continue
            pair = int(stack[place]), int(stack[after])
            if 0 in pair or pair[0] == pair[1]:
                continue
            side = float(np.prod([size for i, size in enumerate(scale) if i != axis]))
            for one, other in (pair, pair[::-1]):
                extent[one] += side
                neighbours[one].add(other)
    name = "contact_area" if solid else "contact_length"
    assert dict(zip(table["label"].tolist(), table.get(name, ()), strict=True)) == extent
    counted = dict(zip(table["label"].tolist(), table.get("neighbours", ()), strict=True))
    assert counted == {label: len(touching) for label, touching in neighbours.items()}


def test_intensities_are_those_of_the_pixels() -> None:
    labels = cells()
    image = np.random.default_rng(3).integers(100, 4000, (2, 90, 110)).astype(np.uint16)
    volume = Volume.from_array(image, axes="CYX")
    table = measure(labels, volume.calibration, volume, shape=False).columns
    for channel in range(2):
        for row, region in enumerate(regionprops(labels, image[channel])):
            values = region.image_intensity[region.image]
            for name in ("mean", "min", "max", "std", "sum"):
                measured = table[f"intensity_{name}_{channel}"][row]
                assert measured == pytest.approx(getattr(np, name)(values.astype(float))), name


def test_the_command_measures_shapes_unless_told_not_to(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "labels.tif", cells())
    for option, measured in (("--shape", True), ("--no-shape", False)):
        table = tmp_path / f"{measured}.csv"
        assert run(["measure", str(tmp_path / "labels.tif"), "-o", str(table), option]) == 0
        header = table.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert ("circularity" in header) == measured
