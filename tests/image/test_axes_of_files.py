"""Axes of files: letters and names of other programs, kept, moved or asked for."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam.errors import ImageError
from napari_sam.image.arranged_array import ArrangedArray
from napari_sam.image.read import read_image
from tests.image.zarr_image import write_image

RNG = np.random.default_rng(6)
PAIRS = RNG.integers(0, 255, (3, 2, 10, 12), np.uint8)
COLOURS = RNG.integers(0, 255, (2, 10, 12, 3), np.uint8)


def tiff(path, data, axes, **options):
    tifffile.imwrite(path, data, metadata={"axes": axes}, **{"photometric": "minisblack"} | options)
    return path


def test_positions_are_asked_for(tmp_path):
    path = tiff(tmp_path / "a.tif", PAIRS, "RCYX")
    with pytest.raises(ImageError, match=r"R \(3\), C \(2\), .* such as TCYX$"):
        read_image(path)
    volume = read_image(path, axes="TCYX")
    np.testing.assert_array_equal(volume.read((2,), 0, 0, 10, 12), np.moveaxis(PAIRS[2], 0, -1))


def test_a_lifetime_of_length_one_is_left_out(tmp_path):
    volume = read_image(tiff(tmp_path / "a.tif", PAIRS[None], "HCZYX"))
    assert (volume.axes, volume.label_shape) == ("CZYX", (2, 10, 12))
    np.testing.assert_array_equal(volume.read((1,), 0, 0, 10, 12)[..., 2], PAIRS[2, 1])


def test_channels_of_colours_are_channels(tmp_path):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, COLOURS, metadata={"axes": "CYXS"}, photometric="rgb")
    volume = read_image(path)
    assert (volume.axes, volume.channel_count) == ("CYX", 6)
    np.testing.assert_array_equal(volume.read((), 1, 2, 9, 11), COLOURS[0, 1:9, 2:11])
    second = read_image(path, channels=(4, 3))
    np.testing.assert_array_equal(second.read((), 0, 0, 10, 12), COLOURS[1][..., [1, 0]])


def test_colours_in_planes_are_colours(tmp_path):
    path = tmp_path / "planar.tif"
    planes = np.moveaxis(COLOURS[0], -1, 0)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate")
    volume = read_image(path)
    assert volume.is_rgb
    np.testing.assert_array_equal(volume.read((), 0, 0, 10, 12), COLOURS[0])


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_names_in_a_zarr_array(tmp_path, zarr_format):
    names = ["time", "y", "x"]
    v3 = {"dimension_names": names} if zarr_format == 3 else {}
    array = zarr.create_array(tmp_path / "a.zarr", data=PAIRS[:, 0], zarr_format=zarr_format, **v3)
    if zarr_format == 2:
        array.attrs["_ARRAY_DIMENSIONS"] = names
    volume = read_image(tmp_path / "a.zarr")
    assert volume.axes == "TYX"
    assert volume.data.shape == (3, 10, 12)


def test_an_array_with_x_first_is_turned_lazily(tmp_path):
    data = PAIRS[:, 0].transpose(2, 1, 0)
    zarr.create_array(tmp_path / "a.zarr", data=data, dimension_names=["x", "y", "z"])
    volume = read_image(tmp_path / "a.zarr")
    assert volume.axes == "ZYX"
    assert isinstance(volume.data, ArrangedArray)
    np.testing.assert_array_equal(volume.read((2,), 1, 2, 5, 9)[..., 0], PAIRS[2, 0, 1:5, 2:9])
    given = read_image(tmp_path / "a.zarr", axes="XYT")
    assert given.axes == "TYX"


def test_names_of_ome_zarr_keep_their_sizes(tmp_path):
    volume = read_image(write_image(tmp_path / "a.zarr", PAIRS[:, 0].transpose(2, 1, 0), "xyz"))
    assert (volume.axes, volume.scale) == ("ZYX", (0.5, 0.1, 0.1))
    path = write_image(tmp_path / "b.zarr", PAIRS, "qcyx")
    with pytest.raises(ImageError, match="q \\(3\\), C \\(2\\)"):
        read_image(path)
    volume = read_image(path, axes="ZCYX")
    assert (volume.axes, volume.scale) == ("ZCYX", (1.0, 0.1, 0.1))


def test_axes_that_do_not_fit_are_said(tmp_path):
    path = write_image(tmp_path / "a.zarr", PAIRS[:, 0], "yx", "0.4")
    volume = read_image(path)
    assert volume.axes == "ZYX"
    assert "names the axes y, x and has 3 dimensions" in volume.warnings[0]


def test_channels_have_the_names_that_the_file_gives_them(tmp_path: Path) -> None:
    pixels = np.zeros((2, 8, 8), np.uint16)
    metadata = {"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, metadata=metadata)
    assert read_image(tmp_path / "a.ome.tif").channel_names == ("DAPI", "GFP")
    tifffile.imwrite(tmp_path / "b.ome.tif", pixels, metadata={"axes": "CYX"})
    assert read_image(tmp_path / "b.ome.tif").channel_names in ((), ("", ""))
    for version in ("0.4", "0.5"):
        path = write_image(tmp_path / f"{version}.zarr", pixels, "cyx", version)
        group = zarr.open_group(path, mode="r+")
        attributes = group.attrs.asdict()
        for channels, expected in {
            (("label", "DAPI"), ("label", "GFP")): ("DAPI", "GFP"),
            (("label", 3), ("label", "GFP")): (),
            (("color", "FF0000"), ("label", "GFP")): ("", "GFP"),
            (("label", "DAPI"),): (),
        }.items():
            omero = {"omero": {"channels": [dict([channel]) for channel in channels]}}
            if version == "0.4":
                group.attrs.update(omero)
            else:
                group.attrs["ome"] = attributes["ome"] | omero
            assert read_image(path).channel_names == expected
