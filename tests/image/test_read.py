"""Read: files as biologists have them, with the size of a pixel; what cannot be read is told."""

import gc
import re
import tracemalloc
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from napari_sam.errors import ImageError
from napari_sam.image.read import read_image
from napari_sam.image.volume import Volume

PIXELS = np.random.default_rng(0).integers(0, 60_000, (3, 40, 50)).astype(np.uint16)
COLOURS = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)


def whole(volume: Volume) -> np.ndarray:
    """All planes that there are, ``(*label_shape, channels)``."""
    planes = [volume.read(p, 0, 0, volume.height, volume.width) for p in volume.planes()]
    return np.reshape(planes, (*volume.label_shape, len(volume.channels)))


def refusal(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        whole(read_image(path))
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


# --- TIFF ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout", [{}, {"tile": (16, 16)}, {"compression": "zlib"}, {"rowsperstrip": 7}]
)
@pytest.mark.parametrize("bigtiff", [False, True])
def test_plain_tiff(tmp_path, layout, bigtiff):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, PIXELS, photometric="minisblack", bigtiff=bigtiff, **layout)
    volume = read_image(path)
    assert (volume.axes, volume.name) == ("ZYX", str(path))
    assert (volume.scale, volume.units) == ((1.0,) * 3, ("pixel",) * 3)
    np.testing.assert_array_equal(whole(volume)[..., 0], PIXELS)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5000)])
def test_the_smallest_and_the_thinnest_tiff(tmp_path, shape):
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, np.full(shape, 7, np.uint8), photometric="minisblack")
    volume = read_image(path)
    assert volume.label_shape == shape
    assert (whole(volume) == 7).all()


def test_imagej_hyperstack(tmp_path):
    path = tmp_path / "hyperstack.tif"
    data = np.arange(2 * 3 * 2 * 8 * 9, dtype=np.uint16).reshape(2, 3, 2, 8, 9)
    metadata = {"axes": "TZCYX", "spacing": 0.5, "unit": "um", "finterval": 2.0}
    tifffile.imwrite(path, data, imagej=True, resolution=(4, 2), metadata=metadata)
    volume = read_image(path)
    assert (volume.axes, volume.channels) == ("TZCYX", (0, 1))
    assert volume.scale == (2.0, 0.5, 0.5, 0.25)
    assert volume.units == ("second", "micrometer", "micrometer", "micrometer")
    np.testing.assert_array_equal(whole(volume), np.moveaxis(data, 2, -1))


def test_ome_tiff(tmp_path):
    path = tmp_path / "stack.ome.tif"
    data = np.arange(4 * 2 * 8 * 9, dtype=np.uint16).reshape(4, 2, 8, 9)
    metadata = {
        "axes": "TCYX",
        "PhysicalSizeX": 65.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.13,
        "TimeIncrement": 250.0,
        "TimeIncrementUnit": "ms",
    }
    tifffile.imwrite(path, data, metadata=metadata)
    volume = read_image(path, channels=[1])
    assert (volume.axes, volume.channels) == ("TCYX", (1,))
    assert volume.scale == (250.0, 0.13, 65.0)
    assert volume.units == ("millisecond", "micrometer", "nanometer")
    np.testing.assert_array_equal(whole(volume)[..., 0], data[:, 1])


def test_of_a_pyramid_the_full_resolution_is_read(tmp_path):
    path = tmp_path / "pyramid.ome.tif"
    large = np.random.default_rng(0).integers(0, 255, (256, 256), np.uint8)
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(large, subifds=1, tile=(64, 64), metadata={"axes": "YX"})
        tiff.write(large[::2, ::2], subfiletype=1, tile=(64, 64))
    volume = read_image(path)
    np.testing.assert_array_equal(whole(volume)[..., 0], large)


def test_colour_tiff(tmp_path):
    path = tmp_path / "tissue.tif"
    tifffile.imwrite(path, COLOURS, photometric="rgb")
    volume = read_image(path)
    assert volume.is_rgb
    np.testing.assert_array_equal(whole(volume), COLOURS)


def test_resolution_counts_per_centimetre_but_not_per_inch(tmp_path):
    """Per inch it is how large to print, which any program writes."""
    image = np.zeros((8, 9), np.uint8)
    known, printed = tmp_path / "known.tif", tmp_path / "printed.tif"
    tifffile.imwrite(known, image, resolution=(20_000, 10_000), resolutionunit="CENTIMETER")
    tifffile.imwrite(printed, image, resolution=(300, 300), resolutionunit="INCH")
    assert read_image(known).scale == (1.0, 0.5)
    assert read_image(known).units == ("micrometer", "micrometer")
    assert read_image(printed).scale == (1.0, 1.0)
    assert read_image(printed).units == ("pixel", "pixel")


def test_a_size_of_zero_is_no_size(tmp_path):
    path = tmp_path / "stack.tif"
    metadata = {"axes": "ZYX", "spacing": 0.0, "unit": "um"}
    tifffile.imwrite(path, PIXELS, imagej=True, resolution=(2, 2), metadata=metadata)
    assert read_image(path).scale == (1.0, 0.5, 0.5)


def test_a_large_tiff_is_not_loaded(tmp_path):
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, shape=(60, 1024, 1024), dtype=np.uint8, photometric="minisblack")
    tracemalloc.start()
    try:
        region = read_image(path).read((59,), 1000, 1000, 1024, 1024)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert region.shape == (24, 24, 1)
    assert peak < 10 * 2**20


def test_the_file_is_let_go_with_the_volume(tmp_path):
    """An unclosed file would be a ResourceWarning, which fails this test."""
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, PIXELS, photometric="minisblack")
    volume: Volume | None = read_image(path)
    data = volume.data if volume else None
    del volume
    gc.collect()
    assert data is not None
    assert data[1, 2, 3] == PIXELS[1, 2, 3]
    del data
    gc.collect()


def test_axes_may_be_given_where_the_file_is_wrong(tmp_path):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, PIXELS, photometric="minisblack")
    assert read_image(path, axes="tyx").axes == "TYX"
    with pytest.raises(ImageError, match="name 2 dimensions"):
        read_image(path, axes="YX")


# --- zarr ----------------------------------------------------------------------------------


def ome(
    path: Path, data: np.ndarray, multiscale: dict[str, Any], zarr_format: int = 3
) -> zarr.Group:
    group = zarr.create_group(path, zarr_format=zarr_format)
    group.create_array("0", data=data)
    if zarr_format == 3:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}
    else:
        group.attrs["multiscales"] = [multiscale]
    return group


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_ome_zarr(tmp_path, zarr_format):
    data = np.arange(2 * 2 * 6 * 7).reshape(2, 2, 6, 7)
    axes = [
        {"name": "t", "type": "time", "unit": "second"},
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    own = [
        {"type": "scale", "scale": [1, 1, 0.5, 0.25]},
        {"type": "translation", "translation": [0, 0, 10, 20]},
    ]
    everywhere = [{"type": "scale", "scale": [3, 1, 2, 2]}]
    multiscale = {
        "axes": axes,
        "datasets": [{"path": "0", "coordinateTransformations": own}],
        "coordinateTransformations": everywhere,
    }
    ome(tmp_path / "a.ome.zarr", data, multiscale, zarr_format)
    volume = read_image(tmp_path / "a.ome.zarr")
    assert (volume.axes, volume.label_shape) == ("TCYX", (2, 6, 7))
    assert volume.scale == (3.0, 1.0, 0.5)
    assert volume.translate == (0.0, 20.0, 40.0)  # the level's own origin, scaled with the rest
    assert volume.units == ("second", "micrometer", "micrometer")
    np.testing.assert_array_equal(whole(volume), np.moveaxis(data, 1, -1))


def test_ome_zarr_before_axes_had_names(tmp_path):
    data = np.zeros((1, 2, 3, 4, 5))
    ome(tmp_path / "old.zarr", data, {"version": "0.1", "datasets": [{"path": "0"}]}, 2)
    assert read_image(tmp_path / "old.zarr").axes == "TCZYX"
    multiscale = {"axes": ["z", "y", "x"], "datasets": [{"path": "0"}]}
    ome(tmp_path / "0.3.zarr", data[0, 0], multiscale, 2)
    assert read_image(tmp_path / "0.3.zarr").axes == "ZYX"


def test_the_first_image_of_a_converted_file_is_read(tmp_path):
    zarr.create_group(tmp_path / "a.zarr", attributes={"bioformats2raw.layout": 3})
    multiscale = {"axes": [{"name": "y"}, {"name": "x"}], "datasets": [{"path": "0"}]}
    ome(tmp_path / "a.zarr" / "0", np.ones((3, 4)), multiscale)
    assert read_image(tmp_path / "a.zarr").label_shape == (3, 4)


def test_a_zarr_array_without_metadata(tmp_path):
    zarr.save_array(tmp_path / "a.zarr", PIXELS)
    volume = read_image(tmp_path / "a.zarr")
    assert volume.axes == "ZYX"
    np.testing.assert_array_equal(whole(volume)[..., 0], PIXELS)


# --- other kinds ---------------------------------------------------------------------------


def test_npy_stays_on_disk(tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    volume = read_image(tmp_path / "a.npy")
    assert isinstance(volume.data, np.memmap)
    np.testing.assert_array_equal(whole(volume)[..., 0], PIXELS)


@pytest.mark.parametrize(
    ("mode", "seen"), [("L", 1), ("LA", 1), ("P", 3), ("RGB", 3), ("RGBA", 3), ("1", 1)]
)
def test_pictures_are_grey_or_red_green_blue(tmp_path, mode, seen):
    Image.fromarray(COLOURS).convert(mode).save(tmp_path / "a.png")
    volume = read_image(tmp_path / "a.png")
    assert volume.label_shape == (20, 30)
    assert len(volume.channels) == seen
    if mode in ("RGB", "RGBA"):
        np.testing.assert_array_equal(whole(volume), COLOURS)


def test_16_bit_png_keeps_its_values(tmp_path):
    Image.fromarray(PIXELS[0]).save(tmp_path / "A.PNG")
    np.testing.assert_array_equal(whole(read_image(str(tmp_path / "A.PNG")))[..., 0], PIXELS[0])


# --- what cannot be read -------------------------------------------------------------------


def test_a_missing_file(tmp_path):
    assert "check the path" in refusal(tmp_path / "none.tif")


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "a.png", "a.jpg", "a.npy"])
@pytest.mark.parametrize("content", [b"", b"not an image at all, but a letter\n" * 9])
def test_a_file_that_is_not_what_it_seems(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert "is not an image that can be read" in refusal(path)


def test_a_kind_that_is_not_known(tmp_path):
    path = tmp_path / "figure.pptx"
    path.write_bytes(b"")
    assert "give a .tif, .ome.tif, .ome.zarr" in refusal(path)


def test_folders_that_hold_no_image(tmp_path):
    plain = tmp_path / "photos"
    plain.mkdir()
    assert "is not an image that can be read" in refusal(plain)
    zarr.create_group(tmp_path / "empty.zarr")
    assert "give the image inside it" in refusal(tmp_path / "empty.zarr")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_tiff_that_is_cut_off(tmp_path, compression):
    path = tmp_path / "cut.tif"
    tifffile.imwrite(path, PIXELS[0], compression=compression)
    path.write_bytes(path.read_bytes()[:1500])
    refusal(path)


def test_python_objects_in_npy_are_not_run(tmp_path):
    np.save(tmp_path / "a.npy", np.array([None, 1]), allow_pickle=True)
    refusal(tmp_path / "a.npy")


def test_a_complex_image(tmp_path):
    np.save(tmp_path / "fourier.npy", np.zeros((4, 5), complex))
    assert "absolute values" in refusal(tmp_path / "fourier.npy")


# --- elsewhere -----------------------------------------------------------------------------


def test_a_zarr_is_read_by_its_url(tmp_path: Path) -> None:
    zarr.save_array(tmp_path / "here.zarr", PIXELS)
    fsspec.filesystem("memory").put(str(tmp_path / "here.zarr"), "/cell.zarr", recursive=True)
    for url in ("memory://cell.zarr", f"file://{tmp_path.as_posix()}/here.zarr"):
        volume = read_image(url)
        np.testing.assert_array_equal(whole(volume)[..., 0], PIXELS)
        assert volume.name == url


@pytest.mark.parametrize("url", ["memory://nowhere.zarr", "pigeon://loft/cells.zarr"])
def test_what_is_not_there_or_cannot_be_reached_is_named(url: str) -> None:
    with pytest.raises(ImageError, match=re.escape(url)) as caught:
        read_image(url)
    assert "\n" not in str(caught.value)
