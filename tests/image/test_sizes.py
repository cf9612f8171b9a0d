"""Sizes: how large a pixel is in files of other programs; what cannot be understood is a pixel."""

import math
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_sam.image.read import read_image
from tests.image.zarr_image import write_image

STACK = np.arange(3 * 8 * 9, dtype=np.uint8).reshape(3, 8, 9)


def imagej(path, **metadata: Any):
    tifffile.imwrite(
        path, STACK, imagej=True, resolution=(4, 2), metadata={"axes": "ZYX"} | metadata
    )
    return read_image(path)


def test_imagej_has_a_unit_for_each_axis(tmp_path):
    volume = imagej(tmp_path / "a.tif", unit="um", yunit="nm", zunit="mm", spacing=0.002)
    assert volume.scale == (0.002, 0.5, 0.25)
    assert volume.units == ("millimeter", "nanometer", "micrometer")
    assert volume.warnings == ()


@pytest.mark.parametrize(
    ("unit", "expected"), [("Micron", "micrometer"), ("in", "inch"), ("km", "kilometer")]
)
def test_units_of_imagej(tmp_path, unit, expected):
    volume = imagej(tmp_path / "a.tif", unit=unit, spacing=3.0)
    assert (volume.scale, volume.units) == ((3.0, 0.5, 0.25), (expected,) * 3)


@pytest.mark.parametrize("spacing", [-0.5, 0.0])
def test_a_spacing_that_is_none(tmp_path, spacing):
    volume = imagej(tmp_path / "a.tif", unit="um", spacing=spacing)
    assert volume.scale == (1.0, 0.5, 0.25)
    assert volume.units == ("pixel", "micrometer", "micrometer")
    (line,) = volume.warnings
    assert line.startswith(f"{tmp_path / 'a.tif'}: {spacing:g} um is no size of a pixel along z")


def test_a_unit_that_nobody_knows(tmp_path):
    volume = imagej(tmp_path / "a.tif", unit="smoot", spacing=2.0)
    assert (volume.scale, volume.units) == ((1.0,) * 3, ("pixel",) * 3)
    assert len(volume.warnings) == 3


@pytest.mark.parametrize(
    ("size", "unit", "scale", "units"),
    [
        ("0.5", "\N{MICRO SIGN}m", 0.5, "micrometer"),
        ("0.5", "\N{GREEK SMALL LETTER MU}m", 0.5, "micrometer"),
        ("2", "km", 2.0, "kilometer"),
        ("2", "in", 2.0, "inch"),
        ("2", "yd", 1_828_800.0, "micrometer"),
        ("2", "pixel", 2.0, "pixel"),
        ("2", "reference frame", 2.0, "pixel"),
        ("-2", "nm", 1.0, "pixel"),
        ("many", "nm", 1.0, "pixel"),
        ("2", "s", 1.0, "pixel"),
    ],
)
def test_sizes_in_ome_xml(tmp_path, size, unit, scale, units):
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeXUnit": unit}
    tifffile.imwrite(path, STACK[0], metadata=metadata)
    volume = read_image(path)
    assert volume.scale == (1.0, pytest.approx(scale))
    assert volume.units == ("pixel", units)
    said = [line for line in volume.warnings if "is no size of a pixel along x" in line]
    assert len(said) == (scale == 1.0)


TURNED = [[0.0, -0.5, 7.0], [0.5, 0.0, 9.0]]


@pytest.mark.parametrize(
    ("steps", "scale", "translate"),
    [
        ([{"type": "identity"}, {"type": "scale", "scale": [0.5, 0.25]}], (0.5, 0.25), (0.0, 0.0)),
        ([{"type": "affine", "affine": [[0.5, 0, 7], [0, 0.25, 9]]}], (0.5, 0.25), (7.0, 9.0)),
        ([{"type": "affine", "affine": [0.5, 0, 7, 0, 0.25, 9]}], (0.5, 0.25), (7.0, 9.0)),
        ([{"type": "rotation", "rotation": [[1, 0], [0, 1]]}], (1.0, 1.0), (0.0, 0.0)),
        (
            [
                {"type": "translation", "translation": [1, 2]},
                {
                    "type": "sequence",
                    "transformations": [
                        {"type": "scale", "scale": [2, 3]},
                        {"type": "translation", "translation": [10, 20]},
                        {"type": "scale", "scale": [0.5, 0.5]},
                    ],
                },
            ],
            (1.0, 1.5),
            (6.0, 13.0),
        ),
    ],
)
def test_transformations_of_ome_zarr_are_composed(tmp_path, steps, scale, translate):
    volume = read_image(write_image(tmp_path / "a.zarr", STACK[0], "yx", "0.6", steps))
    assert (volume.scale, volume.translate) == (scale, translate)
    assert volume.units == ("micrometer",) * 2
    assert volume.warnings == ()


def test_of_a_turned_image_the_sizes_are_known(tmp_path):
    steps = [{"type": "affine", "affine": TURNED}]
    volume = read_image(write_image(tmp_path / "a.zarr", STACK[0], "yx", "0.6", steps))
    assert (volume.scale, volume.units) == ((0.5, 0.5), ("micrometer",) * 2)
    (line,) = volume.warnings
    assert "turned or sheared along y, x" in line
    half = math.sqrt(0.5)
    shear = [{"type": "rotation", "rotation": [[half, -half], [half, half]]},
             {"type": "scale", "scale": [3, 3]}]  # fmt: skip
    volume = read_image(write_image(tmp_path / "b.zarr", STACK[0], "yx", "0.6", shear))
    assert volume.scale == pytest.approx((3.0, 3.0))


@pytest.mark.parametrize(
    "step",
    [
        {"type": "scale", "scale": [2]},
        {"type": "scale", "scale": "large"},
        {"type": "scale", "path": "sizes"},
        {"type": "scale", "scale": [math.inf, 1]},
        {"type": "affine", "affine": [[1, 2], [3, 4]]},
        {"type": "rotation", "rotation": None},
        {"type": "sequence"},
        {"type": "mapAxis", "mapAxis": [1, 0]},
        {},
    ],
)
def test_a_transformation_that_cannot_be_used(tmp_path, step):
    steps = [{"type": "scale", "scale": [0.5, 0.5]}, step]
    volume = read_image(write_image(tmp_path / "a.zarr", STACK[0], "yx", steps=steps))
    assert (volume.scale, volume.translate) == ((1.0, 1.0), (0.0, 0.0))
    assert volume.units == ("pixel",) * 2
    (line,) = volume.warnings
    assert "its transformations cannot be used" in line
    assert line.endswith("lengths are in pixels")


def test_a_field_of_displacements_is_left_out(tmp_path):
    field = {"type": "displacements", "path": "field"}
    steps = [{"type": "scale", "scale": [0.5, 0.25]}, field]
    volume = read_image(write_image(tmp_path / "a.zarr", STACK[0], "yx", "0.6", steps))
    assert (volume.scale, volume.units) == ((0.5, 0.25), ("micrometer",) * 2)
    assert "displacements is not applied" in volume.warnings[0]


def test_a_mirrored_axis_and_a_unit_that_is_none(tmp_path):
    steps = [{"type": "scale", "scale": [-0.5, 0.25]}]
    volume = read_image(write_image(tmp_path / "a.zarr", STACK[0], "yx", steps=steps))
    assert (volume.scale, volume.units) == ((1.0, 0.25), ("pixel", "micrometer"))
    volume = read_image(write_image(tmp_path / "b.zarr", STACK[0], "yx", unit="smoot"))
    assert (volume.scale, volume.units) == ((1.0, 1.0), ("pixel", "pixel"))
    assert len(volume.warnings) == 2
    volume = read_image(write_image(tmp_path / "c.zarr", STACK[0], "yx", unit=""))
    assert (volume.scale, volume.units) == ((0.1, 0.1), ("pixel", "pixel"))
    assert volume.warnings == ()
