"""Labels as TIFF: the same labels, with their scale, in what Fiji and other programs open."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam.errors import LabelError, OutputError
from napari_sam.image.read import read_image
from napari_sam.labels import iter_write_labels, write_labels
from napari_sam.labels.files.stack import label_stack
from napari_sam.labels.files.tiff import write_ome_tiff


@pytest.fixture
def stack() -> np.ndarray:
    """``TZYX`` labels of several tiles a plane, that no two planes share."""
    labels = np.zeros((2, 3, 600, 1100), np.uint32)
    for t, z in np.ndindex(2, 3):
        labels[t, z, 100 * z : 300, 500:1090] = 1 + 3 * t + z
        labels[t, z, -1, -1] = 70_000 + 3 * t + z
    return labels


PLACE = {
    "axes": "TZYX",
    "scale": (2.5, 2.0, 0.65, 0.325),
    "units": ("second", "micrometer", "micrometer", "micrometer"),
}


def pixels_of(tiff: tifffile.TiffFile) -> dict[str, str]:
    """Attributes of the Pixels element."""
    element = re.search(r"<Pixels ([^>]*)>", str(tiff.ome_metadata))[1]
    return dict(re.findall(r'(\w+)="([^"]*)"', element))


@pytest.mark.parametrize("suffix", [".ome.tif", ".ome.tiff"])
def test_ome_tiff_reads_back_with_scale_and_units(tmp_path, stack, suffix):
    path = tmp_path / f"cells{suffix}"
    assert write_labels(path, stack, **PLACE) == [str(path)]
    with tifffile.TiffFile(path) as tiff:
        series, page = tiff.series[0], tiff.pages[0]
        assert tiff.is_ome
        assert len(tiff.series) == 1
        assert (series.axes, series.shape, series.dtype) == ("TZYX", stack.shape, np.uint32)
        assert (page.is_tiled, page.compression.name) == (True, "ADOBE_DEFLATE")
        assert (page.tilelength, page.tilewidth) == (512, 512)
        assert (tiff.asarray() == stack).all()
        pixels = pixels_of(tiff)
    assert {key: pixels[key] for key in pixels if "Size" in key or "Time" in key} == {
        "SizeX": "1100",
        "SizeY": "600",
        "SizeC": "1",
        "SizeZ": "3",
        "SizeT": "2",
        "PhysicalSizeX": "0.325",
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": "0.65",
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": "2.0",
        "PhysicalSizeZUnit": "µm",
        "TimeIncrement": "2.5",
        "TimeIncrementUnit": "s",
    }


def test_ome_tiff_notes_the_position_of_every_plane(tmp_path, stack):
    write_labels(tmp_path / "a.ome.tif", stack, **PLACE, translate=(0, 10, -3, 0.5))
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        planes = re.findall(r"<Plane ([^>]*)/>", tiff.ome_metadata)
    found = [dict(re.findall(r'(\w+)="([^"]*)"', plane)) for plane in planes]
    assert [(int(p["TheT"]), int(p["TheZ"])) for p in found] == list(np.ndindex(2, 3))
    assert [float(p["PositionZ"]) for p in found] == [10.0, 12.0, 14.0] * 2
    assert {(p["PositionY"], p["PositionX"], p["PositionXUnit"]) for p in found} == {
        ("-3.0", "0.5", "µm")
    }


def test_ome_tiff_of_pixels_says_nothing_of_micrometres(tmp_path):
    write_labels(tmp_path / "a.ome.tif", np.ones((4, 5), np.uint8), units=("pixel", "pixel"))
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        assert not [key for key in pixels_of(tiff) if key.startswith("Physical")]
    write_labels(tmp_path / "b.ome.tif", np.ones((4, 5), np.uint8), scale=(2, 3))
    with tifffile.TiffFile(tmp_path / "b.ome.tif") as tiff:
        pixels = pixels_of(tiff)
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]) == ("3.0", "pixel")


@pytest.mark.parametrize("suffix", [".tif", ".tiff"])
def test_imagej_hyperstack_opens_with_its_scale(tmp_path, stack, suffix):
    stack[stack > 65_535] = 65_535
    path = tmp_path / f"cells{suffix}"
    assert write_labels(path, stack, **PLACE, translate=(0, 10, -3, 0.65)) == [str(path)]
    with tifffile.TiffFile(path) as tiff:
        series, tags = tiff.series[0], tiff.pages[0].tags
        assert (series.axes, series.dtype) == ("TZYX", np.uint16)
        assert (tiff.asarray() == stack).all()
        x, y = tags["XResolution"].value, tags["YResolution"].value
        imagej = tiff.imagej_metadata
    assert (x[1] / x[0], y[1] / y[0]) == (0.325, 0.65)
    assert (imagej["slices"], imagej["frames"], imagej["hyperstack"]) == (3, 2, True)
    assert (imagej["unit"], imagej["spacing"], imagej["finterval"]) == ("um", 2.0, 2.5)
    assert (imagej["xorigin"], imagej["zorigin"]) == (-2.0, -5.0)
    assert math.isclose(imagej["yorigin"], 3 / 0.65)


def test_imagej_has_one_unit_for_all_axes_and_seconds(tmp_path):
    write_labels(
        tmp_path / "a.tif",
        np.ones((2, 3, 4, 5), np.uint16),
        axes="TZYX",
        scale=(2, 0.002, 1, 0.5),
        units=("min", "mm", "micron", "um"),
    )
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        imagej = tiff.imagej_metadata
    assert (imagej["spacing"], imagej["finterval"], imagej["unit"]) == (2.0, 120.0, "um")


def test_labels_that_imagej_cannot_hold_are_kept_in_an_ome_tiff(tmp_path, stack):
    with pytest.warns(UserWarning, match="is written as OME-TIFF.* because label 70005 is above"):
        write_labels(tmp_path / "cells.tif", stack, **PLACE)
    with tifffile.TiffFile(tmp_path / "cells.tif") as tiff:
        assert tiff.is_ome
        assert not tiff.is_imagej
        assert (tiff.asarray() == stack).all()
        assert pixels_of(tiff)["PhysicalSizeX"] == "0.325"


@pytest.mark.long
def test_more_than_four_gigabytes_need_bigtiff(tmp_path):
    # Nothing of the array is stored: it reads as background.
    labels = zarr.create_array(
        zarr.storage.MemoryStore(), shape=(2, 30_000, 40_000), chunks=(1, 512, 512), dtype="uint16"
    )
    steps = iter_write_labels(tmp_path / "a.tif", labels)
    with pytest.warns(UserWarning, match="because ImageJ TIFF ends at 4 GiB"):
        next(steps)
    steps.close()
    path = tmp_path / "kept.ome.tif"
    for _ in write_ome_tiff(path, label_stack(labels), "kept"):
        assert path.read_bytes()[:4] == b"II+\0"
        break
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.ome.tif"]


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.uint16, st.lists(st.integers(1, 5), min_size=2, max_size=5).map(tuple)),
    st.sampled_from([".tif", ".ome.tif"]),
    st.randoms(use_true_random=False),
)
def test_any_shape_and_order_of_axes_reads_back(tmp_path_factory, labels, suffix, random):
    axes = "".join(random.sample("TCZ", labels.ndim - 2)) + "YX"
    path = tmp_path_factory.mktemp("shapes") / f"a{suffix}"
    write_labels(path, labels, axes=axes)
    order = "TZCYX" if suffix == ".tif" else "TCZYX"
    expected = labels.transpose([axes.index(axis) for axis in order if axis in axes])
    read = tifffile.imread(path, squeeze=False)
    assert (read.reshape(expected.shape) == expected).all()


def test_thin_images_and_single_pixels(tmp_path):
    for shape in [(1, 1), (3, 5000), (5000, 3), (1, 1, 1)]:
        labels = np.full(shape, 4, np.int64)
        for name in ("a.tif", "a.ome.tif"):
            write_labels(tmp_path / name, labels, overwrite=True)
            assert (tifffile.imread(tmp_path / name, squeeze=False).reshape(shape) == 4).all()


def test_zarr_labels_are_never_loaded_whole(tmp_path):
    labels = zarr.create_array(
        zarr.storage.MemoryStore(), shape=(4, 2048, 2048), chunks=(1, 512, 512), dtype="uint32"
    )
    labels[3, 1000:1100, 1000:1100] = 8

    class Watched:
        shape, dtype, chunks = labels.shape, labels.dtype, labels.chunks
        largest = 0

        def __getitem__(self, region):
            block = labels[region]
            Watched.largest = max(Watched.largest, block.size)
            return block

    for name in ("a.tif", "a.ome.tif"):
        write_labels(tmp_path / name, Watched())
        assert (tifffile.imread(tmp_path / name) == labels[:]).all()
    assert Watched.largest == 512 * 2048


def test_steps_are_counted_from_one_to_the_total(tmp_path, stack):
    for name in ("a.ome.tif", "a.tif"):
        steps = list(iter_write_labels(tmp_path / name, stack % 60_000, axes="TZYX"))
        total = steps[0][1]
        assert steps == [(i, total) for i in range(1, total + 1)]
    calls = []
    write_labels(tmp_path / "b.tif", stack[0, 0] % 9, progress=lambda *step: calls.append(step))
    assert calls[-1] == (4, 4)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.full((4, 4), 2**32), LabelError, "label 4294967296 cannot be saved"),
        (np.full((4, 4), -3), LabelError, "label -3 cannot be saved"),
        (np.ones((4, 4)), LabelError, "float64 values are not labels"),
        (np.ones((0, 4), int), OutputError, r"labels of shape \(0, 4\) cannot be saved"),
        (np.ones(4, int), OutputError, "need 2 to 5 dimensions"),
        (np.ones((1,) * 6, int), OutputError, "need 2 to 5 dimensions"),
    ],
)
@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "a.ome.zarr"])
def test_what_are_no_labels(tmp_path, labels, error, message, name):
    with pytest.raises(error, match=message):
        write_labels(tmp_path / name, labels)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"axes": "ZYX"}, "axes 'ZYX' do not fit labels of 2 dimensions"),
        ({"axes": "YY"}, "axes 'YY' do not fit"),
        ({"axes": "ZT"}, "axes 'ZT' do not fit"),
        ({"scale": (1,)}, "give 2 numbers, one per axis"),
        ({"scale": (1, 0)}, "use positive numbers"),
        ({"scale": (1, math.nan)}, "give 2 numbers"),
        ({"translate": (1, 2, 3)}, "give 2 numbers"),
        ({"units": ("um",)}, "give 2 units"),
    ],
)
def test_a_place_that_does_not_fit(tmp_path, place, message):
    with pytest.raises(OutputError, match=message):
        write_labels(tmp_path / "a.tif", np.ones((4, 5), int), **place)


def test_axis_labels_of_a_napari_layer(tmp_path):
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for axis_labels, axes in [
        (("axis -3", "axis -2", "axis -1"), "ZYX"),
        (("t", "y", "x"), "TYX"),
        (("time", "Y", "X"), "TYX"),
    ]:
        path: Path = tmp_path / "a.ome.tif"
        write_labels(path, labels, axes=axis_labels, overwrite=True)
        with tifffile.TiffFile(path) as tiff:
            assert tiff.series[0].axes == axes


@pytest.mark.parametrize(
    ("units", "scale"),
    [
        (("micrometer", "pixel", "micrometer"), (2.0, 1.0, 0.25)),
        (("pixel", "micrometer", "micrometer"), (1.0, 0.5, 0.25)),
        (("pixel", "pixel", "micrometer"), (1.0, 1.0, 0.25)),
        (("micrometer", "pixel", "pixel"), (2.0, 1.0, 1.0)),
        (("micrometer", "micrometer", "pixel"), (2.0, 0.5, 1.0)),
    ],
)
def test_an_axis_in_pixels_stays_in_pixels_in_an_imagej_tiff(tmp_path, units, scale):
    path = tmp_path / "a.tif"
    write_labels(path, np.ones((2, 4, 5), np.uint8), axes="ZYX", scale=scale, units=units)
    volume = read_image(path)
    assert (volume.axes, volume.scale, volume.units) == ("ZYX", scale, units)


@pytest.mark.parametrize("size", [1e-18, 1e12])
def test_a_size_that_an_imagej_tiff_does_not_hold_is_kept_in_an_ome_tiff(tmp_path, size):
    path = tmp_path / "a.tif"
    with pytest.warns(UserWarning, match="no pixels of 1e"):
        write_labels(path, np.ones((4, 5), np.uint8), scale=(size,) * 2, units=("micrometer",) * 2)
    volume = read_image(path)
    assert (volume.scale, volume.units) == ((size, size), ("micrometer",) * 2)
